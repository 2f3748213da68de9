"""What is kept: content shorter than numbers, by our own clock, and never more than the disk may hold."""

import os
import shutil
import threading
from datetime import UTC, datetime, timedelta

import pytest

from llmobs.server.store import open_store, retention
from tests.server.conftest import call

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def ago(days):
    return NOW - timedelta(days=days)


@pytest.fixture
def opened(tmp_path):
    """Opens stores with settings, and closes them."""
    made = []

    def open_with(**settings):
        made.append(open_store(f"duckdb://{tmp_path}", **settings))
        return made[-1]

    yield open_with
    for store in made:
        store.close()


def test_spans_go_after_keep_days_and_not_before(opened):
    store = opened(keep_days=30)
    store.append([call(1, ago(31)), call(2, ago(29.9))])
    store.seal()

    gone = store.expire(NOW)

    assert (gone["spans"], gone["content"]) == (1, 1)
    assert store.sql("SELECT started_at FROM calls").to_pylist() == [
        {"started_at": ago(29.9).replace(tzinfo=None)}
    ]


def test_content_goes_sooner_and_numbers_stay(opened):
    store = opened(keep_content_days=7)
    event = [{"time_unix_nano": 1, "name": "gen_ai.user.message", "attributes": {"gen_ai.prompt": "secret"}}]
    other = [{"time_unix_nano": 1, "name": "exception", "attributes": {"exception.type": "E"}}]
    said = {"input_messages": "[1]", "system_instructions": "[2]", "tool_arguments": "{}", "query": "secret"}
    store.append(
        [call(1, ago(8), **said, tags={"a": 1}, events=event), call(2, ago(8), events=other), call(3, ago(6))]
    )
    store.seal()

    assert store.expire(NOW) == {"spans": 0, "content": 2, "incidents": 0}

    old, other_old, kept = store.sql(
        "SELECT calls.*, spans.events, spans.attributes FROM calls JOIN spans USING (trace_id) "
        "ORDER BY calls.started_at, spans.events NULLS FIRST"
    ).to_pylist()
    assert [
        old[n] for n in ("input_messages", "output_messages", "system_instructions", "text", "events")
    ] == [None] * 5
    assert "secret" not in old["attributes"]
    assert (old["model"], old["input_tokens"], old["cost_usd"], old["tags"]) == (
        "small",
        1_500_000,
        3.0,
        '{"a":1}',
    )
    assert "exception" in other_old["events"]
    assert kept["text"] == "Yes."


def test_values_that_went_into_a_prompt_are_content(opened):
    store = opened(keep_content_days=7)
    prompt = {"operation": "assemble_prompt", "prompt_name": "greet", "input_messages": None, "text": None}
    said = [{"gen_ai.prompt.variable.who": "secret", "team": 4}, {"team": 4}]
    store.append([call(number, ago(8), **prompt, attributes=each) for number, each in enumerate(said)])
    store.seal()

    assert store.expire(NOW)["content"] == 1
    assert store.expire(NOW)["content"] == 0

    kept = store.sql("SELECT attributes, extra.team::INT AS team FROM spans ORDER BY team").to_pylist()
    assert "secret" not in str(kept)
    assert [row["team"] for row in kept] == [4, None]
    assert all('"gen_ai.prompt.name":"greet"' in row["attributes"] for row in kept)


def test_what_is_hot_is_not_expired_and_goes_after_its_seal(opened):
    store = opened(keep_days=30)
    store.append([call(1, ago(31))])

    assert store.expire(NOW)["spans"] == 0
    store.seal()
    assert store.expire(NOW)["spans"] == 1


def test_age_counts_from_when_a_span_was_received(opened):
    store = opened(keep_days=30)
    store.append(
        [
            call(1, datetime(1970, 1, 1), received_at=ago(1)),
            call(2, datetime(2500, 1, 1), received_at=ago(31)),
        ]
    )
    store.seal()

    store.expire(NOW)

    [row] = store.sql("SELECT started_at, text FROM calls").to_pylist()
    assert (row["started_at"].year, row["text"]) == (1970, "Yes.")


def test_resources_go_with_their_last_span(opened):
    store = opened(keep_days=30)
    store.append([call(1, ago(31), service="gone"), call(2, ago(1), service="here")])
    store.seal()

    store.expire(NOW)

    assert store.counts()["resources"] == 1
    assert store.sql("SELECT resource->>'$.\"service.name\"' AS s FROM spans").to_pylist() == [{"s": "here"}]


