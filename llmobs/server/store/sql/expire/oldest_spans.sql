-- The moment before which the oldest tenth of all spans came, about; NULL where there is none.
SELECT greatest(approx_quantile(received_at, 0.1), min(received_at)) + INTERVAL 1 MICROSECOND
FROM stored_spans;
