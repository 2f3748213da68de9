"""For all tests: their order, and names of cases that are the same in every process."""


def pytest_make_parametrize_id(val):
    """Bytes by their length: a gzip holds the time of its making, and each worker makes its own."""
    return f"{len(val)}_bytes" if isinstance(val, bytes) else None


def pytest_collection_modifyitems(items):
    """What takes long or mostly waits comes first: the rest fills the processors beside it to the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
