"""Answers take unusually long: longer than twice what 95 of 100 took the day before.

Fires at 5 % and twice the usual at least, if chance cannot explain it: see llmobs/server/stats.py. A model
without a day before stays quiet.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from llmobs.server.alerts import Alert
from llmobs.server.stats import rise

QUERY, WINDOW = "slow_answers", timedelta(hours=3)
FOR, SEVERITY = timedelta(minutes=2), "ticket"
RUNBOOK = """
Open a slow trace: is the time before the first content, or after it? Before: the provider queues, or
retries wait; look at attempts and at the provider's status page. After: answers became longer, look at
output tokens and the prompt's version; or the provider generates more slowly, then compare regions and
models. A release that sends longer prompts shows in input tokens.
"""


def check(row: Mapping[str, Any]) -> Alert | None:
    found = rise(row, "slow")
    if found is None:
        return None
    calls, bad = found.seen
    what = f"{bad:,} of {calls:,} answers of {row['model']} took over {row['slow_s']:.1f} s"
    says = f"{what} ({found.seen.share:.1%}) in the last {found.window}, {found.usual}."
    return Alert("slow_answers", row["model"], says, found.seen.share, found.expected, "share", calls)


USUAL = {"calls_before": 10_000, "slow_before": 60, "buckets_before": 288, "spread_before": 2.4}
NEVER = {"calls_before": None, "slow_before": None, "buckets_before": None, "spread_before": None}
FIRES_ON: list[dict[str, Any]] = [
    # the provider queues
    {"model": "m", "slow_s": 4.2, "calls_5m": 40, "slow_5m": 30, "calls_30m": 240, "slow_30m": 31}
    | {"calls": 1_400, "slow": 40, **USUAL},
]
QUIET_ON: list[dict[str, Any]] = [
    # too few to say
    {"model": "m", "slow_s": 4.2, "calls_5m": 4, "slow_5m": 4, "calls_30m": 9, "slow_30m": 9}
    | {"calls": 19, "slow": 19, **USUAL},
    # as always
    {"model": "m", "slow_s": 4.2, "calls_5m": 40, "slow_5m": 1, "calls_30m": 240, "slow_30m": 2}
    | {"calls": 1_400, "slow": 9, **USUAL},
    # a new model: nothing to compare with
    {"model": "m", "slow_s": None, "calls_5m": 40, "slow_5m": 0, "calls_30m": 240, "slow_30m": 0}
    | {"calls": 240, "slow": 0, **NEVER},
]
