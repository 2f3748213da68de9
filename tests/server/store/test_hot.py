"""Hot rows: seen at once, seen once, however often a seal comes between."""

import threading
import uuid
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from llmobs.server.collector.decode import decode
from llmobs.server.store import duckdb, hot, open_store, rows
from tests.server.collector.payloads import attribute, field, on_wire
from tests.server.conftest import call

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_readers_see_every_span_once_while_others_write_and_seal(store):
    wrong, done = [], threading.Event()
    appended = [0]

    def write():
        for number in range(50):
            store.append([call(number * 10 + n, NOW) for n in range(10)], segment=number)
            appended[0] += 10
        done.set()

    def seal():
        segment = 0
        while not done.is_set():
            segment = max(segment, appended[0] // 10 - 1)
            store.seal(segment)

    def read():
        last = 0
        while not done.is_set():
            least = appended[0]
            [row] = store.sql("SELECT count(*) AS n, count(DISTINCT trace_id) AS ids FROM spans").to_pylist()
            if row["n"] != row["ids"] or not max(least, last) <= row["n"] <= appended[0] + 10:
                wrong.append((least, last, row))
            last = row["n"]

    threads = [threading.Thread(target=t) for t in (write, seal, read, read, read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    store.seal()
    assert wrong == []
    assert store.counts()["stored_spans"] == 500


def test_a_seal_that_fails_keeps_every_row_hot_and_is_done_again(store, monkeypatch):
    store.append([call(1, NOW)], segment=5)
    broken = duckdb.sealing._insert
    monkeypatch.setattr(duckdb.sealing, "_insert", lambda *_: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        store.seal(5)

    assert (store.counts()["hot_spans"], store.position()) == (1, -1)
    monkeypatch.setattr(duckdb.sealing, "_insert", broken)
    assert store.seal(5) == 5
    assert store.counts()["stored_spans"] == 1


def test_rows_that_come_during_a_seal_stay_hot(store, monkeypatch):
    store.append([call(1, NOW)], segment=1)
    insert = duckdb.sealing._insert

    def meanwhile(*given):
        store.append([call(2, NOW)], segment=1)  # small, and of the same segment
        return insert(*given)

    monkeypatch.setattr(duckdb.sealing, "_insert", meanwhile)
    store.seal()

    counts = store.counts()
    assert (counts["stored_spans"], counts["hot_spans"]) == (1, 1)


def test_text_that_duckdb_does_not_take_as_json_holds_up_nothing(store):
    spans, resources = rows.to_table([call(1, NOW), call(2, NOW)])
    place = spans.schema.get_field_index("attributes")
    spoilt = spans.set_column(place, "attributes", [["{broken", '{"a":1}']])
    store.append(spoilt, resources)

    store.seal()

    [(first,), (second,)] = [
        tuple(r.values())
        for r in store.sql("SELECT extra::VARCHAR FROM spans ORDER BY extra::VARCHAR DESC").to_pylist()
    ]
    assert (first, second) == ("{broken", "{'a': 1}")


def test_rows_that_are_being_written_are_kept_once_and_seen_once(store, monkeypatch):
    for number in range(3):
        store.append([call(number, NOW)], segment=number)
    assert store.sql("SELECT count(*) AS n FROM spans").to_pylist() == [{"n": 3}]
    insert, seen = duckdb.sealing._insert, []

    def watched(db, batch, text):
        store.append([call(9, NOW)], segment=3)
        seen.append([b.spans is batch.spans for b in store._hot.batches])
        seen.append(store.sql("SELECT count(*) AS n FROM spans").to_pylist())
        return insert(db, batch, text)

    monkeypatch.setattr(duckdb.sealing, "_insert", watched)
    store.seal(2)

    assert seen == [[True, False], [{"n": 4}]]
    assert store.sql("SELECT count(*) AS n FROM spans").to_pylist() == [{"n": 4}]


def test_many_small_appends_are_few_tables():
    kept = hot.Hot()
    for number in range(100):
        kept.add(hot.Batch(*rows.to_table([call(number, NOW)]), 1))

    assert kept.rows == 100
    assert len(kept.batches) == 1
    assert kept.joined().spans.column("trace_id").num_chunks == 1


def test_batches_of_two_segments_are_not_joined():
    kept = hot.Hot()
    for number in range(4):
        kept.add(hot.Batch(*rows.to_table([call(number, NOW)]), number // 2))

    assert [b.segment for b in kept.upto(0)] == [0]
    assert kept.upto(0)[0].spans.num_rows == 2


def test_without_a_journal_a_row_group_is_sealed_by_itself(store, monkeypatch):
    monkeypatch.setattr(duckdb, "SEAL_ROWS", 20)

    for number in range(25):
        store.append([call(number, NOW)])

    counts = store.counts()
    assert (counts["stored_spans"], counts["hot_spans"]) == (20, 5)


def numbers(*keys):
    return np.array(keys, np.uint64)


def test_the_first_of_a_key_is_fresh_wherever_the_others_come():
    seen = hot.Seen(NOW)
    seen.remember(numbers(1, 2), NOW)

    assert seen.first(numbers(1, 3, 3, 4)).tolist() == [False, True, False, True]
    assert seen.first(numbers(5, 6)).tolist() == [True, True]


def test_the_oldest_keys_are_forgotten_and_from_when_on_is_known(monkeypatch):
    monkeypatch.setattr(hot, "REMEMBERED", 2)
    times = [NOW + timedelta(seconds=n) for n in range(3)]
    seen = hot.Seen(NOW)

    seen.remember(numbers(1, 2, 3), times[1])
    assert (seen.first(numbers(1)).all(), seen.since) == (False, NOW)
    seen.remember(numbers(4, 5, 6), times[2])

    assert seen.first(numbers(1, 4)).tolist() == [True, False]
    assert seen.since == times[1]


def test_a_span_that_was_forgotten_is_found_in_the_file(store, monkeypatch):
    monkeypatch.setattr(hot, "REMEMBERED", 1)
    old = call(1, NOW - timedelta(days=300))
    for number in range(1, 6):
        store.append([old if number == 1 else call(number, NOW - timedelta(days=300))])
        store.seal()

    assert store.append([old, call(9, NOW)]) == 1


def test_a_forgotten_span_with_a_clock_ahead_is_dropped_at_the_seal(store, monkeypatch):
    monkeypatch.setattr(hot, "REMEMBERED", 1)
    ahead = call(1, datetime(2200, 1, 1, tzinfo=UTC))
    for row in (ahead, *[call(n, datetime(2200, 1, 1, tzinfo=UTC)) for n in range(2, 8)]):
        store.append([row])
        store.seal()

    store.append([ahead])
    store.seal()

    assert store.counts()["stored_spans"] == 7
    assert store.counts()["duplicate_spans"] == 1


def test_ids_that_count_upwards_have_hashes_of_their_own():
    made = [call(n, NOW) | {"trace_id": f"{n // 4:032x}", "span_id": f"{n:016x}"} for n in range(1, 4_000)]

    assert len(set(hot.hashes(rows.to_table(made).spans).tolist())) == len(made)


def test_hashes_do_not_depend_on_how_a_table_is_cut():
    table = rows.to_table([call(n, NOW) for n in range(10)]).spans

    assert hot.hashes(table.slice(3, 4)).tolist() == hot.hashes(table).tolist()[3:7]


def test_a_resource_is_stored_once_and_seen_before_it_is(store):
    group = field(1, field(1, field(1, b"host") + field(2, field(1, b"h"))))
    for _ in range(2):
        spans = [
            on_wire(attribute(b"n", b"\x18\x05"), group).replace(b"\xab" * 16, uuid.uuid4().bytes)
            for _ in range(2)
        ]
        store.append(*decode(spans, NOW))
        assert {r["resource"] for r in store.sql("SELECT resource FROM spans").to_pylist()} == {
            '{"host":"h"}'
        }
        store.seal()

    assert store.counts()["resources"] == 1
    assert store.sql("SELECT resource FROM spans").num_rows == 4


def test_an_empty_append_is_nothing(store):
    assert store.append([]) == 0
    assert store.append(rows.to_table([]).spans) == 0


def test_newest_and_counts_include_what_is_hot(tmp_path):
    store = open_store(f"duckdb://{tmp_path}")
    store.append([call(1, NOW)])
    store.seal()
    store.append([call(2, NOW + timedelta(seconds=5))])

    counts = store.counts()
    store.close()

    assert counts["newest_received_at"] == datetime(2026, 11, 22, 12, 0, 5)
    assert (counts["stored_spans"], counts["hot_spans"], counts["resources"]) == (1, 1, 1)
    assert counts["disk_bytes"] > 100_000


def test_an_append_that_failed_is_taken_when_it_comes_again(store, monkeypatch):
    add = hot.Hot.add
    monkeypatch.setattr(hot.Hot, "add", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        store.append([call(1, NOW)])
    monkeypatch.setattr(hot.Hot, "add", add)

    assert store.append([call(1, NOW)]) == 1


def test_a_span_that_was_forgotten_while_it_is_hot_counts_once_after_the_seal(store, monkeypatch):
    monkeypatch.setattr(hot, "REMEMBERED", 1)
    for number in (1, 2, 3, 4, 5, 6, 1):
        store.append([call(number, NOW)])

    store.seal()

    assert store.counts()["stored_spans"] == 6
