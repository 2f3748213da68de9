INSERT INTO stored_resources
SELECT DISTINCT ON (resource_id) resource_id, attributes, schema_url
FROM sealing_resources
WHERE resource_id NOT IN (SELECT resource_id FROM stored_resources);
