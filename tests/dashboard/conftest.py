"""A store of its own for each test, which the pages read."""

import functools
import shutil
from collections.abc import Iterator

import pytest
from streamlit.components.v2 import manifest_scanner

from llmobs.server.store import Store, open_store
from tests.dashboard.shown import use


@pytest.fixture(scope="session", autouse=True)
def scanned() -> Iterator[None]:
    """At each run of a page Streamlit reads what every installed package says of itself: half of the time."""
    with pytest.MonkeyPatch.context() as patch:
        once = functools.cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", once)
        yield


@pytest.fixture
def store(empty, tmp_path, monkeypatch) -> Iterator[Store]:
    """An empty store that the pages read."""
    shutil.copytree(empty, tmp_path, dirs_exist_ok=True)
    opened = open_store(f"duckdb://{tmp_path}")
    use(opened, monkeypatch)
    yield opened
    opened.close()
