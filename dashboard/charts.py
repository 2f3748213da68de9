"""Plotly figures from data frames: pure functions, no Streamlit, no store.

Times are UTC. A bucket without rows is a gap, never zero. Every chart over time spans the whole window, so
that charts below each other line up. chart.js colours text and grid by the theme.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape

import palette
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots
from scope import Window

OTHER = palette.OTHER
HEIGHT = 290
FAILED = {"status": "error"}
TOP = 8  # series drawn by name; the rest is summed as "other"
LONGEST = 40  # letters of a series' name


def buckets(window: Window) -> list[datetime]:
    """The start of every bucket of the window, as the queries cut them (UTC, without zone)."""
    step = timedelta(seconds=window.step_s)
    first, until = naive(window.since), naive(window.until)
    start = first - (first - datetime(2000, 1, 3)) % step  # DuckDB's time_bucket counts from that Monday
    return [start + step * i for i in range(max(0, -(-(until - start) // step)))]


def naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def filled(rows: pd.DataFrame, window: Window) -> pd.DataFrame:
    """`rows` with one line for every bucket, NaN where there was none. Column bucket becomes the index."""
    return rows.set_index("bucket").reindex(pd.DatetimeIndex(buckets(window), name="bucket"))


def covered_min(window: Window) -> list[float]:
    """Minutes of each bucket that lie in the window: the first and the last may be cut."""
    step = timedelta(seconds=window.step_s)
    since, until = naive(window.since), naive(window.until)
    return [
        max((min(b + step, until) - max(b, since)) / timedelta(minutes=1), 1 / 60) for b in buckets(window)
    ]


def wide(rows: pd.DataFrame, value: str, window: Window, by: str = "model") -> pd.DataFrame:
    """A column for each of the `TOP` largest of `by`, by size, and "other"; a line for each bucket."""
    table = rows.pivot_table(index="bucket", columns=by, values=value, aggfunc="sum", min_count=1)
    order = table.sum().sort_values(ascending=False).index
    shown = table[order[:TOP]].copy()
    if len(order) > TOP:
        shown["other"] = table[order[TOP:]].sum(axis=1, min_count=1)
    return shown.reindex(pd.DatetimeIndex(buckets(window), name="bucket"))


def tokens_per_minute(rows: pd.DataFrame, window: Window) -> go.Figure:
    """Stacked bars by model. rows: bucket, model, tokens."""
    table = wide(rows, "tokens", window).div(covered_min(window), axis=0)
    return stacked(table, window, "%{y:.3s} tokens/min", shades(rows))


def cost_by_model(rows: pd.DataFrame, window: Window) -> go.Figure:
    """Stacked bars by model. rows: bucket, model, cost_usd."""
    table = wide(rows, "cost_usd", window)
    return stacked(table, window, "$%{y:.4~r}", shades(rows)).update_yaxes(tickprefix="$")


def shades(usage: pd.DataFrame) -> dict[str, str]:
    """A colour for each model, the same in all charts and tables of a window; of many the largest have one.

    usage: model, tokens, cost_usd.
    """
    sums = usage.groupby("model")[[c for c in ("tokens", "cost_usd") if c in usage]].sum(min_count=1)
    order = sums.astype(float).rank(ascending=False).min(axis=1).sort_values(kind="stable").index
    return {**dict.fromkeys(order, palette.OTHER), **palette.colors(order[: len(palette.SERIES)])}


def stacked(table: pd.DataFrame, window: Window, hover: str, shades: dict[str, str]) -> go.Figure:
    shades = {**shades, "other": palette.OTHER}
    figure = go.Figure(
        [bars(table[name], short(name), shades[name], window, hover, model(name)) for name in table.columns],
    )
    figure.update_layout(barmode="stack")
    timed(figure, window)
    if not figure.data:
        note(figure, "not known of any call", 0.5)
        figure.update_yaxes(showticklabels=False)
    return figure


def short(name: object) -> str:
    """A name for the legend, where Plotly would read tags and draw links."""
    text = str(name)
    return escape(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…", quote=False)


def model(name: str) -> dict[str, str]:
    """What a click on this series asks of the traces."""
    return {} if name in ("other", "unknown") else {"model": name}


def bars(
    values: pd.Series, name: str, color: str, window: Window, hover: str, meta: dict[str, str] | None = None
) -> go.Bar:
    """One colour of a stack; the bucket that is not over yet is hatched.

    `meta`: what a click asks of the traces.
    """
    unfinished = naive(window.until) < values.index[-1] + timedelta(seconds=window.step_s)
    return go.Bar(
        x=values.index + timedelta(seconds=window.step_s / 2),
        y=values,
        width=window.step_s * 1000 * 0.86,
        name=name,
        marker={
            "color": color,
            "line": {"width": 0},
            "pattern": {"shape": [""] * (len(values) - 1) + ["/" if unfinished else ""], "fgcolor": color,
                        "bgcolor": "rgba(0,0,0,0)", "size": 4},
        },
        hovertemplate=hover,
        meta=meta,
    )  # fmt: skip


def latency(rows: pd.DataFrame, window: Window) -> go.Figure:
    """Lines for p50, p95, p99 and the p95 to first content. rows: bucket, p50_s ... first_p95_s."""
    table = filled(rows, window)
    lines = [(f"p{c[1:3]}", c, color, None) for c, color in palette.PERCENTILES.items()]
    lines.append(("first content p95", "first_p95_s", palette.FIRST, "dot"))
    figure = go.Figure(
        [line(table[column], name, color, window, dash) for name, column, color, dash in lines]
    )
    return timed(figure, window).update_yaxes(ticksuffix=" s")


def line(values: pd.Series, name: str, color: str, window: Window, dash: str | None = None) -> go.Scatter:
    """Joined between neighbours only: over a gap there is no line; a value on its own is a dot."""
    alone = values.notna() & values.shift(1).isna() & values.shift(-1).isna()
    return go.Scatter(
        x=values.index + timedelta(seconds=window.step_s / 2),
        y=values,
        name=name,
        mode="lines+markers",
        connectgaps=False,
        line={"color": color, "width": 2, "dash": dash},
        marker={"size": [5 if each else 0 for each in alone], "color": color, "line": {"width": 0}},
        hovertemplate="%{y:.3~g} s",
    )


def failures(rows: pd.DataFrame, window: Window) -> go.Figure:
    """Calls a minute above, the share that failed by cause below. rows: bucket, cause, calls."""
    table = rows.pivot_table(index="bucket", columns="cause", values="calls", aggfunc="sum")
    table = table.reindex(pd.DatetimeIndex(buckets(window), name="bucket"))
    total = table.sum(axis=1, min_count=1)
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.36, 0.64], vertical_spacing=0.1)
    rate = bars(
        total.div(covered_min(window)), "calls", palette.CAUSES["answered"], window, "%{y:.3~s} calls/min"
    )
    figure.add_trace(rate.update(showlegend=False), row=1, col=1)
    for cause in (c for c in palette.CAUSES if c in table.columns and c not in ("answered", "cancelled")):
        shown = bars(
            table[cause].div(total),
            cause,
            palette.CAUSES[cause],
            window,
            "%{y:.2%} (%{customdata:d} calls)",
            FAILED,
        )
        figure.add_trace(shown.update(customdata=table[cause].fillna(0)), row=2, col=1)
    figure.update_layout(barmode="stack")
    figure.update_yaxes(tickformat=".1~%", rangemode="tozero", row=2, col=1)
    timed(figure, window)
    if len(figure.data) == 1:
        note(figure, "no call failed", 0.25)
        figure.update_yaxes(range=[0, 0.01], row=2, col=1)
    return figure


def note(figure: go.Figure, text: str, y: float) -> None:
    """Words where there is nothing to draw."""
    figure.add_annotation(text=text, xref="paper", yref="paper", x=0.5, y=y, showarrow=False, opacity=0.6)


def timed(figure: go.Figure, window: Window) -> go.Figure:
    """The frame that all charts over time share."""
    figure.update_xaxes(
        type="date",  # Plotly takes it from the data, and there may be none
        range=[
            naive(window.since),
            max(naive(window.until), buckets(window)[-1] + timedelta(seconds=window.step_s)),
        ],
        tickformatstops=tick_formats(),
        hoverformat="%d %b %H:%M:%S UTC" if window.step_s < 60 else "%d %b %H:%M UTC",
        nticks=7,
        ticklabelmode="instant",
        fixedrange=True,
    )
    figure.update_yaxes(rangemode="tozero", nticks=5, fixedrange=True, automargin=True, title=None)
    return figure.update_layout(
        template="none",
        height=HEIGHT,
        margin={"l": 8, "r": 8, "t": 4, "b": 38},
        hovermode="x unified",
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"},
        showlegend=True,
        bargap=0,
        uirevision="stays",
        transition={"duration": 0},
    )  # fmt: skip


def tick_formats() -> list[dict[str, object]]:
    """Days below the hour only where the day changes, so that ticks stay short."""
    return [
        {"dtickrange": [None, 60_000], "value": "%H:%M:%S"},
        {"dtickrange": [60_000, 86_400_000], "value": "%H:%M\n%d %b"},
        {"dtickrange": [86_400_000, None], "value": "%d %b"},
    ]


def step_name(window: Window) -> str:
    """A bucket in words: minute, 5 minutes, hour."""
    for unit, seconds in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        if window.step_s % seconds == 0:
            many = window.step_s // seconds
            return unit if many == 1 else f"{many} {unit}s"  # said as "per 15 minutes"
    return f"{window.step_s} seconds"


def trend(rows: pd.DataFrame, column: str, window: Window) -> Sequence[float]:
    """One value a bucket for a sparkline, without the bucket that is not over yet; NaN for a gap."""
    values = filled(rows, window)[column]
    whole = (
        naive(window.until) >= values.index[-1] + timedelta(seconds=window.step_s) if len(values) else True
    )
    return [float(v) for v in (values if whole else values.iloc[:-1])]
