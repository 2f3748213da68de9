SELECT date_trunc('minute', started_at) AS minute, model, sum(input_tokens) AS tokens
FROM calls
GROUP BY ALL;
