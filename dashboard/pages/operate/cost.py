"""Cost: where the money goes, over time and by model, against the window before."""

import charts
import pandas as pd
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
    rows,
    table,
    tag,
    view,
    window,
)

ICON = "payments"


def show() -> None:
    """The sum and what it leaves out, the chart, then the models from the dearest down."""
    models, now = ask("models_now"), window()
    numbers = rows("now_numbers")
    if not comparable(rows("newest").oldest_at.iloc[0], now):
        numbers, models = numbers[numbers.is_now], models.assign(cost_before_usd=float("nan"))
    view(total(numbers), key="cost.total")
    chart(charts.cost_by_model(rows("usage_by_model"), now), "cost.time", now.step_s, link("traces"))
    view(listed(models), key="cost.models")


def total(numbers: pd.DataFrame) -> Html:
    """What the window cost, of all models; calls without a price cost more than is shown."""
    now, before = numbers[numbers.is_now], numbers[~numbers.is_now.astype(bool)]
    unpriced = int(now.unpriced.sum())
    missing = f"{formats.many(unpriced, 'call')} without a price: name it in prices.yaml"
    return tag(
        "div",
        tag("span", formats.usd(now.cost_usd.sum(min_count=1)), class_="title"),
        tag("span", f" in this window, was {formats.usd(before.cost_usd.sum(min_count=1))}", class_="quiet"),
        tag("div", missing, class_="warn") if unpriced else None,
        class_="lead",
    )


def listed(models: pd.DataFrame) -> Html:
    colors = charts.shades(rows("usage_by_model"))
    whole = table(
        models,
        [
            Column("Model", lambda r: cells.model(r, colors.get(r.model, charts.OTHER))),
            Column("Calls", lambda r: formats.count(r.calls), True),
            Column("Tokens", lambda r: formats.count(r.tokens), True),
            Column("Cost", cells.cost, True),
            Column("Before", lambda r: formats.usd(r.cost_before_usd), True, "Cost in the window before"),
        ],
    )
    return join(cells.listed(models), whole)


live(show)
