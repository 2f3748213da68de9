"""A service spends far more than in hours like this one.

Expected is the dearest of: the hour before, the same hour of the last seven days, the mean hour of the last
day. The present must be certain: from its sum three standard errors are taken off (the root of the sum of
squared costs), so that one dear call, or a handful, never fires. Sums under a dollar an hour are not worth
a message.

Traps: calls without a price are in no sum. What is new has no hours to compare with and stays
quiet.
"""

from collections.abc import Mapping
from datetime import timedelta
from math import sqrt
from typing import Any, NamedTuple

from llmobs.server.alerts import Alert

QUERY, WINDOW = "cost_spike", timedelta(hours=1)
FOR, SEVERITY = timedelta(minutes=1), "ticket"
RUNBOOK = """
Open the dearest traces: many calls in one trace are a loop, a large input is a prompt that grew, a dear
model is a changed setting. The Now page shows cost by model for the same time: did calls, tokens a
call, or the price go up? Stop a loop at its source; set a limit with the provider if the money runs out
before the cause is found.
"""
MIN_CALLS, MIN_CALLS_BEFORE = 20, 100
MIN_USD = 1.0  # an hour above the expected
SURE = 3.0  # standard errors


class Window(NamedTuple):
    words: str
    hours: float
    calls: str
    usd: str
    squares: str
    ratio: float  # how many times the expected it must be: a short window wavers more


WINDOWS = (
    Window("15 minutes", 0.25, "calls_15m", "cost_15m_usd", "squares_15m", 3.0),
    Window("hour", 1.0, "calls", "cost_usd", "squares", 2.0),
)


def check(row: Mapping[str, Any]) -> Alert | None:
    expected = usual(row)
    if expected is None or row["calls_before"] < MIN_CALLS_BEFORE:
        return None
    lasts = (row["cost_15m_usd"] or 0.0) / 0.25 > 1.5 * expected
    for window in WINDOWS:
        hourly = (row[window.usd] or 0.0) / window.hours
        certain = hourly - SURE * sqrt(row[window.squares] or 0.0) / window.hours
        high = certain > window.ratio * expected and hourly - expected > MIN_USD
        if high and lasts and row[window.calls] >= MIN_CALLS:
            return alert(row, window, hourly, expected)
    return None


def usual(row: Mapping[str, Any]) -> float | None:
    """USD an hour; None without a past."""
    before = row["before_usd"]
    if before is not None:
        before += SURE * sqrt(row["squares_before"] or 0.0)
    known = [usd for usd in (before, row["same_hour_usd"], row["day_usd"]) if usd is not None]
    return max(known, default=None)


def alert(row: Mapping[str, Any], window: Window, hourly: float, expected: float) -> Alert:
    spent = f"{row['service']} spends ${hourly:,.2f} an hour (over the last {window.words})"
    left_out = f" {row['unpriced']:,} calls without a price are not in it." if row["unpriced"] else ""
    says = f"{spent}, ${expected:,.2f} are usual: {hourly / expected:.1f} times as much.{left_out}"
    return Alert("cost_spike", row["service"], says, hourly, expected, "USD/h", row[window.calls])


# A dollar an hour before, from 600 calls: squares of the hour 600 * (1/600)^2, doubled for unequal calls.
USUAL = {
    "before_usd": 1.0,
    "squares_before": 0.0033,
    "same_hour_usd": 1.2,
    "day_usd": 0.9,
    "calls_before": 60_000,
}
QUIET_15M = {"cost_15m_usd": 0.25, "squares_15m": 0.0008, "calls_15m": 150, "unpriced": 0}
FIRES_ON: list[dict[str, Any]] = [
    # ten times as much for a quarter of an hour
    {"service": "s", "cost_15m_usd": 2.5, "squares_15m": 0.08, "calls_15m": 150, "unpriced": 0}
    | {"cost_usd": 3.25, "squares": 0.09, "calls": 600, **USUAL},
    # three times as much for an hour
    {"service": "s", "cost_15m_usd": 0.9, "squares_15m": 0.01, "calls_15m": 150, "unpriced": 7}
    | {"cost_usd": 3.6, "squares": 0.04, "calls": 600, **USUAL},
]
QUIET_ON: list[dict[str, Any]] = [
    # as always
    {"service": "s", **QUIET_15M, "cost_usd": 1.0, "squares": 0.0033, "calls": 600, **USUAL},
    # a handful of very dear calls
    {"service": "s", "cost_15m_usd": 40.0, "squares_15m": 320.0, "calls_15m": 5, "unpriced": 0}
    | {"cost_usd": 40.0, "squares": 320.0, "calls": 9, **USUAL},
    # one very dear call among many
    {"service": "s", "cost_15m_usd": 8.25, "squares_15m": 64.0, "calls_15m": 150, "unpriced": 0}
    | {"cost_usd": 9.0, "squares": 64.0, "calls": 600, **USUAL},
    # ten times as much, of next to nothing
    {"service": "s", "cost_15m_usd": 0.025, "squares_15m": 0.00001, "calls_15m": 150, "unpriced": 0}
    | {"cost_usd": 0.1, "squares": 0.00002, "calls": 600, **USUAL, "before_usd": 0.01, "same_hour_usd": None}
    | {"day_usd": 0.01},
    # every morning at nine
    {"service": "s", "cost_15m_usd": 2.5, "squares_15m": 0.08, "calls_15m": 150, "unpriced": 0}
    | {"cost_usd": 10.0, "squares": 0.2, "calls": 600, **USUAL, "same_hour_usd": 9.0},
    # new, with nothing to compare
    {"service": "s", "cost_15m_usd": 2.5, "squares_15m": 0.08, "calls_15m": 150, "unpriced": 0}
    | {"cost_usd": 10.0, "squares": 0.2, "calls": 600, "before_usd": None, "squares_before": None}
    | {"same_hour_usd": None, "day_usd": None, "calls_before": 0},
    # over: the last quarter of an hour is good again
    {"service": "s", **QUIET_15M, "cost_usd": 9.0, "squares": 0.2, "calls": 600, **USUAL},
]
