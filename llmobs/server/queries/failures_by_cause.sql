-- Calls over time by how they ended; failed ones by cause, so that it shows whose fault it is.
-- Parameters: $since, $until (UTC), $service, $provider, $model, $environment (NULL for all), $step_s (bucket, seconds).
-- Columns: bucket (its start, UTC), cause ('answered', 'cancelled', or why the call failed), calls.
SELECT
  time_bucket(to_seconds($step_s::BIGINT), started_at) AS bucket,
  CASE
    WHEN status = 'ok' THEN 'answered'
    WHEN status = 'cancelled' THEN 'cancelled'
    WHEN http_status = 429 OR error_type = '429' OR error_type ILIKE '%ratelimit%' THEN 'rate limit (429)'
    WHEN http_status >= 500 OR error_type LIKE '5__' OR error_type ILIKE '%overloaded%' THEN 'provider (5xx)'
    WHEN http_status IN (401, 403) OR error_type IN ('401', '403') THEN 'key or permission'
    WHEN error_type ILIKE '%timeout%' OR http_status = 408 THEN 'timeout'
    WHEN http_status >= 400 OR error_type LIKE '4__' THEN 'our request (4xx)'
    WHEN error_type ILIKE '%connect%' OR error_type ILIKE '%network%' THEN 'no connection'
    ELSE 'other'
  END AS cause,
  count(*) AS calls
FROM calls
WHERE started_at >= $since
  AND started_at < $until
  AND ($service IS NULL OR service = $service)
  AND ($provider IS NULL OR provider = $provider)
  AND ($model IS NULL OR model = $model)
  AND ($environment IS NULL OR environment = $environment)
GROUP BY ALL
ORDER BY bucket, cause
