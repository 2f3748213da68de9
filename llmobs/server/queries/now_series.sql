-- The numbers of the Now page over time. A bucket without calls has no row.
-- Parameters: $since, $until (UTC), $service, $provider, $model, $environment (NULL for all), $step_s (bucket, seconds).
-- Columns: bucket (its start, UTC), calls, failed, availability (0 to 1), tokens, cost_usd, users,
--   p50_s, p95_s, p99_s, first_p50_s, first_p95_s (seconds; answered calls).
SELECT
  time_bucket(to_seconds($step_s::BIGINT), started_at) AS bucket,
  count(*) AS calls,
  count(*) FILTER (status = 'error') AS failed,
  count(*) FILTER (status <> 'error') / count(*) AS availability,
  sum(coalesce(input_tokens + output_tokens, input_tokens, output_tokens))::BIGINT AS tokens,
  sum(cost_usd) AS cost_usd,
  nullif(count(DISTINCT user_id), 0) AS users,
  quantile_cont(duration_s, 0.50) FILTER (status = 'ok') AS p50_s,
  quantile_cont(duration_s, 0.95) FILTER (status = 'ok') AS p95_s,
  quantile_cont(duration_s, 0.99) FILTER (status = 'ok') AS p99_s,
  quantile_cont(first_content_s, 0.50) FILTER (status = 'ok') AS first_p50_s,
  quantile_cont(first_content_s, 0.95) FILTER (status = 'ok') AS first_p95_s
FROM calls
WHERE started_at >= $since
  AND started_at < $until
  AND ($service IS NULL OR service = $service)
  AND ($provider IS NULL OR provider = $provider)
  AND ($model IS NULL OR model = $model)
  AND ($environment IS NULL OR environment = $environment)
GROUP BY bucket
ORDER BY bucket
