-- Every span once: those in the file and those still hot. `extra`: what no field took.
-- TRY_CAST, because a hot row must never break a question.
CREATE OR REPLACE TEMP VIEW span_rows AS
SELECT {columns}, attributes AS extra
FROM stored_spans
UNION ALL
SELECT {columns}, TRY_CAST(attributes AS JSON)::VARIANT AS extra
FROM hot_spans;
