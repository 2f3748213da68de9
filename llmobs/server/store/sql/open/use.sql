USE llmobs;
SET TimeZone = 'UTC';
