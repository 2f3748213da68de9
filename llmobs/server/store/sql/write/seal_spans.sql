-- `sealing` is one Arrow chunk: of several chunks DuckDB makes ragged row groups, at double the size.
INSERT INTO stored_spans BY NAME
SELECT * REPLACE (attributes::JSON::VARIANT AS attributes)
FROM sealing;
