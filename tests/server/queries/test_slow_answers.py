"""What `slow_answers` counts, by hand."""

from datetime import UTC, datetime, timedelta

from tests.server.conftest import call

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
WINDOW = {"since": NOW - timedelta(hours=3), "until": NOW}


def ago(minutes):
    return NOW - timedelta(minutes=minutes)


def test_slow_is_longer_than_twice_the_p95_of_the_day_before(store):
    before = [call(n, ago(300 + n), duration_s=1.0) for n in range(100)]  # p95 is 1 s: slow is over 2 s
    quick = [call(200 + n, ago(2), duration_s=2.0) for n in range(12)]
    slow = [call(300 + n, ago(3), duration_s=2.1) for n in range(8)]
    store.append(before + quick + slow)

    [row] = store.read("slow_answers", **WINDOW)

    assert (row["model"], row["slow_s"]) == ("small", 2.0)
    assert (row["calls_5m"], row["slow_5m"], row["calls"], row["slow"]) == (20, 8, 20, 8)
    assert (row["calls_before"], row["slow_before"]) == (100, 0)
    assert len(row["traces"]) == 8


def test_without_a_day_before_nothing_is_slow(store):
    store.append([call(n, ago(2), duration_s=60.0) for n in range(30)])

    [row] = store.read("slow_answers", **WINDOW)

    assert (row["slow_s"], row["calls_5m"], row["slow_5m"], row["calls_before"]) == (None, 30, 0, None)
