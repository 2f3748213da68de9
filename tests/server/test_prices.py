"""Costs of calls, one by one and in tables, against sums done by hand."""

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from llmobs.server.collector import columns
from llmobs.server.price_file import OwnPrice
from llmobs.server.prices import Book, Cost, add_costs, cost

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAYS = [datetime(2025, 3, 1), datetime(2026, 2, 1), datetime(2026, 11, 22)]
TIERS = [None, "priority", "flex", "batch"]


def test_input_and_output_pay_their_own_price():
    # gpt-4o-mini: 0.15 and 0.60 USD per million. 1000 x 150 + 100 x 600 nano-dollars = 210,000
    assert cost("openai", "gpt-4o-mini", NOON, input_tokens=1000, output_tokens=100) == Cost(210_000, "exact")


def test_cached_tokens_are_taken_out_of_the_input_and_pay_the_cached_price():
    # 600 x 150 + 400 x 75 + 100 x 600 = 90,000 + 30,000 + 60,000
    found = cost("openai", "gpt-4o-mini", NOON, input_tokens=1000, cached_tokens=400, output_tokens=100)

    assert found == Cost(180_000, "exact")


def test_cache_written_tokens_pay_the_write_price():
    # claude-sonnet-4-5: 3, 3.75 written, 0.30 read, 15 out. 1000 = 500 fresh + 300 written + 200 read
    # 500 x 3000 + 300 x 3750 + 200 x 300 + 50 x 15000 = 1,500,000 + 1,125,000 + 60,000 + 750,000
    usage = {"input_tokens": 1000, "cache_written_tokens": 300, "cached_tokens": 200, "output_tokens": 50}

    assert cost("anthropic", "claude-sonnet-4-5", NOON, **usage) == Cost(3_435_000, "exact")


def test_a_cache_that_holds_for_an_hour_has_its_own_price():
    # claude-sonnet-4-5: 3, 3.75 written for 5 minutes, 6 for an hour, 15 out. 1000 = 600 + 100 + 300
    # 600 x 3000 + 100 x 3750 + 300 x 6000 + 50 x 15000 = 1,800,000 + 375,000 + 1,800,000 + 750,000
    usage = {"input_tokens": 1000, "cache_written_tokens": 400, "output_tokens": 50}

    found = cost("anthropic", "claude-sonnet-4-5", NOON, **usage, cache_written_1h_tokens=300)

    assert found == Cost(4_725_000, "exact")


def test_web_searches_are_paid_one_by_one():
    # 10 USD a thousand: 2 x 10,000,000 nano-dollars beside 1000 x 3000 + 100 x 15000
    usage = {"input_tokens": 1000, "output_tokens": 100, "web_searches": 2}

    assert cost("anthropic", "claude-sonnet-4-5", NOON, **usage) == Cost(24_500_000, "exact")
    # gpt-4-turbo: 10 and 30 USD per million, and no price of a search
    assert cost("openai", "gpt-4-turbo", NOON, **usage) == Cost(13_000_000, "partial")


def test_sound_has_its_own_price_and_where_it_has_none_the_cost_is_partial():
    # gemini-2.5-flash: 0.30, sound 1.00, out 2.50. 400 x 300 + 600 x 1000 + 100 x 2500
    heard = {"input_tokens": 1000, "input_audio_tokens": 600, "output_tokens": 100}

    assert cost("gcp.gemini", "gemini-2.5-flash", NOON, **heard) == Cost(970_000, "exact")
    # gpt-4o-mini, which the book knows by text alone: 1000 x 150 + 100 x 600
    assert cost("openai", "gpt-4o-mini", NOON, **heard) == Cost(210_000, "partial")
    # Whether the cached ones are of the sound nobody says.
    assert cost("gcp.gemini", "gemini-2.5-flash", NOON, **heard, cached_tokens=10).status == "partial"


def test_reasoning_tokens_are_part_of_the_output_and_never_add():
    usage = {"input_tokens": 1000, "output_tokens": 100}

    assert cost("openai", "gpt-4o-mini", NOON, **usage, reasoning_tokens=90) == Cost(210_000, "exact")


@pytest.mark.parametrize(
    "known",
    [
        {"input_tokens": 1000},
        {"output_tokens": 100},
        {"input_tokens": 1000, "output_tokens": 100, "usage_source": "estimated"},
        {"input_tokens": 1000, "output_tokens": 1, "stream_end": "closed"},
        {"input_tokens": 1000, "output_tokens": 10, "reasoning_tokens": 11},
        {"input_tokens": 1000, "output_tokens": 10, "output_audio_tokens": 10},
        {"input_tokens": 1000, "output_tokens": 100, "cached_tokens": 1001},
        {"input_tokens": 1000, "output_tokens": 100, "cache_written_tokens": 7},  # no such price in the book
    ],
)
def test_what_is_known_in_part_is_partial_and_never_negative(known):
    found = cost("openai", "gpt-4o-mini", NOON, **known)

    assert found.status == "partial"
    assert found.nano_usd is not None
    assert found.nano_usd > 0


def test_more_cached_tokens_than_input_pay_the_cached_price_and_nothing_is_taken_off():
    # 150 x 75 + 0 fresh tokens + 10 x 600
    usage = {"input_tokens": 100, "cached_tokens": 150, "output_tokens": 10}

    assert cost("openai", "gpt-4o-mini", NOON, **usage) == Cost(17_250, "partial")


