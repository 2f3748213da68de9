"""An alert's episode: pending, firing, resolved. Pure; `engine.py` decides when, the store keeps the rows.

pending    the rule says so, but not yet for as long as it asks (`FOR`)
firing     on-call is told; goes on until the rule has said nothing for `QUIET`, so that it does not flap
resolved   over; one that never fired ends here too, with `firing_since` NULL, and nobody is told
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast

from llmobs.server.judging import Alert

State = Literal["pending", "firing", "resolved"]

QUIET = timedelta(minutes=5)
AGAIN = timedelta(hours=4)  # a firing alert is told again
FIRST_RETRY, LAST_RETRY = timedelta(seconds=15), timedelta(minutes=5)
UNTOLD, TOLD = "untold", ("firing", "resolved")
TIMES = ("pending_since", "firing_since", "resolved_at", "updated_at")


@dataclass(frozen=True)
class Delivery:
    """What a channel knows. `told`: the last state that got through, at `at`; then failed `tries` and why.

    The store keeps it as a text that people read too: see `as_text`.
    """

    told: State | None = None
    at: datetime | None = None
    tries: int = 0
    tried_at: datetime | None = None
    error: str | None = None


@dataclass(frozen=True)
class Incident:
    """One episode; the columns of the view `incidents`. Times are UTC."""

    id: str
    fingerprint: str
    rule: str
    subject: str
    severity: str
    state: State
    pending_since: datetime
    updated_at: datetime  # when the rule last said so, or the state changed
    says: str
    firing_since: datetime | None = None
    resolved_at: datetime | None = None
    value: float | None = None
    expected: float | None = None
    unit: str = ""
    calls: int | None = None
    traces: tuple[str, ...] = ()
    runbook: str = ""
    delivered: Mapping[str, Delivery] = field(default_factory=dict)


def fingerprint(rule: str, subject: str) -> str:
    """The same for every episode of one alert, so that receivers put them together."""
    return hashlib.sha256(f"{rule}\0{subject}".encode()).hexdigest()[:16]


def begin(alert: Alert, now: datetime, runbook: str) -> Incident:
    mark = fingerprint(alert.rule, alert.subject)
    return told_by(
        Incident(
            id=f"{mark}-{now.astimezone(UTC):%Y%m%dT%H%M%S}",
            fingerprint=mark,
            rule=alert.rule,
            subject=alert.subject,
            severity=alert.severity,
            state="pending",
            pending_since=now,
            updated_at=now,
            says=alert.says,
            runbook=runbook,
        ),
        alert,
        now,
    )


def told_by(incident: Incident, alert: Alert, now: datetime) -> Incident:
    return replace(
        incident,
        updated_at=now,
        says=alert.says,
        value=alert.value,
        expected=alert.expected,
        unit=alert.unit,
        calls=alert.calls,
        traces=alert.traces or incident.traces,
        severity=alert.severity,
    )


def step(incident: Incident, alert: Alert | None, now: datetime, hold: timedelta) -> Incident:
    """The incident after a look at `now`. `hold`: how long the rule must say so before it fires."""
    if alert is not None:
        current = told_by(incident, alert, now)
        if current.state == "pending" and now - incident.updated_at > QUIET:  # the engine was away meanwhile
            return replace(current, pending_since=now)
        if current.state == "pending" and now - current.pending_since >= hold:
            return replace(current, state="firing", firing_since=now)
        return current
    if incident.state == "pending" or now - incident.updated_at >= QUIET:
        return replace(incident, state="resolved", resolved_at=now, updated_at=now)
    return incident


def due(incident: Incident, channel: str, now: datetime) -> bool:
    """Whether the channel is to be told now.

    Nobody hears of what never fired, and a channel that is new nothing of what is over.
    """
    if incident.firing_since is None or (incident.state == "resolved" and channel not in incident.delivered):
        return False
    sent = incident.delivered.get(channel, Delivery())
    known = sent.told == incident.state
    if known and (incident.state == "resolved" or sent.at is None or now - sent.at < AGAIN):
        return False
    if sent.tried_at is None:
        return True
    wait = min(FIRST_RETRY * (1 << min(sent.tries - 1, 10)), LAST_RETRY)
    return now - sent.tried_at >= wait


def delivery(incident: Incident, channel: str, now: datetime, error: str | None) -> Incident:
    """`incident` with what became of telling it to `channel`."""
    before = incident.delivered.get(channel, Delivery())
    after = (
        Delivery(told=incident.state, at=now)
        if error is None
        else replace(before, tries=before.tries + 1, tried_at=now, error=error)
    )
    return replace(incident, delivered={**incident.delivered, channel: after})


def to_row(incident: Incident) -> dict[str, Any]:
    """As the store keeps it: lists and mappings as JSON text, times with their zone."""
    row = {name: getattr(incident, name) for name in incident.__dataclass_fields__}
    sent = {channel: as_text(found) for channel, found in incident.delivered.items()}
    return row | {"traces": json.dumps(incident.traces), "delivered": json.dumps(sent)}


def from_row(row: Mapping[str, Any]) -> Incident:
    known = {name: row[name] for name in Incident.__dataclass_fields__}
    known |= {name: utc(row[name]) for name in TIMES}
    if known["pending_since"] is None or known["updated_at"] is None or known["fingerprint"] is None:
        raise ValueError("it has no fingerprint, pending_since or updated_at")
    sent = json.loads(row["delivered"] or "{}")
    known["delivered"] = {channel: from_text(text) for channel, text in sent.items()}
    known["traces"] = tuple(json.loads(row["traces"] or "[]"))
    known["unit"] = row["unit"] or ""
    return Incident(**known)


def as_text(sent: Delivery) -> str:
    """Such as "firing 2026-11-22T12:00:00+00:00, 3 tries failed: OSError: no route"."""
    told = f"{sent.told} {sent.at.isoformat()}" if sent.told and sent.at else UNTOLD
    return f"{told}, {sent.tries} tries failed: {sent.error}" if sent.tries else told


def from_text(text: str) -> Delivery:
    """Nothing known where the text is another's. After a restart it is tried at once."""
    told, _, failed = text.partition(", ")
    state, _, at = told.partition(" ")
    tries, _, error = failed.partition(" tries failed: ")
    known = Delivery(cast(State, state), utc(at)) if state in TOLD and at else Delivery()
    return replace(known, tries=int(tries), error=error) if error and tries.isdecimal() else known


def utc(value: datetime | str | None) -> datetime | None:
    """The store's times bear no zone."""
    if value is None:
        return None
    time = datetime.fromisoformat(value) if isinstance(value, str) else value
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
