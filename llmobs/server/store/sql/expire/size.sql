-- Blocks in use: freed ones are used again, the file itself does not shrink.
SELECT used_blocks * block_size
FROM pragma_database_size()
WHERE database_name = 'llmobs';
