"""Cells that more than one table of models has."""

import formats
import pandas as pd
from markup import Html, join, tag
from scope import link

UNKNOWN = "unknown"  # the query's word for calls that name no model


def model(row: object, color: str) -> Html:
    """Its colour in the charts, its name with a link to its traces, its provider. row: model, provider."""
    dot = tag("span", class_="dot", style=f"background:{color}")
    name = tag("a", row.model, class_="link", href=traces(row)) if row.model != UNKNOWN else row.model
    return join(
        dot, name, None if formats.missing(row.provider) else tag("span", row.provider, class_="under")
    )


def traces(row: object, **more: object) -> str:
    """Where the traces of this model are, and of no other provider's that has its name."""
    provider = {} if formats.missing(row.provider) else {"provider": row.provider}
    return link("traces", **({} if row.model == UNKNOWN else {"model": row.model}), **provider, **more)


def listed(models: pd.DataFrame) -> Html | None:
    """Says that there are more. models: found (how many there are)."""
    found = int(models.found.iloc[0])
    if found == len(models):
        return None
    return tag("div", f"{len(models)} of {found:,} models, those that cost most", class_="quiet lead")


def cost(row: object) -> Html | str:
    """What is known of it, and how many calls are not in it. row: cost_usd, unpriced (calls)."""
    if not row.unpriced:
        return formats.usd(row.cost_usd)
    unpriced = tag("span", f"{formats.count(row.unpriced)} unpriced", class_="under warn")
    return join(formats.usd(row.cost_usd), unpriced)
