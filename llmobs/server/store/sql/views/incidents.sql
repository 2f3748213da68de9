-- Every episode of an alert, newest state.
CREATE OR REPLACE TEMP VIEW incidents AS
SELECT
    * REPLACE (TRY_CAST(traces AS JSON) AS traces, TRY_CAST(delivered AS JSON) AS delivered)
FROM stored_incidents;
