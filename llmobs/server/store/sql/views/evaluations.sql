-- Judgements of an answer: the convention's events gen_ai.evaluation.result, on the span that they judge.
-- Explanations are content, so these events go when content goes.
CREATE OR REPLACE TEMP VIEW evaluations AS
SELECT
    replace(trace_id::VARCHAR, '-', '') AS trace_id,
    printf('%016x', span_id) AS span_id,
    TRY(make_timestamp((event ->> 'time_unix_nano')::BIGINT // 1000)) AS evaluated_at,
    service,
    environment,
    event -> 'attributes' ->> 'gen_ai.evaluation.name' AS name,
    TRY_CAST(event -> 'attributes' ->> 'gen_ai.evaluation.score.value' AS DOUBLE) AS score,
    event -> 'attributes' ->> 'gen_ai.evaluation.score.label' AS label,
    event -> 'attributes' ->> 'gen_ai.evaluation.explanation' AS explanation,
    coalesce(event -> 'attributes' ->> 'gen_ai.response.id', response_id) AS response_id
FROM (
    SELECT trace_id, span_id, service, environment, response_id, unnest(json_extract(events, '$[*]')) AS event
    FROM span_rows
    WHERE contains(events, '"gen_ai.evaluation.result"')
)
WHERE event ->> 'name' = 'gen_ai.evaluation.result';
