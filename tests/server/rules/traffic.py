"""Calls before one fixed moment, for the rules: healthy ones over hours, and bursts in the last minutes."""

from datetime import UTC, datetime, timedelta

from llmobs.server.judging import SETTLE
from tests.server.conftest import call

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FAILED = {"status": "error", "http_status": 503, "error_type": "503", "text": None, "finish": None}


def minutes_ago(minutes):
    return NOW - SETTLE - timedelta(minutes=minutes)


def healthy(first=0, hours=27, per_hour=60, **said):
    """Good calls, evenly over the hours before now; `first` makes their ids."""
    step = 60 / per_hour
    return [call(first + n, minutes_ago((n + 0.5) * step), **said) for n in range(int(hours * per_hour))]


def burst(first, count, minutes=4.0, **said):
    """Calls evenly over the last minutes."""
    return [call(first + n, minutes_ago((n + 0.5) * minutes / count), **said) for n in range(count)]
