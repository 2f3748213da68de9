-- After seal_spans.sql failed on an attribute text: what is not JSON is kept as text.
INSERT INTO stored_spans BY NAME
SELECT * REPLACE (coalesce(TRY_CAST(attributes AS JSON)::VARIANT, attributes::VARIANT) AS attributes)
FROM sealing;
