"""Anthropic's content blocks as message parts. Read from SDK 2.12.0, its beta types included, on 2026-11-22.

A kind that is not named here keeps its own name and fields.
"""

from collections.abc import Callable
from typing import Any

from llmobs.instrumentation.dialects import at, each, fields, joined, plain, word
from llmobs.instrumentation.dialects._parts import (
    Part,
    blob,
    file,
    generic,
    media,
    parsed,
    reasoning,
    server_call,
    server_response,
    text,
    tool_call,
    tool_response,
)


def parts(content: Any) -> list[Part]:
    """Message content or a system prompt: a text or a list of blocks."""
    if isinstance(content, str):
        return [text(content)]
    return [part(block) for block in each(content)]


def part(block: Any) -> Part:
    kind = word(at(block, "type")) or ""
    show = KINDS.get(kind)
    if show:
        return show(block)
    if kind.endswith("_tool_result"):
        return _server_result(block)
    return generic(block)


def _text(block: Any) -> Part:
    return text(joined(at(block, "text")), citations=at(block, "citations"))


def _thinking(block: Any) -> Part:
    return reasoning(joined(at(block, "thinking")))


def _arguments(block: Any) -> Any:
    """What a call was given: as it streamed, else whole, where a null is a value like others."""
    streamed = at(block, "partial_json")
    return parsed(streamed) if streamed else at(block, "input")


def _tool_use(block: Any) -> Part:
    return tool_call(at(block, "id"), at(block, "name"), _arguments(block))


def _tool_result(block: Any) -> Part:
    content = at(block, "content")
    said = parts(content) if isinstance(content, (list, tuple)) else plain(content)
    return tool_response(at(block, "tool_use_id"), said, is_error=at(block, "is_error"))


def _server_use(block: Any) -> Part:
    name = word(at(block, "name")) or ""
    given = {} if (arguments := _arguments(block)) is None else {"input": arguments}
    return server_call(at(block, "id"), name, name, {"server_name": at(block, "server_name")}, given)


def _server_result(block: Any) -> Part:
    details = {name: field for name, field in fields(block).items() if name not in ("type", "tool_use_id")}
    return server_response(at(block, "tool_use_id"), at(block, "type"), details)


def _image(block: Any) -> Part:
    return _sourced(block, "image")


def _document(block: Any) -> Part:
    return _sourced(block, "document", title=at(block, "title"), context=at(block, "context"))


def _sourced(block: Any, modality: str, **more: Any) -> Part:
    """What a `source` holds: bytes, a link, an uploaded file, a text, or blocks again."""
    source = at(block, "source")
    kind, mime_type = at(source, "type"), at(source, "media_type")
    if kind == "base64":
        return blob(at(source, "data"), modality, mime_type, **more)
    if kind == "url":
        return media(at(source, "url"), modality, mime_type, **more)
    if kind == "file":
        return file(at(source, "file_id"), modality, **more)
    if kind in ("text", "content"):
        said = joined(at(source, "data")) or parts(at(source, "content"))
        return {"type": "document", "content": said, **plain(more)}
    return generic(block)


def _upload(block: Any) -> Part:
    return file(at(block, "file_id"))


def _compaction(block: Any) -> Part:
    return {"type": "compaction", "content": joined(at(block, "content"))}


KINDS: dict[str, Callable[[Any], Part]] = {
    "text": _text,
    "thinking": _thinking,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
    "server_tool_use": _server_use,
    "mcp_tool_use": _server_use,
    "image": _image,
    "document": _document,
    "container_upload": _upload,
    "compaction": _compaction,
}
