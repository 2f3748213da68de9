-- Values that went into a prompt are content too. They lie among the attributes that no field took; a statement of
-- its own, because one that sets a VARIANT writes its rows anew.
UPDATE stored_spans
SET attributes = NULL
WHERE received_at < $before
    AND operation = 'assemble_prompt'
    AND contains(attributes::VARCHAR, 'gen_ai.prompt.variable.');
