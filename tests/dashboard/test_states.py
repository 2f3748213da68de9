"""What goes wrong is said in words, with the command that mends it; never a traceback."""

import re
import socket
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from llmobs.server.store import open_store
from tests.dashboard.shown import DASHBOARD, call, run, use, words
from tests.dashboard.traffic import incident
from tests.server.services import service

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


def test_that_nobody_judges_the_alert_rules_is_no_quiet(tmp_path, monkeypatch):
    with service(tmp_path) as made, closing(open_store(f"http://127.0.0.1:{made.http_port}")) as remote:
        made.store.append([call(1, datetime.now(UTC))])
        use(remote, monkeypatch)
        before = words(run("operate/now"))
        made.api.judged_at -= timedelta(minutes=5)
        use(remote, monkeypatch)
        now, alerts = words(run("operate/now")), run("operate/alerts")
        made.store.put_incidents([incident(datetime.now(UTC), "firing")])
        use(remote, monkeypatch)
        firing = words(run("operate/now"))

    gap = "! Alert rules are not judged start llmobs watch"
    assert "✓ No alert firing" in before
    assert gap not in before
    assert gap in now
    assert "No alert firing" not in now
    assert "for 5 min: nobody would be told of an outage" in alerts.warning[0].value
    assert not alerts.success
    assert re.search(f"✕ availability .*{gap}", firing)


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
