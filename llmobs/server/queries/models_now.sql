-- Models by what they cost: calls, failures, latency, tokens and cost, with the cost of the window before.
-- Parameters: $since, $until (UTC), $service, $provider, $model, $environment (NULL for all).
-- Columns: model, provider, calls, failed, failed_share (0 to 1), p95_s, first_p95_s (seconds), tokens,
--   cost_usd (NULL where no call has a price), cost_before_usd, unpriced (answered calls), found (models in all).
WITH marked AS (
  SELECT *, started_at >= $since AS is_now
  FROM calls
  WHERE started_at < $until
    AND started_at >= $since::TIMESTAMP - ($until::TIMESTAMP - $since::TIMESTAMP)
    AND ($service IS NULL OR service = $service)
    AND ($provider IS NULL OR provider = $provider)
    AND ($model IS NULL OR model = $model)
    AND ($environment IS NULL OR environment = $environment)
)
SELECT
  coalesce(model, 'unknown') AS model,
  provider,
  count(*) FILTER (is_now) AS calls,
  count(*) FILTER (is_now AND status = 'error') AS failed,
  count(*) FILTER (is_now AND status = 'error') / count(*) FILTER (is_now) AS failed_share,
  quantile_cont(duration_s, 0.95) FILTER (is_now AND status = 'ok') AS p95_s,
  quantile_cont(first_content_s, 0.95) FILTER (is_now AND status = 'ok') AS first_p95_s,
  (sum(coalesce(input_tokens + output_tokens, input_tokens, output_tokens)) FILTER (is_now))::BIGINT AS tokens,
  sum(cost_usd) FILTER (is_now) AS cost_usd,
  sum(cost_usd) FILTER (NOT is_now) AS cost_before_usd,
  count(*) FILTER (is_now AND status = 'ok' AND cost_status = 'unpriced') AS unpriced,
  count(*) OVER () AS found
FROM marked
GROUP BY ALL
HAVING count(*) FILTER (is_now) > 0
ORDER BY cost_usd DESC NULLS LAST, calls DESC
LIMIT 100
