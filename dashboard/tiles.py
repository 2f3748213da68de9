"""The first thing on a page: the verdict, then the numbers, each with the window before and a sparkline."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import formats
from markup import Html, tag

Better = Literal["up", "down"]
State = Literal["good", "warn", "bad", "unknown"]
ICONS = {"good": "✓", "warn": "!", "bad": "✕", "unknown": "?"}
NOTABLE, NOTABLE_POINTS = 0.05, 0.002  # a smaller change is not coloured
EQUAL = 0.0005
SPARK = (100.0, 26.0)


class Number(NamedTuple):
    """One figure: ready to read, with the value before and the relative change (None where unknown)."""

    text: str
    before: str
    change: float | None
    label: str = ""
    better: Better | None = None  # which direction is good; None: neither
    points: bool = False  # `change` is a difference of shares, told in percentage points


class Tile(NamedTuple):
    """One tile. `trend`: values over time for the sparkline, NaN for a gap."""

    label: str
    numbers: Sequence[Number]
    foot: str = ""
    trend: Sequence[float] = ()
    floor: float = 0.0  # where the sparkline begins
    href: str | None = None
    help: str | None = None


class Verdict(NamedTuple):
    """One word of the verdict strip."""

    state: State
    text: str
    detail: str = ""
    href: str | None = None


def number(
    label: str, now: float | None, before: float | None, how: formats.How, better: Better | None = None
) -> Number:
    """`how`: the format, such as formats.usd."""
    return Number(how(now), how(before), formats.change(now, before), label, better)


def share(label: str, now: float | None, before: float | None, better: Better | None = None) -> Number:
    """A share of 0 to 1; its change in percentage points: from 99 % to 98 % is not one per cent worse."""
    known = not (formats.missing(now) or formats.missing(before))
    return Number(
        formats.share(now), formats.share(before), now - before if known else None, label, better, True
    )


def strip(verdicts: Sequence[Verdict]) -> Html:
    """The verdict strip: state as colour, sign and word."""
    return tag("div", [chip(v) for v in verdicts], class_="strip", role="status")


def chip(verdict: Verdict) -> Html:
    inside = (
        tag("span", ICONS[verdict.state], class_="sign", aria_hidden="true"),
        tag("span", verdict.text, class_="what"),
        tag("span", verdict.detail, class_="detail") if verdict.detail else None,
    )
    kind = f"chip {verdict.state}"
    return (
        tag("a", *inside, class_=kind, href=verdict.href)
        if verdict.href
        else tag("div", *inside, class_=kind)
    )


def tiles(shown: Sequence[Tile]) -> Html:
    """All tiles, in a row that wraps."""
    return tag("div", [one(t) for t in shown], class_="tiles")


def one(shown: Tile) -> Html:
    """One tile; a link where it has an `href`."""
    name = "a" if shown.href else "div"
    return tag(
        name,
        tag("div", shown.label, class_="label", title=shown.help),
        tag("div", [figure(n) for n in shown.numbers], class_="figures"),
        tag("div", shown.foot or " ", class_="foot"),
        spark(shown.trend, shown.floor),
        class_=f"tile n{len(shown.numbers)}",
        href=shown.href,
    )


def figure(shown: Number) -> Html:
    return tag(
        "div",
        tag("div", shown.label, class_="sub") if shown.label else None,
        tag("div", shown.text, class_="value"),
        tag("div", delta(shown), tag("span", f"was {shown.before}", class_="was"), class_="before"),
        class_="figure",
    )


def delta(shown: Number) -> Html | None:
    """The change in words; in colour where a direction is good and it is worth a look."""
    if shown.change is None:
        return None
    if abs(shown.change) < EQUAL:
        return tag("span", "=", class_="delta")
    direction = "up" if shown.change > 0 else "down"
    meaning = ""
    if shown.better and abs(shown.change) >= (NOTABLE_POINTS if shown.points else NOTABLE):
        meaning = " good" if direction == shown.better else " bad"
    arrow = "▲" if direction == "up" else "▼"
    said = formats.points(shown.change) if shown.points else formats.percent(shown.change)
    return tag("span", f"{arrow} {said}", class_=f"delta{meaning}")


def spark(values: Sequence[float], floor: float = 0.0) -> Html:
    """A line from edge to edge, from `floor` up; a gap is left open, a lone point is a dash."""
    width, height = SPARK
    known = [v for v in values if v == v]
    if len(values) < 2 or not known:
        return tag("svg", class_="spark", viewBox=f"0 0 {width:g} {height:g}", aria_hidden="true")
    floor = min(floor, *known)
    top = (max(known) - floor) or 1.0
    step = width / (len(values) - 1)
    points = [
        None if v != v else (i * step, height - 2 - (height - 4) * (v - floor) / top)
        for i, v in enumerate(values)
    ]
    lines, areas = [], []
    for piece in pieces(points):
        if len(piece) == 1:
            piece = [(piece[0][0] - step / 2, piece[0][1]), (piece[0][0] + step / 2, piece[0][1])]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in piece)
        lines.append(f"M{line}")
        areas.append(f"M{piece[0][0]:.1f},{height:g} {line} {piece[-1][0]:.1f},{height:g}Z")
    return tag(
        "svg",
        tag("path", d=" ".join(areas), class_="area"),
        tag("path", d=" ".join(lines), class_="line"),
        class_="spark",
        viewBox=f"0 0 {width:g} {height:g}",
        preserveAspectRatio="none",
        aria_hidden="true",
    )


def pieces(points: Sequence[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    """The runs between gaps."""
    found: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is None:
            found.append([])
        else:
            found[-1].append(point)
    return [piece for piece in found if piece]
