-- Alerts, the open ones first, then the newest; those that were open at any time since $since.
-- Parameters: $since (UTC, NULL for all), $state ('pending', 'firing', 'resolved', NULL for all).
-- Columns: id, rule, subject, severity, state, pending_since, firing_since, resolved_at, updated_at (UTC),
--   says, value, expected, unit, calls, traces (JSON list of trace ids), runbook, delivered (JSON).
SELECT
  id, rule, subject, severity, state, pending_since, firing_since, resolved_at, updated_at,
  says, value, expected, unit, calls, traces, runbook, delivered
FROM incidents
WHERE (state <> 'resolved' OR firing_since IS NOT NULL)  -- what never fired and is over was no alert
  AND ($state IS NULL OR state = $state)
  AND ($since IS NULL OR state <> 'resolved' OR resolved_at >= $since)
ORDER BY
  CASE state WHEN 'firing' THEN 0 WHEN 'pending' THEN 1 ELSE 2 END,
  CASE severity WHEN 'page' THEN 0 ELSE 1 END,
  coalesce(resolved_at, firing_since, pending_since) DESC
LIMIT 500
