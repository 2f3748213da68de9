DELETE FROM stored_resources
WHERE resource_id NOT IN (SELECT resource_id FROM stored_spans);
