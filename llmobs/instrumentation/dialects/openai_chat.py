"""OpenAI chat completions, which most hosts speak. Read from SDK 3.54.0 and recorded answers on 2026-11-22.

Usage comes once, in the last event, and only if asked for; Groq puts it in `x_groq`, Moonshot into the
choice. Azure opens its streams with an event whose names are empty. Some hosts leave out the `index` of a
tool call, or repeat it.
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
    plain,
    read,
    real,
    whole,
    word,
    words,
)
from llmobs.instrumentation.dialects import _openai as openai
from llmobs.instrumentation.dialects._parts import (
    Part,
    blob,
    file,
    generic,
    parsed,
    reasoning,
    server_call,
    server_response,
    text,
    tool_call,
    tool_response,
)

OPERATION, METHOD, PATH = "chat", "POST", "/chat/completions"
MODES = {"audio": "speech", "image": "image"}  # what may be asked for besides text
ASKED: Table = {
    "model": ("model", word),
    "temperature": ("temperature", real),
    "top_p": ("top_p", real),
    "top_k": ("top_k", whole),
    "max_tokens": ("max_tokens", whole),
    "max_completion_tokens": ("max_tokens", whole),
    "stop": ("stop_sequences", words),
    "frequency_penalty": ("frequency_penalty", real),
    "presence_penalty": ("presence_penalty", real),
    "n": ("choice_count", openai.several),
    "seed": ("seed", whole),
    "reasoning_effort": ("reasoning_level", word),
    "response_format": ("output_type", openai.output_format),
    "modalities": ("output_type", lambda kinds: next((MODES[k] for k in MODES if k in each(kinds)), None)),
    "service_tier": ("service_tier_requested", openai.tier),
    "tool_choice": ("tool_choice", openai.tool_choice),
}


def request(body: Any) -> dict[str, Any]:
    return {"api_type": "chat_completions", **read(body, ASKED)}


def response(answer: Any) -> dict[str, Any]:
    return openai.response(answer)


def failure(answer: Any) -> tuple[str, str] | None:
    return openai.failure(answer)


def fold(answer: dict[str, Any], event: Any) -> bool:
    # Nearly all chunks are one piece of text and nothing else. Their way costs 6 k instructions, the general
    # one 20 k, in the caller's loop; whatever is not found as expected takes the general one.
    if type(event) is not dict and answer:
        try:
            chunk = event.__dict__
            [choice] = chunk["choices"]
            known = choice.__dict__
            delta = known["delta"]
            if (
                chunk["usage"] is None
                and known["finish_reason"] is None
                and len(delta.__pydantic_fields_set__) == 1
                and not delta.__pydantic_extra__
                and (piece := delta.__dict__["content"])
            ):
                answer["choices"][known["index"]]["message"]["content"].append(piece)
                return True
        except (AttributeError, KeyError, TypeError, ValueError):
            pass
    return _fold_any(answer, fields(event))


def _fold_any(answer: dict[str, Any], chunk: dict[str, Any]) -> bool:
    openai.identify(answer, chunk)
    content = False
    choices = chunk.get("choices")
    for position, choice in enumerate(choices if isinstance(choices, list) else ()):
        if _add(answer, fields(choice), position):
            content = True
    return content


def _add(answer: dict[str, Any], choice: dict[str, Any], position: int) -> bool:
    index = choice.get("index")
    index = index if isinstance(index, int) else position
    told = answer["choices"].setdefault(index, {"message": {}})
    if reason := choice.get("finish_reason"):
        told["finish_reason"] = reason
        if fault := choice.get("error"):
            told["error"] = fault
    if counts := choice.get("usage"):
        answer["usage"] = counts
    message, content = told["message"], False
    for name, value in fields(choice.get("delta")).items():
        if value and (grow := GROWS.get(name)):
            grow(message, name, value)
            content = True
        elif value and name == "role":
            message["role"] = value
    return content


def _grow(message: dict[str, Any], name: str, value: Any) -> None:
    if name in message:
        message[name].append(value)
    else:
        message[name] = Pieces((value,))


def _extend(message: dict[str, Any], name: str, value: Any) -> None:
    message.setdefault(name, []).extend(each(value))


def _grow_fields(message: dict[str, Any], name: str, value: Any) -> None:
    """An object whose texts arrive in pieces: `function_call`, `audio`, or one of a tool call."""
    inner = message.setdefault(name, {})
    for field, piece in fields(value).items():
        if piece is not None and field in ("arguments", "input", "data", "transcript"):
            _grow(inner, field, piece)
        elif piece:
            inner.setdefault(field, piece)


def _take_run(message: dict[str, Any], name: str, value: Any) -> None:
    """Tools that the host ran itself: each comes as it starts, and again with what came of it."""
    run = message.setdefault(name, Slots())
    for tool in map(fields, each(value)):
        index = tool.get("index")
        index = index if isinstance(index, int) else len(run)
        run[index] = {**run.get(index, {}), **{n: v for n, v in tool.items() if v is not None}}


def _grow_calls(message: dict[str, Any], name: str, value: Any) -> None:
    calls, latest = message.setdefault(name, []), message.setdefault("latest", {})
    for delta in [fields(item) for item in each(value)]:
        index, call_id = delta.get("index"), delta.get("id")
        index = index if isinstance(index, int) else None
        call = latest.get(index)
        if call is None or _is_another(call, index, call_id, delta):
            call = latest[index] = {"id": call_id, "type": delta.get("type")}
            calls.append(call)
        elif call_id and not call["id"]:
            call["id"] = call_id
        for kind in ("function", "custom"):
            if inner := delta.get(kind):
                _grow_fields(call, kind, inner)


def _is_another(call: dict[str, Any], index: int | None, call_id: Any, delta: dict[str, Any]) -> bool:
    """Whether a delta opens a new call where one stands: another id, or no index and a name again.

    vLLM has given each piece of a call an id of its own; only the first has a name.
    """
    if call_id and call["id"]:
        return bool(call_id != call["id"]) and (index is None or _named(delta))
    return index is None and _named(delta)


def _named(delta: dict[str, Any]) -> bool:
    return bool(at(delta, "function", "name") or at(delta, "custom", "name"))


GROWS = {
    "content": _grow,
    "refusal": _grow,
    "reasoning_content": _grow,
    "reasoning": _grow,
    "tool_calls": _grow_calls,
    "function_call": _grow_fields,
    "audio": _grow_fields,
    "annotations": _extend,
    "images": _extend,
    "executed_tools": _take_run,
    "reasoning_details": _extend,
}


def input_messages(body: Any) -> list[dict[str, Any]]:
    return [_asked(fields(message)) for message in each(at(body, "messages"))]


def _asked(message: dict[str, Any]) -> dict[str, Any]:
    role = word(message.get("role")) or "user"
    answers = role in ("tool", "function")
    asked = {"role": role, "parts": [_tool_answer(message)] if answers else _said(message)}
    if name := word(message.get("name")):
        asked["name"] = name
    return asked


def _tool_answer(message: dict[str, Any]) -> Part:
    content = message.get("content")
    said = openai.parts(content) if isinstance(content, (list, tuple)) else content
    return tool_response(message.get("tool_call_id"), said)


def output_messages(answer: Any) -> list[dict[str, Any]]:
    return [_answered(fields(choice)) for choice in each(at(answer, "choices"))]


def _answered(choice: dict[str, Any]) -> dict[str, Any]:
    message = fields(choice.get("message"))
    role = word(message.get("role")) or "assistant"
    return {"role": role, "parts": _said(message), "finish_reason": openai.finish(choice)}


def _said(message: dict[str, Any]) -> list[Part]:
    """All that a message says: what was thought, then what was said, then what is to be called.

    Most messages have one of these; what is not there costs a look and no more.
    """
    get = message.get
    said = openai.parts(get("content"))
    if said and (notes := get("annotations")):
        said[-1] = {**said[-1], "annotations": plain(notes)}
    if run := get("executed_tools"):  # Groq
        said = [*[part for tool in each(run) for part in _run(fields(tool))], *said]
    if thoughts := get("reasoning_content") or get("reasoning") or get("reasoning_details"):
        said = [*_thoughts(thoughts), *said]
    if refused := get("refusal"):
        said.append(openai.refusal(refused))
    if drawn := get("images"):  # OpenRouter
        said += openai.parts(each(drawn))
    if voice := get("audio"):
        said += _voice(fields(voice))
    if calls := get("tool_calls"):
        said += [_call(fields(call)) for call in each(calls)]
    if made := fields(get("function_call")):
        said.append(tool_call(None, made.get("name"), parsed(made.get("arguments"))))
    return said


def _thoughts(thoughts: Any) -> list[Part]:
    """One text, or details of which each has a text or a summary (OpenRouter)."""
    told = joined(thoughts) or "".join(
        [joined(at(detail, "text")) or joined(at(detail, "summary")) for detail in each(thoughts)]
    )
    return [reasoning(told)] if told else []


def _run(tool: dict[str, Any]) -> list[Part]:
    kind = word(tool.get("type")) or "tool"
    result = {n: v for n, v in tool.items() if v is not None and n not in ("type", "index", "arguments")}
    made = server_call(None, kind, kind, {}, {"arguments": parsed(tool.get("arguments"))})
    return [made, server_response(None, kind, result)] if result else [made]


def _voice(voice: dict[str, Any]) -> list[Part]:
    """Spoken words as sound and as text; in a request only the id of what was said before."""
    name, spoken, data = word(voice.get("id")), joined(voice.get("transcript")), joined(voice.get("data"))
    sound = [blob(data, "audio", id=name)] if data else [file(name, "audio")] if name else []
    return [*sound, text(spoken)] if spoken else sound


def _call(call: dict[str, Any]) -> Part:
    if made := fields(call.get("function")):
        return tool_call(call.get("id"), made.get("name"), parsed(made.get("arguments")))
    if made := fields(call.get("custom")):
        return tool_call(call.get("id"), made.get("name"), joined(made.get("input")))
    return generic(call, "tool_call")


def tool_definitions(body: Any) -> list[Part] | None:
    known = fields(body)
    offered = [*each(known.get("tools")), *each(known.get("functions"))]  # `functions`: the older way
    return openai.tools(offered) if offered else None
