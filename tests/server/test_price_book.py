"""Which price a call gets; and every price of the book against genai-prices' own arithmetic."""

from datetime import UTC, datetime, time
from decimal import ROUND_HALF_EVEN

import genai_prices
import pytest
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import TimeOfDateConstraint

from llmobs.server.price_book import SLOT
from llmobs.server.prices import Book, Cost, cost

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_the_day_of_the_call_decides_the_price():
    # o3 was 10 and 40 USD per million until 2025-06-09, then 2 and 8.
    usage = {"input_tokens": 1000, "output_tokens": 100}

    assert cost("openai", "o3", datetime(2025, 6, 9, 23, 59, tzinfo=UTC), **usage).nano_usd == 14_000_000
    assert cost("openai", "o3", datetime(2025, 6, 10, tzinfo=UTC), **usage).nano_usd == 2_800_000


def test_the_hour_of_the_call_decides_where_nights_are_cheaper():
    # deepseek-chat: 0.27 from 00:30 to 16:30 UTC, else 0.135
    day, night = (datetime(2026, 11, 22, hour, 30, tzinfo=UTC) for hour in (0, 16))

    assert cost("deepseek", "deepseek-chat", day, input_tokens=1000, output_tokens=0).nano_usd == 270_000
    assert cost("deepseek", "deepseek-chat", night, input_tokens=1000, output_tokens=0).nano_usd == 135_000


def test_a_long_prompt_changes_the_price_of_the_whole_call():
    # gemini-2.5-pro: up to 200,000 tokens of input 1.25 and 10 USD per million, above it 2.50 and 15.
    short, long = (
        cost("gcp.gemini", "gemini-2.5-pro", NOON, input_tokens=n, output_tokens=10)
        for n in (200_000, 200_001)
    )

    assert short == Cost(200_000 * 1250 + 10 * 10_000, "exact")
    assert long == Cost(200_001 * 2500 + 10 * 15_000, "exact")


def test_a_service_tier_has_its_own_price():
    # gpt-4o in the priority tier: 4.25 and 17 USD per million
    usage = {"input_tokens": 1000, "output_tokens": 100, "service_tier": "priority"}

    assert cost("openai", "gpt-4o", NOON, **usage) == Cost(5_950_000, "exact")


def test_a_service_tier_the_book_does_not_list_is_partial_at_the_standard_price():
    usage = {"input_tokens": 1000, "output_tokens": 100, "service_tier": "scale"}

    assert cost("openai", "gpt-4o", NOON, **usage) == Cost(3_500_000, "partial")


def test_a_tier_of_the_maker_is_not_taken_for_one_of_the_seller():
    # gpt-4o on Azure, priced as OpenAI's: 2.50 and 10, but OpenAI's priority prices are not Azure's
    usage = {"input_tokens": 1000, "output_tokens": 100, "service_tier": "priority"}

    assert cost("azure.ai.openai", "gpt-4o", NOON, **usage) == Cost(3_500_000, "partial")


@pytest.mark.parametrize("tier", ["default", "auto", "standard", "", None])
def test_the_standard_tiers_are_exact(tier):
    usage = {"input_tokens": 1000, "output_tokens": 100, "service_tier": tier}

    assert cost("openai", "gpt-4o", NOON, **usage) == Cost(3_500_000, "exact")


def test_the_answering_model_is_billed_before_the_asked_one():
    usage = {"input_tokens": 1000, "output_tokens": 100}

    assert cost("openai", "gpt-4o", NOON, answered_by="gpt-4o-mini-2024-07-18", **usage) == Cost(
        210_000, "exact"
    )
    assert (
        cost("openai", "gpt-4o-mini", NOON, answered_by="gpt-4o-mini-2099-01-01", **usage).status == "exact"
    )
    assert cost("openai", "gpt-4o-mini", NOON, answered_by="something-else", **usage) == Cost(
        210_000, "partial"
    )


@pytest.mark.parametrize(
    ("provider", "model", "same_as"),
    [
        ("azure.ai.openai", "gpt-4o", ("azure", "gpt-4o")),
        ("azure.ai.openai", "phi-4", ("azure", "phi-4")),  # not sold by OpenAI
        ("azure.ai.inference", "phi-4", ("azure", "phi-4")),
        ("gcp.gen_ai", "gemini-2.5-flash", ("google", "gemini-2.5-flash")),
        ("gcp.gemini", "gemini-2.5-flash", ("google", "gemini-2.5-flash")),
        ("gcp.vertex_ai", "claude-sonnet-4-5", ("google", "claude-sonnet-4-5")),
        ("aws.bedrock", "amazon.nova-lite-v1:0", ("aws", "amazon.nova-lite-v1:0")),
        ("x_ai", "grok-4", ("x-ai", "grok-4")),
        ("mistral_ai", "mistral-large-latest", ("mistral", "mistral-large-latest")),
        ("moonshot_ai", "kimi-k2-0905-preview", ("moonshotai", "kimi-k2-0905-preview")),
        ("groq", "openai/gpt-oss-120b", ("groq", "openai/gpt-oss-120b")),
        ("deepseek", "deepseek-chat", ("deepseek", "deepseek-chat")),
        ("cohere", "command-r-plus", ("cohere", "command-r-plus")),
        ("perplexity", "sonar-pro", ("perplexity", "sonar-pro")),
    ],
)
def test_the_conventions_provider_names_find_their_prices(provider, model, same_as):
    found = cost(provider, model, NOON, input_tokens=100_000, output_tokens=1000)

    assert found == Cost(by_the_book(*same_as, NOON, input_tokens=100_000, output_tokens=1000), "exact")


