"""The vocabulary: one file per kind of span."""
