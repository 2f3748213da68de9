"""Foreign names of what we know: one file per vocabulary."""
