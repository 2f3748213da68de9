-- What the calls of a few traces were about.
-- Parameters: $ids (list of trace ids), $since, $until (UTC; a window that holds all their calls).
-- Columns: trace_id, calls, models (list), tokens, unpriced (answered calls), question (the last thing a user said in
--   the first call), answer (of the last call that has one); both cut to 200 characters.
SELECT
  replace(trace_uuid::VARCHAR, '-', '') AS trace_id,
  count(*) AS calls,
  list(DISTINCT model) AS models,
  sum(coalesce(input_tokens + output_tokens, input_tokens, output_tokens))::BIGINT AS tokens,
  count(*) FILTER (status = 'ok' AND cost_status = 'unpriced') AS unpriced,
  arg_min(left(array_to_string(list_filter(input_messages::JSON[], lambda m: m ->> '$.role' = 'user')[-1]
    ->> '$.parts[*].content', ' '), 200), started_at) AS question,
  arg_max(left(nullif(text, ''), 200), started_at) AS answer
FROM calls
WHERE started_at >= $since
  AND started_at <= $until
  AND trace_uuid IN (SELECT unnest($ids::VARCHAR[])::UUID)
GROUP BY trace_uuid
