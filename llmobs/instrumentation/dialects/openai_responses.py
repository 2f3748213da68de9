"""OpenAI responses. Read from SDK 3.54.0 and recorded answers on 2026-11-22.

A stream ends with an event that holds the whole answer; what arrived before is only read where that event is
missing, or comes without the output, as from some other hosts.
"""

from typing import Any

from llmobs.instrumentation.dialects import (
    Pieces,
    Slots,
    Table,
    at,
    each,
    fields,
    joined,
    read,
    real,
    whole,
    word,
)
from llmobs.instrumentation.dialects import _openai as openai
from llmobs.instrumentation.dialects._items import FILLS, finished, message, parts
from llmobs.instrumentation.dialects._parts import Part, text

OPERATION, METHOD, PATH = "chat", "POST", "/responses"


def _effort(reasoning: Any) -> str | None:
    return word(at(reasoning, "effort"))


ASKED: Table = {
    "model": ("model", word),
    "temperature": ("temperature", real),
    "top_p": ("top_p", real),
    "max_output_tokens": ("max_tokens", whole),
    "reasoning": ("reasoning_level", _effort),
    "previous_response_id": ("previous_response_id", word),
    "text": ("output_type", lambda text: openai.output_format(at(text, "format"))),
    "service_tier": ("service_tier_requested", openai.tier),
    "tool_choice": ("tool_choice", openai.tool_choice),
}
PROMPT: Table = {"id": ("prompt_name", word), "version": ("prompt_version", word)}
SAID: Table = {
    "id": ("response_id", word),
    "model": ("answered_by", word),
    "service_tier": ("service_tier", word),
}
COUNTS: Table = {"input_tokens": ("input_tokens", whole), "output_tokens": ("output_tokens", whole)}
RUNNING = ("queued", "in_progress")  # an answer made in the background: it has not ended
ENDS = ("response.completed", "response.incomplete", "response.failed", "response.cancelled")


def request(body: Any) -> dict[str, Any]:
    return {"api_type": "responses", **read(body, ASKED), **read(at(body, "prompt"), PROMPT)}


def response(answer: Any) -> dict[str, Any]:
    counts = at(answer, "usage")
    found = {
        **read(answer, SAID),
        **read(counts, COUNTS),
        **read(at(counts, "input_tokens_details"), openai.CACHED),
        **read(at(counts, "output_tokens_details"), openai.THOUGHT),
    }
    if searches := sum(map(_searched, each(at(answer, "output")))):
        found["web_searches"] = searches
    if fields(answer) and at(answer, "status") not in RUNNING:
        found["finish_reasons"] = [_finish(answer)]
    return found


def _searched(item: Any) -> bool:
    """Whether an item is a web search that is billed: opening a page that was found is not."""
    known = fields(item)
    if known.get("type") != "web_search_call" or known.get("status") == "failed":
        return False
    return at(known.get("action"), "type") in (None, "search")


def _finish(answer: Any) -> str:
    """Why the answer ended; the provider's reason where it gives one, else its word for the state."""
    reason = word(at(answer, "incomplete_details", "reason"))
    return reason or word(at(answer, "status")) or "error"  # neither: the stream broke off


def failure(answer: Any) -> tuple[str, str] | None:
    told = at(answer, "error")
    if not fields(told) and at(answer, "status") != "failed":
        return None
    return word(at(told, "code")) or "failed", joined(at(told, "message"))


def fold(answer: dict[str, Any], event: Any) -> bool:
    known = fields(event)
    kind = known.get("type")
    if not isinstance(kind, str):
        return False
    if kind.endswith(".delta"):
        return _grow(answer, kind, known)
    if kind in ("response.output_item.added", "response.output_item.done"):
        items, index = _items(answer), known.get("output_index")
        items[index if isinstance(index, int) else len(items)] = dict(fields(known.get("item")))
    elif kind == "error":
        answer["error"] = known
    elif said := fields(known.get("response")):
        _take(answer, said, ended=kind in ENDS)
    return False


def _items(answer: dict[str, Any]) -> Slots:
    """What has been said so far, to be added to; also after the event that should have been the last."""
    items = answer.get("output")
    if not isinstance(items, Slots):
        items = answer["output"] = Slots(enumerate(dict(fields(item)) for item in each(items)))
    return items


def _take(answer: dict[str, Any], said: dict[str, Any], ended: bool) -> None:
    """Takes over an answer as an event holds it; only the last one says how it ended and what was said."""
    kept = answer.get("output") or Slots()
    answer.update(said)
    if not ended:
        answer["status"] = None
    if not (ended and each(said.get("output"))):
        answer["output"] = kept


def _grow(answer: dict[str, Any], kind: str, event: dict[str, Any]) -> bool:
    """Keeps a streamed piece beside the item that it will be part of."""
    piece = event.get("delta")
    if not piece or kind not in FILLS:
        return bool(piece)
    numbered = FILLS[kind][2]
    place = event.get(numbered) if numbered else 0
    try:
        answer["output"][event["output_index"]]["pieces"][kind, place].append(piece)
    except (LookupError, TypeError, AttributeError):  # the first of its kind
        index = event.get("output_index")
        item = _items(answer).setdefault(index if isinstance(index, int) else 0, {})
        pieces = item.setdefault("pieces", {})
        pieces.setdefault((kind, place if isinstance(place, int) else 0), Pieces()).append(piece)
    return True


def system_instructions(body: Any) -> list[Part]:
    return openai.parts(at(body, "instructions"))


def input_messages(body: Any) -> list[dict[str, Any]]:
    said = at(body, "input")
    if isinstance(said, str):
        return [{"role": "user", "parts": [text(said)]}]
    return [message(item) for item in each(said)]


def output_messages(answer: Any) -> list[dict[str, Any]]:
    items = [finished(item) for item in each(at(answer, "output"))]
    if not items and (not fields(answer) or at(answer, "status") in RUNNING):
        return []
    said = [part for item in items for part in parts(item)]
    return [{"role": "assistant", "parts": said, "finish_reason": _finish(answer)}]


def tool_definitions(body: Any) -> list[Part] | None:
    return openai.tools(at(body, "tools"))
