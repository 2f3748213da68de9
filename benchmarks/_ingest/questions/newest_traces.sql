SELECT trace_id, min(started_at) AS began_at, count(*) AS spans
FROM spans
WHERE started_at >= (SELECT max(started_at) - INTERVAL 1 MINUTE FROM spans)
GROUP BY trace_id
ORDER BY began_at DESC
LIMIT 50;
