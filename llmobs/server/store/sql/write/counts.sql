SELECT
    (SELECT count(*) FROM stored_spans) AS stored_spans,
    (SELECT max(received_at) FROM span_rows) AS newest_received_at,
    (SELECT count(*) FROM stored_resources) AS resources,
    (SELECT count(*) FROM stored_incidents) AS incidents;
