-- What each service spends: the last 15 minutes and the last hour, and what hours like this one cost before.
-- Calls without a price are left out of the present and made up for in the past, so that they can only hide a spike.
-- Hours in which this alert fired are no measure, except what lasts longer than 12 hours: that becomes the usual.
-- Parameters: $since, $until (UTC; 1 hour apart).
-- Columns: service; cost_15m_usd, squares_15m (sum of squared costs of single calls, USD squared), calls_15m; cost_usd,
--   squares, calls, unpriced (answered calls without a price), these of the hour; before_usd, squares_before (the hour
--   before it); same_hour_usd (the dearest of the same hours of 7 days), day_usd (an hour's mean in 24 hours);
--   calls_before (all that the last three rest on), NULL where unknown; traces (dearest first, one may stand twice).
WITH recent AS (
  SELECT
    coalesce(service, 'unknown') AS service,
    (epoch_us($until::TIMESTAMP) - epoch_us(started_at) - 1) // 900000000 AS ago,
    sum(cost_usd) AS usd,
    sum(cost_usd * cost_usd) AS squares,
    count(*) AS calls,
    count(*) FILTER (status <> 'error') AS answered,
    count(*) FILTER (status <> 'error' AND cost_usd IS NULL) AS unpriced
  FROM calls
  WHERE started_at >= $since::TIMESTAMP - INTERVAL 1 HOUR
    AND started_at < $until
  GROUP BY ALL
),
alarms AS (
  SELECT subject, pending_since, least(coalesce(resolved_at, $until), firing_since + INTERVAL 12 HOUR) AS ended
  FROM incidents
  WHERE rule = 'cost_spike'
    AND firing_since IS NOT NULL
),
present AS (
  SELECT
    service,
    sum(usd) FILTER (ago < 1) AS cost_15m_usd,
    sum(squares) FILTER (ago < 1) AS squares_15m,
    coalesce(sum(calls) FILTER (ago < 1), 0)::BIGINT AS calls_15m,
    sum(usd) FILTER (ago < 4) AS cost_usd,
    sum(squares) FILTER (ago < 4) AS squares,
    coalesce(sum(calls) FILTER (ago < 4), 0)::BIGINT AS calls,
    coalesce(sum(unpriced) FILTER (ago < 4), 0)::BIGINT AS unpriced,
    CASE WHEN count(*) FILTER (usual) = 4 THEN  -- a whole hour, or it would be too little
      sum(usd) FILTER (usual) * sum(answered) FILTER (usual) / nullif(sum(answered - unpriced) FILTER (usual), 0)
    END AS before_usd,
    sum(squares) FILTER (usual) AS squares_before,
    coalesce(sum(calls) FILTER (usual), 0)::BIGINT AS calls_just_before
  FROM (
    SELECT *, ago >= 4 AND NOT EXISTS (
      SELECT 1 FROM alarms
      WHERE subject = service AND ended > $since::TIMESTAMP - INTERVAL 1 HOUR AND pending_since < $since
    ) AS usual
    FROM recent
  )
  GROUP BY service
),
past AS (
  SELECT
    coalesce(service, 'unknown') AS service,
    hour,
    sum(cost_usd) * greatest(1, sum(calls - errors) / nullif(sum(calls - unpriced), 0)) AS usd,
    sum(calls) AS calls
  FROM hours
  WHERE hour >= $since::TIMESTAMP - INTERVAL 169 HOUR
    AND hour <= $since::TIMESTAMP - INTERVAL 1 HOUR
    AND NOT EXISTS (
      SELECT 1 FROM alarms
      WHERE subject = coalesce(service, 'unknown') AND ended > hour AND pending_since < hour + INTERVAL 1 HOUR
    )
  GROUP BY ALL
),
usual AS (
  SELECT
    service,
    max(usd) FILTER (hour(hour) IN (hour($since::TIMESTAMP), hour($until::TIMESTAMP))) AS same_hour_usd,
    avg(usd) FILTER (hour >= $since::TIMESTAMP - INTERVAL 25 HOUR) AS day_usd,
    sum(calls)::BIGINT AS calls_in_days
  FROM past
  GROUP BY service
),
evidence AS (
  SELECT coalesce(service, 'unknown') AS service, arg_max(trace_id, cost_usd, 20) AS traces
  FROM calls
  WHERE started_at >= $since
    AND started_at < $until
    AND cost_usd IS NOT NULL
  GROUP BY ALL
)
SELECT * EXCLUDE (calls_just_before, calls_in_days), calls_just_before + coalesce(calls_in_days, 0) AS calls_before
FROM present
LEFT JOIN usual USING (service)
LEFT JOIN evidence USING (service)
