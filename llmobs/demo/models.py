"""The models that the stand-in serves: how long each takes to begin and how fast it writes.

Round figures in the range that public leaderboards show for them (read on 2026-11-22); a demo, no benchmark.
`internal-embedder` is no public model: the price book does not know it, and its calls show as unpriced.
"""

import math
import random
from typing import NamedTuple


class Model(NamedTuple):
    """One model of the stand-in."""

    provider: str
    answers_as: str
    first_s: float  # median time until the first token
    tokens_per_s: float
    reasons: bool = False


MODELS: dict[str, Model] = {
    "gpt-4o-mini": Model("openai", "gpt-4o-mini-2024-07-18", 0.45, 95),
    "gpt-4o": Model("openai", "gpt-4o-2024-08-06", 0.6, 75),
    "gpt-5.2-pro": Model("openai", "gpt-5.2-pro-2025-12-11", 3.0, 60, reasons=True),
    "gpt-5-mini": Model("openai", "gpt-5-mini-2025-08-07", 0.9, 110, reasons=True),
    "gpt-5-nano": Model("openai", "gpt-5-nano-2025-08-07", 0.4, 160, reasons=True),
    "text-embedding-3-small": Model("openai", "text-embedding-3-small", 0.11, 50_000),
    "internal-embedder": Model("openai", "internal-embedder", 0.04, 50_000),
    "claude-opus-4-6": Model("anthropic", "claude-opus-4-6", 1.5, 55),
    "claude-sonnet-4-6": Model("anthropic", "claude-sonnet-4-6", 0.95, 70),
    "claude-haiku-4-5": Model("anthropic", "claude-haiku-4-5-20251001", 0.5, 130),
}


def first_s(name: str, chance: random.Random) -> float:
    """Seconds until the first token: mostly near the median, now and then several times as long."""
    tail = 3.0 if chance.random() < 0.015 else 1.0
    return MODELS[name].first_s * tail * math.exp(chance.gauss(0, 0.28))


def writing_s(name: str, output_tokens: int, chance: random.Random) -> float:
    """Seconds from the first token to the last."""
    return output_tokens / MODELS[name].tokens_per_s * math.exp(chance.gauss(0, 0.12))


def tokens(text: str) -> int:
    """About as many tokens as a real tokenizer finds in English text."""
    return max(1, round(len(text) / 4.2)) if text else 0
