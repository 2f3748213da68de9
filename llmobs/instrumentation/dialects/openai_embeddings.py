"""OpenAI embeddings. Read from SDK 3.54.0 on 2026-11-22.

The SDK asks for base64 where the caller named no encoding: `encoding_formats` says what went over the wire.
Vectors are never kept.
"""

from typing import Any

from llmobs.instrumentation.dialects import Table, at, read, whole, word, words
from llmobs.instrumentation.dialects._parts import prompts

OPERATION, METHOD, PATH = "embeddings", "POST", "/embeddings"
ASKED: Table = {
    "model": ("model", word),
    "encoding_format": ("encoding_formats", words),
    "dimensions": ("dimension_count", whole),
}
# All tokens of an embedding are input; Voyage counts them in total only.
COUNTS: Table = {"total_tokens": ("input_tokens", whole), "prompt_tokens": ("input_tokens", whole)}


def request(body: Any) -> dict[str, Any]:
    return read(body, ASKED)


def response(answer: Any) -> dict[str, Any]:
    found = {"response_id": word(at(answer, "id")), "answered_by": word(at(answer, "model"))}
    return {**{n: v for n, v in found.items() if v}, **read(at(answer, "usage"), COUNTS)}


def fold(answer: dict[str, Any], event: Any) -> bool:
    """Embeddings do not stream."""
    return False


def input_messages(body: Any) -> list[dict[str, Any]]:
    said = prompts(at(body, "input"))
    return [{"role": "user", "parts": said}] if said else []


def output_messages(answer: Any) -> list[dict[str, Any]]:
    """A vector says nothing that one could read."""
    return []
