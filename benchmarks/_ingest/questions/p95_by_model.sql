SELECT model, quantile_cont(duration_s, 0.95) AS p95_s
FROM calls
GROUP BY model;
