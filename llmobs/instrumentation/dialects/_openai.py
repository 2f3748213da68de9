"""What the OpenAI formats share: content parts, tools, and how some settings are read.

Read from SDK 3.54.0 on 2026-11-22. Where chat nests what a part holds under its kind, Responses does not:
`{"type": "file", "file": {"file_id": ...}}` is `{"type": "input_file", "file_id": ...}` there.
"""

from collections.abc import Callable
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
    some,
    whole,
    word,
)
from llmobs.instrumentation.dialects._parts import Part, blob, file, generic, media, reasoning, text

FORMATS = {"text": "text", "json_object": "json", "json_schema": "json"}
SAID: Table = {
    "id": ("response_id", word),
    "model": ("answered_by", word),
    "service_tier": ("service_tier", word),
    "system_fingerprint": ("system_fingerprint", word),
}
COUNTS: Table = {
    "prompt_tokens": ("input_tokens", whole),
    "completion_tokens": ("output_tokens", whole),
    "prompt_cache_hit_tokens": ("cached_tokens", whole),  # DeepSeek
    "cached_tokens": ("cached_tokens", some),  # Moonshot; Together and Hugging Face, where it is always 0
    "num_cached_tokens": ("cached_tokens", whole),  # Mistral
    "cache_creation_input_tokens": ("cache_written_tokens", some),  # LiteLLM
    "reasoning_tokens": ("reasoning_tokens", some),  # Perplexity
}
CACHED: Table = {
    "cached_tokens": ("cached_tokens", whole),
    "cache_write_tokens": ("cache_written_tokens", whole),
    "cache_creation_input_tokens": ("cache_written_tokens", some),  # Alibaba
    "audio_tokens": ("input_audio_tokens", some),
}
THOUGHT: Table = {
    "reasoning_tokens": ("reasoning_tokens", whole),
    "audio_tokens": ("output_audio_tokens", some),
}


def response(answer: Any) -> dict[str, Any]:
    """What an answer made of choices says; details of the counts are subsets of them."""
    known = fields(answer)
    counts = fields(known.get("usage")) or fields(at(known.get("x_groq"), "usage"))
    found = read(known, SAID)
    if counts:
        found |= read(counts, COUNTS)
        found |= read(counts.get("prompt_tokens_details"), CACHED)
        found |= read(counts.get("completion_tokens_details"), THOUGHT)
    if choices := each(known.get("choices")):
        found["finish_reasons"] = [finish(fields(choice)) for choice in choices]
    return found


def finish(choice: dict[str, Any]) -> str:
    """Why a choice ended, in the provider's words; none given: it broke off."""
    return word(choice.get("finish_reason")) or "error"


def failure(answer: Any) -> tuple[str, str] | None:
    """Code and message of a failure under a good status: its host had begun to answer (OpenRouter)."""
    known = fields(answer)
    told = known.get("error")
    for choice in () if told else each(known.get("choices")):
        held = fields(choice)
        if held.get("finish_reason") == "error":
            told = held.get("error")
            break
    if not told or isinstance(told, str):
        return ("error", told) if told else None
    code = at(told, "code") or at(told, "type")
    return word(code) or (str(code) if type(code) is int else "error"), joined(at(told, "message"))


def identify(answer: dict[str, Any], chunk: dict[str, Any]) -> None:
    """Keeps what stands beside the choices of a streamed event: names until they are known, counts."""
    counts = chunk.get("usage")
    if fault := chunk.get("error"):  # where the SDK does not raise it, as the caller reads the bytes
        answer["error"] = fault
    if "x_groq" in chunk and (own := fields(chunk["x_groq"])):
        counts = counts or own.get("usage")
        if fault := own.get("error"):
            answer["error"] = fault
    if counts:
        answer["usage"] = counts
    if counts or not answer.get("model"):
        answer.setdefault("choices", Slots())
        answer.update({name: chunk[name] for name in SAID if chunk.get(name)})


def several(value: Any) -> int | None:
    """A number of choices, where it is not the usual one."""
    count = whole(value)
    return count if count != 1 else None


