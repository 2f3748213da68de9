-- Which five minutes have spans of a service: what history need not be made for.
-- Parameters: $until (UTC).
-- Columns: service, environment, bucket (number of five minutes since 1970).
SELECT DISTINCT
  service,
  environment,
  floor(epoch(started_at) / 300)::BIGINT AS bucket
FROM spans
WHERE started_at < $until
