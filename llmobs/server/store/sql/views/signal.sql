-- One kind of span: made from llmobs/signals.
CREATE OR REPLACE TEMP VIEW {view} AS
SELECT
    {head},
    {fields},
    name,
    received_at,
    extra,
    trace_id AS trace_uuid
FROM span_rows
WHERE operation IN ({operations});
