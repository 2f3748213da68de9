"""Trace: one request, step by step."""

import pandas as pd
import streamlit as st
from common import (
    details,
    extent,
    formats,
    join,
    kind,
    link,
    live,
    plain,
    rows,
    tag,
    tree,
    view,
    waterfall,
)

HIDDEN = True
PAGE = 1_000  # rows of the waterfall drawn at a time


def show() -> None:
    """Totals, the waterfall, and beside it all that the chosen span says."""
    trace = st.query_params.get("id", "").strip().lower()
    spans = rows("trace_spans", id=trace) if trace else pd.DataFrame()
    if spans.empty:
        unknown(trace)
        return
    nodes = tree(spans)
    by_id = {n.span.span_id: n.span for n in nodes}
    chosen = st.query_params.get("span", "")
    if chosen not in by_id:
        chosen = first_look(nodes)
    view(join(head(trace, nodes, spans)), key="trace.head")
    left, right = st.columns([0.56, 0.44])
    with left:
        first, length_s = extent(spans)
        begin = page(len(nodes), [n.span.span_id for n in nodes].index(chosen), chosen)
        shown = nodes[begin : begin + PAGE]
        view(
            waterfall(shown, first, length_s, chosen, lambda s: link("trace", id=trace, span=s)),
            key="trace.steps",
        )
        missing = int(spans.found.iloc[0]) - len(spans)
        if missing:
            st.caption(f"{missing:,} more spans are not read: `llmobs sql` has them all.")
    with right:
        view(
            details(
                next(rows("trace_span", id=trace, span=chosen).itertuples(index=False)), by_id[chosen], trace
            ),
            key="trace.span",
        )


def page(total: int, at: int, chosen: str) -> int:
    """The first row to draw: of the page with the chosen one, row `at`, until the reader turns another."""
    if total <= PAGE:
        return 0
    st.caption(f"{total:,} spans, {PAGE:,} at a time")
    return (st.pagination(-(-total // PAGE), default=at // PAGE + 1, key=f"trace.page.{chosen}") - 1) * PAGE


def first_look(nodes: list) -> str:
    """Without a choice: what failed deepest, else the call whose answer came last, else the root."""
    failed = [n for n in nodes if n.span.status == "error"]
    calls = [n for n in nodes if kind(n.span.operation) == "call"]
    answers = [n for n in calls if n.span.operation != "embeddings"]
    if failed:
        return max(failed, key=lambda n: n.depth).span.span_id
    return (answers or calls or nodes[:1])[-1].span.span_id


def head(trace: str, nodes: list, spans: pd.DataFrame) -> list:
    """Name and totals."""
    root = next((n for n in nodes if not n.wrong and not n.depth), nodes[0]).span
    first, length_s = extent(spans)
    failed, cost = int((spans.status == "error").sum()), spans.cost_usd.sum(min_count=1)
    calls = [n.span for n in nodes if kind(n.span.operation) == "call"]
    unpriced = sum(c.status == "ok" and c.cost_status == "unpriced" for c in calls)
    facts = [
        ("Took", formats.seconds(length_s)),
        ("Spans", formats.count(len(spans))),
        ("Calls", formats.count(len(calls))),
        ("Tokens", formats.count(spans.tokens.sum(min_count=1))),
        ("Cost", formats.usd(cost) + (f" + {unpriced} unpriced" if unpriced else "")),
        ("Started", f"{formats.moment(first)} UTC"),
        ("User", root.user_id),
        ("Session", root.session_id),
        ("Service", root.service),
    ]
    state = tag(
        "span", f"✕ {failed} failed" if failed else "✓ ok", class_=f"badge {'bad' if failed else 'good'}"
    )
    return [
        tag("div", tag("a", "← Traces", class_="link", href=link("traces")), class_="crumb"),
        tag("div", tag("h2", root.name), state, tag("span", trace, class_="mono quiet"), class_="headline"),
        tag("dl", [fact(n, v) for n, v in facts if not formats.missing(v)], class_="facts"),
    ]


def fact(name: str, value: object) -> object:
    filter_on = {"User": "user", "Session": "session"}.get(name)
    shown = tag("a", value, class_="link", href=link("traces", **{filter_on: value})) if filter_on else value
    return tag("div", tag("dt", name), tag("dd", shown))


def unknown(trace: str) -> None:
    """No such trace: says so, and why that may be."""
    if not trace:
        st.info("**No trace is named.** Open one from the list of traces.", icon=":material/search_off:")
    else:
        st.warning(
            f"**There is no trace {plain(trace)}.** Ids have 32 hexadecimal letters. It may not have arrived "
            "yet (a span comes about a second after its end; this page looks again), or it is older than "
            "`LLMOBS_KEEP_DAYS`.",
            icon=":material/search_off:",
        )
    view(tag("a", "← Traces", class_="link", href=link("traces")), key="trace.back")


live(show)