@pytest.mark.parametrize(
    ("provider", "model", "known"),
    [
        ("openai", "gpt-4o-mini", {}),
        ("openai", "a-model-nobody-sells", {"input_tokens": 10, "output_tokens": 10}),
        ("my-own-server", "gpt-4o-mini", {"input_tokens": 10, "output_tokens": 10}),
        ("openai", None, {"input_tokens": 10, "output_tokens": 10}),
        ("openai", "gpt-4o-mini", {"input_tokens": -5, "output_tokens": -1}),
        ("openai", "gpt-4o-mini", {"input_tokens": 2**62, "output_tokens": 2**62}),
        ("openai", "text-embedding-3-small", {"output_tokens": 10}),  # only a kind that has no price
    ],
)
def test_no_price_or_no_usage_is_unpriced_and_not_zero(provider, model, known):
    assert cost(provider, model, NOON, **known) == Cost(None, "unpriced")


def test_an_embedding_has_no_output_and_is_exact():
    # text-embedding-3-small: 0.02 USD per million
    found = cost("openai", "text-embedding-3-small", NOON, operation="embeddings", input_tokens=500)

    assert found == Cost(10_000, "exact")


def test_sums_beyond_64_bits_are_still_exact():
    # A million USD per million tokens is 1 USD a token: 10^9 tokens are 10^18 nano-, 10^24 femto-dollars.
    dear = Book([OwnPrice(("dear",), input=Decimal(1_000_000), output=Decimal(1_000_000))])

    assert cost("x", "dear", NOON, prices=dear, input_tokens=10**9, output_tokens=1) == Cost(
        10**18 + 10**9, "exact"
    )
    assert cost("x", "dear", NOON, prices=dear, input_tokens=10**11, output_tokens=1) == Cost(
        None, "unpriced"
    )


def test_half_a_nano_dollar_goes_to_the_even_one():
    # 0.0005 USD per million tokens is half a nano-dollar a token
    cheap = Book([OwnPrice(("cheap",), input=Decimal("0.0005"), output=Decimal(0))])
    costs = [
        cost("x", "cheap", NOON, prices=cheap, input_tokens=n, output_tokens=0).nano_usd for n in (1, 3, 4)
    ]

    assert costs == [0, 2, 2]


def table(rows):
    names = {name for row in rows for name in row} | {"started_at"}
    schema = columns.schema()
    full = [
        {"started_at": NOON.replace(tzinfo=None), "operation": "chat", "provider": "openai", **row}
        for row in rows
    ]
    return (
        pa.table(
            {field.name: pa.array([row.get(field.name) for row in full], field.type) for field in schema},
            schema,
        )
        if names
        else schema.empty_table()
    )


def test_only_model_calls_get_a_cost():
    usage = {"model": "gpt-4o-mini", "input_tokens": 1000, "output_tokens": 100}
    spans = table([usage, usage | {"operation": "invoke_agent"}, usage | {"operation": None}, {"model": "m"}])

    found = add_costs(spans)

    assert found["cost_nano_usd"].to_pylist() == [210_000, None, None, None]
    assert found["cost_status"].to_pylist() == ["exact", None, None, "unpriced"]
    assert found.schema.equals(spans.schema)
    assert found.drop_columns(["cost_nano_usd", "cost_status"]).equals(
        spans.drop_columns(["cost_nano_usd", "cost_status"])
    )


def test_a_table_costs_what_its_calls_cost_one_by_one():
    seeded = np.random.default_rng(7)
    models = ["gpt-4o", "gpt-4o-mini", "gpt-5.6-luna", "o3", "nobody-knows", None]
    rows = [
        {
            "model": models[seeded.integers(len(models))],
            "started_at": DAYS[seeded.integers(3)].replace(tzinfo=None),
            "service_tier": TIERS[seeded.integers(4)],
            **{
                name: None if seeded.random() < 0.1 else int(seeded.integers(400_000))
                for name in ("input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens")
            },
        }
        for _ in range(500)
    ]

    found = add_costs(table(rows))

    one_by_one = [
        cost(
            "openai", row["model"], row["started_at"].replace(tzinfo=UTC), **keep(row, "model", "started_at")
        )
        for row in rows
    ]
    assert [Cost(*pair) for pair in zip(*(found[n].to_pylist() for n in COST), strict=True)] == one_by_one
    assert {c.status for c in one_by_one} == {"exact", "partial", "unpriced"}


COST = ("cost_nano_usd", "cost_status")


def keep(row, *without):
    return {name: value for name, value in row.items() if name not in without}


def test_an_empty_table_stays_empty():
    assert add_costs(columns.schema().empty_table()).num_rows == 0


def test_a_table_in_many_chunks_is_priced_like_one_in_a_single_chunk():
    one = table([{"model": "gpt-4o-mini", "input_tokens": 1000, "output_tokens": 100}])

    found = add_costs(pa.concat_tables([one, one, one]))

    assert found["cost_nano_usd"].to_pylist() == [210_000] * 3


def test_an_unknown_field_is_an_error():
    with pytest.raises(ValueError, match="inputs"):
        cost("openai", "gpt-4o", NOON, inputs=3)
