-- Numbers stay; what was written and answered goes. Events too where they carry messages.
UPDATE stored_spans
SET {cleared}, events = CASE WHEN contains(events, '"gen_ai.') THEN NULL ELSE events END
WHERE received_at < $before
    AND ({present} OR contains(events, '"gen_ai.'));
