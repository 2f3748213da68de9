SELECT count(*) - count(DISTINCT (trace_id, span_id)) AS spans FROM spans;
