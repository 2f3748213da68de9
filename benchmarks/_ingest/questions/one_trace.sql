SELECT span_id, name, duration_s, attributes
FROM spans
WHERE trace_id = (SELECT max(trace_id) FROM spans WHERE started_at >= (SELECT max(started_at) FROM spans));
