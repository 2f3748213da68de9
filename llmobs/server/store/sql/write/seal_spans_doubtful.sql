-- After seal_spans.sql failed on an attribute text: what is not JSON is kept as text.
INSERT INTO stored_spans BY NAME
SELECT * REPLACE (
    CASE WHEN strlen(attributes) > 16000000 THEN attributes::VARIANT
        ELSE coalesce(TRY_CAST(attributes AS JSON)::VARIANT, attributes::VARIANT) END AS attributes)
FROM sealing;
