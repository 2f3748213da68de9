"""What every page uses: `ask` a query for the window and filters of the URL, words instead of tracebacks.

    rows = ask("cost_by_model")          # a data frame; an empty one ends the page with what to do
    live(show)                           # runs `show` again whenever the window has moved on

`read` is cached for a few seconds and keyed by query and parameters; windows end on ticks (see scope.py), so
that all sessions that look at the same share one answer. Nothing here knows which engine the store has.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import NoReturn

import cells
import formats
import pandas as pd
import scope
import streamlit as st
from details import details
from markup import Html, join, plain, tag
from scope import FILTERS, Window, current, link, put, written
from tables import Column, table
from tiles import Number, Tile, Verdict, number, share, strip, tiles
from view import chart, view
from vitals import comparable, vitals
from waterfall import extent, kind, tree, waterfall

from llmobs import config
from llmobs.server.store import Store, open_store

__all__ = [
    "FILTERS",
    "Column",
    "Html",
    "Number",
    "Tile",
    "Verdict",
    "Window",
    "ask",
    "cells",
    "chart",
    "choices",
    "comparable",
    "current",
    "details",
    "extent",
    "failed",
    "formats",
    "join",
    "kind",
    "link",
    "live",
    "nothing_here",
    "number",
    "plain",
    "put",
    "read",
    "rows",
    "share",
    "store",
    "strip",
    "table",
    "tag",
    "tiles",
    "tree",
    "unjudged",
    "view",
    "vitals",
    "waterfall",
    "window",
    "written",
]

CACHED_S = 5
ANYWHERE = ("0.0.0.0", "::", "")
NOW = "llmobs.now"  # in the session: the moment of this run, so that all its questions have one window


def store() -> Store:
    """The collector's read API."""
    return opened(collector())


def collector() -> str:
    """Where the collector is: on this machine, where it listens on every address."""
    host = str(config.value("host"))
    return f"http://{'127.0.0.1' if host in ANYWHERE else host}:{config.value('http_port')}"


@cache
def opened(url: str) -> Store:
    return open_store(url)


@st.cache_data(ttl=CACHED_S, max_entries=500, show_spinner=False)
def read(query: str, **parameters: object) -> pd.DataFrame:
    """The answer to a named query."""
    return store().frame(query, **parameters)


def window() -> Window:
    """The window of the URL, the same for all of one run."""
    return scope.window(st.session_state.get(NOW) if scope.in_session() else None)


def rows(query: str, **extra: object) -> pd.DataFrame:
    """The answer for this window and these filters; may be empty. Where there is none, the page says why."""
    now = window()
    asked = {"since": now.since, "until": now.until, "step_s": now.step_s, **scope.filters(), **extra}
    try:
        return read(query, **asked)
    except (TimeoutError, OSError, ValueError) as wrong:
        if not scope.in_session():
            raise
        failed(query, wrong)


def unjudged() -> str:
    """That nobody judges the alert rules, and what to do; nothing where they are judged or nobody knows."""
    try:
        return gap()
    except (TimeoutError, OSError):  # the questions beside it fail as well, and say so
        return ""


@st.cache_data(ttl=CACHED_S, show_spinner=False)
def gap() -> str:
    """What `unjudged` asks."""
    return store().unjudged()


def ask(query: str, **extra: object) -> pd.DataFrame:
    """The same, never empty: with nothing to show the page ends here and says what to do."""
    found = rows(query, **extra)
    if found.empty:
        nothing_here()
    return found


def live(show: Callable[[], None]) -> None:
    """Runs `show` now and again each time the window has moved on; widgets outside of it are left alone."""

    def again() -> None:
        st.session_state[NOW] = datetime.now(UTC)
        show()

    st.session_state[NOW] = datetime.now(UTC)
    st.fragment(again, run_every=window().refresh_s)()


def nothing_here() -> NoReturn:
    """Says whether the store is empty or only this window, and what to do."""
    newest = rows("newest").started_at.iloc[0]
    if formats.missing(newest):
        st.info(
            "**No calls yet.** This page fills as soon as a program sends its first one. Try it now:\n\n"
            "```sh\npython examples/hello.py\n```\n"
            "or add two lines to a program of yours:\n\n"
            "```python\nimport llmobs\nllmobs.instrument()\n```\n"
            "`llmobs doctor` says what is patched and where spans go; `llmobs demo` fills every page.",
            icon=":material/waving_hand:",
        )
    else:
        chosen = ", ".join(f"{n} = {plain(v)}" for n, v in scope.filters().items() if v)
        now = window()
        st.info(
            f"**No calls between {now.since:%d %b %H:%M} and {now.until:%d %b %H:%M} UTC"
            f"{f' with {chosen}' if chosen else ''}.** The newest one began {formats.ago(newest)}. "
            "Choose a longer range above" + (" or take a filter away." if chosen else "."),
            icon=":material/search_off:",
        )
    st.stop()


def failed(query: str, wrong: Exception) -> NoReturn:
    """Says why there is no answer and what mends it."""
    if isinstance(wrong, TimeoutError):
        st.warning(
            f"**This question took too long** (`{query}`). Choose a shorter range or a filter above; "
            f"`LLMOBS_QUERY_TIMEOUT` sets how long one may take.\n\n{wrong}",
            icon=":material/hourglass_bottom:",
        )
    elif isinstance(wrong, OSError):
        st.error(
            f"**The collector at `{collector()}` does not answer.** Start it, and this page goes on:\n\n"
            "```sh\nllmobs up\n```\n"
            "Meanwhile spans wait in your programs. `LLMOBS_HOST`, `LLMOBS_HTTP_PORT`: another address.\n\n"
            f"`{wrong}`",
            icon=":material/cloud_off:",
        )
    else:
        st.error(f"**The question `{query}` could not be answered.**\n\n`{wrong}`", icon=":material/error:")
    st.stop()


def choices() -> dict[str, list[str]]:
    """What the filters can be set to: what made calls in this window. Nothing where the collector is away."""
    now = window()
    try:
        found = read("filter_values", since=now.since, until=now.until)
    except (TimeoutError, OSError, ValueError):
        return {}
    return {name: sorted(found[name].dropna().unique()) for name in FILTERS}
