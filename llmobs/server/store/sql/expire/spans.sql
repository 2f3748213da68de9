DELETE FROM stored_spans
WHERE received_at < $before;
