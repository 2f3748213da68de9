SELECT segment FROM journal_position;
