-- Answers that took unusually long, by model: longer than twice the p95 of the day before. The last 5 minutes,
-- 30 minutes and 3 hours, and the day before. A model without a day before has no slow answers.
-- Parameters: $since, $until (UTC; 3 hours apart).
-- Columns: model; slow_s (the limit, seconds, NULL without a day before); calls_5m, slow_5m, calls_30m, slow_30m,
--   calls, slow (of 3 hours); calls_before, slow_before, buckets_before (five minutes with calls), spread_before
--   (sum over them of slow squared / calls), these four NULL without calls; traces (trace ids, newest first).
WITH answered AS (
  SELECT
    coalesce(model, 'unknown') AS model,
    trace_id,
    started_at,
    duration_s,
    (epoch_us($until::TIMESTAMP) - epoch_us(started_at) - 1) // 300000000 AS ago
  FROM calls
  WHERE started_at >= $since::TIMESTAMP - INTERVAL 24 HOUR
    AND started_at < $until
    AND status = 'ok'
),
limits AS (
  SELECT model, 2 * quantile_cont(duration_s, 0.95) AS slow_s
  FROM answered
  WHERE ago >= 36
  GROUP BY model
),
five_minutes AS (
  SELECT model, ago, slow_s, count(*) AS calls, count(*) FILTER (duration_s > slow_s) AS slow
  FROM answered
  LEFT JOIN limits USING (model)
  GROUP BY ALL
),
usual AS (
  SELECT
    model,
    sum(calls)::BIGINT AS calls_before,
    sum(slow)::BIGINT AS slow_before,
    count(*) AS buckets_before,
    sum(slow * slow / calls) AS spread_before
  FROM five_minutes
  WHERE ago >= 36
  GROUP BY model
),
present AS (
  SELECT
    model,
    slow_s,
    coalesce(sum(calls) FILTER (ago < 1), 0)::BIGINT AS calls_5m,
    coalesce(sum(slow) FILTER (ago < 1), 0)::BIGINT AS slow_5m,
    coalesce(sum(calls) FILTER (ago < 6), 0)::BIGINT AS calls_30m,
    coalesce(sum(slow) FILTER (ago < 6), 0)::BIGINT AS slow_30m,
    sum(calls)::BIGINT AS calls,
    sum(slow)::BIGINT AS slow
  FROM five_minutes
  WHERE ago < 36
  GROUP BY model, slow_s
),
evidence AS (
  SELECT model, arg_max(trace_id, started_at, 20) AS traces
  FROM answered
  JOIN limits USING (model)
  WHERE ago < 36
    AND duration_s > slow_s
  GROUP BY model
)
SELECT *
FROM present
LEFT JOIN usual USING (model)
LEFT JOIN evidence USING (model)
