"""The first answer to a browser, before any script has loaded."""

import asyncio
import html
import re

import pytest
import server
from streamlit import config

from tests.dashboard.shown import at, call

ROWS = [call(1, at(5), cost_usd=0.5), call(2, at(6), cost_usd=0.25)]
QUERY = b"from=2026-11-22T10:00:00Z&to=2026-11-22T11:00:00Z"


def answer(path, query=b"", method="GET", host=b"127.0.0.1:8501"):
    """What a browser gets: the parts of the body, or None where Streamlit answered."""
    sent = []

    async def streamlit(asked, receive, send):
        sent.append(None)

    async def send(message):
        sent.append(message)

    asked = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": [(b"host", host)],
    }
    asyncio.run(server.FirstAnswer(streamlit)(asked, None, send))
    return None if sent == [None] else [m.get("body", b"").decode() for m in sent[1:]]


@pytest.fixture(autouse=True)
def settings(monkeypatch):
    """A busy machine gets its time: what comes later than a second is left out otherwise."""
    config.get_config_options()
    monkeypatch.setattr(server, "WAIT_S", 30.0)


def test_the_numbers_of_the_url_come_with_the_first_answer(store):
    store.append(ROWS)

    head, rest = answer("/", QUERY)

    assert "static/js/index" in head  # the browser can begin to fetch scripts
    text = re.sub(r"\s+", " ", html.unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", rest)))
    assert "Cost $0.75 was – $0.75 an hour" in text
    assert rest.endswith("</html>\n") or rest.rstrip().endswith("</html>")


def test_every_page_says_where_the_server_is_so_that_nothing_is_looked_for_in_vain(store):
    for path in ("/", "/traces", "/trace", "/alerts"):
        assert "BACKEND_BASE_URL" in answer(path)[0]


def test_a_foreign_name_for_a_local_server_reads_no_numbers(store, monkeypatch):
    store.append(ROWS)
    monkeypatch.setattr(config, "get_option", lambda name: {"server.address": "127.0.0.1"}.get(name))

    assert "tile" in answer("/", QUERY, host=b"localhost:8501")[1]
    assert "tile" not in answer("/", QUERY, host=b"evil.example:8501")[1]


def test_all_else_is_for_streamlit(store):
    assert answer("/static/js/index.js") is None
    assert answer("/_stcore/health") is None
    assert answer("/", method="POST") is None


def test_an_empty_store_or_a_stopped_collector_leaves_the_word_to_the_page(store, monkeypatch):
    assert "tile" not in answer("/")[1]

    monkeypatch.setattr("common.store", lambda: (_ for _ in ()).throw(ConnectionError("gone")))
    assert "tile" not in answer("/")[1]


def test_what_takes_too_long_is_left_out(store, monkeypatch):
    store.append(ROWS)
    monkeypatch.setattr(server, "WAIT_S", 0.0)

    assert "tile" not in answer("/", QUERY)[1]


def test_what_people_wrote_cannot_end_the_block(store):
    store.append([call(1, at(5), model="</template><script>alert(1)</script>")])
    store.put_incidents([{**incident(), "says": "</template><script>alert(1)</script>"}])

    assert "<script>alert" not in answer("/", QUERY)[1]


def incident():
    from tests.dashboard.traffic import incident

    return incident(at(30), "firing")


def test_plotly_comes_from_the_installed_package():
    [route] = server.routes()

    assert route.path == server.importlib.import_module("view").PLOTLY
