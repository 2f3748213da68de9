"""What is rewritten in the file is folded into it, whoever asks a question meanwhile."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from llmobs.server.store import duckdb, open_store
from tests.server.conftest import call
from tests.server.store.test_door import SLOW

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """A store with a call of eight days ago, and a question that runs for 0.4 s."""
    store = open_store(f"duckdb://{tmp_path}", query_timeout=0.4)
    store.append([call(1, NOW - timedelta(days=8))])
    store.seal()
    begin, begun, ended = store._door._begin, threading.Event(), []

    def beginning(reader):
        begin(reader)
        begun.set()

    def ask():
        with pytest.raises(TimeoutError):
            store.sql(SLOW)
        ended.append(SLOW)

    monkeypatch.setattr(store._door, "_begin", beginning)
    thread = threading.Thread(target=ask)
    thread.start()
    assert begun.wait(20)
    yield store
    thread.join()
    assert ended == [SLOW]
    store.close()


def test_what_is_old_goes_while_a_question_runs(asked):
    assert asked.expire(NOW) == {"spans": 0, "content": 1, "incidents": 0}

    assert asked.sql("SELECT text FROM calls").to_pylist() == [{"text": None}]


def test_a_long_log_is_folded_into_the_file_while_a_question_runs(asked, monkeypatch):
    monkeypatch.setattr(duckdb, "LOG_BYTES", 0)
    asked.append([call(2, NOW)], segment=1)

    assert asked.seal(1) == 1

    assert asked.counts()["stored_spans"] == 2
