"""Markup and charts on the page, with links that open pages without a reload.

Style and scripts are in view.css, view.js, chart.js and go.js. Streamlit gives them the theme as `--st-*`
variables, so light and dark follow.
"""

from functools import cache
from pathlib import Path

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
        "llmobs_view",
        html='<div class="box"></div>',
        css=text("view.css"),
        js=text("go.js") + text("view.js"),
    )
    component(data={"html": html}, key=key)


def chart(figure: go.Figure, key: str, step_s: int, href: str | None = None) -> None:
    """Draws `figure`; a click opens `href` for the step that was clicked, `step_s` seconds long."""
    component = st.components.v2.component(
        "llmobs_chart",
        html='<div class="chart"></div>',
        css=CHART_CSS,
        js=text("go.js") + text("chart.js"),
        isolate_styles=False,
    )
    data = {"figure": figure.to_json(), "config": CONFIG, "script": PLOTLY, "href": href, "step_s": step_s}
    component(data=data, key=key)


@cache
def text(file: str) -> str:
    """A file beside this one."""
    return (HERE / file).read_text(encoding="utf-8")
