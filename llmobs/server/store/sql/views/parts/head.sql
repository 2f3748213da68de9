replace(trace_id::VARCHAR, '-', '') AS trace_id,
    printf('%016x', span_id) AS span_id,
    printf('%016x', parent_span_id) AS parent_span_id,
    started_at,
    CASE WHEN duration_ns >= 0 THEN duration_ns / 1e9 END AS duration_s,
    service,
    environment,
    CASE WHEN status_code = 2 THEN 'error' ELSE 'ok' END AS status