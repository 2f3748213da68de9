"""`llmobs alerts` and `llmobs rules`: what fires, and which rules there are."""

import inspect
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from llmobs.server import formats
from llmobs.server.alerts import Rule, send_test
from llmobs.server.alerts import rules as known
from llmobs.server.sql_command import found

ALONE = "No collector runs: this is from its data folder, and no alert rule is judged. Start: llmobs up"
# What a table shows of an alert; the other formats show everything.
SHOWN = ("state", "severity", "rule", "subject", "since", "until", "calls", "says")


def alerts(settings: Mapping[str, Any], resolved_too: bool, form: str) -> int:
    """Prints the alerts that are open, or all; the exit code."""
    store = found(settings)
    try:
        rows = store.read("incidents_list")
        unjudged = store.counts().get("unjudged", ALONE)
    finally:
        store.close()
    if unjudged:
        print(unjudged, file=sys.stderr)
    open_ones = [row for row in rows if resolved_too or row["state"] != "resolved"]
    if not open_ones and form == "table":
        past = f" {len(rows)} in the past: llmobs alerts --all" if rows else ""
        print(f"No alert is open.{past}")
        return 0
    told = [brief(row) for row in open_ones] if form == "table" else open_ones
    formats.write(pa.Table.from_pylist(told), form, sys.stdout.buffer)
    return 0


def brief(row: Mapping[str, Any]) -> dict[str, Any]:
    since = row["firing_since"] or row["pending_since"]
    told = {**row, "since": moment(since), "until": moment(row["resolved_at"])}
    return {name: told[name] for name in SHOWN}


def moment(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC") if at else ""


def test(settings: Mapping[str, Any], dry: bool) -> int:
    """Sends a test message over every channel, or shows it; the exit code is 1 where one failed."""
    lines = send_test(settings, dry)
    print("\n".join(lines))
    return 1 if any(": failed: " in line for line in lines) else 0


def rules() -> int:
    """Prints the rules and whether each holds on its own examples; the exit code."""
    failed = False
    for name, rule in known().items():
        wrong = broken(rule)
        failed = failed or bool(wrong)
        doc = (inspect.getdoc(rule) or "").partition("\n")[0]
        hours, hold_s = rule.WINDOW / timedelta(hours=1), rule.FOR.total_seconds()
        print(f"{name}  ({rule.SEVERITY}, judged over {hours:g} h, must hold for {hold_s:g} s)")
        print(f"    {doc}")
        cases = f"{len(rule.FIRES_ON)} fire, {len(rule.QUIET_ON)} stay quiet"
        print(f"    {'its examples hold: ' + cases if not wrong else 'FAILS: ' + wrong}")
    return 1 if failed else 0


def broken(rule: Rule) -> str:
    """Which of its own examples the rule gets wrong; empty for none."""
    silent = [row for row in rule.FIRES_ON if not rule.check(row)]
    loud = [row for row in rule.QUIET_ON if rule.check(row)]
    return "; ".join([f"stays quiet on {row}" for row in silent] + [f"fires on {row}" for row in loud])
