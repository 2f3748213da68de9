ALTER TABLE stored_spans ADD COLUMN {column} {kind};
