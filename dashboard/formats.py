"""Numbers as people read them. Unknown is a dash, never a zero.

Seconds below one are milliseconds; tokens are k and M; money keeps enough digits that a call is not $0.00.
"""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pandas as pd

How = Callable[[float | None], str]
UNKNOWN = "–"
SMALLEST_USD = 0.000001  # written out; below that nobody counts
SCALES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


def missing(value: object) -> bool:
    """None, NaN and NaT."""
    return value is None or bool(pd.isna(value))


def names(values: object) -> str:
    """A list of words as the store gives it (an array, or NaN for none), without the unknown ones."""
    return "" if values is None or isinstance(values, float) else ", ".join(sorted(v for v in values if v))


def count(value: float | None) -> str:
    """1,234 as it is; 12.3k, 4.56M above ten thousand."""
    if missing(value):
        return UNKNOWN
    for at, letter in SCALES:
        if abs(value) >= at and abs(value) >= 10_000:
            return f"{three(value / at)}{letter}"
    return f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.1f}"


def many(value: int, word: str) -> str:
    """1 trace, 2 traces, 12.3k traces."""
    return f"{count(value)} {word}{'' if value == 1 else 's'}"


def three(value: float) -> str:
    """Three figures: 1.23, 12.3, 123."""
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}" if abs(value) < 100 else f"{value:,.0f}"


def usd(value: float | None) -> str:
    """$1,234, $12.34, $0.0042, two figures below that; never $0 for what costs something."""
    if missing(value):
        return UNKNOWN
    if value == 0:
        return "$0"
    size = abs(value)
    if size >= 1000:
        return f"${value:,.0f}" if size < 1e6 else f"${three(value / 1e6)}M"
    if size >= 1:
        return f"${value:,.2f}"
    if size < SMALLEST_USD:
        return f"<${SMALLEST_USD:f}"
    return f"${value:.{max(1 - math.floor(math.log10(size)), 2)}f}"


def seconds(value: float | None) -> str:
    """840 ms, 1.24 s, 12.4 s, 3m 05s, 2h 10m."""
    if missing(value):
        return UNKNOWN
    if value < 0.9995:
        return f"{value * 1000:.0f} ms" if value >= 0.00995 or value == 0 else f"{value * 1000:.2g} ms"
    if value < 99.5:
        return f"{three(value)} s"
    return span(value)


def span(value: float | None) -> str:
    """An age or a length in the two largest units: 42s, 3m 05s, 2h 10m, 4d 3h."""
    if missing(value):
        return UNKNOWN
    left = round(value)
    if left < 60:
        return f"{left}s"
    if left < 3600:
        return f"{left // 60}m {left % 60:02d}s"
    if left < 86_400:
        return f"{left // 3600}h {left % 3600 // 60:02d}m"
    return f"{left // 86_400}d {left % 86_400 // 3600}h"


def share(value: float | None) -> str:
    """A share of 0 to 1 as per cent. It never rounds up to 100 % nor down to 0 %."""
    if missing(value):
        return UNKNOWN
    percent = value * 100
    if 0 < percent < 0.01:
        return "<0.01 %"
    if 99.99 < percent < 100:
        return ">99.99 %"
    if percent in (0, 100):
        return f"{percent:.0f} %"
    return f"{percent:.{2 if percent > 99 or percent < 1 else 1}f} %"


def change(now: float | None, before: float | None) -> float | None:
    """Relative change, 0.1 for ten per cent more; None where there is nothing to compare with."""
    if missing(now) or missing(before) or before == 0:
        return None
    return (now - before) / before


def percent(value: float) -> str:
    """A change with its sign: +12 %, −3.4 %, ×4.2 from threefold on."""
    if value >= 2:
        return f"×{three(1 + value)}"
    size = abs(value) * 100
    figure = f"{size:.0f}" if size >= 9.95 else f"{size:.1f}"
    return f"{'−' if value < 0 else '+'}{figure} %"


def points(value: float) -> str:
    """A difference of shares in percentage points: +0.35 pt."""
    return f"{'−' if value < 0 else '+'}{abs(value) * 100:.2g} pt"


def moment(value: datetime | None, day: bool = True) -> str:
    """UTC, to the second."""
    if missing(value):
        return UNKNOWN
    return f"{value:%d %b %H:%M:%S}" if day else f"{value:%H:%M:%S}"


def ago(value: datetime | None, now: datetime | None = None) -> str:
    """How long since `value` (UTC, with or without zone)."""
    age = age_s(value, now)
    return UNKNOWN if age is None else f"{span(age)} ago"


def age_s(value: datetime | None, now: datetime | None = None) -> float | None:
    """Seconds since `value`; 0 for one that lies ahead, because clocks differ."""
    if missing(value):
        return None
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return max(((now or datetime.now(UTC)) - aware) / timedelta(seconds=1), 0.0)
