"""The spans of a trace as a tree over time, whatever shape they arrived in.

Spans get lost, come twice over several roots, or name each other as parents: each is drawn once, and what is
wrong with its place is said beside it.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import formats
import pandas as pd
from markup import Html, tag

KINDS = {
    "chat": "call",
    "generate_content": "call",
    "text_completion": "call",
    "embeddings": "call",
    "assemble_prompt": "prompt",
    "execute_tool": "tool",
    "retrieval": "retrieval",
    "invoke_agent": "agent",
    "create_agent": "agent",
    "invoke_workflow": "workflow",
}
DEEPEST = 14  # indented no further
PAGE = 1_000  # rows drawn at a time
MARK = {"lost": "its parent never arrived", "loop": "its parents form a loop"}


class Node(NamedTuple):
    """One row of the waterfall. `wrong`: '' or a word of MARK."""

    span: Any  # a row of the query trace_spans
    depth: int
    wrong: str


def kind(operation: object) -> str:
    """workflow, agent, prompt, retrieval, tool, call; span for all else."""
    return KINDS.get(operation, "span") if isinstance(operation, str) else "span"


def tree(spans: pd.DataFrame) -> list[Node]:
    """Depth first, siblings in the order they began."""
    rows = {
        row.span_id: row for row in spans.sort_values("started_at", kind="stable").itertuples(index=False)
    }
    children: dict[str, list[Any]] = {}
    roots = []
    for row in rows.values():
        parent = row.parent_span_id
        if isinstance(parent, str) and parent in rows and parent != row.span_id:
            children.setdefault(parent, []).append(row)
        elif isinstance(parent, str):
            roots.append(Node(row, 0, "loop" if parent == row.span_id else "lost"))
        else:
            roots.append(Node(row, 0, ""))
    seen: set[str] = set()
    found = [node for root in roots for node in below(root, children, seen)]
    for row in rows.values():  # what is left hangs in a loop: cut it at its earliest span
        if row.span_id not in seen:
            found += below(Node(row, 0, "loop"), children, seen)
    return found


def below(root: Node, children: dict[str, list[Any]], seen: set[str]) -> Iterator[Node]:
    """`root` and all that hang from it; no recursion, because a chain may be thousands deep."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.span.span_id in seen:
            continue
        seen.add(node.span.span_id)
        yield node
        waiting += [Node(c, node.depth + 1, "") for c in reversed(children.get(node.span.span_id, []))]


def extent(spans: pd.DataFrame) -> tuple[pd.Timestamp, float]:
    """When the first span began, and the seconds until the last one ended."""
    first = spans.started_at.min()
    ends = (spans.started_at - first).dt.total_seconds() + spans.duration_s.fillna(0)
    return first, max(float(ends.max()), 1e-6)


def waterfall(nodes: list[Node], first: pd.Timestamp, length_s: float, chosen: str, href: Any) -> Html:
    """The rows. `href`: span id -> address of the page with that span chosen."""
    scale = tag(
        "div",
        tag("span", "Step", class_="name"),
        tag(
            "span",
            [tag("i", formats.seconds(length_s * q / 4), class_=f"at{q}") for q in range(5)],
            class_="track",
        ),
        tag("span", "Took", class_="n"),
        tag("span", "Tokens", class_="n tokens"),
        tag("span", "Cost", class_="n cost"),
        class_="row scale",
    )
    return tag("div", scale, [one(n, first, length_s, chosen, href) for n in nodes], class_="waterfall")


def one(node: Node, first: pd.Timestamp, length_s: float, chosen: str, href: Any) -> Html:
    span = node.span
    kept = [
        "row",
        kind(span.operation),
        "failed" if span.status == "error" else "",
        "chosen" if span.span_id == chosen else "",
    ]
    return tag(
        "a",
        tag(
            "span",
            tag("b", class_="mark"),
            label(node),
            class_="name",
            style=f"--depth:{min(node.depth, DEEPEST)}",
        ),
        tag("span", bar(span, first, length_s), class_="track"),
        tag("span", formats.seconds(span.duration_s), class_="n"),
        tag("span", "" if formats.missing(span.tokens) else formats.count(span.tokens), class_="n tokens"),
        tag("span", "" if formats.missing(span.cost_usd) else formats.usd(span.cost_usd), class_="n cost"),
        class_=" ".join(filter(None, kept)),
        href=href(span.span_id),
        title=f"{span.name}: {MARK[node.wrong]}" if node.wrong else span.name,
    )


def label(node: Node) -> list[object]:
    """Name, and what is wrong or was tried again."""
    tried = node.span.attempts
    return [
        tag("span", node.span.name, class_="text"),
        tag("span", f"×{tried:.0f}", class_="badge warn", title=f"{tried:.0f} attempts")
        if not formats.missing(tried) and tried > 1
        else None,
        tag("span", "✕", class_="bad", title=node.span.error_type) if node.span.status == "error" else None,
        tag("span", node.wrong, class_="badge warn") if node.wrong else None,
    ]


def bar(span: Any, first: pd.Timestamp, length_s: float) -> Html:
    """From start to end, the time to first content as a lighter head; without an end a mark at the start."""
    begin = (span.started_at - first).total_seconds() / length_s
    took = 0.0 if formats.missing(span.duration_s) else span.duration_s
    head = None
    if took and not formats.missing(span.first_content_s):
        head = tag("i", class_="head", style=f"width:{100 * min(span.first_content_s / took, 1):.2f}%")
    shape = "bar" if took else "bar moment"
    return tag(
        "span", head, class_=shape, style=f"left:{100 * begin:.3f}%;width:{100 * took / length_s:.3f}%"
    )
