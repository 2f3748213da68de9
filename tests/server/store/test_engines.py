"""Every engine keeps the same promises."""

from datetime import UTC, datetime, timedelta

import pytest

from llmobs.server.store import open_store
from tests.server.conftest import call

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOTALS = """
SELECT model, count(*) AS calls, sum(input_tokens + output_tokens) AS tokens, sum(cost_usd) AS usd
FROM calls
GROUP BY model
"""
WINDOW = "SELECT count(*) AS calls FROM calls WHERE started_at >= $since AND started_at < $until"
HOUR = {"since": NOW - timedelta(hours=1), "until": NOW}


@pytest.fixture(params=["hot", "in the file"])
def settle(request, store):
    """What a question sees is the same before and after a seal."""
    return store.seal if request.param == "in the file" else lambda: None


def ago(minutes):
    return NOW - timedelta(minutes=minutes)


def test_rows_come_back_as_columns(store, settle):
    store.append([call(1, ago(5)), call(2, ago(4))])
    settle()

    [row] = store.sql(TOTALS).to_pylist()
    assert row == {"model": "small", "calls": 2, "tokens": 4_000_000, "usd": 6.0}


def test_window_is_half_open(store, settle):
    store.append([call(1, ago(60)), call(2, ago(0))])
    settle()

    [row] = store.sql(WINDOW, HOUR).to_pylist()
    assert row["calls"] == 1


def test_unknown_price_is_null_not_zero(store, settle):
    store.append([call(1, ago(5), model="new")])
    settle()

    [row] = store.sql(TOTALS).to_pylist()
    assert row["usd"] is None


def test_the_same_batch_twice_counts_once(store, settle):
    batch = [call(1, ago(5))]

    assert store.append(batch) == 1
    settle()
    assert store.append(batch) == 0  # the collector retries

    [row] = store.sql(TOTALS).to_pylist()
    assert row["calls"] == 1
    assert store.counts()["duplicate_spans"] == 1


def test_the_same_span_twice_in_a_batch_counts_once(store, settle):
    assert store.append([call(1, ago(5)), call(2, ago(5)), call(1, ago(5))]) == 2
    settle()

    [row] = store.sql(TOTALS).to_pylist()
    assert row["calls"] == 2


def test_two_spans_of_a_trace_and_two_traces_with_the_same_span_id_are_different(store):
    first = call(1, ago(5))

    assert store.append([first, {**first, "span_id": "00" * 7 + "02"}, {**first, "trace_id": "12" * 16}]) == 3


def test_a_span_that_comes_again_after_a_restart_counts_once(tmp_path):
    store = open_store(f"duckdb://{tmp_path}")
    store.append([call(1, ago(5))])
    store.close()

    store = open_store(f"duckdb://{tmp_path}")
    assert store.append([call(1, ago(5)), call(2, ago(5))]) == 1
    [row] = store.sql(TOTALS).to_pylist()
    store.close()

    assert row["calls"] == 2


def test_closing_keeps_what_was_hot(tmp_path):
    with_rows = open_store(f"duckdb://{tmp_path}")
    with_rows.append([call(1, ago(5))])
    with_rows.close()
    with_rows.close()

    store = open_store(f"duckdb://{tmp_path}")
    counts = store.counts()
    store.close()

    assert (counts["stored_spans"], counts["hot_spans"]) == (1, 0)


def test_seal_writes_whole_segments_and_moves_the_position(store):
    assert (store.position(), store.seal()) == (-1, None)
    for segment in (3, 4, 5):
        store.append([call(segment, ago(5))], segment=segment)

    assert store.seal(4) == 4

    assert store.position() == 4
    counts = store.counts()
    assert (counts["stored_spans"], counts["hot_spans"]) == (2, 1)
    assert store.sql("SELECT count(*) AS spans FROM spans").to_pylist() == [{"spans": 3}]


def test_a_seal_without_rows_moves_the_position_too(store):
    assert store.seal(9) == 9
    assert store.position() == 9


def test_a_seal_of_everything_leaves_the_position(store):
    store.seal(2)
    store.append([call(1, ago(5))], segment=3)

    assert store.seal() == 2
    assert store.counts()["hot_spans"] == 0


def test_a_replayed_segment_that_was_sealed_meanwhile_counts_once(tmp_path):
    store = open_store(f"duckdb://{tmp_path}")
    store.append([call(1, ago(5))], segment=0)
    store.seal()  # the rows are in the file, the position is not
    store.close()

    store = open_store(f"duckdb://{tmp_path}")
    store.append([call(1, ago(5)), call(2, ago(5))], segment=0)
    store.seal(0)
    counts = store.counts()
    store.close()

    assert counts["stored_spans"] == 2


def test_an_unknown_engine_is_named_with_those_that_are_known():
    with pytest.raises(
        ValueError, match=r"No store at 'sqlite://x'\. Known: duckdb://FOLDER, http://HOST:PORT."
    ):
        open_store("sqlite://x")


def test_a_file_that_another_process_has_says_what_to_do(tmp_path):
    import subprocess
    import sys

    script = f"""
import sys
from llmobs.server.store import open_store
open_store("duckdb://{tmp_path}")
print("open", flush=True)
sys.stdin.read()
"""
    other = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout.readline() == "open\n"
        with pytest.raises(OSError, match=rf"PID {other.pid}.*llmobs sql") as caught:
            open_store(f"duckdb://{tmp_path}")
    finally:
        other.communicate()
    assert str(tmp_path / "llmobs.duckdb") in str(caught.value)


def test_a_row_with_a_wrong_name_says_which_was_meant(store):
    with pytest.raises(ValueError, match=r"no column 'modell'\. Did you mean 'model'"):
        store.append([call(1, ago(5), modell="x")])


def test_a_row_without_a_trace_says_what_it_needs(store):
    with pytest.raises(
        ValueError, match=r"A row has no trace_id\. It needs: trace_id, span_id, started_at\."
    ):
        store.append([{"span_id": "01" * 8, "started_at": NOW}])
