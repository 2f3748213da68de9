-- Every span. `attributes` is what the sender said, put together again from the columns and the rest.
CREATE OR REPLACE TEMP VIEW spans AS
SELECT
    {head},
    name,
    CASE kind WHEN 1 THEN 'internal' WHEN 2 THEN 'server' WHEN 3 THEN 'client'
        WHEN 4 THEN 'producer' WHEN 5 THEN 'consumer' END AS kind,
    status_message,
    {fields},
    cost_nano_usd / 1e9 AS cost_usd,
    cost_status,
    TRY_CAST('{{' || concat_ws(',',
        nullif(substr(said, 2, length(said) - 2), ''),
        {texts},
        nullif(substr(rest, 2, length(rest) - 2), '')) || '}}' AS JSON) AS attributes,
    extra,
    TRY_CAST(events AS JSON) AS events,
    TRY_CAST(links AS JSON) AS links,
    TRY_CAST(resource AS JSON) AS resource,
    resource_schema_url,
    scope_name,
    scope_version,
    TRY_CAST(scope_attributes AS JSON) AS scope_attributes,
    trace_state,
    flags,
    dropped_attributes,
    dropped_events,
    dropped_links,
    CASE WHEN started_at >= TIMESTAMP '1970-01-01'
        THEN epoch_us(started_at)::UBIGINT * 1000 + started_sub_us END AS start_time_ns,
    duration_ns,
    received_at,
    trace_id AS trace_uuid
FROM (
    SELECT
        *,
        -- A text of more than 16 MB was sealed as it is.
        CASE WHEN variant_typeof(extra) = 'VARCHAR' THEN extra::VARCHAR ELSE extra::JSON::VARCHAR END AS rest,
        -- A merge patch drops what is NULL.
        json_merge_patch('{{}}', json_object(
            {attributes}
        )) AS fields,
        CASE WHEN copied IS NULL THEN fields ELSE json_merge_patch(fields, copied) END::VARCHAR AS said
    FROM span_rows LEFT JOIN resource_rows USING (resource_id)
);
