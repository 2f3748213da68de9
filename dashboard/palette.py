"""Colours: one for each model wherever it is drawn, apart from those that mean a state.

The nine are apart for the three common kinds of colour blindness and readable on white and on near black
(Okabe and Ito's set, 2008, and Tol's vibrant one, 2021, darkened or lightened where contrast was below 3:1 on
either ground). Red is left for what failed.
"""

import hashlib
from collections.abc import Iterable

SERIES = (
    "#3b82c4",  # blue
    "#e08a1e",  # orange
    "#1a9e77",  # green
    "#c76ba4",  # pink
    "#8c8c2b",  # olive
    "#2aa6b8",  # cyan
    "#8a6cd1",  # violet
    "#c47f5b",  # clay
    "#6c8e3f",  # moss
)
OTHER = "#8f959e"
GOOD, WARN, BAD = "#1a9e77", "#c98a0a", "#d6455d"
# One hue in three depths; the middle one is the one to watch.
PERCENTILES = {"p50_s": "#8fbce6", "p95_s": "#3b82c4", "p99_s": "#7a6fd0"}
FIRST = "#e08a1e"
CAUSES = {
    "answered": "#9fb3c8",
    "cancelled": "#c3c7cd",
    "rate limit (429)": "#e08a1e",
    "provider (5xx)": "#d6455d",
    "timeout": "#8a6cd1",
    "no connection": "#2aa6b8",
    "key or permission": "#8c8c2b",
    "our request (4xx)": "#3b82c4",
    "other": "#7a8aa0",
}


def colors(names: Iterable[str]) -> dict[str, str]:
    """A colour for each name: by its hash, so that it is the same on every page and after every filter.

    Two that would share one in the same chart: the later in the alphabet takes the next free.
    """
    taken: dict[str, str] = {}
    free = list(SERIES)
    for name in sorted(set(names)):
        first = slot(name)
        order = [*SERIES[first:], *SERIES[:first]]
        taken[name] = next((c for c in order if c in free), OTHER)
        if taken[name] in free:
            free.remove(taken[name])
    return taken


def slot(name: str) -> int:
    """Stable between processes, which Python's own hash is not."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "big") % len(SERIES)