def tier(value: Any) -> str | None:
    """A service tier that was asked for by name."""
    return word(value) if value != "auto" else None


def output_format(value: Any) -> str | None:
    return FORMATS.get(str(at(value, "type")))


def tool_choice(value: Any) -> str | None:
    """`auto`, `none`, `required`, or the name of the tool that must be called."""
    kind = word(at(value, "type"))
    named = at(value, "name") or at(value, str(kind), "name")
    return word(value) or word(named) or kind


def tools(offered: Any) -> list[Part] | None:
    """Tool definitions; those that the provider runs itself are named after what they are."""
    return [_tool(fields(tool)) for tool in each(offered)] or None


def _tool(tool: dict[str, Any]) -> Part:
    kind = word(tool.get("type")) or "function"
    inner = tool.get(kind)
    held = inner if isinstance(inner, dict) else tool
    name = word(held.get("name")) or word(held.get("server_label")) or kind
    return {**held, "type": kind, "name": name}


def parts(content: Any) -> list[Part]:
    """Message content: a text, pieces of one, or a list of parts."""
    if isinstance(content, str):
        return [text(content)] if content else []
    if isinstance(content, Pieces):
        return _pieced(content)
    return [part(item) for item in each(content)]


def part(value: Any, otherwise: str = "unknown") -> Part:
    """One part of content; `otherwise` is what one without a kind is called."""
    kind = at(value, "type")
    show = KINDS.get(kind) if isinstance(kind, str) else None
    return show(value) if show else generic(value, otherwise)


def _pieced(pieces: Pieces) -> list[Part]:
    """Streamed content: texts, or lists of parts of which neighbours of a kind belong together (Mistral)."""
    if all(isinstance(piece, str) for piece in pieces):
        return parts("".join(pieces))
    found: list[Part] = []
    for new in [new for piece in pieces for new in parts(piece)]:
        if found and new["type"] == found[-1]["type"] and new["type"] in ("text", "reasoning"):
            found[-1] = {**found[-1], "content": found[-1]["content"] + new["content"]}
        else:
            found.append(new)
    return found


def _text(value: Any) -> Part:
    return text(joined(at(value, "text")), annotations=at(value, "annotations"))


def _refusal(value: Any) -> Part:
    return refusal(at(value, "refusal"))


def refusal(said: Any) -> Part:
    return {"type": "refusal", "content": joined(said)}


def _thinking(value: Any) -> Part:
    thoughts = at(value, "thinking")
    return reasoning(joined(thoughts) or "".join([joined(at(t, "text")) for t in each(thoughts)]))


def _image(value: Any) -> Part:
    if file_id := word(at(value, "file_id")):
        return file(file_id, "image")
    url = at(value, "image_url")
    return media(at(url, "url") or url, "image")


def _audio(value: Any) -> Part:
    kind = word(at(value, "input_audio", "format"))
    return blob(at(value, "input_audio", "data"), "audio", kind and f"audio/{kind}")


def _file(value: Any) -> Part:
    held = at(value, "file") or value
    name = at(held, "filename")
    if file_id := word(at(held, "file_id")):
        return file(file_id, filename=name)
    if url := word(at(held, "file_url")):
        return media(url, filename=name)
    data = joined(at(held, "file_data"))
    return media(data, filename=name) if data.startswith("data:") else blob(data, filename=name)


def _linked(modality: str) -> Callable[[Any], Part]:
    def show(value: Any) -> Part:
        url = at(value, f"{modality}_url")
        return media(at(url, "url") or url, modality)

    return show


KINDS: dict[str, Callable[[Any], Part]] = {
    "text": _text,
    "input_text": _text,
    "output_text": _text,
    "refusal": _refusal,
    "thinking": _thinking,
    "image_url": _image,
    "input_image": _image,
    "computer_screenshot": _image,
    "input_audio": _audio,
    "file": _file,
    "input_file": _file,
    "video_url": _linked("video"),
    "audio_url": _linked("audio"),
}
