"""What a question may not do, attack by attack; and that what it may do it does."""

import threading
import time
from datetime import UTC, datetime

import pytest

from llmobs.server.store import door, open_store
from tests.server.conftest import call

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SLOW = "SELECT count(*) FROM range(100000000) a, range(100000) b WHERE a.range + b.range = 7"
ATTACKS = {
    "an insert": "INSERT INTO stored_spans SELECT * FROM stored_spans",
    "an insert inside a select": "WITH x AS (INSERT INTO stored_hours (calls) VALUES (1) RETURNING 1) FROM x",
    "a delete inside a select": "WITH x AS (DELETE FROM stored_spans RETURNING 1) SELECT * FROM x",
    "a commit before it": "COMMIT; INSERT INTO stored_hours (hour) VALUES (now()); SELECT 1",
    "a rollback before it": "ROLLBACK; DROP TABLE stored_spans",
    "a drop": "DROP TABLE stored_spans",
    "a view of the same name": "CREATE OR REPLACE TEMP VIEW spans AS SELECT 1 AS a",
    "a table": "CREATE TABLE t AS SELECT 1",
    "a temporary table": "CREATE TEMP TABLE t AS SELECT 1",
    "a macro": "CREATE TEMP MACRO f(x) AS x",
    "reading a file": "SELECT * FROM read_csv('/etc/passwd')",
    "reading a file as text": "SELECT * FROM read_text('/etc/passwd')",
    "reading a file by its name": "SELECT * FROM '/etc/passwd'",
    "listing files": "SELECT * FROM glob('/etc/*')",
    "writing a file": "COPY (SELECT 1) TO 'stolen.csv'",
    "exporting": "EXPORT DATABASE 'stolen'",
    "attaching": "ATTACH 'other.duckdb'",
    "detaching": "DETACH llmobs",
    "an extension": "INSTALL httpfs",
    "loading one": "LOAD 'x.duckdb_extension'",
    "the network": "SELECT * FROM read_csv('http://127.0.0.1:1/x.csv')",
    "a setting": "SET memory_limit = '100GB'",
    "opening the doors": "SET enable_external_access = true",
    "a pragma": "PRAGMA enable_profiling",
    "a variable": "SET VARIABLE x = 1",
    "a call": "CALL pragma_version()",
    "our Python variables": "SELECT * FROM python_table",
    "a checkpoint": "CHECKPOINT",
    "logging": "CALL enable_logging()",
    "logging from a select": "SELECT * FROM enable_logging()",
    "a profile into a file": "SELECT * FROM enable_profiling(format = 'json', save_location = 'stolen.json')",
    "ending the transactions of others": "SELECT * FROM force_checkpoint('llmobs')",
    "an insert that is explained": "EXPLAIN ANALYZE INSERT INTO stored_hours (calls) VALUES (1)",
    "preparing": "PREPARE p AS SELECT 1",
    "the environment": "SELECT getenv('HOME')",
    "nothing": "",
    "a comment": "-- nothing",
    "two questions": "SELECT 1; SELECT 2",
    "no SQL": "How many calls?",
}


def fill(store):
    """One call in the file and one that is hot."""
    store.append([call(1, NOW)])
    store.seal()
    store.append([call(2, NOW)])
    return store


@pytest.fixture
def filled(store):
    return fill(store)


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    """One store for all attacks: each leaves it as it was."""
    store = fill(open_store(f"duckdb://{tmp_path_factory.mktemp('rows')}"))
    yield store
    store.close()


@pytest.mark.parametrize("text", ATTACKS.values(), ids=ATTACKS)
def test_what_does_more_than_read_is_refused_and_changes_nothing(attacked, text, tmp_path, monkeypatch):
    python_table = attacked.sql("SELECT 1")  # noqa: F841  a name that DuckDB could find
    monkeypatch.chdir(tmp_path)
    before = sorted(p.name for p in tmp_path.iterdir())

    with pytest.raises(ValueError, match=r"\w"):
        attacked.sql(text)

    assert sorted(p.name for p in tmp_path.iterdir()) == before
    assert attacked.sql("SELECT count(*) AS spans FROM spans").to_pylist() == [{"spans": 2}]
    assert attacked.sql("SELECT count(*) AS hours FROM hours").to_pylist() == [{"hours": 1}]
    assert attacked.sql("SELECT current_setting('memory_limit') AS m").to_pylist() == [{"m": "244.1 MiB"}]


def test_after_every_attack_spans_are_still_taken(filled):
    for text in ATTACKS.values():
        with pytest.raises(ValueError, match=r"\w"):
            filled.sql(text)

    assert filled.append([call(3, NOW)]) == 1
    filled.seal()
    assert filled.counts()["stored_spans"] == 3


