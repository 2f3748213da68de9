SELECT count(*) AS spans FROM spans;
