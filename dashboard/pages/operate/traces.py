"""Traces: find the one that went wrong."""

import math

import pandas as pd
import streamlit as st
from common import (
    Column,
    Html,
    formats,
    join,
    link,
    live,
    nothing_here,
    put,
    rows,
    table,
    tag,
    view,
    window,
)

ICON = "account_tree"
SIZE = 50
FURTHEST = 1_000_000  # page
STATUS = {"all": None, "failed": "error", "fine": "ok"}
TEXTS = {"user": "User", "session": "Session", "step": "Step (in a span's name, such as execute_tool)"}
LEAST = {"min_duration_s": "At least, seconds", "min_cost_usd": "At least, USD"}


def bar() -> None:
    """The filters of this page, all in the URL."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="traces_bar"):
        keep("words", st.query_params.get("words", ""))
        st.text_input(
            "Search",
            key="traces.words",
            type="search",
            placeholder="Words in a question or an answer",
            icon=":material/search:",
            label_visibility="collapsed",
            on_change=changed,
            args=("words",),
        )
        keep("status", next(k for k, v in STATUS.items() if v == status()))
        st.segmented_control(
            "Status",
            list(STATUS),
            key="traces.status",
            required=True,
            label_visibility="collapsed",
            on_change=lambda: put(status=STATUS[st.session_state["traces.status"]], page=None),
        )
        more()


def more() -> None:
    """Filters that are needed less often; the button counts those in use."""
    used = sum(name in st.query_params for name in (*TEXTS, *LEAST))
    with st.popover(f"More · {used} set" if used else "More", icon=":material/tune:", key="traces.more"):
        for name, label in TEXTS.items():
            keep(name, st.query_params.get(name, ""))
            st.text_input(label, key=f"traces.{name}", on_change=changed, args=(name,))
        for name, label in LEAST.items():
            keep(name, least(name))
            st.number_input(
                label,
                key=f"traces.{name}",
                min_value=0.0,
                step=1.0 if name == "min_duration_s" else 0.01,
                format="%g",
                on_change=changed,
                args=(name,),
            )
        if used:
            st.button("Clear", on_click=lambda: put(**dict.fromkeys((*TEXTS, *LEAST))))


def keep(name: str, value: object) -> None:
    """The URL is the truth, also after the back button."""
    if st.session_state.get(f"traces.{name}") != value:
        st.session_state[f"traces.{name}"] = value


def changed(name: str) -> None:
    put(**{name: st.session_state[f"traces.{name}"], "page": None})


def least(name: str) -> float | None:
    """A number of the URL; None for none and for what is no number."""
    try:
        found = float(st.query_params[name])
    except (KeyError, ValueError):
        return None
    return found if math.isfinite(found) else None


def status() -> str | None:
    """That of the URL, where it is one that there is."""
    found = st.query_params.get("status")
    return found if found in STATUS.values() else None


def asked() -> dict[str, object]:
    """What the URL asks of traces."""
    texts = {name: st.query_params.get(name) or None for name in ("words", *TEXTS)}
    return {**texts, "status": status(), **{name: least(name) for name in LEAST}}


def show() -> None:
    """One page of traces, newest first."""
    page = int(least("page") or 1)
    page = page if 1 <= page <= FURTHEST else 1
    found = rows("traces", **asked(), size=SIZE, skip=(page - 1) * SIZE)
    if found.empty:
        no_trace(page)
        return
    first, last = found.first_at.min(), found.ended_at.max()
    talks = rows("trace_calls", ids=list(found.trace_id), since=first, until=last)
    total = int(found.found.iloc[0])
    first_row = (page - 1) * SIZE + 1
    part = "" if total <= SIZE else f"{first_row:,} to {first_row + len(found) - 1:,} of "
    lead = tag(
        "div", f"{part}{formats.many(total, 'trace')}, newest first, times in UTC", class_="quiet lead"
    )
    view(join(lead, listed(found, talks)), key="traces.list")
    if total > SIZE:
        turn(page, -(-total // SIZE))


def turn(page: int, pages: int) -> None:
    key = f"traces.page.{page}"  # a new one for each page, so that the URL decides which is shown
    st.pagination(pages, default=min(page, pages), key=key, on_change=lambda: put(page=st.session_state[key]))


def no_trace(page: int) -> None:
    """Either nothing at all is here, or the filters are too narrow."""
    set_here = [n for n, v in asked().items() if v is not None]
    if page > 1 or set_here:
        st.info(
            f"**No trace fits.** {'Take away: ' + ', '.join(set_here) if set_here else 'No such page'}"
            f", or choose a longer range above than {formats.span(window().length_s)}.",
            icon=":material/search_off:",
        )
    else:
        nothing_here()


def listed(found: pd.DataFrame, talks: pd.DataFrame) -> Html:
    """The list: when and what, the words, and the numbers."""
    columns = ["trace_id", "calls", "models", "tokens", "unpriced", "question", "answer"]
    whole = found.merge(talks.reindex(columns=columns), on="trace_id", how="left")
    return table(
        whole,
        [
            Column("", state),
            Column("Trace", titled),
            Column("Question and answer", said),
            Column("Duration", lambda r: formats.seconds(r.duration_s), True),
            Column("Calls", lambda r: "0" if formats.missing(r.calls) else formats.count(r.calls), True),
            Column("Tokens", lambda r: formats.count(r.tokens), True),
            Column("Cost", lambda r: formats.usd(r.cost_usd), True),
        ],
        kind="traces",
    )


def state(row: object) -> Html:
    """How it ended: a trace whose root is fine may still hold a failed step."""
    if row.status == "error":
        return tag("span", "✕", class_="bad", title="failed")
    if row.failed:
        return tag("span", "!", class_="warn", title=f"{row.failed} failed inside")
    return tag("span", "✓", class_="good", title="fine")


def titled(row: object) -> Html:
    under = [formats.moment(row.first_at), row.user_id, formats.names(row.models)]
    return join(
        tag("a", row.name, class_="link cover", href=link("trace", id=row.trace_id)),
        tag("span", " · ".join(str(u) for u in under if not formats.missing(u) and u), class_="under"),
    )


def said(row: object) -> Html:
    question = None if formats.missing(row.question) else tag("div", row.question, class_="cut")
    answer = None if formats.missing(row.answer) else tag("div", row.answer, class_="cut quiet")
    return join(question, answer)


bar()
live(show)
