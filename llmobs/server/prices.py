"""What a model call cost, in whole nano-dollars, and how sure that is.

`exact`: every token has its own price. `partial`: the sum is what we know, something is missing or assumed:
a kind of token without a price (cached ones then pay the input price), estimated usage, a broken stream, an
unlisted service tier, more cached tokens than input. `unpriced`: no price or no usage; the cost is NULL.

Traps: `input_tokens` counts cached tokens in, so they are taken out before the input price applies; the
same holds for sound, and for cache writes of one hour, which are part of all cache writes.
Checked against genai-prices 0.2.3 (2026-11-22), to the nano-dollar.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from llmobs.server import price_file
from llmobs.server.price_book import SLOT, Asked, Book, Price, Rates
from llmobs.signals.call import SIGNAL

Status = Literal["exact", "partial", "unpriced"]
Whole = npt.NDArray[np.int64]
Truth = npt.NDArray[np.bool_]

STATUSES = np.array(["exact", "partial", "unpriced"])
EXACT, PARTIAL, UNPRICED = range(3)
COUNTS = (
    *("input_tokens", "output_tokens", "cached_tokens", "cache_written_tokens", "cache_written_1h_tokens"),
    *("input_audio_tokens", "reasoning_tokens", "output_audio_tokens", "web_searches"),
)
INPUT_KINDS = 5  # of `Rates`, the first ones
# A kind without a price of its own pays that of another: what is cached the input price. A search none.
PAYS = {"cached": "input", "written": "input", "written_1h": "written", "input_audio": "input"}
PAYS |= {"reasoning": "output", "output_audio": "output"}
NOTHING = Price((Rates(),))
OWN_ENOUGH = {"reasoning"}  # reasoning is output: the output price is its own
WORDS = ("operation", *Asked._fields, "usage_source", "stream_end")
MOST_TOKENS = 10**12  # a count beyond it is no usage
SAFE = 4e18  # sums below it fit into int64; larger ones are done in Python's integers
FEMTO_PER_NANO = 10**6
MOST_NANO = 2**63 - 1
SLOT_US = SLOT // timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Cost(NamedTuple):
    """`nano_usd` is None exactly where the status is `unpriced`."""

    nano_usd: int | None
    status: Status


def book(path: str = "") -> Book:
    """The price book, with the prices of the file at `path` over it. ValueError where the file is wrong."""
    return Book(price_file.read(path)) if path else Book()


BUILT_IN = Book()


def add_costs(spans: pa.Table, prices: Book = BUILT_IN) -> pa.Table:
    """`spans` with `cost_nano_usd` and `cost_status` filled for model calls, NULL for all else."""
    called = pc.fill_null(pc.is_in(spans["operation"], value_set=pa.array(SIGNAL.operations)), False)
    rows = np.flatnonzero(called.to_numpy())
    calls = spans.select([*WORDS, *COUNTS, "started_at"]).take(pa.array(rows))
    words = {name: calls[name].to_pylist() for name in WORDS}
    counts = {name: pc.fill_null(calls[name], -1).to_numpy() for name in COUNTS}
    started = calls["started_at"].cast(pa.timestamp("us")).cast(pa.int64())
    nano, status = priced(words, counts, pc.fill_null(started, 0).to_numpy(), prices)

    cost = np.zeros(spans.num_rows, np.int64)
    unknown = np.ones(spans.num_rows, bool)
    state = np.full(spans.num_rows, None, object)
    cost[rows], unknown[rows], state[rows] = nano, status == UNPRICED, STATUSES[status]
    spans = put(spans, "cost_nano_usd", pa.array(cost, pa.int64(), mask=unknown))
    return put(spans, "cost_status", pa.array(state, pa.string()))


def put(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.append_column(name, column) if place < 0 else table.set_column(place, name, column)


def cost(
    provider: str | None,
    model: str | None,
    at: datetime,
    *,
    prices: Book = BUILT_IN,
    operation: str = "chat",
    **known: Any,
) -> Cost:
    """One call. `known`: our field names, such as input_tokens=100, answered_by="gpt-4o-2024-08-06"."""
    given = {"provider": provider, "model": model, "operation": operation, **known}
    if unknown := given.keys() - {*WORDS, *COUNTS}:
        raise ValueError(f"No field {sorted(unknown)} decides a cost. Known: {', '.join((*WORDS, *COUNTS))}.")
    words = {name: [given.get(name)] for name in WORDS}
    counts = {name: np.array([-1 if given.get(name) is None else given[name]], np.int64) for name in COUNTS}
    started = np.array([(at - EPOCH) // timedelta(microseconds=1)], np.int64)
    [nano], [status] = priced(words, counts, started, prices)
    return Cost(None if status == UNPRICED else int(nano), ("exact", "partial", "unpriced")[status])


def priced(
    words: Mapping[str, Sequence[str | None]], counts: Mapping[str, Whole], started_us: Whole, prices: Book
) -> tuple[Whole, Whole]:
    """Nano-dollars and status number of each call; one look-up for each distinct `Asked` and half hour."""
    keys = zip(*(words[name] for name in Asked._fields), (started_us // SLOT_US).tolist(), strict=True)
    places: dict[tuple[Any, ...], int] = {}
    group = np.array([places.setdefault(key, len(places)) for key in keys], np.int64)
    found = [prices.price(Asked(*key[:-1]), EPOCH + key[-1] * SLOT) for key in places]

    known = {name: np.where((count < 0) | (count > MOST_TOKENS), -1, count) for name, count in counts.items()}
    used, odd = buckets(known)
    level, rates = rate_table(found, group, np.maximum(known["input_tokens"], used[:INPUT_KINDS].sum(axis=0)))
    nano = total(used, rates.femto[:, level], rates.call[level])

    some = used > 0
    unsold = some.any(axis=0) & ~(some & rates.sold[:, level]).any(axis=0)
    silent = np.all([count < 0 for count in known.values()], axis=0)
    unpriced = rates.none[level] | unsold | silent | (nano < 0)
    partial = odd | (some & rates.gap[:, level]).any(axis=0) | rates.unsure[level] | incomplete(words, known)
    return nano, np.where(unpriced, UNPRICED, np.where(partial, PARTIAL, EXACT))


def buckets(known: Mapping[str, Whole]) -> tuple[Whole, Truth]:
    """Counts by kind as `Rates` orders them, no token in two; and where they contradict each other.

    Counts that contradict (more cached than input) are taken as they stand; what they leave is floored at 0.
    Whether cached tokens are sound nobody says: where there are both, the split is a guess too.
    """
    given, answered = known["input_tokens"], known["output_tokens"]
    cached, all_written, hour, heard, reasoning, spoken, searches = (
        np.maximum(known[name], 0) for name in COUNTS[2:]
    )
    written = np.maximum(all_written, hour)
    odd = ((given >= 0) & (cached + written + heard > given)) | (hour > all_written)
    odd |= ((answered >= 0) & (reasoning + spoken > answered)) | ((heard > 0) & (cached > 0))
    plain = np.maximum(given - cached - written - heard, 0)
    text = np.maximum(answered - reasoning - spoken, 0)
    return np.stack([plain, cached, written - hour, hour, heard, text, reasoning, spoken, searches]), odd


class RateTable(NamedTuple):
    """One column a price level; rows by kind as `Rates` orders them."""

    femto: Whole  # effective: cached tokens without a price of their own pay the input price
    sold: Truth  # whether there is an effective price
    gap: Truth  # whether the kind's own price is missing
    call: Whole  # femto-dollars a call
    none: Truth
    unsure: Truth


def rate_table(found: Sequence[Price | None], group: Whole, size: Whole) -> tuple[Whole, RateTable]:
    """Each call's column, and the columns. `size`: input tokens, which decide the level of the whole call."""
    prices = [price or NOTHING for price in found] or [NOTHING]
    first = np.cumsum([0, *(len(price.levels) for price in prices)])
    level = first[group]
    for number, price in enumerate(prices):
        if price.steps:
            rows = np.flatnonzero(group == number)
            level[rows] += np.searchsorted(price.steps, size[rows], side="left")
    flat = [(place, price, rates) for place, price in enumerate(prices) for rates in price.levels]
    femto = np.array([effective(rates) for _, _, rates in flat], np.int64).T
    return level, RateTable(
        np.maximum(femto, 0),
        femto >= 0,
        np.array([gaps(rates) for _, _, rates in flat]).T,
        np.array([rates.call for _, _, rates in flat], np.int64),
        np.array([not found or found[place] is None for place, _, _ in flat]),
        np.array([not price.certain for _, price, _ in flat]),
    )


