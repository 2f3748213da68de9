INSERT INTO migrations VALUES ($name, now()::TIMESTAMP);
