"""What the reader looks at: a window of time and four filters, kept in the URL and nowhere else.

The URL is the only truth: widgets are set from it before they are drawn and write to it when they change, so
a link, the back button and a reload all show the same. A range that moves (`range=1h`) is for watching; a
link that must not rot carries `from` and `to` (UTC, ISO 8601) instead.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

import streamlit as st

FILTERS = {"service": "Service", "provider": "Provider", "model": "Model", "environment": "Environment"}
DEFAULT = "1h"


# The query of a URL for which there is no session yet: see server.py.
_given: ContextVar[Mapping[str, str] | None] = ContextVar("given", default=None)


@contextmanager
def given(query: Mapping[str, str]) -> Iterator[None]:
    """Inside, `query` takes the place of the session's URL."""
    token = _given.set(query)
    try:
        yield
    finally:
        _given.reset(token)


def in_session() -> bool:
    """Whether there is a page that errors can be shown on."""
    return _given.get() is None


def query() -> Mapping[str, str]:
    """The query of the URL."""
    found = _given.get()
    return st.query_params if found is None else found


class Range(NamedTuple):
    """A length that ends now, its bucket in charts, and how often the page asks again (all in seconds)."""

    length_s: int
    step_s: int
    refresh_s: int


RANGES = {
    "15m": Range(900, 15, 5),
    "1h": Range(3_600, 60, 5),
    "6h": Range(21_600, 300, 15),
    "24h": Range(86_400, 900, 15),
    "7d": Range(604_800, 7_200, 60),
    "30d": Range(2_592_000, 21_600, 60),
}
STEPS_S = (1, 5, 15, 60, 300, 900, 3_600, 7_200, 21_600, 86_400)  # buckets of a custom range; then whole days
YEARS = range(1970, 2200)  # outside of them sums with moments overflow
BUCKETS = 100  # no chart has more by much


class Window(NamedTuple):
    """[since, until): half-open, UTC. `step_s`: bucket of charts; `refresh_s`: None where it stands still."""

    since: datetime
    until: datetime
    step_s: int
    refresh_s: int | None

    @property
    def length_s(self) -> float:
        return (self.until - self.since).total_seconds()


def moving(chosen: Range, now: datetime) -> Window:
    """The window that ends now.

    It ends on the next tick of the refresh, so that every session asks the same, the cache hits and a call of
    this moment is in it; it begins on a bucket, so that only the newest one is incomplete.
    """
    until = floor(now, chosen.refresh_s) + timedelta(seconds=chosen.refresh_s)
    first = floor(now - timedelta(seconds=chosen.length_s), chosen.step_s) + timedelta(seconds=chosen.step_s)
    return Window(first, until, chosen.step_s, chosen.refresh_s)


def fixed(since: datetime, until: datetime) -> Window:
    """A window between two moments; in the wrong order they are swapped."""
    since, until = sorted((since, until))
    until = max(until, since + timedelta(seconds=1))
    wanted = (until - since).total_seconds() / BUCKETS
    days = -(-wanted // 86_400) * 86_400
    return Window(since, until, int(next((s for s in STEPS_S if s >= wanted), days)), None)


def floor(moment: datetime, step_s: int) -> datetime:
    """The last whole step since the day began."""
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(seconds=(moment - day) // timedelta(seconds=step_s) * step_s)


def window(now: datetime | None = None) -> Window:
    """The window that the URL asks for; the last hour where it asks for none."""
    now = now or datetime.now(UTC)
    since, until = parse(query().get("from")), parse(query().get("to"))
    chosen = RANGES.get(query().get("range", DEFAULT), RANGES[DEFAULT])
    if since or until:
        end = until or now
        return fixed(since or end - timedelta(seconds=chosen.length_s), end)
    return moving(chosen, now)


def is_custom() -> bool:
    """Whether the URL gives moments instead of a range."""
    return "from" in query() or "to" in query()


def filters() -> dict[str, str | None]:
    """The four filters of the URL; None for all."""
    return {name: query().get(name) or None for name in FILTERS}


def current() -> dict[str, str]:
    """The part of the URL that moves along from page to page."""
    return {n: query()[n] for n in ("range", "from", "to", *FILTERS) if n in query()}


def link(page: str, **more: object) -> str:
    """Address of `page` ('' is Now) with this window and these filters; `more` adds, None takes away."""
    said = {**current(), **more}
    text = urlencode({k: v for k, v in said.items() if v is not None})
    return f"/{page}?{text}" if text else f"/{page}"


def put(**values: object) -> None:
    """Writes to the URL; None and '' take away."""
    for name, value in values.items():
        if value is None or value == "":
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = str(value)


def parse(text: str | None) -> datetime | None:
    """A moment as ISO 8601, UTC where it has no zone; None for none and for what cannot be read."""
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    if found is None or found.year not in YEARS:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def written(moment: datetime) -> str:
    """For the URL: 2026-11-22T10:00:00Z."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
