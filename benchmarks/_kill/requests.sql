-- How often each request of the generator is there; its number is the end of its span ids.
-- Columns: request (hex), spans.
SELECT right(span_id, 8) AS request, count(*) AS spans
FROM spans
GROUP BY ALL;
