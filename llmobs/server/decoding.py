"""Payloads to rows with their cost. Imported by the decoder's thread, not at the start of the process.

Trap: pandas, which pyarrow imports once it makes an array, and the price book take a third of a start's CPU
time. Spans are acknowledged meanwhile; they wait in the journal.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from llmobs.server import prices
from llmobs.server.collector.decode import Decoded, decode


def decoder(prices_file: str) -> Callable[[list[bytes]], Decoded]:
    """What decodes and prices. ValueError where the file with one's own prices is wrong."""
    book = prices.book(prices_file)

    def priced(payloads: list[bytes]) -> Decoded:
        spans, resources = decode(payloads, datetime.now(UTC))
        return Decoded(prices.add_costs(spans, book), resources)

    return priced
