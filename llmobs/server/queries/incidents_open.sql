-- Incidents that the alert engine goes on with after a restart: open ones, and resolved ones of the last day, whose
-- message may still be on its way.
-- Parameters: $since (UTC).
-- Columns: those of the view `incidents`; traces and delivered are JSON.
SELECT * REPLACE (traces::VARCHAR AS traces, delivered::VARCHAR AS delivered)
FROM incidents
WHERE state <> 'resolved'
  OR (resolved_at >= $since AND firing_since IS NOT NULL)
ORDER BY pending_since
