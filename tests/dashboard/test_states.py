"""What goes wrong is said in words, with the command that mends it; never a traceback."""

import socket

import pytest

from llmobs.server.store import open_store
from tests.dashboard.shown import DASHBOARD, run, use

PAGES = sorted(f"{f.parent.name}/{f.stem}" for f in (DASHBOARD / "pages").rglob("[a-z]*.py"))


class Slow:
    def frame(self, query, **parameters):
        raise TimeoutError("The question was stopped: it may take 30 s.")


class Wrong:
    def frame(self, query, **parameters):
        raise ValueError("no such column")


@pytest.fixture
def nobody():
    """An address where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def test_there_are_pages():
    assert len(PAGES) >= 4


@pytest.mark.parametrize("page", PAGES)
def test_a_stopped_collector(page, nobody, monkeypatch):
    use(open_store(nobody), monkeypatch)

    shown = run(page, id="ab" * 16)

    assert not shown.exception
    assert "does not answer" in shown.error[0].value
    assert "llmobs up" in shown.error[0].value


@pytest.mark.parametrize("page", PAGES)
def test_a_question_that_takes_too_long(page, monkeypatch):
    use(Slow(), monkeypatch)

    shown = run(page, id="ab" * 16)

    assert not shown.exception
    assert "took too long" in shown.warning[0].value
    assert "shorter range" in shown.warning[0].value


@pytest.mark.parametrize("page", PAGES)
def test_a_question_that_cannot_be_asked(page, monkeypatch):
    use(Wrong(), monkeypatch)

    shown = run(page, id="ab" * 16)

    assert not shown.exception
    assert "no such column" in shown.error[0].value
