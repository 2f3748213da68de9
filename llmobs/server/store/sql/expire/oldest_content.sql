-- The moment before which the oldest tenth of all content came; NULL where there is none.
SELECT max(received_at) + INTERVAL 1 MICROSECOND
FROM (
    SELECT received_at, ntile(10) OVER (ORDER BY received_at) AS tenth
    FROM stored_spans
    WHERE {present}
)
WHERE tenth = 1;
