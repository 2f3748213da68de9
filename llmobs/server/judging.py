"""What a rule is, what it says, and how one is run over a window.

The newest seconds are still on their way (exporters batch for a second, answers take a few), and what
fails, fails fast: a window that ended now would show failures before the answers beside them. So it ends a
little earlier.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol, cast

from llmobs.discover import modules
from llmobs.server.store import Store

Severity = Literal["page", "ticket"]

SETTLE = timedelta(seconds=10)
ROWS = 1_000  # more subjects than that is a mistake in the query, and would be as many alerts
TRACES = 5


@dataclass(frozen=True)
class Alert:
    """What one rule says of one subject. `run` fills calls, traces and severity where they are left out."""

    rule: str
    subject: str
    says: str
    value: float | None = None
    expected: float | None = None
    unit: str = ""
    calls: int | None = None
    traces: tuple[str, ...] = ()
    severity: Severity = "ticket"


class Rule(Protocol):
    """A file of llmobs/server/rules. Its query gives one row a subject; `traces` lists trace ids."""

    QUERY: str
    WINDOW: timedelta
    FOR: timedelta
    SEVERITY: Severity
    RUNBOOK: str
    FIRES_ON: list[dict[str, Any]]
    QUIET_ON: list[dict[str, Any]]

    def check(self, row: Mapping[str, Any]) -> Alert | None: ...


def rules() -> dict[str, Rule]:
    """The files of the folder, by name."""
    return {name: cast(Rule, module) for name, module in modules("llmobs.server.rules").items()}


def window(now: datetime, span: timedelta) -> tuple[datetime, datetime]:
    """[since, until): half-open, UTC, whole seconds, ending when what happened has arrived."""
    until = (now.astimezone(UTC) - SETTLE).replace(microsecond=0)
    return until - span, until


def run(rule: Rule, store: Store, now: datetime) -> list[Alert]:
    """The alerts of one rule, one a subject."""
    since, until = window(now, rule.WINDOW)
    rows = store.read(rule.QUERY, since=since, until=until)
    if len(rows) > ROWS:
        raise ValueError(
            f"{rule.QUERY}.sql gave {len(rows):,} rows. Expected one a subject, at most {ROWS:,}."
        )
    found = [(alert, row) for row in rows if (alert := rule.check(row)) is not None]
    return [complete(alert, row, rule) for alert, row in found]


def complete(alert: Alert, row: Mapping[str, Any], rule: Rule) -> Alert:
    traces: Sequence[str] = alert.traces or row.get("traces") or ()
    return replace(
        alert,
        calls=row.get("calls") if alert.calls is None else alert.calls,
        traces=tuple(dict.fromkeys(traces))[:TRACES],
        severity=rule.SEVERITY,
    )
