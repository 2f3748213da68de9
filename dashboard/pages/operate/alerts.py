"""Alerts: what fires, how far it is from what was expected, and since when."""

import json
from datetime import timedelta

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
    unjudged,
    view,
    written,
)

ICON = "notifications"
STATES = ("all", "firing", "pending", "resolved")
SHOWN = {"firing": ("bad", "✕ firing"), "pending": ("warn", "! pending"), "resolved": ("good", "✓ resolved")}
EVIDENCE = 5
AROUND = timedelta(minutes=30)  # shown before and after an alert that is over


def bar() -> None:
    """Which states are listed."""
    now = st.query_params.get("state", "all")
    if st.session_state.get("alerts.state") != now:
        st.session_state["alerts.state"] = now if now in STATES else "all"
    st.segmented_control(
        "State",
        STATES,
        key="alerts.state",
        required=True,
        label_visibility="collapsed",
        on_change=lambda: put(
            state=None if st.session_state["alerts.state"] == "all" else st.session_state["alerts.state"]
        ),
    )


def show() -> None:
    """Open ones first, then what was resolved in the window."""
    state = st.query_params.get("state")
    found = rows("incidents_list", state=state if state in STATES[1:] else None)
    if gap := unjudged():
        st.warning(gap, icon=":material/notifications_off:")
    if found.empty:
        quiet(state)
        return
    chosen = st.query_params.get("incident")
    view(listed(found, chosen), key="alerts.list")
    picked = found[found.id == chosen]
    if len(picked):
        view(case(next(picked.itertuples())), key="alerts.case")


def quiet(state: str | None) -> None:
    """No incident: on an empty store how to get data, otherwise that all is well and when it last was not."""
    if formats.missing(rows("newest").received_at.iloc[0]):
        nothing_here()
    what = f"is {state}" if state in STATES[1:] else "was open"
    if not unjudged():
        st.success(
            f"**No alert {what}** in this window. `llmobs rules` lists what is watched.",
            icon=":material/check_circle:",
        )
    past = rows("incidents_list", since=None, state="resolved")
    if len(past):
        view(last(past.loc[past.resolved_at.idxmax()]), key="alerts.last")


def last(row: pd.Series) -> Html:
    """The newest alert there was, with a window that shows it."""
    begin, end = row.firing_since - AROUND, row.resolved_at + AROUND
    around = {"range": None, "state": None, "from": written(begin), "to": written(end)}
    title = f"{row.rule.replace('_', ' ')} · {row.subject}"
    return tag(
        "div",
        "The last one was ",
        tag("a", title, class_="link", href=link("alerts", incident=row.id, **around)),
        f", over since {formats.moment(row.resolved_at)} UTC.",
        class_="quiet",
    )


def listed(found: pd.DataFrame, chosen: str | None) -> Html:
    """One row an incident."""
    return table(
        found,
        [
            Column("State", lambda r: tag("span", SHOWN[r.state][1], class_=f"badge {SHOWN[r.state][0]}")),
            Column("What", what),
            Column("Value", lambda r: amount(r.value, r.unit), True),
            Column("Expected", lambda r: amount(r.expected, r.unit), True),
            Column("Since", since),
            Column("Calls", lambda r: formats.count(r.calls), True),
            Column("Traces", evidence),
        ],
        kind="alerts",
        chosen=lambda r: r.id == chosen,
    )


def what(row: object) -> Html:
    title = f"{row.rule.replace('_', ' ')} · {row.subject}"
    return join(
        tag(
            "a",
            title,
            class_="link strong",
            href=link("alerts", incident=row.id, state=st.query_params.get("state")),
        ),
        tag("span", row.severity, class_="badge plain"),
        tag("span", row.says, class_="under"),
    )


def amount(value: float | None, unit: object) -> str:
    """A number with the unit that its rule gives."""
    if formats.missing(value):
        return formats.UNKNOWN
    if unit in ("share", "1"):
        return formats.share(value)
    if unit == "USD" or unit == "usd":
        return formats.usd(value)
    if unit == "USD/h":
        return f"{formats.usd(value)}/h"
    if unit == "s":
        return formats.seconds(value)
    return f"{formats.count(value)} {'' if formats.missing(unit) else unit}".strip()


def since(row: object) -> Html:
    """When it began and, once over, how long it was."""
    start = row.firing_since if not formats.missing(row.firing_since) else row.pending_since
    if row.state == "resolved" and not formats.missing(row.resolved_at):
        lasted = (row.resolved_at - start).total_seconds()
        return join(formats.moment(start), tag("span", f"for {formats.span(lasted)}", class_="under"))
    return join(formats.ago(start), tag("span", formats.moment(start), class_="under"))


def evidence(row: object) -> Html:
    """Up to five traces that show it."""
    ids = json.loads(row.traces) if isinstance(row.traces, str) else []
    return join(
        [tag("a", i[:6], class_="link mono", href=link("trace", id=i), title=i) for i in ids[:EVIDENCE]]
        or "none"
    )


def case(row: object) -> Html:
    """The chosen incident: its course, where it was told, and what to do."""
    course = [
        ("Pending", row.pending_since),
        ("Firing", row.firing_since),
        ("Resolved", row.resolved_at),
        ("Judged last", row.updated_at),
    ]
    told = json.loads(row.delivered) if isinstance(row.delivered, str) else {}
    facts = [(n, f"{formats.moment(at)} UTC") for n, at in course if not formats.missing(at)]
    facts += [("Told", ", ".join(f"{channel}: {how}" for channel, how in told.items()))] if told else []
    return tag(
        "div",
        tag(
            "div",
            tag("span", f"{row.rule.replace('_', ' ')} · {row.subject}", class_="title"),
            class_="headline",
        ),
        tag("div", row.says),
        tag("dl", [tag("div", tag("dt", n), tag("dd", v)) for n, v in facts], class_="facts"),
        tag("div", "What to do", class_="strong"),
        tag(
            "div",
            row.runbook if not formats.missing(row.runbook) else "The rule has no runbook.",
            class_="text",
        ),
        class_="pane",
    )


bar()
live(show)
