"""The rule on calls in a real store: when answers are slow, and when they are not."""

from datetime import UTC, datetime, timedelta

import pytest

from llmobs.server.alerts import run
from llmobs.server.judging import SETTLE
from llmobs.server.rules import slow_answers
from tests.server.conftest import call

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def calls(first, count, minutes_ago, duration_s):
    """`count` answers, one second apart, the newest `minutes_ago` minutes before what is judged."""
    newest = NOW - SETTLE - timedelta(minutes=minutes_ago)
    return [call(first + n, newest - timedelta(seconds=n + 1), duration_s=duration_s) for n in range(count)]


@pytest.fixture
def usual(store):
    """A store with a day of answers of one second."""
    for hour in range(4, 27):
        store.append(calls(hour * 1_000, 60, hour * 60, 1.0))
    return store


def test_a_queue_at_the_provider_is_told_with_its_numbers(usual):
    usual.append(calls(100_000, 40, 0, 9.0))

    [alert] = run(slow_answers, usual, NOW)

    assert (alert.subject, alert.calls, alert.value) == ("small", 40, 1.0)
    assert "40 of 40 answers of small took over 2.0 s (100.0%)" in alert.says
    assert 1 <= len(alert.traces) <= 5


def test_a_handful_of_slow_answers_alarms_nobody(usual):
    usual.append(calls(100_000, 12, 0, 9.0))

    assert run(slow_answers, usual, NOW) == []
