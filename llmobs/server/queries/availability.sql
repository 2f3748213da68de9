-- Calls that failed, by provider: the last 5 minutes, 30 minutes and 3 hours, and the day before as a baseline.
-- Cancelled calls are neither good nor bad. `failed` = limited (429) + refused (other 4xx) + unavailable (the rest).
-- Time in which this alert fired is no baseline, except what lasts longer than 12 hours: that becomes the usual.
-- Parameters: $since, $until (UTC; 3 hours apart).
-- Columns: provider; calls_5m, failed_5m, calls_30m, failed_30m, calls, failed (of 3 hours), limited,
--   refused, unavailable (of 3 hours);
--   calls_before, failed_before, buckets_before (half hours with calls), spread_before (sum over them of failed
--   squared / calls), these four NULL without calls; traces (trace ids, newest first, one may stand twice).
WITH five_minutes AS (
  SELECT
    coalesce(provider, 'unknown') AS provider,
    (epoch_us($until::TIMESTAMP) - epoch_us(started_at) - 1) // 300000000 AS ago,
    count(*) AS calls,
    count(*) FILTER (status = 'error') AS failed,
    count(*) FILTER (status = 'error' AND http_status = 429) AS limited,
    count(*) FILTER (
      status = 'error' AND http_status BETWEEN 400 AND 499 AND http_status NOT IN (408, 429)
    ) AS refused
  FROM calls
  WHERE started_at >= $since::TIMESTAMP - INTERVAL 24 HOUR
    AND started_at < $until
    AND status <> 'cancelled'
  GROUP BY ALL
),
half_hours AS (
  SELECT provider, ago // 6 AS half_hour, sum(calls) AS calls, sum(failed) AS failed
  FROM five_minutes
  WHERE ago >= 36
    AND NOT EXISTS (
      SELECT 1
      FROM incidents
      WHERE rule = 'availability'
        AND subject = provider
        AND $until::TIMESTAMP - ago * INTERVAL 5 MINUTE > pending_since - INTERVAL 5 MINUTE
        AND $until::TIMESTAMP - ago * INTERVAL 5 MINUTE
          < least(coalesce(resolved_at, $until), firing_since + INTERVAL 12 HOUR)
    )
  GROUP BY ALL
),
usual AS (
  SELECT
    provider,
    sum(calls)::BIGINT AS calls_before,
    sum(failed)::BIGINT AS failed_before,
    count(*) AS buckets_before,
    sum(failed * failed / calls)::DOUBLE AS spread_before
  FROM half_hours
  GROUP BY provider
),
present AS (
  SELECT
    provider,
    coalesce(sum(calls) FILTER (ago < 1), 0)::BIGINT AS calls_5m,
    coalesce(sum(failed) FILTER (ago < 1), 0)::BIGINT AS failed_5m,
    coalesce(sum(calls) FILTER (ago < 6), 0)::BIGINT AS calls_30m,
    coalesce(sum(failed) FILTER (ago < 6), 0)::BIGINT AS failed_30m,
    sum(calls)::BIGINT AS calls,
    sum(failed)::BIGINT AS failed,
    sum(limited)::BIGINT AS limited,
    sum(refused)::BIGINT AS refused,
    sum(failed - limited - refused)::BIGINT AS unavailable
  FROM five_minutes
  WHERE ago < 36
  GROUP BY provider
),
evidence AS (
  SELECT coalesce(provider, 'unknown') AS provider, arg_max(trace_id, started_at, 20) AS traces
  FROM calls
  WHERE started_at >= $since
    AND started_at < $until
    AND status <> 'cancelled'
    AND status = 'error'
  GROUP BY ALL
)
SELECT *
FROM present
LEFT JOIN usual USING (provider)
LEFT JOIN evidence USING (provider)
