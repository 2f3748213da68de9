"""A collector's store over HTTP: the same answers, and errors that say what to do."""

import io
import json
import socket
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pyarrow as pa
import pytest

from llmobs.server.store import open_store
from tests.server.conftest import call

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@contextmanager
def answering(answer):
    """A server whose answers are `answer(path, body)` -> (status, bytes); its URL and what was asked."""
    asked = []

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            asked.append((self.client_address, self.path, json.loads(body) if body else None))
            status, said = answer(self.path, body)
            self.send_response(status)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def do_GET(self):
            self.do_POST()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def stream(table):
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def test_a_question_is_answered_as_by_the_store_itself(store):
    store.append([call(1, NOW)])
    text = "SELECT model, started_at, cost_usd, tags FROM calls"

    with answering(lambda path, body: (200, stream(store.sql(json.loads(body)["sql"])))) as (url, asked):
        remote = open_store(url)
        assert remote.sql(text).equals(store.sql(text))
        remote.close()

    [(_, path, body)] = asked
    assert (path, body) == ("/api/sql", {"sql": text, "parameters": {}})


def test_times_go_as_utc(store):
    with answering(lambda *_: (200, stream(pa.table({"a": [1]})))) as (url, asked):
        remote = open_store(url)
        remote.sql("SELECT $at, $naive, $n", {"at": NOW, "naive": datetime(2026, 1, 2), "n": None})
        remote.close()

    parameters = asked[0][2]["parameters"]
    assert parameters == {
        "at": {"$time": "2026-11-22T12:00:00Z"},
        "naive": {"$time": "2026-01-02T00:00:00Z"},
        "n": None,
    }


def test_a_connection_is_kept():
    with answering(lambda *_: (200, stream(pa.table({"a": [1]})))) as (url, asked):
        remote = open_store(url)
        for _ in range(3):
            remote.sql("SELECT 1")
        remote.close()

    assert len({address for address, _, _ in asked}) == 1


def test_a_connection_that_the_collector_closed_is_made_again():
    with answering(lambda *_: (200, stream(pa.table({"a": [1]})))) as (url, _):
        remote = open_store(url)
        remote.sql("SELECT 1")
        remote._idle.queue[0].sock.shutdown(socket.SHUT_RDWR)  # as a restart of the collector does

        assert remote.sql("SELECT 1").num_rows == 1
        remote.close()


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, ValueError), (504, TimeoutError), (500, ConnectionError), (403, ConnectionError)],
)
def test_what_the_collector_says_is_passed_on(status, error):
    with answering(lambda *_: (status, b'{"error": "no such column"}')) as (url, _):
        remote = open_store(url)
        with pytest.raises(error, match="no such column"):
            remote.sql("SELECT x")
        remote.close()


def test_without_a_collector_the_command_that_starts_one_is_said():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    remote = open_store(f"http://127.0.0.1:{port}")

    with pytest.raises(ConnectionError, match=rf"No collector answers at http://127.0.0.1:{port}.*llmobs up"):
        remote.sql("SELECT 1")


def test_something_else_on_the_port_is_no_collector():
    with answering(lambda *_: (404, b"<html>not here</html>")) as (url, _):
        remote = open_store(url)
        with pytest.raises(ConnectionError, match="answered 404 to /api/sql: <html>not here"):
            remote.sql("SELECT 1")
        remote.close()


def test_a_collector_that_does_not_answer_is_a_timeout():
    answered = threading.Event()

    def slow(*_):
        answered.wait(20)
        return 200, b""

    with answering(slow) as (url, _):
        remote = open_store(url, query_timeout=-4.8)  # five seconds of grace are added
        with pytest.raises(TimeoutError, match=r"gave no answer in 0\.2 s"):
            remote.sql("SELECT 1")
        answered.set()
        remote.close()


def test_incidents_go_over_and_their_times_with_them(store):
    def put(path, body):
        assert path == "/api/incidents"
        store.put_incidents(json.loads(body))
        return 200, b"{}"

    with answering(put) as (url, _):
        remote = open_store(url)
        remote.put_incidents([{"id": "1", "state": "firing", "firing_since": NOW, "traces": ["a"]}])
        remote.put_incidents([{"id": "1", "state": "resolved", "firing_since": NOW, "resolved_at": None}])
        remote.close()

    [row] = store.sql("SELECT id, state, firing_since, resolved_at FROM incidents").to_pylist()
    assert row == {
        "id": "1",
        "state": "resolved",
        "firing_since": datetime(2026, 11, 22, 12),
        "resolved_at": None,
    }


def test_state_is_asked_for():
    with answering(lambda *_: (200, b'{"hot_spans": 3}')) as (url, asked):
        remote = open_store(url)
        assert remote.counts() == {"hot_spans": 3}
        remote.close()

    assert asked[0][1] == "/api/status"


@pytest.mark.parametrize("use", ["append", "seal", "position", "expire"])
def test_what_only_the_collector_does_is_refused(use):
    remote = open_store("http://127.0.0.1:1")

    with pytest.raises(io.UnsupportedOperation, match=r"http://127\.0\.0\.1:1"):
        getattr(remote, use)(*([[]] if use in ("append", "expire") else []))
