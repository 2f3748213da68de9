"""What a token costs: your own prices first, then the price book genai-prices that ships with us.

Prices are kept as whole femto-dollars (1e-15 USD) a token, so that sums are exact: 2.50 USD per million
tokens is 2,500,000,000. genai-prices 0.2.3 (read on 2026-11-22) is used as a table only: its `find_model` and
`get_prices`, never its updater, so nothing is fetched from a network. It knows price history by day, context
tiers that change the price of the whole call, service tiers, and (DeepSeek) prices by hour of the day.

Trap: an unknown service tier silently gets the standard price there; here it makes the price uncertain.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from typing import NamedTuple

from genai_prices.data_snapshot import find_provider_by_id, get_snapshot
from genai_prices.types import ModelInfo, ModelPrice, Provider, TieredPrices, TimeOfDateConstraint

from llmobs.server.price_file import OwnPrice

SLOT = timedelta(minutes=30)  # prices of the book change on half hours only
FEMTO_PER_MTOK = Decimal(10**9)  # femto-dollars a token in one USD per million tokens
KEPT = 50_000  # remembered prices; names come from callers, so the memory needs a limit

# gen_ai.provider.name, and what other instrumentations write, where the book's own matching fails or errs:
# it would take "azure.ai.openai" for OpenAI, because the name contains the word.
PROVIDERS = {
    "azure.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "azure_openai": "azure",
    "azure.openai": "azure",
    "az.ai.openai": "azure",
    "az.ai.inference": "azure",
    "gcp.gen_ai": "google",
    "gcp.gemini": "google",
    "gcp.vertex_ai": "google",
    "aws.bedrock": "aws",
    "x_ai": "x-ai",
    "mistral_ai": "mistral",
    "moonshot_ai": "moonshotai",
    "fireworks_ai": "fireworks",
    "together_ai": "together",
    "voyage_ai": "voyageai",
}
STANDARD_TIERS = {"", "default", "standard", "auto", "on_demand"}


class Rates(NamedTuple):
    """Femto-dollars by kind: a token, a web search, a call. None: the book names no price for this kind."""

    input: int | None = None
    cached: int | None = None
    written: int | None = None
    written_1h: int | None = None
    input_audio: int | None = None
    output: int | None = None
    reasoning: int | None = None
    output_audio: int | None = None
    search: int | None = None
    call: int = 0

    def kinds(self) -> tuple[int | None, ...]:
        """All but the price of a call."""
        return self[:-1]


KINDS = (  # of tokens, as the book calls them, in the order of `Rates`
    *("input_mtok", "cache_read_mtok", "cache_write_mtok", "cache_write_1h_mtok", "input_audio_mtok"),
    *("output_mtok", "output_reasoning_mtok", "output_audio_mtok"),
)


class Price(NamedTuple):
    """`levels[n]` holds for calls whose input is larger than n of the `steps` (tokens, ascending).

    `certain` is false where we had to assume: the provider from the model's name, the asked model for the
    answering one, the standard price for an unknown service tier.
    """

    levels: tuple[Rates, ...]
    steps: tuple[int, ...] = ()
    certain: bool = True


class Asked(NamedTuple):
    """What decides the price of a call besides its time."""

    provider: str | None
    model: str | None
    answered_by: str | None = None
    service_tier: str | None = None
    server_address: str | None = None


class Found(NamedTuple):
    provider: Provider
    model: ModelInfo
    certain: bool


class Book:
    """Prices by call and half hour. Threads may share one."""

    def __init__(self, own: Sequence[OwnPrice] = ()) -> None:
        self._own = tuple(own)
        self._found: dict[Asked, Found | None] = {}
        self._prices: dict[tuple[Asked, datetime], Price | None] = {}

    def price(self, asked: Asked, at: datetime) -> Price | None:
        """The price at `at` (UTC); None where there is none."""
        found = self._remembered(asked)
        hours_matter = found is not None and by_hour(found.model)
        key = (asked, at if hours_matter else datetime.combine(at.date(), time(), UTC))
        if key in self._prices:
            return self._prices[key]
        if len(self._prices) >= KEPT:
            self._prices = {}
        price = self._own_price(asked, at.date())
        if price is None and found is not None:
            price = listed(found, asked, at)
        self._prices[key] = price
        return price

    def _remembered(self, asked: Asked) -> Found | None:
        if asked in self._found:
            return self._found[asked]
        if len(self._found) >= KEPT:
            self._found = {}
        self._found[asked] = found = find(asked)
        return found

    def _own_price(self, asked: Asked, day: date) -> Price | None:
        """The first entry of the file that fits decides, so that its order is the owner's to choose."""
        for entry in self._own:
            if entry.fits(asked.provider, (asked.answered_by, asked.model), day):
                return Price((own_rates(entry),))
        return None


