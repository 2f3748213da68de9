DELETE FROM stored_incidents
WHERE id IN (SELECT id FROM incoming);