@cache
def effective(rates: Rates) -> list[int]:
    """What each kind pays; -1 where there is no price."""
    paid = rates._asdict()
    for kind, other in PAYS.items():
        paid[kind] = paid[other] if paid[kind] is None else paid[kind]
    return [-1 if paid[kind] is None else paid[kind] for kind in Rates._fields[:-1]]


@cache
def gaps(rates: Rates) -> list[bool]:
    """Which kinds have no price of their own."""
    own = rates._asdict()
    return [own[PAYS[kind] if kind in OWN_ENOUGH else kind] is None for kind in Rates._fields[:-1]]


def total(used: Whole, femto: Whole, call: Whole) -> Whole:
    """Nano-dollars, half to even; -1 where the sum is beyond what the column holds."""
    fits = (used * femto.astype(float)).sum(axis=0) + call < SAFE
    whole, rest = np.divmod(np.where(fits, used * femto, 0).sum(axis=0) + call, FEMTO_PER_NANO)
    up = (2 * rest > FEMTO_PER_NANO) | ((2 * rest == FEMTO_PER_NANO) & (whole % 2 == 1))
    nano: Whole = whole + up
    for row in np.flatnonzero(~fits):
        counts, rates = used[:, row].tolist(), femto[:, row].tolist()
        exact = sum(n * rate for n, rate in zip(counts, rates, strict=True)) + int(call[row])
        nano[row] = round(exact, -6) // FEMTO_PER_NANO if exact < MOST_NANO * FEMTO_PER_NANO else -1
    return nano


def incomplete(words: Mapping[str, Sequence[str | None]], known: Mapping[str, Whole]) -> Truth:
    """Calls whose usage is not all there: a side unknown, a guess, a stream that broke off."""
    silent = np.array([word == "embeddings" for word in words["operation"]], bool)
    guessed = np.array([word not in (None, "provider") for word in words["usage_source"]], bool)
    broken = np.array([word not in (None, "complete") for word in words["stream_end"]], bool)
    missing: Truth = (known["input_tokens"] < 0) | ((known["output_tokens"] < 0) & ~silent) | guessed | broken
    return missing
