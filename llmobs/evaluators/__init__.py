"""One file per output signal or score of one answer; either half may run it."""
