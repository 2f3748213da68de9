-- Every resource once: those in the file and those of hot spans that are not in it yet.
CREATE OR REPLACE TEMP VIEW resource_rows AS
SELECT resource_id, any_value(attributes) AS resource, any_value(schema_url) AS resource_schema_url
FROM (
    SELECT resource_id, attributes, schema_url
    FROM stored_resources
    UNION ALL
    SELECT resource_id, attributes, schema_url
    FROM hot_resources
)
GROUP BY resource_id;