def test_the_address_names_the_seller_where_the_sdk_does_not():
    # OpenAI's SDK with DeepSeek's base URL: 1000 x 270 nano-dollars at noon
    usage = {"input_tokens": 1000, "output_tokens": 0}

    found = cost("openai", "deepseek-chat", NOON, server_address="api.deepseek.com", **usage)

    assert found == Cost(270_000, "exact")


def test_a_provider_guessed_from_the_models_name_is_partial():
    assert cost(None, "gpt-4o-mini", NOON, input_tokens=1000, output_tokens=100) == Cost(210_000, "partial")


def test_nothing_is_fetched_from_the_network(monkeypatch):
    def refuse(*_):
        raise AssertionError("a price was looked up over the network")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)

    assert cost("openai", "gpt-4o", NOON, prices=Book(), input_tokens=1, output_tokens=1).status == "exact"


USAGES = [
    {"input_tokens": 1234, "output_tokens": 567},
    {"input_tokens": 98_765, "output_tokens": 4321, "cached_tokens": 54_321},
    {"input_tokens": 300_007, "output_tokens": 1, "cached_tokens": 7, "cache_written_tokens": 11_113},
    {"input_tokens": 777, "output_tokens": 9999, "reasoning_tokens": 8888},
    {
        "input_tokens": 9_999,
        "output_tokens": 5,
        "cache_written_tokens": 5_005,
        "cache_written_1h_tokens": 4_004,
        "web_searches": 3,
    },
    {"input_tokens": 4_321, "output_tokens": 987, "input_audio_tokens": 3_210, "output_audio_tokens": 654},
]
DAYS = [datetime(2025, 3, 1, 2, 15, tzinfo=UTC), datetime(2026, 2, 1, 17, tzinfo=UTC), NOON]
TIERS = [None, "priority", "flex", "batch"]
BOOK = [(provider.id, model.id) for provider in get_snapshot().providers for model in provider.models]


def by_the_book(provider, model, at, tier=None, **usage):
    """Nano-dollars as genai-prices itself reckons them."""
    theirs = {"cached_tokens": "cache_read_tokens", "cache_written_tokens": "cache_write_tokens"}
    theirs |= {"reasoning_tokens": "output_reasoning_tokens"}
    theirs |= {"cache_written_1h_tokens": "cache_write_1h_tokens"}
    found = genai_prices.calc_price(
        genai_prices.Usage(**{theirs.get(name, name): count for name, count in usage.items()}),
        model,
        provider_id=provider,
        genai_request_timestamp=at,
        price_context={"batch": {"processing": "batch"}}.get(tier, {"service_tier": tier}) if tier else None,
    )
    return int((found.total_price * 10**9).to_integral_value(ROUND_HALF_EVEN))


def test_every_price_of_the_book_gives_the_same_cost_to_the_nano_dollar():
    mine = Book()
    differ, compared = [], 0
    for number, (provider, model) in enumerate(BOOK):
        usage, day, tier = USAGES[number % 6], DAYS[number % 3], TIERS[number % 5 % 4]
        found = cost(provider, model, day, prices=mine, service_tier=tier, **usage)
        if found.nano_usd is not None:
            compared += 1
            expected = by_the_book(provider, model, day, tier, **usage)
            differ += [(provider, model, found, expected)] if found.nano_usd != expected else []

    assert not differ
    assert compared > 2000


@pytest.mark.parametrize("usage", USAGES)
@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-4o"),
        ("openai", "gpt-5.6-luna"),
        ("openai", "o3"),
        ("anthropic", "claude-opus-4-6"),
        ("anthropic", "claude-sonnet-4-6"),
        ("google", "gemini-2.5-pro"),
        ("deepseek", "deepseek-chat"),
        ("perplexity", "sonar-deep-research"),
        ("perplexity", "sonar"),
        ("google", "gemini-2.5-flash"),
    ],
)
def test_models_with_history_tiers_and_caches_agree_on_every_usage(provider, model, day, usage):
    found = cost(provider, model, day, **usage)

    assert found.nano_usd == by_the_book(provider, model, day, **usage)


def test_prices_of_the_book_change_on_half_hours_only():
    times = [
        moment
        for provider in get_snapshot().providers
        for model in provider.models
        if isinstance(model.prices, list)
        for entry in model.prices
        if isinstance(entry.constraint, TimeOfDateConstraint)
        for moment in (entry.constraint.start_time, entry.constraint.end_time)
    ]

    assert times
    assert SLOT.total_seconds() == 1800
    assert {(t.minute % 30, t.second, t.utcoffset()) for t in times} == {(0, 0, time(tzinfo=UTC).utcoffset())}
