"""Now: is anything wrong, and how does it compare with the window before."""

import charts
import pandas as pd
import streamlit as st
from common import (
    Column,
    Html,
    ask,
    cells,
    chart,
    comparable,
    formats,
    join,
    link,
    live,
    nothing_here,
    rows,
    table,
    tag,
    unjudged,
    view,
    vitals,
    window,
)

ICON = "monitoring"


def show() -> None:
    """Numbers first: they stand before the first chart is drawn."""
    reach = rows("newest").iloc[0]
    if formats.missing(reach.received_at):
        nothing_here()
    view(vitals(rows, window(), bool(unjudged())), key="now.vitals")
    series = ask("now_series")
    draw(series)
    found = rows("models_now")
    if not comparable(reach.oldest_at, window()):
        found = found.assign(cost_before_usd=float("nan"))
    view(models(found), key="now.models")


def draw(series: pd.DataFrame) -> None:
    """Four charts over the same time, two beside each other where there is room."""
    usage, now = rows("usage_by_model"), window()
    each = charts.step_name(now)
    figures = {
        "Tokens per minute by model": charts.tokens_per_minute(usage, now),
        "Calls per minute, and the share that failed": charts.failures(rows("failures_by_cause"), now),
        "Latency of answered calls": charts.latency(series, now),
        f"Cost per {each} by model": charts.cost_by_model(usage, now),
    }
    places = [*st.columns(2), *st.columns(2)]
    for place, (title, figure) in zip(places, figures.items(), strict=True):
        with place.container(border=True):
            st.markdown(f"**{title}** :gray[· UTC]")
            chart(figure, f"now.{title.split()[0]}", now.step_s, link("traces"))


def models(found: pd.DataFrame) -> Html:
    """The models by cost; what fails links to the traces."""
    colors = charts.shades(rows("usage_by_model"))
    whole = table(
        found,
        [
            Column("Model", lambda r: cells.model(r, colors.get(r.model, charts.OTHER))),
            Column("Calls", lambda r: formats.count(r.calls), True),
            Column("Failed", failed, True),
            Column("p95", lambda r: formats.seconds(r.p95_s), True),
            Column("First content p95", lambda r: formats.seconds(r.first_p95_s), True),
            Column("Tokens", lambda r: formats.count(r.tokens), True),
            Column("Cost", cells.cost, True),
            Column("Before", lambda r: formats.usd(r.cost_before_usd), True, "Cost in the window before"),
        ],
    )
    return join(cells.listed(found), whole)


def failed(row: object) -> object:
    if not row.failed:
        return "0"
    text = f"{formats.count(row.failed)} · {formats.share(row.failed_share)}"
    return tag("a", text, class_="link bad", href=cells.traces(row, status="error"))


live(show)
