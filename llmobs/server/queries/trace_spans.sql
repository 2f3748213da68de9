-- Every span of one trace, without its texts: what a waterfall draws.
-- Parameters: $id (trace id, 32 hex letters; anything else finds nothing).
-- Columns: span_id, parent_span_id, started_at (UTC), start_time_ns, duration_s (NULL where it never ended), name,
--   operation, service, environment, status, error_type, user_id, session_id, workflow, model, provider, tokens,
--   cost_usd, cost_status, first_content_s (seconds after the start), attempts, found (spans of the trace).
SELECT
  spans.span_id,
  spans.parent_span_id,
  spans.started_at,
  spans.start_time_ns,
  spans.duration_s,
  spans.name,
  spans.operation,
  spans.service,
  spans.environment,
  coalesce(calls.status, spans.status) AS status,
  spans.error_type,
  spans.user_id,
  spans.session_id,
  spans.workflow,
  calls.model,
  calls.provider,
  coalesce(input_tokens + output_tokens, input_tokens, output_tokens) AS tokens,
  calls.cost_usd,
  calls.cost_status,
  first_content_s,
  attempts,
  count(*) OVER () AS found
FROM spans LEFT JOIN calls ON calls.trace_uuid = TRY_CAST($id AS UUID) AND calls.span_id = spans.span_id
WHERE spans.trace_uuid = TRY_CAST($id AS UUID)
ORDER BY spans.started_at, spans.start_time_ns, spans.span_id
LIMIT 20000
