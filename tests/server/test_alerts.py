"""The engine on a real store, with the clock in hand: states, restarts, failing rules, failing channels."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from llmobs.server.alerts import Alert, Engine, rules
from llmobs.server.engine import Unreachable
from llmobs.server.incidents import QUIET
from tests.server.conftest import call

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TICK = timedelta(seconds=15)


class Told(list):
    """A channel that remembers; raises `fails` instead while it is set."""

    fails = None

    def __call__(self, incident):
        if self.fails:
            raise self.fails
        self.append(incident)

    @property
    def states(self):
        return [f"{i.subject} {i.state}" for i in self]


def rule(says=lambda: ["p"], hold=timedelta(seconds=30), name="bad", query="newest"):
    """A rule that says what `says` gives at the moment: subjects; its query is any that runs."""

    def check(row):
        return None

    made = SimpleNamespace(
        QUERY=query,
        WINDOW=timedelta(hours=1),
        FOR=hold,
        SEVERITY="page",
        RUNBOOK="Look.",
        FIRES_ON=[],
        QUIET_ON=[],
        check=check,
    )
    made.says, made.name = says, name
    return made


@pytest.fixture
def play(monkeypatch):
    """Rules say what their `says` gives, without a query: the engine is what is tested."""

    def judged(each, store, now):
        return [Alert(each.name, subject, f"{subject} is bad", severity="page") for subject in each.says()]

    monkeypatch.setattr("llmobs.server.engine.run", judged)


def states(store):
    rows = store.sql("SELECT rule, subject, state FROM incidents ORDER BY pending_since, subject").to_pylist()
    return [f"{row['rule']} {row['subject']} {row['state']}" for row in rows]


def ticks(engine, start, count):
    """`count` ticks from `start`; the time after the last."""
    for number in range(count):
        engine.tick(start + number * TICK)
    return start + count * TICK


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


def test_a_restart_goes_on_and_tells_nobody_twice(store, play):
    told, subjects = Told(), ["p"]
    channels = {"told": told}
    now = ticks(Engine(store, {"bad": rule(lambda: subjects)}, channels), NOON, 4)

    now = ticks(Engine(store, {"bad": rule(lambda: subjects)}, channels), now, 4)
    assert told.states == ["p firing"]

    subjects.clear()
    ticks(Engine(store, {"bad": rule(lambda: subjects)}, channels), now, 22)
    assert told.states == ["p firing", "p resolved"]
    assert states(store) == ["bad p resolved"]


def test_a_row_that_somebody_else_wrote_stops_nothing(store, play):
    told = Told()
    mine = {"id": "1", "fingerprint": "f", "rule": "theirs", "subject": "x", "state": "firing"}
    store.put_incidents(
        [mine, {**mine, "id": "2", "pending_since": NOON, "updated_at": NOON, "delivered": {"told": "ok"}}]
    )

    ticks(Engine(store, {"bad": rule()}, {"told": told}), NOON, 4)

    assert told.states == ["p firing"]


def test_a_channel_that_is_new_hears_of_what_fires_but_not_of_what_is_over(store, play):
    old, new, subjects = Told(), Told(), ["p", "q"]
    engine = Engine(store, {"bad": rule(lambda: subjects)}, {"old": old})
    now = ticks(engine, NOON, 4)
    subjects.remove("q")
    now = ticks(engine, now, 22)

    ticks(Engine(store, {"bad": rule(lambda: subjects)}, {"old": old, "new": new}), now, 4)

    assert sorted(old.states) == ["p firing", "q firing", "q resolved"]
    assert new.states == ["p firing"]


def test_a_restart_while_pending_keeps_the_time_already_waited(store, play):
    told = Told()
    Engine(store, {"bad": rule()}, {"told": told}).tick(NOON)

    Engine(store, {"bad": rule()}, {"told": told}).tick(NOON + 2 * TICK)

    assert told.states == ["p firing"]


def test_a_channel_that_was_away_is_told_later_also_after_a_restart(store, play):
    told = Told()
    told.fails = OSError("no route")
    now = ticks(Engine(store, {"bad": rule()}, {"told": told}), NOON, 4)
    [row] = store.sql("SELECT state, delivered FROM incidents").to_pylist()
    assert row["state"] == "firing"
    assert json.loads(row["delivered"])["told"].endswith("tries failed: OSError: no route")

    told.fails = None
    ticks(Engine(store, {"bad": rule()}, {"told": told}), now + timedelta(minutes=5), 2)

    assert told.states == ["p firing"]


def test_the_end_is_told_where_the_channel_was_away_all_the_time(store, play):
    told, subjects = Told(), ["p"]
    told.fails = OSError("no route")
    engine = Engine(store, {"bad": rule(lambda: subjects)}, {"told": told})
    now = ticks(engine, NOON, 4)
    subjects.clear()
    now = ticks(engine, now, 30)

    told.fails = None
    ticks(Engine(store, {"bad": rule(lambda: subjects)}, {"told": told}), now, 21)

    assert told.states == ["p resolved"]


def test_one_channel_that_fails_does_not_keep_another_from_hearing(store, play):
    broken, told = Told(), Told()
    broken.fails = RuntimeError("bug")
    ticks(Engine(store, {"bad": rule()}, {"broken": broken, "told": told}), NOON, 4)

    assert told.states == ["p firing"]


def test_a_channel_that_hangs_is_left_behind(store, play, monkeypatch):
    monkeypatch.setattr("llmobs.server.engine.SEND_LIMIT_S", 0.05)
    over, told = threading.Event(), Told()
    engine = Engine(store, {"bad": rule(hold=timedelta(0))}, {"hangs": lambda _: over.wait(60), "told": told})

    engine.tick(NOON)
    over.set()

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


def test_watch_says_that_the_collector_is_away_and_ends_cleanly(tmp_path):
    environment = {
        **os.environ,
        "LLMOBS_HTTP_PORT": "1",
        "LLMOBS_ALERT_INTERVAL": "0.1",
        "PYTHONUNBUFFERED": "1",
    }
    log = (tmp_path / "log").open("w+")
    program = "from llmobs.server.alerts import watch; from llmobs.config import SETTINGS, value; "
    program += "watch({n: value(n) for n, s in SETTINGS.items() if s.half == 'server'})"
    watch = subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=log, stderr=log)
    try:
        end = time.monotonic() + 30
        while "No alert can be judged" not in (tmp_path / "log").read_text() and time.monotonic() < end:
            time.sleep(0.05)
        watch.send_signal(signal.SIGTERM)
        assert watch.wait(10) == 0
    finally:
        watch.kill()
        watch.wait()
        log.close()
    text = (tmp_path / "log").read_text()
    assert f"Judging {', '.join(rules())} every 0.1 s. Telling stdout." in text
    assert text.count("No alert can be judged") == 1
    assert "Traceback" not in text
