"""Whom the engine tells, and that each hears once: channels that are new, away or hang, and restarts."""

import json
import threading
from datetime import timedelta

from llmobs.server.alerts import Engine
from tests.server.ticking import NOON, TICK, Told, rule, states, ticks


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


def test_a_restart_while_pending_keeps_the_time_already_waited(store, play):
    told = Told()
    Engine(store, {"bad": rule()}, {"told": told}).tick(NOON)

    Engine(store, {"bad": rule()}, {"told": told}).tick(NOON + 2 * TICK)

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
