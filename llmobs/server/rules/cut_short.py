"""Answers run into the token limit: half a sentence reaches the user, and nobody errs.

Fires at 5 % and twice the usual at least, if chance cannot explain it: see llmobs/server/stats.py. A model
that is always cut, because a classifier asks for one token, is as usual and stays quiet.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from llmobs.server.alerts import Alert
from llmobs.server.stats import rise

QUERY, WINDOW = "cut_short", timedelta(hours=3)
FOR, SEVERITY = timedelta(minutes=1), "ticket"
RUNBOOK = """
Open a trace: does the answer stop in the middle? Compare max_tokens with that of an hour before, and
the prompt's version with the time it began. A reasoning model spends the same budget on thinking: raise
max_tokens, or lower the reasoning effort. If answers became longer by themselves, look whether another
model answers than was asked for.
"""


def check(row: Mapping[str, Any]) -> Alert | None:
    found = rise(row, "cut")
    if found is None:
        return None
    calls, bad = found.seen
    what = (
        f"{bad:,} of {calls:,} answers of {row['model']} were cut at the token limit ({found.seen.share:.1%})"
    )
    says = f"{what} in the last {found.window}, {found.usual}."
    return Alert("cut_short", row["model"], says, found.seen.share, found.expected, "share", calls)


USUAL = {"calls_before": 10_000, "cut_before": 100, "buckets_before": 48, "spread_before": 1.5}
NEVER = {"calls_before": None, "cut_before": None, "buckets_before": None, "spread_before": None}
FIRES_ON: list[dict[str, Any]] = [
    # a release with max_tokens far too low
    {
        "model": "m",
        "calls_5m": 40,
        "cut_5m": 25,
        "calls_30m": 240,
        "cut_30m": 26,
        "calls": 1_400,
        "cut": 40,
        **USUAL,
    },
    # one route of ten is cut: a tenth of the calls, for an hour
    {
        "model": "m",
        "calls_5m": 40,
        "cut_5m": 4,
        "calls_30m": 240,
        "cut_30m": 25,
        "calls": 1_400,
        "cut": 60,
        **USUAL,
    },
]
QUIET_ON: list[dict[str, Any]] = [
    # too few to say
    {
        "model": "m",
        "calls_5m": 3,
        "cut_5m": 3,
        "calls_30m": 12,
        "cut_30m": 12,
        "calls": 19,
        "cut": 19,
        **NEVER,
    },
    # as bad as always: a classifier that asks for one token
    {
        "model": "m",
        "calls_5m": 40,
        "cut_5m": 40,
        "calls_30m": 240,
        "cut_30m": 240,
        "calls": 1_400,
        "cut": 1_400,
    }
    | {**USUAL, "cut_before": 9_990, "spread_before": 9_980.1},
    # a bad minute
    {
        "model": "m",
        "calls_5m": 40,
        "cut_5m": 4,
        "calls_30m": 240,
        "cut_30m": 6,
        "calls": 1_400,
        "cut": 18,
        **USUAL,
    },
    # a new model, healthy
    {
        "model": "m",
        "calls_5m": 40,
        "cut_5m": 1,
        "calls_30m": 99,
        "cut_30m": 2,
        "calls": 99,
        "cut": 2,
        **NEVER,
    },
]