def own_rates(entry: OwnPrice) -> Rates:
    return Rates(
        input=femto(entry.input),
        cached=femto(entry.cached),
        written=femto(entry.cache_written),
        written_1h=femto(entry.cache_written_1h),
        input_audio=femto(entry.input_audio),
        output=femto(entry.output),
        output_audio=femto(entry.output_audio),
        search=a_thousandth(entry.web_search),
    )


def find(asked: Asked) -> Found | None:
    """The book's entry: the answering model before the asked one, the named provider before the address."""
    providers = [p for p in (named(asked), addressed(asked)) if p is not None]
    certain = bool(asked.provider) or bool(providers)
    for model in (asked.answered_by, asked.model):
        if not model:
            continue
        for provider in providers or ([] if asked.provider else guessed(model)):
            entry = provider.find_model(model, all_providers=get_snapshot().providers)
            if entry is not None:
                return Found(provider, entry, certain and answers(asked, model))
    return None


def answers(asked: Asked, model: str) -> bool:
    """Whether `model` is what answered; "gpt-9-2027-05-01" is the same as "gpt-9"."""
    return not asked.answered_by or asked.answered_by.lower().startswith(model.lower())


def named(asked: Asked) -> Provider | None:
    if not asked.provider:
        return None
    name = asked.provider.strip().lower()
    return find_provider_by_id(get_snapshot().providers, PROVIDERS.get(name, name))


def addressed(asked: Asked) -> Provider | None:
    """The provider behind the address: OpenAI's SDK talks to OpenRouter, xAI and DeepSeek as well."""
    if not asked.server_address:
        return None
    url = f"https://{asked.server_address}"
    return next((p for p in get_snapshot().providers if re.match(p.api_pattern, url)), None)


def guessed(model: str) -> list[Provider]:
    name = model.lower()
    return [p for p in get_snapshot().providers if p.model_match and p.model_match.is_match(name)][:1]


def by_hour(model: ModelInfo) -> bool:
    if isinstance(model.prices, ModelPrice):
        return False
    return any(isinstance(entry.constraint, TimeOfDateConstraint) for entry in model.prices)


def listed(found: Found, asked: Asked, at: datetime) -> Price | None:
    context = tier_context(asked.service_tier)
    # The book applies tiers to the provider's own models only, not to those it borrows (Azure, Bedrock).
    borrowed = not any(found.model is model for model in found.provider.models)
    prices = found.model.get_prices(at, None if borrowed else context)
    known = not context or (not borrowed and tier_is_listed(found.model, context, at))
    price = to_price(prices, certain=found.certain and known)
    return price if any(rate is not None for rate in price.levels[0].kinds()) else None


def tier_context(tier: str | None) -> Mapping[str, str]:
    word = (tier or "").strip().lower()
    if word in STANDARD_TIERS:
        return {}
    return {"processing": word} if word == "batch" else {"service_tier": word}


def tier_is_listed(model: ModelInfo, context: Mapping[str, str], at: datetime) -> bool:
    return any(
        (variant.constraint is None or variant.constraint.active(at))
        and all(context.get(key) == word for key, word in variant.when.items())
        for variant in model.price_variants or ()
    )


def to_price(prices: ModelPrice, certain: bool) -> Price:
    found = [getattr(prices, kind) for kind in KINDS]
    steps = sorted({tier.start for price in found if isinstance(price, TieredPrices) for tier in price.tiers})
    rest = a_thousandth(prices.web_searches_kcount), a_thousandth(prices.requests_kcount) or 0
    levels = [
        Rates._make([*(femto(rate_above(price, step)) for price in found), *rest]) for step in (-1, *steps)
    ]
    return Price(tuple(levels), tuple(steps), certain)


def rate_above(price: Decimal | TieredPrices | None, step: int) -> Decimal | None:
    """The rate of a call whose input is larger than `step` tokens and not larger than the next step."""
    if not isinstance(price, TieredPrices):
        return price
    reached = [tier.price for tier in price.tiers if tier.start <= step]
    return reached[-1] if reached else price.base


def a_thousandth(usd: Decimal | TieredPrices | None) -> int | None:
    """Femto-dollars of one call or search, from USD per thousand."""
    return int(usd * 10**12) if isinstance(usd, Decimal) else None


@cache
def femto(usd_per_mtok: Decimal | None) -> int | None:
    """Some prices of the book carry float dust in the 17th digit; the rounding takes it off."""
    if usd_per_mtok is None:
        return None
    return int((usd_per_mtok * FEMTO_PER_MTOK).to_integral_value(ROUND_HALF_EVEN))
