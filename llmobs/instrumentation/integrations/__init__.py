"""One row per SDK: which, by whom, of which family, in which dialects."""
