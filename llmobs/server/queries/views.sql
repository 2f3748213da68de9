-- The views that one may ask, and their columns: what `llmobs sql` lists.
-- Parameters: none.
-- Columns: view, column, type (as the database names it).
SELECT
  table_name AS "view",
  column_name AS "column",
  data_type AS "type"
FROM information_schema.columns
WHERE table_name IN (
  'calls', 'spans', 'prompts', 'tools', 'retrievals', 'agents', 'workflows',
  'evaluations', 'incidents', 'changes'
)
ORDER BY table_name, ordinal_position
