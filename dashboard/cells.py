"""Cells that more than one table of models has."""

import formats
from markup import Html, join, tag
from scope import link


def model(row: object, color: str) -> Html:
    """Its colour in the charts, its name with a link to its traces, its provider. row: model, provider."""
    dot = tag("span", class_="dot", style=f"background:{color}")
    name = tag("a", row.model, class_="link", href=link("traces", model=row.model))
    return join(dot, name, tag("span", row.provider, class_="under"))


def cost(row: object) -> Html | str:
    """What is known of it, and how many calls are not in it. row: cost_usd, unpriced (calls)."""
    if not row.unpriced:
        return formats.usd(row.cost_usd)
    unpriced = tag("span", f"{formats.count(row.unpriced)} unpriced", class_="under warn")
    return join(formats.usd(row.cost_usd), unpriced)
