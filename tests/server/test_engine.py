"""The engine on a real store, with the clock in hand: states, and rules that fail or hang."""

import threading
from datetime import timedelta

import pytest

from llmobs.server.alerts import Alert, Engine, rules
from llmobs.server.engine import Unreachable
from llmobs.server.incidents import QUIET
from tests.server.conftest import call
from tests.server.ticking import NOON, TICK, Told, rule, states, ticks


def test_pending_fires_after_its_time_and_is_told_once(store, play):
    told = Told()
    engine = Engine(store, {"bad": rule()}, {"told": told})

    engine.tick(NOON)
    assert (states(store), told.states) == (["bad p pending"], [])
    ticks(engine, NOON + TICK, 20)

    assert (states(store), told.states) == (["bad p firing"], ["p firing"])


def test_it_is_resolved_after_quiet_and_that_is_told_once(store, play):
    told, subjects = Told(), ["p"]
    engine = Engine(store, {"bad": rule(lambda: subjects)}, {"told": told})
    now = ticks(engine, NOON, 4)

    subjects.clear()
    now = ticks(engine, now, int(QUIET / TICK))
    ticks(engine, now, 20)

    assert (states(store), told.states) == (["bad p resolved"], ["p firing", "p resolved"])


def test_what_comes_and_goes_does_not_flap(store, play):
    told, looks = Told(), iter(range(10_000))
    engine = Engine(store, {"bad": rule(lambda: ["p"] if next(looks) % 5 < 3 else [])}, {"told": told})

    ticks(engine, NOON, 200)

    assert told.states == ["p firing"]


def test_a_second_episode_is_a_new_incident_with_the_same_fingerprint(store, play):
    told, subjects = Told(), ["p"]
    engine = Engine(store, {"bad": rule(lambda: subjects)}, {"told": told})
    now = ticks(engine, NOON, 4)
    subjects.clear()
    now = ticks(engine, now, 30)
    subjects.append("p")
    ticks(engine, now, 4)

    first, _, second = told
    assert told.states == ["p firing", "p resolved", "p firing"]
    assert first.fingerprint == second.fingerprint
    assert first.id != second.id
    assert states(store) == ["bad p resolved", "bad p firing"]


def test_a_row_that_somebody_else_wrote_stops_nothing(store, play):
    told = Told()
    mine = {"id": "1", "fingerprint": "f", "rule": "theirs", "subject": "x", "state": "firing"}
    store.put_incidents(
        [mine, {**mine, "id": "2", "pending_since": NOON, "updated_at": NOON, "delivered": {"told": "ok"}}]
    )

    ticks(Engine(store, {"bad": rule()}, {"told": told}), NOON, 4)

    assert told.states == ["p firing"]


def test_a_rule_that_fails_is_an_incident_and_stops_no_other(store, play):
    def broken():
        raise ZeroDivisionError("division by zero")

    told = Told()
    engine = Engine(store, {"broken": rule(broken), "bad": rule()}, {"told": told})
    ticks(engine, NOON, 6)

    assert sorted(told.states) == ["broken firing", "p firing"]
    [failed] = [i for i in told if i.rule == "rule_failed"]
    assert failed.says == "The rule broken could not be judged: ZeroDivisionError: division by zero"
    assert "llmobs rules" in failed.runbook


def test_a_rule_that_fails_resolves_nothing_of_its_own(store, play):
    told, broken = Told(), []

    def says():
        if broken:
            raise ValueError("no such column")
        return ["p"]

    engine = Engine(store, {"bad": rule(says)}, {"told": told})
    now = ticks(engine, NOON, 4)
    broken.append(True)
    ticks(engine, now, 40)

    assert told.states == ["p firing", "bad firing"]


def test_a_rule_that_hangs_is_late_alone(store, play, monkeypatch):
    monkeypatch.setattr("llmobs.server.engine.RULE_LIMIT_S", 0.05)
    over, told = threading.Event(), Told()
    engine = Engine(store, {"hangs": rule(lambda: over.wait(60)), "bad": rule()}, {"told": told})

    ticks(engine, NOON, 6)
    over.set()

    assert sorted(told.states) == ["hangs firing", "p firing"]
    assert sorted(states(store)) == ["bad p firing", "rule_failed hangs firing"]


def test_the_same_subject_twice_in_one_look_is_one_incident(store, play):
    told = Told()
    ticks(Engine(store, {"bad": rule(lambda: ["p", "p"])}, {"told": told}), NOON, 4)

    assert told.states == ["p firing"]


def test_a_rule_that_is_gone_resolves_what_it_left(store, play):
    told = Told()
    now = ticks(Engine(store, {"bad": rule()}, {"told": told}), NOON, 4)

    ticks(Engine(store, {}, {"told": told}), now, 22)

    assert told.states == ["p firing", "p resolved"]


class Away:
    """A store whose collector does not answer while `away` is set."""

    def __init__(self, store):
        self.store, self.away = store, False

    def __getattr__(self, name):
        if self.away:
            raise ConnectionError("No collector answers")
        return getattr(self.store, name)


def test_without_a_collector_nothing_is_judged_and_nothing_forgotten(store, monkeypatch):
    away, told = Away(store), Told()

    def judged(each, given, now):
        given.read("newest")
        return [Alert("bad", "p", "p is bad")]

    monkeypatch.setattr("llmobs.server.engine.run", judged)
    engine = Engine(away, {"bad": rule()}, {"told": told})
    now = ticks(engine, NOON, 4)

    away.away = True
    with pytest.raises(Unreachable, match="No collector answers"):
        engine.tick(now)
    away.away = False
    ticks(engine, now + timedelta(hours=1), 2)

    assert told.states == ["p firing"]
    assert states(store) == ["bad p firing"]


def test_a_state_that_could_not_be_written_is_written_with_the_next_tick(store, play):
    told, away = Told(), Away(store)
    engine = Engine(away, {"bad": rule(hold=timedelta(0))}, {"told": told})
    engine.tick(NOON - TICK)  # loads
    away.away = True
    engine.tick(NOON)
    away.away = False
    engine.tick(NOON + TICK)

    assert told.states == ["p firing"]
    assert states(store) == ["bad p firing"]


def test_an_outage_of_real_calls_fires_and_resolves(store):
    told = Told()
    failed = {"status": "error", "http_status": 503, "text": None, "finish": None}
    good = [call(n, NOON - timedelta(minutes=n + 1)) for n in range(27 * 60)]
    bad = [call(5_000 + n, NOON + timedelta(seconds=6 * n), **failed) for n in range(50)]  # for five minutes
    after = [call(6_000 + n, NOON + timedelta(minutes=5, seconds=6 * n)) for n in range(300)]
    store.append([*good, *bad, *after])
    engine = Engine(store, {"availability": rules()["availability"]}, {"told": told})

    times = {}
    for minute in range(-1, 25):
        for each in engine.tick(NOON + timedelta(minutes=minute)):
            times[each.state] = minute

    assert told.states == ["openai firing", "openai resolved"]
    assert times["firing"] <= 5
    # its last bad call was at minute 5; then the newest five minutes must be half as good, and five be quiet
    assert 5 < times["resolved"] <= 15
