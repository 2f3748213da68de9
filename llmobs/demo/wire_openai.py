"""OpenAI's wire formats for the stand-in: chat, responses, embeddings. Read from SDK 3.54.0 on 2026-11-22.

A stream is a list of events; `provider` sends them one by one. Each comes with the tokens it brings, which is
how long it takes to write.
"""

import base64
import struct
from collections.abc import Iterator
from typing import Any

from llmobs.demo import models
from llmobs.demo.answers import Asked, Reply, question_in

Event = tuple[int, dict[str, Any]]  # output tokens in it, the event
CREATED = 1_795_000_000


def text_of(content: Any) -> str:
    """The text of a message's content: text itself, or the text of its parts."""
    if isinstance(content, list):
        return " ".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def asked_chat(body: dict[str, Any], attempt: int) -> Asked:
    """A chat completion request."""
    messages = body.get("messages") or []
    tools = [tool["function"] for tool in body.get("tools") or [] if "function" in tool]
    users = [text_of(m.get("content")) for m in messages if m.get("role") == "user"]
    return Asked(
        model=body["model"],
        system=" ".join(
            text_of(m.get("content")) for m in messages if m.get("role") in ("system", "developer")
        ),
        messages=tuple(
            text_of(m.get("content")) for m in messages if m.get("role") not in ("system", "developer")
        ),
        question=question_in(users[0]) if users else "",
        tools=tuple((tool["name"], tool.get("parameters") or {}) for tool in tools),
        tool_results=sum(m.get("role") == "tool" for m in messages),
        wants_json=(body.get("response_format") or {}).get("type", "text") != "text",
        max_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
        attempt=attempt,
    )


def asked_responses(body: dict[str, Any], attempt: int) -> Asked:
    """A request to the responses API; its input is text or a list of items."""
    given = body.get("input") or ""
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    users = [text_of(i.get("content")) for i in items if i.get("role") == "user"]
    return Asked(
        model=body["model"],
        system=body.get("instructions") or "",
        messages=tuple(text_of(i.get("content")) or str(i.get("output") or "") for i in items),
        question=question_in(users[0]) if users else "",
        tools=tuple((t["name"], t.get("parameters") or {}) for t in body.get("tools") or [] if "name" in t),
        tool_results=sum(i.get("type") == "function_call_output" for i in items),
        wants_json=((body.get("text") or {}).get("format") or {}).get("type", "text") != "text",
        max_tokens=body.get("max_output_tokens"),
        attempt=attempt,
    )


def chat(asked: Asked, reply: Reply, name: str) -> dict[str, Any]:
    """A chat completion."""
    message: dict[str, Any] = {
        "role": "assistant",
        "content": reply.text or (None if reply.tool_calls else ""),
    }
    if reply.tool_calls:
        message["tool_calls"] = [
            {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}}
            for c in reply.tool_calls
        ]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reply.finish}
    return {**chat_head(asked, name, "chat.completion"), "choices": [choice], "usage": chat_usage(reply)}


def chat_head(asked: Asked, name: str, kind: str) -> dict[str, Any]:
    answers_as = models.MODELS[asked.model].answers_as
    return {"id": f"chatcmpl-{name}", "object": kind, "created": CREATED, "model": answers_as}


