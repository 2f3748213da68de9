"""One file per rule that judges a window of calls."""
