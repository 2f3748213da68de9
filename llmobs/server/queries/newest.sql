-- How far the data reaches: the newest and the oldest model call there is, whatever the filters say.
-- Parameters: none.
-- Columns: received_at, started_at (of the newest), oldest_at (UTC; NULL where the store holds no call).
SELECT
  max(received_at) AS received_at,
  max(started_at) AS started_at,
  min(started_at) AS oldest_at
FROM calls
