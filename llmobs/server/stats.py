"""Is this share of bad calls unusual? A test that knows how many calls stand behind a number.

The baseline gives the share to expect and how much it wavers by itself from one half hour to the next
(rho). A window's count is judged by the tail of the beta-binomial that follows: few calls or a restless past
make the tail wide, and the same share is alarming or not. Three windows are looked at, so that an outage is
seen in minutes and a slow rise at all. Limits chosen with `benchmarks/alerts.py`, with weeks of traffic.

Trap: SciPy's `betabinom.sf` errs deep in the tail, where alerts are decided. Here the terms are summed.
"""

from collections.abc import Mapping
from math import lgamma, log
from typing import Any, NamedTuple

NATS = 11.0  # -ln p: 1 in 60,000
MIN_CALLS, MIN_BAD = 20, 5  # below them one odd minute would alarm
MIN_SHARE, MIN_RATIO = 0.05, 2.0  # a rise that matters, not only one that is certain
LEAST_EXPECTED = 0.005  # a baseline without a single bad call does not promise that there will be none
GUESS, GUESS_CALLS = 0.02, 50.0  # stands in for a baseline, and soon drowns in one
KNOWN_CALLS = 100  # fewer before are no past to speak of
RHO = (1e-3, 0.05)  # less is never certain; more would let one bad day hide the next
RHO_MARGIN = 2.0  # a day shows only part of how restless traffic can be
RHO_GUESS, RHO_GUESS_BUCKETS = 0.02, 4  # two hours say little of it: the guess stands beside what they show
ENOUGH = 1e-13  # the sum of a tail stops where a term adds less than this share
WINDOWS = {"_5m": "5 minutes", "_30m": "30 minutes", "": "3 hours"}


class Count(NamedTuple):
    """Calls of a window, and how many of them were bad."""

    calls: int
    bad: int

    @property
    def share(self) -> float:
        return self.bad / self.calls if self.calls else 0.0


class Past(NamedTuple):
    """The baseline. `buckets`: half hours with calls; `spread`: sum over them of bad squared / calls."""

    calls: int = 0
    bad: int = 0
    buckets: int = 0
    spread: float = 0.0


class Expected(NamedTuple):
    """What the baseline lets one expect: a share, and how many calls' worth of certainty it has."""

    share: float
    certainty: float


class Rise(NamedTuple):
    """An unusual share: in which window (in words), what was seen, what was expected (None: no past)."""

    window: str
    seen: Count
    expected: float | None
    nats: float

    @property
    def usual(self) -> str:
        if self.expected is None:
            return "there is no day before to compare with"
        return f"usual are {self.expected:.1%}"


def rise(row: Mapping[str, Any], bad: str) -> Rise | None:
    """The shortest window whose share of `bad` calls is unusual and still lasts.

    `row`: calls_5m, calls_30m, calls (3 hours), the same of `bad`; calls_before, {bad}_before,
    buckets_before, spread_before (None without a past).
    """
    counts = {words: Count(row[f"calls{end}"], row[f"{bad}{end}"]) for end, words in WINDOWS.items()}
    names = ("calls_before", f"{bad}_before", "buckets_before", "spread_before")
    past = Past(*(row[name] or 0 for name in names))
    normal = expected(past)
    newest = next((count for count in counts.values() if count.calls >= MIN_CALLS), Count(0, 0))
    for words, count in counts.items():
        matters = count.share >= max(MIN_SHARE, MIN_RATIO * normal.share)
        lasts = newest.share >= count.share / 2
        if count.calls >= MIN_CALLS and count.bad >= MIN_BAD and matters and lasts:
            nats = surprise(count, normal)
            if nats >= NATS:
                return Rise(words, count, normal.share if past.calls >= KNOWN_CALLS else None, nats)
    return None


def expected(past: Past) -> Expected:
    """Share and certainty that the baseline gives; the guess where there is none."""
    share = (past.bad + GUESS * GUESS_CALLS) / (past.calls + GUESS_CALLS)
    certainty = min(1 / rho(past) - 1, past.calls + GUESS_CALLS)
    return Expected(min(max(share, LEAST_EXPECTED), 1 - 1e-9), certainty)


def rho(past: Past) -> float:
    """Correlation of calls within half an hour, by the method of moments; 0 would be plain binomial.

    Of shorter buckets with a few calls each, a single unlucky one would already look like restlessness.
    """
    found = 0.0
    if 0 < past.bad < past.calls and past.calls > past.buckets:
        share = past.bad / past.calls
        chi_squared = (past.spread - past.bad * share) / (share * (1 - share))
        found = max((chi_squared - (past.buckets - 1)) / (past.calls - past.buckets), 0.0)
    weighed = (RHO_MARGIN * found * past.buckets + RHO_GUESS * RHO_GUESS_BUCKETS) / (
        past.buckets + RHO_GUESS_BUCKETS
    )
    return min(max(weighed, RHO[0]), RHO[1])


def surprise(count: Count, normal: Expected) -> float:
    """-ln of the chance of as many bad calls or more, in nats; 0 where there are no more than expected."""
    if count.bad <= count.calls * normal.share:
        return 0.0
    a, b = normal.share * normal.certainty, (1 - normal.share) * normal.certainty
    return -log_tail(count.bad, count.calls, a, b)


def log_tail(k: int, n: int, a: float, b: float) -> float:
    """ln P(K >= k), K beta-binomial of n draws; for k above the mean, where the terms only fall."""
    term = total = 1.0
    for i in range(k, n):
        term *= (n - i) * (i + a) / ((i + 1) * (n - i - 1 + b))
        total += term
        if term < total * ENOUGH:
            break
    first = log_choose(n, k) + log_beta(k + a, n - k + b) - log_beta(a, b)
    return min(first + log(total), 0.0)


def log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
