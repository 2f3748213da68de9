"""False alarms a week and minutes until detection of the alert rules, on simulated traffic.

    python benchmarks/alerts.py            # four weeks, about two minutes
    python benchmarks/alerts.py --weeks 1

Rows are made as the rules' queries give them, minute by minute, and go through `check` and the engine's
states. The traffic is Poisson with a daily and a weekly season and days that differ; the share of bad calls
has a daily season and wanders by itself (log-normal, half an hour of memory) as much as `rho` says; costs of
calls are log-normal. Nobody wants to hear of anything in the healthy traffic: every alert there is false.
"""

import argparse
import statistics
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np

from llmobs.server.alerts import rules
from llmobs.server.incidents import begin, step
from llmobs.server.judging import Rule

MINUTE, DAY, WEEK = 1, 1_440, 10_080
START = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
RUNS = 5  # incidents of each kind
Row = Callable[[int], Mapping[str, Any]]


class Traffic(NamedTuple):
    """One column a minute."""

    calls: np.ndarray
    bad: np.ndarray
    usd: np.ndarray
    squares: np.ndarray


def volume(chance: np.random.Generator, a_minute: float, minutes: int) -> np.ndarray:
    """Calls: a day with a quiet night, half on weekends, days that differ by 8 %."""
    t = np.arange(minutes)
    season = 1 + 0.7 * np.sin((t / 60 - 9) / 24 * 2 * np.pi)
    weekend = np.where(t // DAY % 7 >= 5, 0.5, 1.0)
    days = np.repeat(np.exp(chance.normal(0, 0.08, minutes // DAY + 1)), DAY)[:minutes]
    return chance.poisson(a_minute * season * weekend * days)


def bad(chance: np.random.Generator, calls: np.ndarray, share: float, rho: float) -> np.ndarray:
    """Bad calls whose share wanders: the variance of the share is rho * share * (1 - share)."""
    t = np.arange(len(calls))
    wander = np.zeros(len(calls))
    if rho:
        width, memory = np.sqrt(np.log1p(rho * (1 - share) / share)), np.exp(-1 / 30)
        steps = chance.normal(0, width * np.sqrt(1 - memory**2), len(calls))
        for minute in range(1, len(calls)):
            wander[minute] = memory * wander[minute - 1] + steps[minute]
        wander -= width**2 / 2
    season = 1 + 0.3 * np.sin(t / DAY * 2 * np.pi)
    return chance.binomial(calls, np.minimum(share * season * np.exp(wander), 1.0))


def costs(chance: np.random.Generator, calls: np.ndarray, width: float) -> tuple[np.ndarray, np.ndarray]:
    """USD of each minute and the sum of squares; two cents a call in the mean, log-normal."""
    each = 0.02 * np.exp(chance.normal(-(width**2) / 2, width, int(calls.sum())))
    minute = np.repeat(np.arange(len(calls)), calls)
    return np.bincount(minute, each, len(calls)), np.bincount(minute, each**2, len(calls))


def sums(column: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(column)])


def share_rows(subject: str, word: str, calls: np.ndarray, worse: np.ndarray) -> Row:
    """Rows as availability.sql, cut_short.sql and empty_answers.sql give them."""
    n, k = sums(calls), sums(worse)
    halves = [column[: len(calls) // 30 * 30].reshape(-1, 30).sum(axis=1) for column in (calls, worse)]
    spread = sums(np.where(halves[0] > 0, halves[1] ** 2 / np.maximum(halves[0], 1), 0))
    full = sums(halves[0] > 0)

    def row(t: int) -> Mapping[str, Any]:
        found: dict[str, Any] = {subject: "x", "limited": 0, "refused": 0, "unavailable": 1}
        for end, length in (("_5m", 5), ("_30m", 30), ("", 180)):
            since = max(t - length, 0)
            found |= {f"calls{end}": int(n[t] - n[since]), f"{word}{end}": int(k[t] - k[since])}
        last, first = max((t - 180) // 30, 0), max((t - 180 - DAY) // 30, 0)
        found |= {
            "calls_before": int(n[last * 30] - n[first * 30]),
            f"{word}_before": int(k[last * 30] - k[first * 30]),
            "buckets_before": int(full[last] - full[first]),
            "spread_before": float(spread[last] - spread[first]),
        }
        return found

    return row


def cost_rows(calls: np.ndarray, usd: np.ndarray, squares: np.ndarray) -> Row:
    """Rows as cost_spike.sql gives them."""
    n, total, square = sums(calls), sums(usd), sums(squares)
    hours = usd[: len(usd) // 60 * 60].reshape(-1, 60).sum(axis=1)

    def row(t: int) -> Mapping[str, Any]:
        quarter, hour, two = max(t - 15, 0), max(t - 60, 0), max(t - 120, 0)
        newest = (t - 60) // 60 - 1  # the newest full hour that ended before the window
        same = [
            h
            for day in range(1, 8)
            for h in ((t - 60) // 60 - 24 * day, t // 60 - 24 * day)
            if 0 <= h <= newest
        ]
        day = hours[max(newest - 23, 0) : newest + 1] if newest >= 0 else hours[:0]
        return {
            "service": "x",
            "cost_15m_usd": total[t] - total[quarter],
            "squares_15m": square[t] - square[quarter],
            "calls_15m": int(n[t] - n[quarter]),
            "cost_usd": total[t] - total[hour],
            "squares": square[t] - square[hour],
            "calls": int(n[t] - n[hour]),
            "unpriced": 0,
            "before_usd": total[hour] - total[two] if t >= 120 else None,
            "squares_before": square[hour] - square[two],
            "same_hour_usd": max(hours[h] for h in same) if same else None,
            "day_usd": day.mean() if len(day) else None,
            "calls_before": int(n[hour] - n[max(t - WEEK, 0)]),
        }

    return row


def fired(rule: Rule, row: Row, since: int, until: int) -> Iterator[int]:
    """The minutes in which the rule began to fire."""
    incident = None
    for t in range(since, until):
        alert, now = rule.check(row(t)), START + t * timedelta(minutes=1)
        if incident is None:
            incident = begin(alert, now, "") if alert else None
            continue
        after = step(incident, alert, now, rule.FOR)
        if after.state == "firing" and incident.state == "pending":
            yield t
        incident = None if after.state == "resolved" else after


SHARES = {
    "availability": ("provider", "failed"),
    "cut_short": ("model", "cut"),
    "empty_answers": ("model", "empty"),
}
HEALTHY = [(0.002, 0.0), (0.01, 0.0), (0.01, 0.003), (0.03, 0.003), (0.03, 0.01), (0.08, 0.01)]
SICK = [(0.01, 1.0), (0.01, 0.30), (0.01, 0.10), (0.03, 0.12)]


def false_alarms(weeks: int) -> None:
    print(f"\nFalse alarms a week, {weeks} weeks of healthy traffic\n")
    print(f"{'rule':15} {'calls a minute':>14} {'usual share':>12} {'rho':>7} {'a week':>7}")
    for name, (subject, word) in SHARES.items():
        for a_minute in (3, 30, 120):
            for share, rho in HEALTHY:
                chance = np.random.default_rng([a_minute, int(share * 1e4), int(rho * 1e4), len(name)])
                calls = volume(chance, a_minute, weeks * WEEK)
                rows = share_rows(subject, word, calls, bad(chance, calls, share, rho))
                count = len(list(fired(rules()[name], rows, 0, len(calls))))
                print(f"{name:15} {a_minute:14} {share:12.1%} {rho:7} {count / weeks:7.2f}", flush=True)
    for a_minute in (3, 30, 120):
        for width in (0.5, 1.0, 2.0):
            chance = np.random.default_rng([a_minute, int(width * 10)])
            calls = volume(chance, a_minute, weeks * WEEK)
            rows = cost_rows(calls, *costs(chance, calls, width))
            count = len(list(fired(rules()["cost_spike"], rows, 0, len(calls))))
            what = f"width {width}"
            print(f"{'cost_spike':15} {a_minute:14} {what:>12} {'':7} {count / weeks:7.2f}", flush=True)


def delays() -> None:
    print(f"\nMinutes until it fires (median of {RUNS}; - where most were not seen in six hours)\n")
    print(f"{'rule':15} {'calls a minute':>14} {'from':>7} {'to':>7} {'minutes':>8}")
    for a_minute in (3, 30, 120):
        for share, worse in SICK:
            found = [share_delay(a_minute, share, worse, run) for run in range(RUNS)]
            print(
                f"{'availability':15} {a_minute:14} {share:7.0%} {worse:7.0%} {middle(found):>8}", flush=True
            )
        for times in (3, 10):
            found = [cost_delay(a_minute, times, run) for run in range(RUNS)]
            print(f"{'cost_spike':15} {a_minute:14} {'':7} {f'x{times}':>7} {middle(found):>8}", flush=True)


def share_delay(a_minute: int, share: float, worse: float, run: int) -> float:
    chance = np.random.default_rng([run, a_minute, int(worse * 100)])
    calls = volume(chance, a_minute, 5 * DAY)
    failed = bad(chance, calls, share, 0.002)
    since = 3 * DAY + int(chance.integers(DAY))
    failed[since : since + 360] = chance.binomial(calls[since : since + 360], worse)
    rows = share_rows("provider", "failed", calls, failed)
    return next((t - since for t in fired(rules()["availability"], rows, since, since + 360)), np.inf)


def cost_delay(a_minute: int, times: int, run: int) -> float:
    chance = np.random.default_rng([run, a_minute, times])
    calls = volume(chance, a_minute, 5 * DAY)
    usd, squares = costs(chance, calls, 1.0)
    since = 3 * DAY + int(chance.integers(DAY))
    usd[since : since + 360] *= times
    squares[since : since + 360] *= times**2
    return next(
        (t - since for t in fired(rules()["cost_spike"], cost_rows(calls, usd, squares), since, since + 360)),
        np.inf,
    )


def middle(found: list[float]) -> str:
    median = statistics.median(found)
    return "-" if np.isinf(median) else f"{median:.0f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weeks", type=int, default=4)
    given = parser.parse_args()
    false_alarms(given.weeks)
    delays()
