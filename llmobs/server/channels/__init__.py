"""One file per way to tell on-call."""
