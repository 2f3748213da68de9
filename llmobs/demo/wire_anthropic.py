"""Anthropic's wire format for the stand-in: messages. Read from SDK 2.12.0 on 2026-11-22.

`input_tokens` leaves out what was read from and written to the cache, as Anthropic's does.
"""

import json
from collections.abc import Iterator
from typing import Any

from llmobs.demo import models
from llmobs.demo.answers import Asked, Reply, question_in
from llmobs.demo.wire_openai import Event, pieces, text_of

FINISH = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}


def asked_messages(body: dict[str, Any], attempt: int) -> Asked:
    """A request to the messages API. Only what is marked with `cache_control` is cached."""
    messages = body.get("messages") or []
    system = body.get("system") or ""
    users = [text_of(m.get("content")) for m in messages if m.get("role") == "user"]
    return Asked(
        model=body["model"],
        system=text_of(system),
        messages=tuple(text_of(m.get("content")) or tool_text(m.get("content")) for m in messages),
        question=question_in(users[0]) if users else "",
        tools=tuple((tool["name"], tool.get("input_schema") or {}) for tool in body.get("tools") or []),
        tool_results=sum(len(results(m.get("content"))) for m in messages),
        max_tokens=body.get("max_tokens"),
        caches=isinstance(system, list) and any("cache_control" in part for part in system),
        attempt=attempt,
    )


def results(content: Any) -> list[dict[str, Any]]:
    return [p for p in content if p.get("type") == "tool_result"] if isinstance(content, list) else []


def tool_text(content: Any) -> str:
    return " ".join(text_of(part.get("content")) for part in results(content))


def message(asked: Asked, reply: Reply, name: str) -> dict[str, Any]:
    """A whole message."""
    return {
        **head(asked, name),
        "content": blocks(reply),
        "stop_reason": FINISH[reply.finish],
        "usage": {**input_usage(reply), "output_tokens": reply.output_tokens},
    }


def head(asked: Asked, name: str) -> dict[str, Any]:
    return {
        "id": f"msg_{name}",
        "type": "message",
        "role": "assistant",
        "model": models.MODELS[asked.model].answers_as,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def input_usage(reply: Reply) -> dict[str, int]:
    return {
        "input_tokens": reply.input_tokens - reply.cached_tokens - reply.cache_written_tokens,
        "cache_read_input_tokens": reply.cached_tokens,
        "cache_creation_input_tokens": reply.cache_written_tokens,
    }


def blocks(reply: Reply) -> list[dict[str, Any]]:
    said = [{"type": "text", "text": reply.text}] if reply.text else []
    calls = [
        {
            "type": "tool_use",
            "id": c.id.replace("call", "toolu"),
            "name": c.name,
            "input": json.loads(c.arguments),
        }
        for c in reply.tool_calls
    ]
    return [*said, *calls]


def events(asked: Asked, reply: Reply, name: str) -> Iterator[Event]:
    """A message as the events of a stream."""
    start = {**head(asked, name), "usage": {**input_usage(reply), "output_tokens": 1}}
    yield 0, {"type": "message_start", "message": start}
    yield 0, {"type": "ping"}
    for place, block in enumerate(blocks(reply)):
        yield 0, {"type": "content_block_start", "index": place, "content_block": empty(block)}
        text = block.get("text") or json.dumps(block["input"])
        for piece in pieces(text):
            yield (
                models.tokens(piece),
                {"type": "content_block_delta", "index": place, "delta": delta(block, piece)},
            )
        yield 0, {"type": "content_block_stop", "index": place}
    yield (
        0,
        {
            "type": "message_delta",
            "delta": {"stop_reason": FINISH[reply.finish], "stop_sequence": None},
            "usage": {"output_tokens": reply.output_tokens},
        },
    )
    yield 0, {"type": "message_stop"}


def empty(block: dict[str, Any]) -> dict[str, Any]:
    return {**block, "text": ""} if block["type"] == "text" else {**block, "input": {}}


def delta(block: dict[str, Any], piece: str) -> dict[str, str]:
    if block["type"] == "text":
        return {"type": "text_delta", "text": piece}
    return {"type": "input_json_delta", "partial_json": piece}
