-- FORCE waits for the questions that began before the last change; without it one of them is an error.
FORCE CHECKPOINT llmobs;
