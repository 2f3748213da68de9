-- Traces, newest first, one page of them. A trace fits when it has a span in this time that fits what is asked of
-- spans, and a call in it that fits what is asked of calls; sums are of the whole trace, also before and after.
-- What its calls said: trace_calls.sql.
-- Parameters: $since, $until (UTC), $service, $provider, $model, $environment (NULL for all); $status ('ok': no
--   span failed, 'error': one did, NULL for all), $user, $session, $step (in a span's name), $words (in a question
--   or an answer, upper and lower case alike), $min_duration_s, $min_cost_usd (NULL for any); $size, $skip (traces).
-- Columns: trace_id, name (of the root), first_at, ended_at (UTC), duration_s, status (of the root: ok | error),
--   failed (spans), spans, cost_usd (NULL where unknown), user_id, session_id, found (traces that fit, on all pages).
WITH page AS MATERIALIZED (
  SELECT
    trace_uuid,
    min(started_at) AS seen_at,
    count(*) OVER () AS found
  FROM spans
  WHERE started_at >= $since
    AND started_at < $until
    AND ($service IS NULL OR service = $service)
    AND ($environment IS NULL OR environment = $environment)
    AND (coalesce($model, $provider, $words) IS NULL OR trace_uuid IN (
      SELECT trace_uuid
      FROM calls
      WHERE started_at >= $since
        AND started_at < $until
        AND ($model IS NULL OR model = $model)
        AND ($provider IS NULL OR provider = $provider)
        AND ($words IS NULL
          OR contains(lower(input_messages::VARCHAR), lower($words))
          OR contains(lower(output_messages::VARCHAR), lower($words)))))
  GROUP BY trace_uuid
  HAVING ($status IS NULL OR bool_or(status = 'error') = ($status = 'error'))
    AND ($user IS NULL OR bool_or(user_id = $user))
    AND ($session IS NULL OR bool_or(session_id = $session))
    AND ($step IS NULL OR bool_or(contains(lower(name), lower($step))))
    AND ($min_duration_s IS NULL OR coalesce(
      max(duration_s) FILTER (parent_span_id IS NULL),
      epoch(max(started_at + to_microseconds((coalesce(duration_s, 0) * 1e6)::BIGINT)) - min(started_at))
    ) >= $min_duration_s)
    AND ($min_cost_usd IS NULL OR sum(cost_usd) >= $min_cost_usd)
  ORDER BY seen_at DESC, trace_uuid
  LIMIT $size::BIGINT OFFSET $skip::BIGINT
)
SELECT
  replace(trace_uuid::VARCHAR, '-', '') AS trace_id,
  coalesce(arg_min(name, started_at) FILTER (parent_span_id IS NULL), arg_min(name, started_at)) AS name,
  min(started_at) AS first_at,
  max(started_at + to_microseconds((coalesce(duration_s, 0) * 1e6)::BIGINT)) AS ended_at,
  coalesce(max(duration_s) FILTER (parent_span_id IS NULL), epoch(ended_at - first_at)) AS duration_s,
  CASE WHEN coalesce(bool_or(status = 'error') FILTER (parent_span_id IS NULL), bool_or(status = 'error'))
    THEN 'error' ELSE 'ok' END AS status,
  count(*) FILTER (status = 'error') AS failed,
  count(*) AS spans,
  sum(cost_usd) AS cost_usd,
  any_value(user_id) AS user_id,
  any_value(session_id) AS session_id,
  any_value(found) AS found
FROM spans
JOIN page USING (trace_uuid)
WHERE started_at >= $since - INTERVAL 1 DAY
  AND started_at < $until + INTERVAL 1 DAY
GROUP BY trace_uuid
ORDER BY any_value(seen_at) DESC, trace_uuid
