-- `sealing` is one Arrow chunk: of several chunks DuckDB makes ragged row groups, at double the size.
-- More than 16 MB stays text: as JSON it takes ten times its size, more memory than there may be.
INSERT INTO stored_spans BY NAME
SELECT * REPLACE (
    CASE WHEN strlen(attributes) > 16000000 THEN attributes::VARIANT
        ELSE attributes::JSON::VARIANT END AS attributes)
FROM sealing;
