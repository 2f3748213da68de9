UPDATE journal_position SET segment = $segment;
