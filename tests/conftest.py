"""For all tests: their order, names of cases that are the same in every process, and an empty store."""

import gc
from pathlib import Path

import pytest


def pytest_make_parametrize_id(val):
    """Bytes by their length: a gzip holds the time of its making, and each worker makes its own."""
    return f"{len(val)}_bytes" if isinstance(val, bytes) else None


def pytest_collection_modifyitems(items):
    """What takes long or mostly waits comes first: the rest fills the processors beside it to the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection():
    """While SDKs are imported there is no garbage, only more and more to look through for it."""
    gc.disable()


def pytest_collection_finish():
    """What was imported stays; unfrozen, each collection of garbage walks through all of it, 0.4 s."""
    gc.enable()
    gc.collect()
    gc.freeze()


def pytest_sessionfinish():
    """DuckDB's bindings tell of a leak where what they made is still frozen at the end."""
    gc.unfreeze()


@pytest.fixture(scope="session")
def empty(tmp_path_factory) -> Path:
    """The folder of a store that was made and closed. To make one takes five times as long as to copy it."""
    from llmobs.server.store import open_store

    folder = tmp_path_factory.mktemp("empty")
    open_store(f"duckdb://{folder}").close()
    return folder
