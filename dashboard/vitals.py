"""The vital signs: the verdict in a line, then the numbers, as markup.

The page Now shows them, and so does the very first answer to a browser, before any script has loaded.
"""

from collections.abc import Callable, Sequence

import charts
import formats
import pandas as pd
from markup import Html, join
from scope import Window, link
from tiles import Better, Number, Tile, Verdict, number, share, strip, tiles

Rows = Callable[..., pd.DataFrame]
FRESH_S, QUIET_S = 120, 900
NOTABLE_SHARE = 0.01
MISSING_SHARE = 0.25  # of the window before; with more missing there is no comparison
ALERTS = 3  # named in the strip; more are counted


def vitals(rows: Rows, window: Window, unjudged: bool) -> Html:
    """`rows`: asks a query for this window, as common.rows does. `unjudged`: nobody judges the rules."""
    found = rows("now_numbers")
    reach, firing = rows("newest").iloc[0], rows("incidents_list", state="firing")
    now = pick(found, True)
    unknown = pd.Series(float("nan"), index=found.columns)
    before = pick(found, False) if comparable(reach.oldest_at, window) else unknown
    verdicts = [*alerts(firing, unjudged), freshness(reach.received_at), *prices(now)]
    return join(strip(verdicts), tiles(figures(now, before, rows("now_series"), window)))


def comparable(oldest: pd.Timestamp, window: Window) -> bool:
    """Whether there is data from nearly all of the window before: on the first day there is not."""
    begins = window.since - (window.until - window.since)
    missing_s = (oldest.tz_localize("UTC") - begins).total_seconds()
    return missing_s < MISSING_SHARE * window.length_s


def pick(found: pd.DataFrame, is_now: bool) -> pd.Series:
    """The numbers of one window; where it has no calls, zero calls and everything else unknown."""
    one = found[found.is_now == is_now]
    none = {"calls": 0, "failed": 0, "cancelled": 0, "users": 0}
    return one.iloc[0] if len(one) else pd.Series(none).reindex(found.columns)


def alerts(firing: pd.DataFrame, unjudged: bool) -> list[Verdict]:
    if unjudged:
        gap = Verdict("warn", "Alert rules are not judged", "start llmobs watch", link("alerts"))
        return [*alerts(firing, False), gap] if len(firing) else [gap]
    if firing.empty:
        return [Verdict("good", "No alert firing", "", link("alerts"))]
    more = (
        [Verdict("bad", f"{len(firing) - ALERTS} more alerts", "", link("alerts"))]
        if len(firing) > ALERTS
        else []
    )
    return [
        Verdict(
            "bad", f"{one.rule.replace('_', ' ')} · {one.subject}", one.says, link("alerts", incident=one.id)
        )
        for one in firing.head(ALERTS).itertuples()
    ] + more


def freshness(newest: object) -> Verdict:
    """Not red: a quiet night looks the same as a broken road."""
    age = formats.age_s(newest)
    state = "good" if age < FRESH_S else "unknown" if age < QUIET_S else "warn"
    return Verdict(
        state,
        f"Newest data {formats.ago(newest)}",
        "" if state == "good" else "no traffic? else run llmobs doctor",
    )


def prices(now: pd.Series) -> list[Verdict]:
    answered = now["calls"] - now["failed"] - now["cancelled"]
    if not answered:
        return []
    unpriced = now["unpriced"] / answered
    if unpriced == 0:
        return [Verdict("good", "Every call has a price")]
    detail = "cost is higher than shown; add them to prices.yaml"
    return [
        Verdict(
            "warn" if unpriced >= NOTABLE_SHARE else "unknown",
            f"{formats.share(unpriced)} of calls unpriced",
            detail,
        )
    ]


def figures(now: pd.Series, before: pd.Series, series: pd.DataFrame, window: Window) -> list[Tile]:
    """The tiles. Rates are over the whole window, each beside the same of the window before."""
    minutes = window.length_s / 60
    count, usd, seconds = formats.count, formats.usd, formats.seconds

    def one(
        value: str, how: formats.How, label: str = "", by: float = 1.0, better: Better | None = None
    ) -> Number:
        return number(label, now[value] / by, before[value] / by, how, better)

    def times(*columns: str) -> list[Number]:
        return [one(c, seconds, c.removeprefix("first_").removesuffix("_s"), better="down") for c in columns]

    def line(column: str) -> Sequence[float]:
        return charts.trend(series, column, window)

    answered = share("", available(now), available(before), "up")
    failed = f"{count(now['failed'])} of {count(now['calls'])} calls failed"
    errors = link("traces", status="error")
    an_hour = f"{usd(now['cost_usd'] / minutes * 60)} an hour"
    rate = f"{count(now['calls'] / minutes)} calls / min"
    first = times("first_p50_s", "first_p95_s")
    return [
        Tile(
            "Tokens / min",
            [one("tokens", count, by=minutes)],
            f"{count(now['tokens'])} in all",
            line("tokens"),
        ),
        Tile("Cost", [one("cost_usd", usd)], an_hour, line("cost_usd")),
        Tile("Availability", [answered], failed, line("availability"), floor=0.9, href=errors),
        Tile("Users", [one("users", count)], rate, line("users")),
        Tile(
            "Latency", times("p50_s", "p95_s", "p99_s"), "of answered calls; the line is p95", line("p95_s")
        ),
        Tile("Time to first content", first, "of streamed calls; the line is p95", line("first_p95_s")),
    ]


def available(of: pd.Series) -> float | None:
    """The share of calls that did not fail."""
    return 1 - of["failed"] / of["calls"] if of["calls"] else None
