SELECT span_id, name, duration_s, attributes
FROM spans
WHERE trace_id = $trace_id;
