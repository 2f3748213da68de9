-- All that one span says.
-- Parameters: $id (trace id, 32 hex letters), $span (span id, 16 hex letters); anything else finds nothing.
-- Columns: span_id, parent_span_id, started_at, received_at (UTC), duration_s, name, kind, operation, service,
--   environment, status, status_message, error_type, scope_name, scope_version, cost_usd, cost_status, events, links,
--   attributes, resource (JSON; attributes are complete, under their own names).
SELECT
  span_id, parent_span_id, started_at, received_at, duration_s, name, kind, operation, service,
  environment, status, status_message, error_type, scope_name, scope_version, cost_usd, cost_status, events, links,
  attributes, resource
FROM spans
WHERE trace_uuid = TRY_CAST($id AS UUID)
  AND span_id = $span
LIMIT 1
