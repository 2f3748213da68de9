-- What the filters of the dashboard can be set to: every combination that made a call in the window.
-- Parameters: $since, $until (UTC).
-- Columns: service, provider, model, environment, calls.
SELECT service, provider, model, environment, count(*) AS calls
FROM calls
WHERE started_at >= $since
  AND started_at < $until
GROUP BY ALL
ORDER BY calls DESC
LIMIT 2000
