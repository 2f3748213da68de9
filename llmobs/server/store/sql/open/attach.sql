-- Row groups as large as a seal; the older storage version costs nothing and lets DuckDB 1.5 read the file.
ATTACH '{file}' AS llmobs (ROW_GROUP_SIZE 30720, STORAGE_VERSION 'v1.5.0');