def chat_usage(reply: Reply) -> dict[str, Any]:
    return {
        "prompt_tokens": reply.input_tokens,
        "completion_tokens": reply.output_tokens,
        "total_tokens": reply.input_tokens + reply.output_tokens,
        "prompt_tokens_details": {"cached_tokens": reply.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": reply.reasoning_tokens},
    }


def chat_events(asked: Asked, reply: Reply, name: str, with_usage: bool) -> Iterator[Event]:
    """A chat completion as the chunks of a stream."""
    head = chat_head(asked, name, "chat.completion.chunk")

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    yield reply.reasoning_tokens, chunk({"role": "assistant", "content": ""})
    for piece in pieces(reply.text):
        yield models.tokens(piece), chunk({"content": piece})
    for place, call in enumerate(reply.tool_calls):
        function = {"name": call.name, "arguments": ""}
        yield (
            1,
            chunk(
                {"tool_calls": [{"index": place, "id": call.id, "type": "function", "function": function}]}
            ),
        )
        for piece in pieces(call.arguments):
            part = {"index": place, "function": {"arguments": piece}}
            yield models.tokens(piece), chunk({"tool_calls": [part]})
    yield 0, chunk({}, reply.finish)
    if with_usage:
        yield 0, {**head, "choices": [], "usage": chat_usage(reply)}


def pieces(text: str, size: int = 17) -> list[str]:
    """`text` in the portions of a stream: about four tokens each."""
    return [text[at : at + size] for at in range(0, len(text), size)]


def responses(asked: Asked, reply: Reply, name: str) -> dict[str, Any]:
    """An answer of the responses API."""
    cut = reply.finish == "length"
    return {
        **responses_head(asked, name, "incomplete" if cut else "completed"),
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "output": output_items(reply, name),
        "usage": {
            "input_tokens": reply.input_tokens,
            "input_tokens_details": {"cached_tokens": reply.cached_tokens},
            "output_tokens": reply.output_tokens,
            "output_tokens_details": {"reasoning_tokens": reply.reasoning_tokens},
            "total_tokens": reply.input_tokens + reply.output_tokens,
        },
    }


def responses_head(asked: Asked, name: str, status: str) -> dict[str, Any]:
    return {
        "id": f"resp_{name}",
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "error": None,
        "model": models.MODELS[asked.model].answers_as,
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }


def output_items(reply: Reply, name: str) -> list[dict[str, Any]]:
    if reply.tool_calls:
        return [
            {"type": "function_call", "id": f"fc_{name}", "call_id": c.id, "name": c.name,
             "arguments": c.arguments, "status": "completed"}
            for c in reply.tool_calls
        ]  # fmt: skip
    content = [{"type": "output_text", "text": reply.text, "annotations": []}]
    status = "incomplete" if reply.finish == "length" else "completed"
    return [
        {"type": "message", "id": f"msg_{name}", "role": "assistant", "status": status, "content": content}
    ]


def responses_events(asked: Asked, reply: Reply, name: str) -> Iterator[Event]:
    """An answer of the responses API as the events of a stream."""
    head = responses_head(asked, name, "in_progress")
    yield 0, {"type": "response.created", "response": head}
    for place, item in enumerate(output_items(reply, name)):
        where = {"item_id": item["id"], "output_index": place}
        yield (
            reply.reasoning_tokens,
            {"type": "response.output_item.added", "output_index": place, "item": item},
        )
        if item["type"] == "message":
            where["content_index"] = 0
            for piece in pieces(reply.text):
                yield models.tokens(piece), {"type": "response.output_text.delta", **where, "delta": piece}
            yield 0, {"type": "response.output_text.done", **where, "text": reply.text}
        else:
            for piece in pieces(item["arguments"]):
                event = {"type": "response.function_call_arguments.delta", **where, "delta": piece}
                yield models.tokens(piece), event
        yield 0, {"type": "response.output_item.done", "output_index": place, "item": item}
    whole = responses(asked, reply, name)
    yield 0, {"type": f"response.{whole['status']}", "response": whole}


def embeddings(body: dict[str, Any]) -> dict[str, Any]:
    """Vectors of 8 numbers, derived from the text; base64 where the SDK asks for it."""
    texts = [body["input"]] if isinstance(body["input"], str) else list(body["input"])
    data = [
        {"object": "embedding", "index": place, "embedding": vector(str(text), body.get("encoding_format"))}
        for place, text in enumerate(texts)
    ]
    used = sum(models.tokens(str(text)) for text in texts)
    usage = {"prompt_tokens": used, "total_tokens": used}
    return {"object": "list", "data": data, "model": body["model"], "usage": usage}


def vector(text: str, encoding: str | None) -> list[float] | str:
    numbers = [round(((hash_of(text) >> (8 * i)) & 255) / 255 - 0.5, 4) for i in range(8)]
    return base64.b64encode(struct.pack("<8f", *numbers)).decode() if encoding == "base64" else numbers


def hash_of(text: str) -> int:
    """A number that is the same in every process, which `hash` is not."""
    found = 1_469_598_103_934_665_603
    for byte in text.encode():
        found = (found ^ byte) * 1_099_511_628_211 % 2**64
    return found
