"""The convention's message parts that several wire formats share.

Read from the JSON schemas of the GenAI conventions 1.42-dev on 2026-11-22. A kind that the convention
lacks keeps its own `type` and fields, which its GenericPart allows.
"""

import json
from typing import Any

from llmobs.instrumentation.dialects import Pieces, each, fields, joined, plain, word

Part = dict[str, Any]
# `NaN` is read as text: json would write it back as something that is not JSON.
_decode = json.JSONDecoder(parse_constant=str).decode
# What the convention has a shape for: a stranger of that name would be taken for one of them.
TAKEN = {
    "blob",
    "compaction",
    "file",
    "reasoning",
    "server_tool_call",
    "server_tool_call_response",
    "text",
    "tool_call",
    "tool_call_response",
    "uri",
}
KINDS = {"image": "image", "audio": "audio", "video": "video"}  # of a MIME type; anything else: document


def text(content: str, **more: Any) -> Part:
    part: Part = {"type": "text", "content": content}
    if more:
        part.update({name: plain(value) for name, value in more.items() if value})
    return part


def reasoning(content: str) -> Part:
    return {"type": "reasoning", "content": content}


def tool_call(call_id: Any, name: Any, arguments: Any) -> Part:
    """A call that the program has to make."""
    part = {"type": "tool_call", "name": word(name) or "", "arguments": arguments}
    return {**part, "id": call_id} if isinstance(call_id, str) else part


def tool_response(call_id: Any, response: Any, **more: Any) -> Part:
    part = {"type": "tool_call_response", "response": response, **{n: m for n, m in more.items() if m}}
    return {**part, "id": call_id} if isinstance(call_id, str) else part


def server_call(call_id: Any, name: str, kind: str, details: dict[str, Any], given: Part) -> Part:
    """A call that the provider itself made. `given`: its arguments, where a null is a value like others."""
    made = {**plain(details), **given, "type": kind}
    part = {"type": "server_tool_call", "name": name, "server_tool_call": made}
    return {**part, "id": call_id} if isinstance(call_id, str) else part


def server_response(call_id: Any, kind: str, details: dict[str, Any]) -> Part:
    part = {
        "type": "server_tool_call_response",
        "server_tool_call_response": {**plain(details), "type": kind},
    }
    return {**part, "id": call_id} if isinstance(call_id, str) else part


def generic(value: Any, otherwise: str = "unknown") -> Part:
    """Anything else under its own name; `otherwise` is what it is called if it has none."""
    if isinstance(value, str):
        return text(value)
    found = plain(value) if fields(value) else {"content": plain(value)}
    kind = word(found.get("type")) or otherwise
    return {**found, "type": f"other_{kind}" if kind in TAKEN else kind}


def media(source: Any, modality: str | None = None, mime_type: Any = None, **more: Any) -> Part:
    """What a URL stands for: `data:` ones carry the bytes in base64, others point to them."""
    source, mime_type = source if isinstance(source, str) else "", word(mime_type)
    if not source.startswith("data:"):
        return _typed({"type": "uri", "uri": source}, modality, mime_type, more)
    head, _, content = source.partition(",")
    mime_type = head[len("data:") :].partition(";")[0] or mime_type
    return blob(content, modality, mime_type, **more)


def blob(content: Any, modality: str | None = None, mime_type: Any = None, **more: Any) -> Part:
    """Bytes sent along, in base64."""
    return _typed({"type": "blob", "content": joined(content)}, modality, word(mime_type), more)


def file(file_id: Any, modality: str = "document", **more: Any) -> Part:
    return _typed({"type": "file", "file_id": word(file_id) or ""}, modality, None, more)


def _typed(part: Part, modality: str | None, mime_type: str | None, more: dict[str, Any]) -> Part:
    family = (mime_type or "").partition("/")[0]
    part["modality"] = modality or KINDS.get(family, "document")
    if mime_type:
        part["mime_type"] = mime_type
    return {**part, **{name: plain(value) for name, value in more.items() if value}}


def parsed(arguments: Any) -> Any:
    """Arguments as data; the text itself where it is not JSON, as of a stream that broke off inside."""
    if isinstance(arguments, Pieces) and arguments and not isinstance(arguments[-1], str):
        return arguments[-1]  # it streamed as data, not as text
    if not isinstance(arguments, (str, Pieces)):
        return arguments
    written = joined(arguments)
    try:
        return _decode(written)
    except (ValueError, RecursionError):
        return written


def prompts(value: Any) -> list[Part]:
    """A prompt or input that is a text, a list of texts, a list of tokens, or a list of such lists."""
    if isinstance(value, str):
        return [text(value)]
    items = each(value)
    if items and all(isinstance(item, int) for item in items):
        return [{"type": "tokens", "count": len(items)}]
    return [part for item in items for part in prompts(item)] if items else []
