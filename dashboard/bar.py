"""The global bar: range and filters above every page."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import scope
import streamlit as st
from places import SECTIONS, Place

CUSTOM = "custom"


def menu(pages: Mapping[Place, object]) -> None:
    """The pages by section; a section without pages does not show."""
    with st.sidebar:
        st.markdown("**llmobs**")
        for section in SECTIONS:
            listed = [p for p in pages if p.section == section and not p.hidden]
            if listed:
                st.caption(section)
            for place in listed:
                icon = f":material/{place.icon}:"
                st.page_link(pages[place], label=place.title, icon=icon, query_params=scope.current())


def bar(choices: dict[str, list[str]]) -> None:
    """Range and filters. `choices`: what each filter can be set to; the URL's own value is added."""
    with st.container(key="bar"):
        ranges, chosen = st.container(key="bar_range"), st.container(horizontal=True, key="bar_filters")
        with ranges:
            state("range", CUSTOM if scope.is_custom() else st.query_params.get("range", scope.DEFAULT))
            st.segmented_control(
                "Range",
                [*scope.RANGES, CUSTOM],
                key="bar.range",
                required=True,
                label_visibility="collapsed",
                on_change=set_range,
            )
        with chosen:
            for name, label in scope.FILTERS.items():
                pick(name, label, choices.get(name, []))
    if scope.is_custom():
        between()


def pick(name: str, label: str, found: list[str]) -> None:
    """One filter."""
    now = st.query_params.get(name)
    state(name, now)
    st.selectbox(
        label,
        sorted({*found, *([now] if now else [])}),
        index=None,
        placeholder=label,
        key=f"bar.{name}",
        label_visibility="collapsed",
        on_change=lambda: scope.put(**{name: st.session_state[f"bar.{name}"]}),
        width=150,
    )


def between() -> None:
    """Two moments for a range of one's own."""
    now = scope.window()
    with st.container(horizontal=True, key="bar_between"):
        for name, label, value in (("from", "From (UTC)", now.since), ("to", "To (UTC)", now.until)):
            state(name, value.replace(tzinfo=None))
            st.datetime_input(
                label,
                key=f"bar.{name}",
                step=timedelta(minutes=1),
                format="YYYY-MM-DD",
                on_change=set_moment,
                args=(name,),
                width=210,
            )


def set_range() -> None:
    chosen = st.session_state["bar.range"]
    if chosen == CUSTOM:
        now = scope.window()
        scope.put(**{"range": None, "from": scope.written(now.since), "to": scope.written(now.until)})
    else:
        scope.put(**{"range": chosen, "from": None, "to": None})


def set_moment(name: str) -> None:
    value: datetime = st.session_state[f"bar.{name}"]
    scope.put(**{name: scope.written(value.replace(tzinfo=UTC))})


def state(name: str, value: object) -> None:
    """Lets the widget show what the URL says, also after the back button."""
    key = f"bar.{name}"
    if st.session_state.get(key) != value:
        st.session_state[key] = value
