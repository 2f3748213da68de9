"""The incidents of history, as the alert engine would have told them: it is run over the past, rule by rule.

Nothing is made up: the same engine, rules and store, only that its clock is set back and nobody is told. What
the real engine has open at the same time is hidden from it, and left alone.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from llmobs.demo.incidents import Incident
from llmobs.server.alerts import Engine, rules
from llmobs.server.store import Store

STEP = timedelta(minutes=2)
LONGEST = timedelta(hours=4)  # after its beginning an incident is no longer waited for


class Before:
    """The store as the engine sees it in the past: no incident is open when it begins. What it writes is
    kept until it is over, or the Alerts page would show it as open now."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.rows: dict[str, Mapping[str, Any]] = {}

    def read(self, query: str, **parameters: Any) -> list[dict[str, Any]]:
        return [] if query == "incidents_open" else self.store.read(query, **parameters)

    def put_incidents(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self.rows.update({row["id"]: row for row in rows})


def judge(store: Store, incidents: Sequence[Incident], start: float) -> int:
    """Judges the hours of `incidents`, which count from `start` (Unix seconds); how many alerts fired."""
    fired = 0
    for incident in incidents:
        before = Before(store)
        replay(before, incident, datetime.fromtimestamp(start + incident.at_s, UTC))
        over = [row for row in before.rows.values() if row["state"] == "resolved"]
        store.put_incidents(over)
        fired += sum(row["firing_since"] is not None for row in over)
    return fired


def replay(before: Before, incident: Incident, begin: datetime) -> None:
    """Ticks from the beginning of the incident until nothing is open any more."""
    engine = Engine(before, rules(), {})  # type: ignore[arg-type]  # the two methods that it uses
    over, now = begin + timedelta(seconds=incident.lasts_s), begin
    while now < over or (now < begin + LONGEST and is_open(before)):
        now += STEP
        engine.tick(now)


def is_open(before: Before) -> bool:
    return any(row["state"] != "resolved" for row in before.rows.values())
