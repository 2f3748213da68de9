-- One row per model call. Tokens and cost are summed from here and from nowhere else.
CREATE OR REPLACE TEMP VIEW calls AS
SELECT
    trace_id,
    span_id,
    parent_span_id,
    started_at,
    duration_s,
    service,
    environment,
    provider,
    operation,
    model,
    answered_by,
    server_address || CASE WHEN server_port NOT IN (80, 443) THEN ':' || server_port ELSE '' END AS endpoint,
    region,
    CASE WHEN regexp_matches(error_type, 'Cancel|KeyboardInterrupt|SystemExit') THEN 'cancelled'
        ELSE status END AS status,
    error_type,
    http_status,
    coalesce(attempts, TRY_CAST(extra['http.request.resend_count'] AS BIGINT) + 1) AS attempts,
    stream,
    stream_end,
    first_content_s,
    input_tokens,
    output_tokens,
    cached_tokens,
    cache_written_tokens,
    reasoning_tokens,
    usage_source,
    cost_nano_usd / 1e9 AS cost_usd,
    cost_status,
    TRY_CAST(finish_reasons AS JSON) ->> '$[0]' AS finish,
    prompt_name,
    prompt_version,
    user_id,
    session_id,
    workflow,
    tags,
    input_messages,
    output_messages,
    -- '' where the answer has no text, NULL where it was not captured.
    CASE WHEN output_messages IS NOT NULL THEN coalesce(array_to_string(list_transform(
        json_extract(output_messages, '$[*].parts[*]'),
        lambda part: CASE WHEN part ->> '$.type' = 'text' THEN part ->> '$.content' END), ''), '') END AS text,
    * EXCLUDE (
        trace_id, span_id, parent_span_id, started_at, duration_s, service, environment, provider, operation,
        model, answered_by, region, status, error_type, http_status, attempts, stream, stream_end,
        first_content_s, input_tokens, output_tokens, cached_tokens, cache_written_tokens, reasoning_tokens,
        usage_source, cost_status, prompt_name, prompt_version, user_id, session_id, workflow, tags,
        input_messages, output_messages
    )
FROM call_rows;
