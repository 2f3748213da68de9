"""What the figures draw: colours that stay, gaps that are gaps."""

import math
from datetime import UTC, datetime

import charts
import palette
import pandas as pd
import pytest
from scope import Window

SINCE = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
WINDOW = Window(SINCE, SINCE.replace(minute=4, second=30), 60, 5)  # five buckets, the last one half over


def rows(**columns):
    minutes = columns.pop("minutes")
    return pd.DataFrame({"bucket": [datetime(2026, 11, 22, 10, m) for m in minutes], **columns})


def numbers(values):
    return [None if math.isnan(v) else v for v in values]


def test_a_bucket_without_calls_is_a_gap_not_a_zero():
    usage = rows(minutes=[0, 3], model=["a", "a"], tokens=[600, 300])

    [series] = charts.tokens_per_minute(usage, WINDOW).data

    assert numbers(series.y) == [600, None, None, 300, None]


def test_the_bucket_that_is_not_over_counts_by_the_time_it_had_and_is_hatched():
    usage = rows(minutes=[3, 4], model=["a", "a"], tokens=[600, 300])

    [series] = charts.tokens_per_minute(usage, WINDOW).data

    assert numbers(series.y)[3:] == [600, 600]  # 300 tokens in half a minute
    assert list(series.marker.pattern.shape) == ["", "", "", "", "/"]


def test_no_line_is_drawn_over_a_gap_and_a_lone_value_is_a_dot():
    lone = rows(minutes=[0, 1, 3], **{f"{p}_s": [1.0, 2.0, 9.0] for p in ("p50", "p95", "p99", "first_p95")})

    p50 = charts.latency(lone, WINDOW).data[0]

    assert p50.connectgaps is False
    assert numbers(p50.y) == [1.0, 2.0, None, 9.0, None]
    assert [bool(size) for size in p50.marker.size] == [False, False, False, True, False]


def test_shares_of_failures_are_of_all_calls_in_the_bucket():
    causes = rows(minutes=[0, 0, 1], cause=["answered", "timeout", "answered"], calls=[9, 1, 5])

    calls, timeouts = charts.failures(causes, WINDOW).data

    assert numbers(calls.y) == [10, 5, None, None, None]
    assert numbers(timeouts.y) == [0.1, None, None, None, None]


def test_where_nothing_failed_the_chart_says_so():
    figure = charts.failures(rows(minutes=[0], cause=["answered"], calls=[9]), WINDOW)

    assert [a.text for a in figure.layout.annotations] == ["no call failed"]


def test_small_models_are_summed_as_other():
    usage = rows(minutes=[0] * 10, model=[f"m{n}" for n in range(10)], cost_usd=[float(n) for n in range(10)])

    drawn = {series.name: numbers(series.y)[0] for series in charts.cost_by_model(usage, WINDOW).data}

    assert len(drawn) == 9
    assert drawn["other"] == 1.0  # m0 and m1: 0 + 1


def test_a_model_without_price_has_no_bar():
    usage = rows(minutes=[0, 0], model=["a", "b"], cost_usd=[1.0, None])

    drawn = {series.name: numbers(series.y)[0] for series in charts.cost_by_model(usage, WINDOW).data}

    assert drawn.get("b") is None


def test_buckets_are_those_of_the_queries_for_every_range():
    for step in (15, 60, 300, 900, 7_200, 21_600, 86_400):
        found = charts.buckets(Window(SINCE.replace(minute=7), SINCE.replace(hour=20), step, None))
        assert found[0] <= datetime(2026, 11, 22, 10, 7) < found[1] if len(found) > 1 else found
        assert all((b - datetime(2026, 11, 22)).total_seconds() % step == 0 for b in found)


@pytest.mark.parametrize("title", ["tokens_per_minute", "latency"])
def test_every_chart_spans_the_whole_window(title):
    usage = rows(
        minutes=[2], model=["a"], tokens=[1], p50_s=[1.0], p95_s=[1.0], p99_s=[1.0], first_p95_s=[1.0]
    )

    axis = getattr(charts, title)(usage, WINDOW).layout.xaxis

    assert axis.range == (datetime(2026, 11, 22, 10, 0), datetime(2026, 11, 22, 10, 5))


def test_a_model_keeps_its_colour_whoever_else_is_there():
    alone = palette.colors(["gpt-4o"])["gpt-4o"]

    assert palette.colors(["gpt-4o", "zzz", "yyy"])["gpt-4o"] == alone
    assert palette.slot("gpt-4o") == 6  # in every process: Python's own hash is not


def test_models_are_spread_over_the_colours():
    assert len({palette.slot(f"model-{n}") for n in range(30)}) == len(palette.SERIES)


def test_models_in_one_chart_differ_in_colour():
    names = [f"model-{n}" for n in range(len(palette.SERIES))]

    assert len(set(palette.colors(names).values())) == len(names)


def test_no_series_has_the_colour_of_failure():
    assert palette.BAD not in palette.SERIES


def test_a_model_has_one_color_in_every_chart_of_the_window():
    """`internal-embedder` has no price; `text-embedding-3-small` wants the same colour and gives way."""
    usage = rows(
        minutes=[0, 0],
        model=["internal-embedder", "text-embedding-3-small"],
        tokens=[10, 20],
        cost_usd=[math.nan, 0.5],
    )
    shades = charts.shades(usage)

    [large, small] = charts.tokens_per_minute(usage, WINDOW).data
    [cost] = charts.cost_by_model(usage, WINDOW).data

    assert (large.name, small.name) == ("text-embedding-3-small", "internal-embedder")
    assert large.marker.color == cost.marker.color == shades[large.name]
    assert small.marker.color == shades[small.name] != large.marker.color


def test_of_many_models_those_that_are_drawn_have_colors():
    names = [f"m{number:02}" for number in range(60)]
    usage = rows(minutes=[0] * 60, model=names, tokens=range(60), cost_usd=range(60))

    drawn = charts.cost_by_model(usage, WINDOW).data

    assert [each.name for each in drawn] == [*reversed(names[-8:]), "other"]
    assert len({each.marker.color for each in drawn}) == 9


def test_a_chart_without_a_known_number_spans_the_window_and_says_so():
    usage = rows(minutes=[0], model=["a"], tokens=[math.nan], cost_usd=[math.nan])

    for figure in (charts.tokens_per_minute(usage, WINDOW), charts.cost_by_model(usage, WINDOW)):
        assert not figure.data
        assert figure.layout.xaxis.type == "date"
        assert not figure.layout.yaxis.showticklabels
        assert figure.layout.annotations[0].text == "not known of any call"


def test_the_name_of_a_series_is_never_markup_and_never_fills_the_chart():
    usage = rows(minutes=[0], model=["<a href='http://x'>" + "n" * 500], tokens=[1])

    [series] = charts.tokens_per_minute(usage, WINDOW).data

    assert series.name == "&lt;a href='http://x'&gt;" + "n" * 20 + "…"
    assert series.meta == {"model": usage.model[0]}