def test_resolved_incidents_go_and_open_ones_stay(opened):
    store = opened(keep_days=30)
    for name, state, days in (("a", "resolved", 31), ("b", "firing", 31), ("c", "resolved", 1)):
        store.put_incidents([{"id": name, "state": state, "updated_at": ago(days)}])

    store.expire(NOW)

    assert {r["id"] for r in store.sql("SELECT id FROM incidents").to_pylist()} == {"b", "c"}


def test_sums_by_hour_outlive_their_spans(opened):
    store = opened(keep_days=30)
    store.append([call(1, ago(31))])
    store.seal()

    store.expire(NOW)

    assert store.sql("SELECT calls FROM hours").to_pylist() == [{"calls": 1}]


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """2,000 calls over 8 hours, each with 12 KB of text that halves at best: 12 MB."""
    folder = tmp_path_factory.mktemp("full")
    store = open_store(f"duckdb://{folder}")
    for hour in range(8):
        at = NOW - timedelta(hours=8 - hour)
        store.append([call(hour * 250 + n, at, text=os.urandom(6_000).hex()) for n in range(250)])
        store.seal()
    store.close()
    return folder


@pytest.fixture
def filled(full, tmp_path, opened):
    """As `opened`, with those calls in the store."""
    shutil.copytree(full, tmp_path, dirs_exist_ok=True)
    return opened


def test_past_the_disk_ceiling_the_oldest_content_goes_first(filled):
    store = filled(max_disk=6 << 20)

    gone = store.expire(NOW)

    assert gone["spans"] == 0
    assert 0 < gone["content"] < 2_000
    [row] = store.sql(
        "SELECT count(*) AS spans, count(text) AS texts, "
        "min(started_at) FILTER (text IS NOT NULL) AS oldest_text, "
        "max(started_at) FILTER (text IS NULL) AS newest_without FROM calls"
    ).to_pylist()
    assert (row["spans"], row["texts"]) == (2_000, 2_000 - gone["content"])
    assert row["newest_without"] <= row["oldest_text"]
    assert store.expire(NOW) == {"spans": 0, "content": 0, "incidents": 0}


def test_where_no_content_is_left_the_oldest_spans_go(filled):
    store = filled(max_disk=1_000_000)

    gone = store.expire(NOW)

    assert gone["content"] == 2_000
    assert 0 < gone["spans"] <= 2_000
    [row] = store.sql("SELECT count(*) AS spans, min(started_at) AS oldest FROM spans").to_pylist()
    assert row["spans"] == 2_000 - gone["spans"]
    assert row["oldest"] is None or row["oldest"] > NOW.replace(tzinfo=None) - timedelta(hours=8)


@pytest.mark.parametrize("file", ["spill/duckdb_temp_storage-0.tmp", "journal/000000000001.journal"])
def test_what_goes_by_itself_drops_nothing(filled, file):
    store = filled(max_disk=64 << 20)
    passing = store.file.parent / file
    passing.parent.mkdir(exist_ok=True)
    passing.write_bytes(bytes(70 << 20))

    gone = store.expire(NOW)

    passing.unlink()
    assert gone == {"spans": 0, "content": 0, "incidents": 0}


def test_a_seal_does_not_wait_until_all_is_dropped(filled, monkeypatch):
    store = filled(max_disk=1_000_000)
    store.append([call(9_999, NOW)])
    sealing = threading.Thread(target=lambda: (store.seal(), events.append("sealed")))
    events = []

    def folded(db, checkpoint=retention.checkpoint):
        if not events:
            sealing.start()
        events.append("step")
        checkpoint(db)

    monkeypatch.setattr(retention, "checkpoint", folded)
    store.expire(NOW)
    sealing.join()

    assert events.index("sealed") < len(events) - 1


def test_blocks_that_got_free_are_used_again(filled):
    store = filled(max_disk=6 << 20)
    store.expire(NOW)

    for round_ in range(3):
        at = NOW + timedelta(hours=round_)
        store.append([call(100_000 + round_ * 300 + n, at, text=os.urandom(6_000).hex()) for n in range(300)])
        store.seal()
        store.expire(NOW + timedelta(hours=round_))

    assert store.file.stat().st_size <= 2 * (6 << 20)  # 17 MB were written
