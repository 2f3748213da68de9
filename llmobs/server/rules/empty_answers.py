"""Answers without a word and without a tool call: HTTP says 200, and the user sees nothing.

Fires at 5 % and twice the usual at least, if chance cannot explain it: see llmobs/server/stats.py. Where
texts are not captured, an answer of no tokens counts as empty.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from llmobs.server.alerts import Alert
from llmobs.server.stats import rise

QUERY, WINDOW = "empty_answers", timedelta(hours=3)
FOR, SEVERITY = timedelta(minutes=1), "ticket"
RUNBOOK = """
Open a trace and look at its finish reason. "content_filter" or "refusal": the provider blocks; compare
prompts. "stop" or "end_turn": the model had nothing to say; look for a prompt that ends with the
assistant's own words, a stop sequence that comes first, or a changed prompt version. "length": all
tokens went into reasoning; raise max_tokens. Many models at once: the provider is in trouble. Asking
once more usually helps; show the user a message meanwhile.
"""


def check(row: Mapping[str, Any]) -> Alert | None:
    found = rise(row, "empty")
    if found is None:
        return None
    calls, bad = found.seen
    what = f"{bad:,} of {calls:,} answers of {row['model']} were empty ({found.seen.share:.1%})"
    says = f"{what} in the last {found.window}, {found.usual}."
    return Alert("empty_answers", row["model"], says, found.seen.share, found.expected, "share", calls)


USUAL = {"calls_before": 10_000, "empty_before": 10, "buckets_before": 48, "spread_before": 0.06}
NEVER = {"calls_before": None, "empty_before": None, "buckets_before": None, "spread_before": None}
FIRES_ON: list[dict[str, Any]] = [
    # nearly half of the answers
    {
        "model": "m",
        "calls_5m": 40,
        "empty_5m": 18,
        "calls_30m": 240,
        "empty_30m": 18,
        "calls": 1_400,
        "empty": 19,
    }
    | USUAL,
    # the first hour of a new model that says nothing
    {
        "model": "m",
        "calls_5m": 20,
        "empty_5m": 15,
        "calls_30m": 40,
        "empty_30m": 30,
        "calls": 40,
        "empty": 30,
        **NEVER,
    },
]
QUIET_ON: list[dict[str, Any]] = [
    # too few to say
    {
        "model": "m",
        "calls_5m": 2,
        "empty_5m": 2,
        "calls_30m": 9,
        "empty_30m": 9,
        "calls": 19,
        "empty": 19,
        **NEVER,
    },
    # a router that answers with nothing on purpose, as always
    {
        "model": "m",
        "calls_5m": 40,
        "empty_5m": 12,
        "calls_30m": 240,
        "empty_30m": 72,
        "calls": 1_400,
        "empty": 420,
    }
    | {**USUAL, "empty_before": 3_000, "spread_before": 910.0},
    # two in one minute
    {
        "model": "m",
        "calls_5m": 40,
        "empty_5m": 2,
        "calls_30m": 240,
        "empty_30m": 3,
        "calls": 1_400,
        "empty": 5,
        **USUAL,
    },
]
