"""Anthropic messages. Read from SDK 2.12.0 and recorded answers on 2026-11-22.

Our `input_tokens` counts cached tokens in, as OpenTelemetry asks; Anthropic's leaves them out. The counts in
a stream's `message_delta` are totals so far, not steps.
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
    some,
    whole,
    word,
    words,
)
from llmobs.instrumentation.dialects._anthropic import parts
from llmobs.instrumentation.dialects._parts import Part

# `/v1` belongs to it: the messages of an OpenAI thread lie at /v1/threads/{id}/messages.
OPERATION, METHOD, PATH = "chat", "POST", "/v1/messages"


def _format(config: Any) -> str | None:
    return "json" if at(config, "type") == "json_schema" else None


def _tool_choice(choice: Any) -> str | None:
    return word(at(choice, "name")) or word(at(choice, "type"))


ASKED: Table = {
    "model": ("model", word),
    "temperature": ("temperature", real),
    "top_p": ("top_p", real),
    "top_k": ("top_k", whole),
    "max_tokens": ("max_tokens", whole),
    "stop_sequences": ("stop_sequences", words),
    "output_format": ("output_type", _format),
    "tool_choice": ("tool_choice", _tool_choice),
}
CONFIG: Table = {"effort": ("reasoning_level", word), "format": ("output_type", _format)}
SAID: Table = {"id": ("response_id", word), "model": ("answered_by", word)}
COUNTS: Table = {
    "input_tokens": ("input_tokens", whole),
    "output_tokens": ("output_tokens", whole),
    "cache_read_input_tokens": ("cached_tokens", whole),
    "cache_creation_input_tokens": ("cache_written_tokens", whole),
}
THOUGHT: Table = {"thinking_tokens": ("reasoning_tokens", whole)}
WRITTEN: Table = {"ephemeral_1h_input_tokens": ("cache_written_1h_tokens", some)}
SEARCHED: Table = {"web_search_requests": ("web_searches", some)}
# Kind of a streamed piece: the field that it adds to, and the block that it implies where its start got lost.
GROWS = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "input_json_delta": ("partial_json", "tool_use"),
    "compaction_delta": ("content", "compaction"),
}


def request(body: Any) -> dict[str, Any]:
    return {**read(body, ASKED), **read(at(body, "output_config"), CONFIG)}


def response(answer: Any) -> dict[str, Any]:
    if not fields(answer):
        return {}
    return {**read(answer, SAID), **_usage(at(answer, "usage")), "finish_reasons": [_finish(answer)]}


def _usage(counts: Any) -> dict[str, Any]:
    known = fields(counts)
    found = {**read(known, COUNTS), **read(known.get("output_tokens_details"), THOUGHT)}
    found |= read(known.get("cache_creation"), WRITTEN) | read(known.get("server_tool_use"), SEARCHED)
    if "input_tokens" in found:
        found["input_tokens"] += found.get("cached_tokens", 0) + found.get("cache_written_tokens", 0)
    return found


def _finish(answer: Any) -> str:
    return word(at(answer, "stop_reason")) or "error"  # no reason given: the stream broke off


def failure(answer: Any) -> tuple[str, str] | None:
    """What the SDK does not raise: the caller reads the bytes, or the status was a good one."""
    if not (told := fields(at(answer, "error"))):
        return None
    return word(told.get("type")) or "error", joined(told.get("message"))


def fold(answer: dict[str, Any], event: Any) -> bool:
    known = fields(event)
    kind = known.get("type")
    if kind == "content_block_delta":
        return _grow(answer, known.get("index"), fields(known.get("delta")))
    if kind == "content_block_start":
        _open(answer, known.get("index"), known.get("content_block"))
    elif kind == "message_start":
        message = fields(known.get("message"))
        answer.update({**message, "content": Slots(), "usage": _given(message.get("usage"))})
        for index, block in enumerate(each(message.get("content"))):
            _open(answer, index, block)
    elif kind == "message_delta":
        answer["stop_reason"] = at(known, "delta", "stop_reason") or answer.get("stop_reason")
        answer["usage"] = {**fields(answer.get("usage")), **_given(known.get("usage"))}
    elif kind == "error":
        answer["error"] = known.get("error")
    return False


def _given(value: Any) -> dict[str, Any]:
    return {name: field for name, field in fields(value).items() if field is not None}


def _open(answer: dict[str, Any], index: Any, block: Any) -> dict[str, Any]:
    blocks = answer.setdefault("content", Slots())
    new = dict(fields(block))
    for field in ("text", "thinking"):
        if isinstance(new.get(field), str):
            new[field] = Pieces((new[field],))
    blocks[index if isinstance(index, int) else len(blocks)] = new
    return new


def _grow(answer: dict[str, Any], index: Any, delta: dict[str, Any]) -> bool:
    try:
        field, _ = GROWS[delta["type"]]
        if not (piece := delta[field]):
            return False
        answer["content"][index][field].append(piece)
        return True
    except (LookupError, TypeError, AttributeError):  # its first piece, or no text
        return _grow_first(answer, index, delta)


def _grow_first(answer: dict[str, Any], index: Any, delta: dict[str, Any]) -> bool:
    kind, blocks = str(delta.get("type")), answer.setdefault("content", Slots())
    field, implied = GROWS.get(kind, ("", None))
    if not isinstance(index, int):
        index = max(blocks, default=0)
    block = blocks[index] if index in blocks else _open(answer, index, {"type": implied})
    if piece := delta.get(field):
        if isinstance(grown := block.get(field), Pieces):
            grown.append(piece)
        else:
            block[field] = Pieces((grown, piece))
    elif kind == "citations_delta":
        block["citations"] = [*each(block.get("citations")), delta.get("citation")]
    return bool(piece)


def system_instructions(body: Any) -> list[Part]:
    system = at(body, "system")
    return parts(system) if system else []


def input_messages(body: Any) -> list[dict[str, Any]]:
    return [
        {"role": word(at(message, "role")) or "user", "parts": parts(at(message, "content"))}
        for message in each(at(body, "messages"))
    ]


def output_messages(answer: Any) -> list[dict[str, Any]]:
    if not fields(answer):
        return []
    said = parts(at(answer, "content"))
    return [{"role": "assistant", "parts": said, "finish_reason": _finish(answer)}]


def tool_definitions(body: Any) -> list[Part] | None:
    return [_tool(tool) for tool in each(at(body, "tools"))] or None


def _tool(tool: Any) -> Part:
    """A tool of the caller's own as a function; those of the provider as they are."""
    found = _given(tool)
    kind = word(found.get("type")) or "custom"
    name = word(found.get("name")) or word(found.get("mcp_server_name")) or kind
    if kind != "custom":
        return {**found, "type": kind, "name": name}
    schema = found.pop("input_schema", None)
    return {**found, "type": "function", "name": name, **({"parameters": schema} if schema else {})}
