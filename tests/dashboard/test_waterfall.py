"""Trees of spans, also broken ones."""

from datetime import datetime, timedelta

import pandas as pd
import waterfall

BEGIN = datetime(2026, 11, 22, 10)


def frame(*spans):
    """Spans as (id, parent, second it began at)."""
    return pd.DataFrame(
        {
            "span_id": [s[0] for s in spans],
            "parent_span_id": pd.Series([s[1] for s in spans], dtype=object),
            "started_at": pd.to_datetime([BEGIN + timedelta(seconds=s[2]) for s in spans]),
            "duration_s": [1.0] * len(spans),
        }
    )


def drawn(*spans):
    return [(n.span.span_id, n.depth, n.wrong) for n in waterfall.tree(frame(*spans))]


def test_children_follow_their_parent_in_the_order_they_began():
    assert drawn(("b", "a", 2), ("a", None, 0), ("c", "a", 1), ("d", "c", 1.5)) == [
        ("a", 0, ""), ("c", 1, ""), ("d", 2, ""), ("b", 1, ""),
    ]  # fmt: skip


def test_a_span_whose_parent_never_arrived_is_drawn_as_a_root_and_says_so():
    assert drawn(("a", None, 0), ("b", "gone", 1), ("c", "b", 2)) == [
        ("a", 0, ""),
        ("b", 0, "lost"),
        ("c", 1, ""),
    ]


def test_several_roots_are_drawn_in_order():
    assert drawn(("b", None, 1), ("a", None, 0)) == [("a", 0, ""), ("b", 0, "")]


def test_spans_that_are_each_others_parents_are_drawn_once():
    assert drawn(("a", "b", 0), ("b", "a", 1), ("c", "b", 2)) == [
        ("a", 0, "loop"),
        ("b", 1, ""),
        ("c", 2, ""),
    ]


def test_a_span_that_is_its_own_parent_is_drawn_once():
    assert drawn(("a", "a", 0)) == [("a", 0, "loop")]


def test_a_chain_of_thousands_is_no_problem():
    chain = [(f"{n}", f"{n - 1}" if n else None, n) for n in range(5_000)]

    found = waterfall.tree(frame(*chain))

    assert [n.depth for n in found] == list(range(5_000))


def test_the_extent_reaches_from_the_first_start_to_the_last_end():
    first, length_s = waterfall.extent(frame(("a", None, 0), ("b", "a", 4)))

    assert (first, length_s) == (pd.Timestamp(BEGIN), 5.0)
