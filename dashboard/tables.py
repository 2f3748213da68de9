"""Tables as markup: for lists whose rows are read, followed and looked at on a phone."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pandas as pd
from markup import Html, tag


class Column(NamedTuple):
    """`cell`: what a row shows there; a string is escaped. `numeric`: to the right."""

    label: str
    cell: Callable[[Any], object]
    numeric: bool = False
    help: str | None = None


def table(
    rows: pd.DataFrame,
    columns: Sequence[Column],
    kind: str | None = None,
    chosen: Callable[[Any], bool] | None = None,
) -> Html:
    """`rows` go to the cells as named tuples. `kind`: class for view.css; `chosen`: which row is marked."""
    head = [tag("th", c.label, class_="n" if c.numeric else None, title=c.help) for c in columns]
    body = [
        tag(
            "tr",
            [tag("td", c.cell(row), class_="n" if c.numeric else None) for c in columns],
            class_="chosen" if chosen and chosen(row) else None,
        )
        for row in rows.itertuples(index=False)
    ]
    return tag(
        "div", tag("table", tag("thead", tag("tr", head)), tag("tbody", body), class_=kind), class_="scroll"
    )
