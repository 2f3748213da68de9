-- What came instead of what: a version that was seen for the first time, and the one that was new before it.
-- `what`: release (of a service), prompt, model (the provider answers by another). The first span that shows
-- it is the evidence. Of what has had one version only there is no change.
CREATE OR REPLACE TEMP VIEW changes AS
SELECT
    changed_at,
    service,
    environment,
    what,
    name,
    before,
    after,
    replace(trace_uuid::VARCHAR, '-', '') AS trace_id,
    printf('%016x', span_number) AS span_id
FROM (
    SELECT
        min(started_at) AS changed_at,
        service,
        environment,
        what,
        name,
        lag(version) OVER (
            PARTITION BY service, environment, what, name ORDER BY min(started_at), version
        ) AS before,
        version AS after,
        arg_min(trace_uuid, started_at) AS trace_uuid,
        arg_min(span_number, started_at) AS span_number
    FROM (
        SELECT
            started_at,
            trace_id AS trace_uuid,
            span_id AS span_number,
            service,
            environment,
            unnest([
                {
                    'what': 'release',
                    'name': service,
                    'version': TRY_CAST(resource AS JSON) ->> '$."service.version"'
                },
                {'what': 'prompt', 'name': prompt_name, 'version': prompt_version},
                {'what': 'model', 'name': model, 'version': answered_by}
            ], recursive := TRUE)
        FROM span_rows
        LEFT JOIN resource_rows USING (resource_id)
    )
    WHERE version IS NOT NULL
    GROUP BY service, environment, what, name, version
)
WHERE before IS NOT NULL;
