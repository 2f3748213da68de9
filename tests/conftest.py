"""For all tests: names of cases that are the same in every process."""


def pytest_make_parametrize_id(val):
    """Bytes by their length: a gzip holds the time of its making, and each worker makes its own."""
    return f"{len(val)}_bytes" if isinstance(val, bytes) else None
