CREATE TABLE IF NOT EXISTS migrations (name VARCHAR, applied_at TIMESTAMP);
