"""Tells the terminal: one line an alert, as the log of `llmobs watch`."""

from collections.abc import Mapping
from typing import Any

from llmobs.server.incidents import Incident


def ready(settings: Mapping[str, Any]) -> bool:
    """A terminal needs nothing."""
    return True


def send(incident: Incident, settings: Mapping[str, Any]) -> None:
    """Prints the line."""
    print(preview(incident, settings), flush=True)


def preview(incident: Incident, settings: Mapping[str, Any]) -> str:
    """The line: time, state, severity, rule, subject, what it says, and where it began."""
    since = incident.firing_since or incident.pending_since
    head = f"{incident.updated_at:%Y-%m-%d %H:%M:%S}Z {incident.state.upper():8} [{incident.severity}]"
    tail = f"since {since:%H:%M:%S}Z" + (f", trace {incident.traces[0]}" if incident.traces else "")
    return f"{head} {incident.rule} {incident.subject}: {incident.says} ({tail})"
