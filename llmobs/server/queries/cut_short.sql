-- Answers cut off at a token limit, by model: the last 5 minutes, 30 minutes and 3 hours, and the day before.
-- Time in which this alert fired is no baseline, except what lasts longer than 12 hours: that becomes the usual.
-- Parameters: $since, $until (UTC; 3 hours apart).
-- Columns: model; calls_5m, cut_5m, calls_30m, cut_30m, calls, cut (of 3 hours);
--   calls_before, cut_before, buckets_before (half hours with calls), spread_before (sum over them of cut
--   squared / calls), these four NULL without calls; traces (trace ids, newest first, one may stand twice).
WITH five_minutes AS (
  SELECT
    coalesce(model, 'unknown') AS model,
    (epoch_us($until::TIMESTAMP) - epoch_us(started_at) - 1) // 300000000 AS ago,
    count(*) AS calls,
    count(*) FILTER (lower(finish) IN ('length', 'max_tokens', 'max_output_tokens', 'model_context_window_exceeded')) AS cut
  FROM calls
  WHERE started_at >= $since::TIMESTAMP - INTERVAL 24 HOUR
    AND started_at < $until
    AND status = 'ok'
    AND operation <> 'embeddings'
  GROUP BY ALL
),
half_hours AS (
  SELECT model, ago // 6 AS half_hour, sum(calls) AS calls, sum(cut) AS cut
  FROM five_minutes
  WHERE ago >= 36
    AND NOT EXISTS (
      SELECT 1
      FROM incidents
      WHERE rule = 'cut_short'
        AND subject = model
        AND $until::TIMESTAMP - ago * INTERVAL 5 MINUTE > pending_since - INTERVAL 5 MINUTE
        AND $until::TIMESTAMP - ago * INTERVAL 5 MINUTE
          < least(coalesce(resolved_at, $until), firing_since + INTERVAL 12 HOUR)
    )
  GROUP BY ALL
),
usual AS (
  SELECT
    model,
    sum(calls)::BIGINT AS calls_before,
    sum(cut)::BIGINT AS cut_before,
    count(*) AS buckets_before,
    sum(cut * cut / calls)::DOUBLE AS spread_before
  FROM half_hours
  GROUP BY model
),
present AS (
  SELECT
    model,
    coalesce(sum(calls) FILTER (ago < 1), 0)::BIGINT AS calls_5m,
    coalesce(sum(cut) FILTER (ago < 1), 0)::BIGINT AS cut_5m,
    coalesce(sum(calls) FILTER (ago < 6), 0)::BIGINT AS calls_30m,
    coalesce(sum(cut) FILTER (ago < 6), 0)::BIGINT AS cut_30m,
    sum(calls)::BIGINT AS calls,
    sum(cut)::BIGINT AS cut
  FROM five_minutes
  WHERE ago < 36
  GROUP BY model
),
evidence AS (
  SELECT coalesce(model, 'unknown') AS model, arg_max(trace_id, started_at, 20) AS traces
  FROM calls
  WHERE started_at >= $since
    AND started_at < $until
    AND status = 'ok'
    AND operation <> 'embeddings'
    AND lower(finish) IN ('length', 'max_tokens', 'max_output_tokens', 'model_context_window_exceeded')
  GROUP BY ALL
)
SELECT *
FROM present
LEFT JOIN usual USING (model)
LEFT JOIN evidence USING (model)
