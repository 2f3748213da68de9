-- Answers that say nothing and call no tool, by model: the last 5 minutes, 30 minutes and 3 hours, and the day
-- before. Where the text was not captured, an answer of no tokens counts. Text is read only where there are few
-- tokens, so that the question stays cheap. Calls that the caller gave up are left out.
-- Time in which this alert fired is no baseline, except what lasts longer than 12 hours: that becomes the usual.
-- Parameters: $since, $until (UTC; 3 hours apart).
-- Columns: model; calls_5m, empty_5m, calls_30m, empty_30m, calls, empty (of 3 hours);
--   calls_before, empty_before, buckets_before (half hours with calls), spread_before (sum over them of empty
--   squared / calls), these four NULL without calls; traces (trace ids, newest first, one may stand twice).
WITH silent AS MATERIALIZED (
  SELECT trace_id, started_at, coalesce(model, 'unknown') AS model
  FROM calls
  WHERE started_at >= $since::TIMESTAMP - INTERVAL 24 HOUR
    AND started_at < $until
    AND status = 'ok'
    AND operation <> 'embeddings'
    AND coalesce(stream_end, 'complete') = 'complete'
    AND (output_tokens IS NULL OR output_tokens <= 8)  -- as it stands: the scan then skips the text of the others
    AND CASE
      WHEN output_messages IS NULL THEN output_tokens = 0
      ELSE trim(text) = '' AND output_messages::VARCHAR NOT LIKE '%"tool_call%'
    END
),
five_minutes AS (
  SELECT model, ago, sum(calls) AS calls, sum(empty) AS empty
  FROM (
    SELECT
      coalesce(model, 'unknown') AS model,
      (epoch_us($until::TIMESTAMP) - epoch_us(started_at) - 1) // 300000000 AS ago,
      count(*) AS calls,
      count(*) FILTER (output_tokens > 8 AND reasoning_tokens >= output_tokens) AS empty  -- thought, said nothing
    FROM calls
    WHERE started_at >= $since::TIMESTAMP - INTERVAL 24 HOUR
      AND started_at < $until
      AND status = 'ok'
      AND operation <> 'embeddings'
      AND coalesce(stream_end, 'complete') = 'complete'
    GROUP BY ALL
    UNION ALL
    SELECT
      model,
      (epoch_us($until::TIMESTAMP) - epoch_us(started_at) - 1) // 300000000 AS ago,
      0 AS calls,
      count(*) AS empty
    FROM silent
    GROUP BY ALL
  )
  GROUP BY ALL
),
half_hours AS (
  SELECT model, ago // 6 AS half_hour, sum(calls) AS calls, sum(empty) AS empty
  FROM five_minutes
  WHERE ago >= 36
    AND NOT EXISTS (
      SELECT 1
      FROM incidents
      WHERE rule = 'empty_answers'
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
    sum(empty)::BIGINT AS empty_before,
    count(*) AS buckets_before,
    sum(empty * empty / calls)::DOUBLE AS spread_before
  FROM half_hours
  GROUP BY model
),
present AS (
  SELECT
    model,
    coalesce(sum(calls) FILTER (ago < 1), 0)::BIGINT AS calls_5m,
    coalesce(sum(empty) FILTER (ago < 1), 0)::BIGINT AS empty_5m,
    coalesce(sum(calls) FILTER (ago < 6), 0)::BIGINT AS calls_30m,
    coalesce(sum(empty) FILTER (ago < 6), 0)::BIGINT AS empty_30m,
    sum(calls)::BIGINT AS calls,
    sum(empty)::BIGINT AS empty
  FROM five_minutes
  WHERE ago < 36
  GROUP BY model
),
evidence AS (
  SELECT model, arg_max(trace_id, started_at, 20) AS traces
  FROM (
    SELECT model, trace_id, started_at
    FROM silent
    WHERE started_at >= $since
    UNION ALL
    SELECT coalesce(model, 'unknown') AS model, trace_id, started_at
    FROM calls
    WHERE started_at >= $since
      AND started_at < $until
      AND status = 'ok'
      AND operation <> 'embeddings'
      AND output_tokens > 8
      AND reasoning_tokens >= output_tokens
  )
  GROUP BY model
)
SELECT *
FROM present
LEFT JOIN usual USING (model)
LEFT JOIN evidence USING (model)
