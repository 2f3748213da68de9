"""Markup and charts on the page, with links that open pages without a reload.

Style and scripts are in view.css, view.js and chart.js. Streamlit gives them the theme as `--st-*` variables,
so light and dark follow.
"""

from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import places
import plotly
import plotly.graph_objects as go
import streamlit as st
from markup import Html

HERE = Path(__file__).parent
PLOTLY = f"/llmobs/plotly-{plotly.__version__}.js"  # served by server.py
CONFIG = {"displayModeBar": False, "responsive": False}
CHART_CSS = ".chart { width: 100%; min-height: 290px; } .chart .nsewdrag { cursor: pointer; }"


def view(html: Html, key: str) -> None:
    """Shows `html`; a click on a link of ours opens its page."""
    component = st.components.v2.component(
        "llmobs_view", html='<div class="box"></div>', css=text("view.css"), js=text("view.js")
    )
    shown = component(data={"html": html}, key=key, on_go_change=nothing)
    if shown.go:
        follow(shown.go)


def chart(figure: go.Figure, key: str, step_s: int, href: str | None = None) -> None:
    """Draws `figure`; a click opens `href` for the step that was clicked, `step_s` seconds long."""
    component = st.components.v2.component(
        "llmobs_chart",
        html='<div class="chart"></div>',
        css=CHART_CSS,
        js=text("chart.js"),
        isolate_styles=False,
    )
    data = {"figure": figure.to_json(), "config": CONFIG, "script": PLOTLY, "href": href, "step_s": step_s}
    shown = component(data=data, key=key, on_go_change=nothing)
    if shown.go:
        follow(shown.go)


def follow(href: str) -> None:
    """Opens `href`, such as "/trace?id=ab": one of our pages, otherwise nothing happens."""
    target = urlsplit(href)
    file = places.file_of(target.path)
    if file:
        st.switch_page(file, query_params=dict(parse_qsl(target.query)))


def nothing() -> None:
    """A callback must be given for a click to be told."""


@cache
def text(file: str) -> str:
    """A file beside this one."""
    return (HERE / file).read_text(encoding="utf-8")
