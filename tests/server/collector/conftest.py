"""A door for OTLP over HTTP that remembers what came."""

import pytest

from tests.server.collector.doors import running


@pytest.fixture(scope="module")
def server():
    with running() as made:
        yield made


@pytest.fixture
def front(server):
    server.collected.taken.clear()
    server.collected.full = server.collected.refuses = server.collected.later = None
    return server
