"""A store of its own for each test, which the pages read."""

from collections.abc import Iterator

import pytest

from llmobs.server.store import Store, open_store
from tests.dashboard.shown import use


@pytest.fixture
def store(tmp_path, monkeypatch) -> Iterator[Store]:
    """An empty store that the pages read."""
    opened = open_store(f"duckdb://{tmp_path}")
    use(opened, monkeypatch)
    yield opened
    opened.close()
