"""Recorded exchanges with real providers, and what each of them says, read without any code of ours.

The recordings come from many projects, in four shapes: vcrpy with text or packed bytes, with `content`, with
a `parsed_body`, or one exchange a JSON file. They lie beside the checkout, not in it.
"""

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import yaml

SHARED = Path(__file__).parents[2] / "shared"
CASSETTES, SCHEMAS = SHARED / "cassettes", SHARED / "semconv/model/gen-ai"
FORMATS = ("/chat/completions", "/responses", "/completions", "/embeddings", "/v1/messages")


class Exchange(NamedTuple):
    """`form`: which of FORMATS; `base`: the address that stands before it; `data`: the answer's bytes."""

    file: str
    number: int
    form: str
    base: str
    body: dict[str, Any]
    status: int
    content_type: str
    data: bytes

    @property
    def streamed(self) -> bool:
        return bool(self.body.get("stream"))


class Said(NamedTuple):
    """What an exchange says, as its provider puts it. A count that is not there is None."""

    model: str | None
    answered_by: str | None
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    reasoning_tokens: int | None
    finish_reasons: list[str]
    texts: list[str]


def exchanges(folder: Path = CASSETTES) -> Iterator[Exchange]:
    """All exchanges in one of FORMATS whose request is JSON."""
    for file in sorted(folder.rglob("*")):
        if file.suffix not in (".yaml", ".json"):
            continue
        text = file.read_text(encoding="utf-8")
        if not any(form in text for form in FORMATS):  # parsing YAML is what costs here
            continue
        known = json.loads(text) if file.suffix == ".json" else yaml.load(text, Loader=yaml.CSafeLoader)
        found = known.get("interactions", [known]) if isinstance(known, dict) else []
        for number, one in enumerate(found):
            if "request" in one and "response" in one and (made := exchange(one)):
                yield Exchange(str(file.relative_to(folder)), number, *made)


def exchange(one: dict[str, Any]) -> tuple[Any, ...] | None:
    asked, answered = one["request"], one["response"]
    url = asked.get("uri") or asked.get("url") or ""
    path = urlsplit(url).path
    form = next((form for form in FORMATS if path.endswith(form)), None)
    if form is None or asked["method"] != "POST" or "/prompts/" in path:  # Portkey's own
        return None
    body = asked.get("parsed_body", asked.get("body"))
    if isinstance(body, str | bytes) and body:
        body = json.loads(body)
    if not isinstance(body, dict):
        return None
    headers = {
        name.lower(): value[0] if isinstance(value, list) and value else value
        for name, value in (answered.get("headers") or {}).items()
    }
    status = answered.get("status", answered.get("status_code"))
    status = status["code"] if isinstance(status, dict) else status
    base = url.partition("?")[0].removesuffix(form)
    kind = str(headers.get("content-type") or "")
    return form, base, body, status, kind, content(answered, headers)


def content(answered: dict[str, Any], headers: dict[str, Any]) -> bytes:
    """The answer's bytes, unpacked."""
    if "parsed_body" in answered:
        return json.dumps(answered["parsed_body"]).encode()
    held = answered.get("content", answered.get("body"))
    if isinstance(held, dict):
        packed = held.get("base64_string")
        held = base64.b64decode(packed) if packed else held.get("string")
    data = held.encode() if isinstance(held, str) else held or b""
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def events(data: bytes) -> Iterator[dict[str, Any]]:
    """The JSON of each server-sent event."""
    for block in data.replace(b"\r\n", b"\n").split(b"\n\n"):
        lines = [line[5:].strip() for line in block.splitlines() if line.startswith(b"data:")]
        if lines and lines != [b"[DONE]"]:
            yield json.loads(b"\n".join(lines))


def said(one: Exchange) -> Said:
    """What the provider said, from the bytes."""
    found = list(events(one.data)) if one.streamed else [json.loads(one.data)]
    read = {"/responses": of_responses, "/v1/messages": of_messages}.get(one.form, of_choices)
    return read(one, found)


