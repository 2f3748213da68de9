-- Sums by hour of all calls ever sealed, also of those whose spans are gone.
CREATE OR REPLACE TEMP VIEW hours AS
SELECT
    hour,
    service,
    environment,
    provider,
    model,
    operation,
    sum(calls) AS calls,
    sum(errors) AS errors,
    sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens,
    sum(cost_nano_usd) / 1e9 AS cost_usd,
    sum(unpriced) AS unpriced
FROM stored_hours
GROUP BY ALL;
