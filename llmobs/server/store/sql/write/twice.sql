-- Which of `candidates` the file holds already. A span that comes again starts at the same moment,
-- so the window lets all other row groups be skipped.
SELECT candidates.row
FROM candidates
JOIN stored_spans USING (trace_id, span_id)
WHERE stored_spans.started_at BETWEEN $earliest AND $latest;
