"""An engine with the clock in hand: rules that say what they are told to, and a channel that remembers."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

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


def states(store):
    rows = store.sql("SELECT rule, subject, state FROM incidents ORDER BY pending_since, subject").to_pylist()
    return [f"{row['rule']} {row['subject']} {row['state']}" for row in rows]


def ticks(engine, start, count):
    """`count` ticks from `start`; the time after the last."""
    for number in range(count):
        engine.tick(start + number * TICK)
    return start + count * TICK
