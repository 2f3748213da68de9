"""One episode of an alert, step by step, with the clock in hand."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from llmobs.server.incidents import AGAIN, QUIET, begin, delivery, due, fingerprint, from_row, step, to_row
from llmobs.server.judging import Alert

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOLD = timedelta(minutes=1)
BAD = Alert("availability", "openai", "It fails.", 0.5, 0.01, "share", 90, ("aa", "bb"), "page")


def at(seconds):
    return NOON + timedelta(seconds=seconds)


@pytest.fixture
def firing():
    return step(begin(BAD, NOON, "Look."), BAD, at(60), HOLD)


def test_it_begins_pending_and_says_what_the_alert_says():
    new = begin(BAD, NOON, "Look.")

    assert (new.state, new.pending_since, new.firing_since) == ("pending", NOON, None)
    assert (new.rule, new.subject, new.severity, new.says, new.runbook) == (
        "availability",
        "openai",
        "page",
        "It fails.",
        "Look.",
    )
    assert (new.value, new.expected, new.unit, new.calls, new.traces) == (
        0.5,
        0.01,
        "share",
        90,
        ("aa", "bb"),
    )
    assert new.id == f"{new.fingerprint}-20261122T120000"


def test_it_fires_once_the_rule_has_said_so_for_as_long_as_it_asks():
    new = begin(BAD, NOON, "")

    assert step(new, BAD, at(59), HOLD).state == "pending"
    fired = step(new, BAD, at(60), HOLD)
    assert (fired.state, fired.firing_since, fired.pending_since) == ("firing", at(60), NOON)


def test_a_rule_that_asks_for_no_time_fires_at_once():
    assert step(begin(BAD, NOON, ""), BAD, NOON, timedelta(0)).state == "firing"


def test_one_quiet_look_ends_what_is_pending():
    ended = step(begin(BAD, NOON, ""), None, at(15), HOLD)

    assert (ended.state, ended.firing_since, ended.resolved_at) == ("resolved", None, at(15))


def test_pending_begins_again_where_nobody_looked_for_long():
    late = step(begin(BAD, NOON, ""), BAD, at(3600), HOLD)

    assert (late.state, late.pending_since) == ("pending", at(3600))


def test_firing_goes_on_through_quiet_looks_shorter_than_the_limit(firing):
    quiet = step(firing, None, at(60) + QUIET - timedelta(seconds=1), HOLD)
    worse = step(quiet, replace(BAD, value=0.9), at(400), HOLD)

    assert quiet is firing
    assert (worse.state, worse.firing_since, worse.value) == ("firing", at(60), 0.9)


def test_firing_is_resolved_after_the_limit_of_quiet(firing):
    over = step(firing, None, at(60) + QUIET, HOLD)

    assert (over.state, over.resolved_at) == ("resolved", at(60) + QUIET)


def test_evidence_stays_where_a_later_look_brings_none(firing):
    assert step(firing, replace(BAD, traces=()), at(75), HOLD).traces == ("aa", "bb")


def test_the_same_alert_has_the_same_fingerprint_and_another_one_not():
    assert fingerprint("a", "b") == fingerprint("a", "b")
    assert (
        len({fingerprint("a", "b"), fingerprint("a", "c"), fingerprint("ab", ""), fingerprint("", "ab")}) == 4
    )


def test_nobody_hears_of_what_never_fired():
    new = begin(BAD, NOON, "")

    assert not due(new, "webhook", NOON)
    assert not due(step(new, None, at(15), HOLD), "webhook", at(15))


def test_a_channel_is_told_once_and_again_after_hours(firing):
    told = delivery(firing, "webhook", at(60), None)

    assert due(firing, "webhook", at(60))
    assert not due(told, "webhook", at(60) + AGAIN - timedelta(seconds=1))
    assert due(told, "webhook", at(60) + AGAIN)
    assert due(told, "stdout", at(60))


def test_a_resolved_one_is_told_once_and_never_again(firing):
    over = step(delivery(firing, "webhook", at(60), None), None, at(60) + QUIET, HOLD)
    assert not due(over, "a new channel", at(400))
    told = delivery(over, "webhook", at(400), None)

    assert due(over, "webhook", at(400))
    assert not due(told, "webhook", at(400) + 2 * AGAIN)


def test_what_could_not_be_told_is_tried_again_with_growing_waits(firing):
    waits = []
    now, tried = at(60), firing
    for _ in range(7):
        tried = delivery(tried, "webhook", now, "OSError: no")
        wait = next(s for s in range(0, 1000, 5) if due(tried, "webhook", now + timedelta(seconds=s)))
        waits.append(wait)
        now += timedelta(seconds=wait)

    assert waits == [15, 30, 60, 120, 240, 300, 300]
    assert tried.delivered["webhook"].tries == 7
    assert tried.delivered["webhook"].error == "OSError: no"


def test_success_forgets_the_failures(firing):
    told = delivery(delivery(firing, "webhook", at(60), "no"), "webhook", at(75), None)

    assert (told.delivered["webhook"].told, told.delivered["webhook"].tries) == ("firing", 0)
    assert told.delivered["webhook"].error is None


def test_a_row_of_the_store_gives_the_same_incident_back(firing, store):
    sent = delivery(delivery(firing, "stdout", at(60), None), "webhook", at(60), "OSError: no, really")

    store.put_incidents([to_row(sent)])

    [row] = store.read("incidents_open", since=NOON)
    assert json.loads(row["delivered"]) == {
        "stdout": "firing 2026-11-22T12:01:00+00:00",
        "webhook": "untold, 1 tries failed: OSError: no, really",
    }
    untried = replace(sent.delivered["webhook"], tried_at=None)  # after a restart it is tried at once
    assert from_row(row) == replace(sent, delivered={**sent.delivered, "webhook": untried})


def test_what_was_told_and_then_failed_again_is_both_kept(firing):
    told = delivery(firing, "webhook", at(60), None)
    again = delivery(told, "webhook", at(60) + AGAIN, "OSError: no")

    row = to_row(again)

    kept = from_row(row).delivered["webhook"]
    assert (kept.told, kept.at, kept.tries, kept.error) == ("firing", at(60), 1, "OSError: no")
