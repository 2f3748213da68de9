-- The numbers of the Now page: this window and the one of the same length right before it.
-- Latency is that of answered calls: a refusal is fast and would flatter it. Unpriced counts answered calls.
-- Parameters: $since, $until (UTC), $service, $provider, $model, $environment (NULL for all).
-- Columns: is_now (false for the window before; no row where a window has no calls), calls, failed, cancelled,
--   tokens, no_usage (answered calls without tokens), cost_usd, unpriced, partial (calls), users (NULL where
--   no call names one),
--   p50_s, p95_s, p99_s, first_p50_s, first_p95_s (time to first content, seconds).
SELECT
  started_at >= $since AS is_now,
  count(*) AS calls,
  count(*) FILTER (status = 'error') AS failed,
  count(*) FILTER (status = 'cancelled') AS cancelled,
  sum(coalesce(input_tokens + output_tokens, input_tokens, output_tokens))::BIGINT AS tokens,
  count(*) FILTER (status = 'ok' AND input_tokens IS NULL AND output_tokens IS NULL) AS no_usage,
  sum(cost_usd) AS cost_usd,
  count(*) FILTER (status = 'ok' AND cost_status = 'unpriced') AS unpriced,
  count(*) FILTER (status = 'ok' AND cost_status = 'partial') AS partial,
  nullif(count(DISTINCT user_id), 0) AS users,
  quantile_cont(duration_s, 0.50) FILTER (status = 'ok') AS p50_s,
  quantile_cont(duration_s, 0.95) FILTER (status = 'ok') AS p95_s,
  quantile_cont(duration_s, 0.99) FILTER (status = 'ok') AS p99_s,
  quantile_cont(first_content_s, 0.50) FILTER (status = 'ok') AS first_p50_s,
  quantile_cont(first_content_s, 0.95) FILTER (status = 'ok') AS first_p95_s
FROM calls
WHERE started_at < $until
  AND started_at >= $since::TIMESTAMP - ($until::TIMESTAMP - $since::TIMESTAMP)
  AND ($service IS NULL OR service = $service)
  AND ($provider IS NULL OR provider = $provider)
  AND ($model IS NULL OR model = $model)
  AND ($environment IS NULL OR environment = $environment)
GROUP BY is_now
