-- Tokens and cost over time by model. A bucket without calls of a model has no row.
-- Parameters: $since, $until (UTC), $service, $provider, $model, $environment (NULL for all), $step_s (bucket, seconds).
-- Columns: bucket (its start, UTC), model, calls, tokens, cost_usd (NULL where no call has a price).
SELECT
  time_bucket(to_seconds($step_s::BIGINT), started_at) AS bucket,
  coalesce(model, 'unknown') AS model,
  count(*) AS calls,
  sum(coalesce(input_tokens + output_tokens, input_tokens, output_tokens))::BIGINT AS tokens,
  sum(cost_usd) AS cost_usd
FROM calls
WHERE started_at >= $since
  AND started_at < $until
  AND ($service IS NULL OR service = $service)
  AND ($provider IS NULL OR provider = $provider)
  AND ($model IS NULL OR model = $model)
  AND ($environment IS NULL OR environment = $environment)
GROUP BY ALL
ORDER BY bucket, model