def of_choices(one: Exchange, found: list[dict[str, Any]]) -> Said:
    usage: dict[str, Any] = {}
    reasons: dict[int, str] = {}
    texts: dict[int, str] = {}
    for event in found:
        usage = event.get("usage") or (event.get("x_groq") or {}).get("usage") or usage
        for position, choice in enumerate(event.get("choices") or ()):
            index = choice.get("index", position)
            spoken = choice.get("delta") or choice.get("message") or {"content": choice.get("text")}
            said = spoken.get("content") or ""
            if isinstance(said, list):  # Mistral
                said = "".join(part["text"] for part in said if part["type"] == "text")
            said += (spoken.get("audio") or {}).get("transcript") or ""
            texts[index] = texts.get(index, "") + said
            reasons[index] = choice.get("finish_reason") or reasons.get(index, "error")
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens")
    own = usage.get("prompt_cache_hit_tokens", usage.get("num_cached_tokens"))  # DeepSeek, Mistral
    all_tokens = usage.get("total_tokens") if one.form == "/embeddings" else None  # Voyage says no more
    return Said(
        one.body.get("model"),
        next((event["model"] for event in found if event.get("model")), None),
        usage.get("prompt_tokens", all_tokens),
        None if one.form == "/embeddings" else usage.get("completion_tokens"),  # Mistral says 0
        own if cached is None else cached,
        (usage.get("completion_tokens_details") or {}).get("reasoning_tokens"),
        [reasons[index] for index in sorted(reasons)],
        [texts[index] for index in sorted(texts)],
    )


def of_responses(one: Exchange, found: list[dict[str, Any]]) -> Said:
    held = [event["response"] for event in found if event.get("response")] if one.streamed else found
    last = held[-1]
    usage = last.get("usage") or {}
    said = [part for item in last["output"] if item["type"] == "message" for part in item["content"]]
    reason = (last.get("incomplete_details") or {}).get("reason") or last["status"]
    return Said(
        one.body.get("model"),
        last["model"],
        usage.get("input_tokens"),
        usage.get("output_tokens"),
        (usage.get("input_tokens_details") or {}).get("cached_tokens"),
        (usage.get("output_tokens_details") or {}).get("reasoning_tokens"),
        [] if reason in ("queued", "in_progress") else [reason],
        ["".join(part.get("text", "") for part in said)] if last["output"] else [],
    )


def of_messages(one: Exchange, found: list[dict[str, Any]]) -> Said:
    usage: dict[str, Any] = {}
    text, reason, model = "", "error", None
    for event in found:
        message = event.get("message") or (event if "content" in event else {})
        model = message.get("model") or model
        told = [message.get("usage"), event.get("usage")]
        usage |= {n: v for counts in told if counts for n, v in counts.items() if v is not None}
        reason = message.get("stop_reason") or (event.get("delta") or {}).get("stop_reason") or reason
        blocks = [*message.get("content", ()), event.get("content_block") or {}, event.get("delta") or {}]
        text += "".join(b.get("text", "") for b in blocks if b.get("type") in ("text", "text_delta"))
    read, written = usage.get("cache_read_input_tokens"), usage.get("cache_creation_input_tokens")
    return Said(
        one.body.get("model"),
        model,
        usage["input_tokens"] + (read or 0) + (written or 0),
        usage["output_tokens"],
        read,
        (usage.get("output_tokens_details") or {}).get("thinking_tokens"),
        [reason],
        [text],
    )


def asked_texts(one: Exchange) -> list[str]:
    """The texts of the request's messages, in order; tool results and system prompts left out."""
    body = one.body
    if one.form in ("/completions", "/embeddings"):
        held = body.get("prompt", body.get("input"))
        return [held] if isinstance(held, str) else [text for text in held if isinstance(text, str)]
    messages = body.get("messages", body.get("input", ()))
    if isinstance(messages, str):
        return [messages]
    told = [m for m in messages if "role" in m and m["role"] not in ("tool", "function")]
    parts = []
    for message in told:
        held = message.get("content") or ()
        parts += [{"type": "text", "text": held}] if isinstance(held, str) else held
    kinds = ("text", "input_text", "output_text")
    return [part["text"] for part in parts if part["type"] in kinds]
