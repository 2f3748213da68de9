"""SQL, incidents and state over HTTP, through the client that dashboard and alerts use, and past it."""

import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from llmobs.server.store import open_store
from tests.server.collector.spans import body, span
from tests.server.services import ask, eventually, post_spans, service

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def collector(tmp_path_factory):
    with service(tmp_path_factory.mktemp("data"), query_timeout=1.0) as made:
        post_spans(made.http_port, body(span(1), span(2)))
        assert eventually(lambda: made.hot.rows() == 2)
        yield made


@pytest.fixture
def remote(collector):
    store = open_store(f"http://127.0.0.1:{collector.http_port}")
    yield store
    store.close()


def question(sql: object, **parameters: object) -> bytes:
    return json.dumps({"sql": sql, "parameters": parameters}).encode()


def test_an_answer_is_the_table_that_the_store_gives(collector, remote):
    asked = "SELECT name, started_at, duration_s, trace_id FROM spans WHERE name > $after ORDER BY name"

    assert remote.sql(asked, {"after": "span"}).equals(collector.store.sql(asked, {"after": "span"}))


def test_times_travel_both_ways(remote):
    [row] = remote.sql("SELECT $at + INTERVAL 1 DAY AS next", {"at": NOW}).to_pylist()

    assert row["next"] == datetime(2026, 11, 23, 10, 0)


def test_the_answer_is_an_arrow_stream(collector):
    status, headers, answer = ask(
        collector.http_port, "/api/sql", question("SELECT 1 AS one"), content_type="application/json"
    )

    assert (status, headers["content-type"]) == (200, "application/vnd.apache.arrow.stream")
    assert pa.ipc.open_stream(answer).read_all().to_pylist() == [{"one": 1}]


def test_a_large_answer_arrives_whole(remote):
    table = remote.sql("SELECT range AS n, repeat('x', 100) AS text FROM range(200000)")

    assert table.num_rows == 200_000


def test_incidents_are_put_and_read(remote):
    incident = {"id": "one", "rule": "cost_spike", "state": "firing", "updated_at": NOW, "calls": 7}

    remote.put_incidents([incident])
    remote.put_incidents([{**incident, "state": "resolved"}])

    assert remote.sql("SELECT id, state, updated_at FROM incidents").to_pylist() == [
        {"id": "one", "state": "resolved", "updated_at": NOW.replace(tzinfo=None)}
    ]


@pytest.mark.parametrize(
    ("path", "given", "says"),
    [
        ("/api/sql", b"{", "unexpected end of data"),
        ("/api/sql", b"[]", "Expected"),
        ("/api/sql", question(5), "Expected"),
        ("/api/sql", b'{"sql": "SELECT 1", "parameters": [1]}', "no object"),
        ("/api/sql", question("SELECT $at", at={"$time": "yesterday"}), "Invalid isoformat"),
        ("/api/sql", question("SELECT nothing FROM spans"), "nothing"),
        ("/api/sql", question("DELETE FROM spans"), "read-only"),
        ("/api/sql", question("SELECT 1; SELECT 2"), "2 statements"),
        ("/api/sql", question("SELECT $a", b=1), "parameters"),
        ("/api/incidents", b"{}", "Expected a list"),
        ("/api/incidents", b"[3]", "Expected a list"),
        ("/api/incidents", b'[{"id": "x", "colour": "red"}]', "colour"),
    ],
)
def test_a_question_that_cannot_be_answered_is_400_and_says_why(collector, path, given, says):
    status, _, answer = ask(collector.http_port, path, given, content_type="application/json")

    assert status == 400
    assert says in json.loads(answer)["error"]


def test_a_question_that_takes_too_long_is_504(collector):
    long = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range * b.range % 7 = 3"

    status, _, answer = ask(collector.http_port, "/api/sql", question(long), content_type="application/json")

    assert status == 504
    assert "1 s" in json.loads(answer)["error"]


def test_spans_are_taken_while_questions_run(collector):
    assert post_spans(collector.http_port, body(span(1), span(2))) == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_what_a_web_page_may_post_without_asking_is_refused(collector, kind):
    assert ask(collector.http_port, "/api/sql", question("SELECT 1"), content_type=kind)[0] == 415


def test_a_browser_that_asks_leave_for_a_page_gets_none(collector):
    status, headers, _ = ask(collector.http_port, "/api/sql")

    assert (status, headers["allow"]) == (405, "POST")
    assert not [name for name in headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:4318", 200),
        ("127.0.0.1:4318", 200),
        ("[::1]:4318", 200),
        ("[::1]", 200),
        ("app.localhost", 200),
        ("evil.example", 403),
        ("evil.example:4318", 403),
        ("localhost.evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("[::2]:4318", 403),
    ],
)
def test_on_loopback_only_local_names_are_answered(collector, host, status):
    assert ask(collector.http_port, "/api/status", host=host)[0] == status


def test_on_other_addresses_every_name_is_answered(tmp_path):
    with service(tmp_path, host="0.0.0.0") as collector:
        assert ask(collector.http_port, "/api/status", host="collector.internal")[0] == 200


def test_a_question_without_end_is_refused(collector):
    status, _, answer = ask(collector.http_port, "/api/sql", bytes(5 << 20), content_type="application/json")

    assert status == 413
    assert "larger" in json.loads(answer)["error"]
