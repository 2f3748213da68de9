INSERT INTO stored_hours BY NAME
SELECT
    date_trunc('hour', started_at) AS hour,
    service,
    environment,
    provider,
    model,
    operation,
    count(*) AS calls,
    count(*) FILTER (status_code = 2) AS errors,
    sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens,
    sum(cost_nano_usd) AS cost_nano_usd,
    count(*) FILTER (cost_status = 'unpriced') AS unpriced
FROM sealing
WHERE operation IN ({operations})
GROUP BY ALL;
