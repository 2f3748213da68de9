"""Cost: where the money goes, over time and by model, against the window before."""

import charts
import streamlit as st
from common import Column, chart, formats, link, nothing_here, rows, table, view, window

ICON = "payments"


def show() -> None:
    """The chart first, then the models from the dearest down."""
    models = rows("models_now")
    if models.empty:
        nothing_here()
    now = window()
    st.markdown(f"**{formats.usd(models.cost_usd.sum())}** :gray[in this window]")
    chart(charts.cost_by_model(rows("usage_by_model"), now), "cost.time", now.step_s, link("traces"))
    columns = [
        Column("Model", lambda r: r.model),
        Column("Calls", lambda r: formats.count(r.calls), True),
        Column("Tokens", lambda r: formats.count(r.tokens), True),
        Column("Cost", lambda r: formats.usd(r.cost_usd), True),
        Column("Before", lambda r: formats.usd(r.cost_before_usd), True, "Cost in the window before"),
    ]
    view(table(models.sort_values("cost_usd", ascending=False), columns), key="cost.models")


show()