@pytest.mark.parametrize(
    "text", ["SELECT 1 AS one", "SELECT 1 AS one;", "FROM (SELECT 1 AS one)", "VALUES (1)"]
)
def test_one_statement_that_reads_is_answered(store, text):
    assert store.sql(text).num_rows == 1


@pytest.mark.parametrize("text", ["DESCRIBE calls", "SHOW TABLES", "SUMMARIZE calls", "EXPLAIN SELECT 1"])
def test_looking_around_is_reading(store, text):
    assert store.sql(text).num_rows


def test_two_statements_are_counted(store):
    with pytest.raises(ValueError, match="2 statements were given, exactly one is read at a time"):
        store.sql("SELECT 1; SELECT 2")


def test_parameters_go_by_name(filled):
    text = "SELECT count(*) AS n FROM calls WHERE model = $model AND started_at <= $until"

    assert filled.sql(text, {"model": "small", "until": NOW}).to_pylist() == [{"n": 2}]


@pytest.mark.parametrize(
    ("given", "says"), [({}, r"\['a'\], given were none"), ({"a": 1, "b": 2}, r"\['a', 'b'\]")]
)
def test_parameters_that_do_not_match_are_named(store, given, says):
    with pytest.raises(ValueError, match=says):
        store.sql("SELECT $a", given)


def test_a_wrong_column_is_answered_with_similar_ones(store):
    with pytest.raises(ValueError, match=r"(?s)modle.*model"):
        store.sql("SELECT modle FROM calls")


def test_a_slow_question_is_stopped_and_the_next_is_answered(tmp_path):
    store = open_store(f"duckdb://{tmp_path}", query_timeout=0.3)
    begun = time.monotonic()

    with pytest.raises(TimeoutError, match=r"may take 0\.3 s"):
        store.sql(SLOW)

    assert time.monotonic() - begun < 20
    assert store.sql("SELECT 1 AS one").to_pylist() == [{"one": 1}]
    store.close()


def test_more_questions_at_once_than_readers_wait_their_turn(filled):
    answers = []

    def ask():
        answers.append(filled.sql("SELECT count(*) AS n FROM calls").to_pylist())

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [[{"n": 2}]] * 20


def test_a_question_for_too_much_memory_is_refused(tmp_path):
    store = open_store(f"duckdb://{tmp_path}", memory_limit="64MB")

    with pytest.raises(ValueError, match="more memory than `memory_limit` allows"):
        store.sql(
            "SELECT max(length(x)) FROM (SELECT string_agg(repeat('x', 1000), '') AS x FROM range(10000000))"
        )
    assert store.append([call(1, NOW)]) == 1
    store.close()


def test_an_answer_that_is_too_large_is_refused_before_it_fills_the_memory(store, monkeypatch):
    monkeypatch.setattr(door, "ANSWER_BYTES", 1 << 20)

    with pytest.raises(ValueError, match=r"larger than 1 MiB\. Add a LIMIT"):
        store.sql("SELECT repeat('x', 100) AS x FROM range(1000000)")
    assert store.sql("SELECT 1 AS one").to_pylist() == [{"one": 1}]


def test_a_statement_too_long_to_plan_is_refused_at_once(store):
    with pytest.raises(ValueError, match=r"400,006 characters, 100,000 are read"):
        store.sql("SELECT" + ",1" * 200_000)
    assert store.sql("SELECT list_contains($many, 7) AS found", {"many": [*range(200_000)]}).to_pylist() == [
        {"found": True}
    ]


@pytest.mark.parametrize("text", ["error('boom')", "CAST('boom' AS INT)"])
def test_what_breaks_in_the_middle_of_an_answer_is_said_too(store, text):
    with pytest.raises(ValueError, match="boom"):
        store.sql(f"SELECT CASE WHEN range = 150000 THEN {text} ELSE range END FROM range(200000)")
    assert store.sql("SELECT 1 AS one").to_pylist() == [{"one": 1}]


def test_a_question_that_is_stopped_in_the_middle_of_its_answer_took_too_long(tmp_path):
    store = open_store(f"duckdb://{tmp_path}", query_timeout=1)

    with pytest.raises(TimeoutError, match="may take 1 s"):
        store.sql("SELECT range FROM range(1000000000) WHERE range < 100000 OR sin(sin(sin(sin(range)))) > 2")
    store.close()


def test_closing_ends_a_running_question(tmp_path):
    store = open_store(f"duckdb://{tmp_path}")
    outcome = []

    def ask():
        try:
            store.sql(SLOW)
        except (TimeoutError, ValueError) as ended:
            outcome.append(ended)

    thread = threading.Thread(target=ask)
    thread.start()
    while store._door._free.qsize() == len(store._door._all):
        time.sleep(0.01)
    store.close()
    thread.join(20)

    assert len(outcome) == 1
