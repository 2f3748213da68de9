"""A provider fails unusually many calls.

One alert a provider, so that an outage is one message and not one a model. Cancelled calls do not count.
Fires at 5 % and twice the usual at least, if chance cannot explain it: see llmobs/server/stats.py for how
that is judged.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from llmobs.server.alerts import Alert
from llmobs.server.stats import rise

QUERY, WINDOW = "availability", timedelta(hours=3)
FOR, SEVERITY = timedelta(seconds=30), "page"
RUNBOOK = """
Open a failed trace: its error type and HTTP status say whose fault it is.
429, rate limits: the quota is used up. Look on the Now page who took the tokens; lower concurrency, or
ask for more.
Other 4xx: our requests are refused. Look for a release, a changed key or a changed prompt at the time
it began.
5xx, time-outs, no connection: the provider is in trouble. Look at its status page; switch to another
model or provider, and lower retries, which make an outage worse.
"""
CAUSES = {
    "limited": "rate limits (429)",
    "refused": "refused requests (4xx)",
    "unavailable": "provider or network",
}


def check(row: Mapping[str, Any]) -> Alert | None:
    found = rise(row, "failed")
    if found is None:
        return None
    calls, bad = found.seen
    what = f"{bad:,} of {calls:,} calls to {row['provider']} failed ({found.seen.share:.1%})"
    says = f"{what} in the last {found.window}, {found.usual}."
    causes = [f"{row[cause]:,} {words}" for cause, words in CAUSES.items() if row[cause]]
    says = f"{says} Causes in 3 hours: {', '.join(causes)}."
    return Alert("availability", row["provider"], says, found.seen.share, found.expected, "share", calls)


USUAL = {"calls_before": 20_000, "failed_before": 200, "buckets_before": 48, "spread_before": 2.5}
NEVER = {"calls_before": None, "failed_before": None, "buckets_before": None, "spread_before": None}
OUTAGE = {"limited": 0, "refused": 2, "unavailable": 40}
FIRES_ON: list[dict[str, Any]] = [
    # an outage
    {"provider": "p", "calls_5m": 60, "failed_5m": 40, "calls_30m": 400, "failed_30m": 42}
    | {"calls": 2_400, "failed": 60, **OUTAGE, **USUAL},
    # three calls a minute, all of them failed for seven minutes
    {"provider": "p", "calls_5m": 15, "failed_5m": 15, "calls_30m": 90, "failed_30m": 21}
    | {"calls": 540, "failed": 24, **OUTAGE, **USUAL},
    # a slow rise, no minute of which stands out
    {"provider": "p", "calls_5m": 60, "failed_5m": 5, "calls_30m": 400, "failed_30m": 30}
    | {"calls": 2_400, "failed": 192, **OUTAGE, **USUAL},
    # the first hour of a new service, half of it failed
    {"provider": "p", "calls_5m": 20, "failed_5m": 10, "calls_30m": 40, "failed_30m": 20}
    | {"calls": 40, "failed": 20, **OUTAGE, **NEVER},
]
QUIET_ON: list[dict[str, Any]] = [
    # a handful of calls, all failed
    {"provider": "p", "calls_5m": 4, "failed_5m": 4, "calls_30m": 9, "failed_30m": 9}
    | {"calls": 19, "failed": 19, **OUTAGE, **NEVER},
    # four failures, though nothing ever failed
    {"provider": "p", "calls_5m": 25, "failed_5m": 4, "calls_30m": 90, "failed_30m": 4}
    | {"calls": 540, "failed": 4, **OUTAGE, **USUAL, "failed_before": 0, "spread_before": 0.0},
    # as bad as always
    {"provider": "p", "calls_5m": 60, "failed_5m": 8, "calls_30m": 400, "failed_30m": 44}
    | {"calls": 2_400, "failed": 260, **OUTAGE, **USUAL, "failed_before": 2_000, "spread_before": 204.0},
    # over: the last five minutes are good again
    {"provider": "p", "calls_5m": 60, "failed_5m": 1, "calls_30m": 400, "failed_30m": 80}
    | {"calls": 2_400, "failed": 100, **OUTAGE, **USUAL},
    # a new service, healthy
    {"provider": "p", "calls_5m": 60, "failed_5m": 1, "calls_30m": 60, "failed_30m": 1}
    | {"calls": 60, "failed": 1, **OUTAGE, **NEVER},
]
