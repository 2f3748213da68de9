"""The items that OpenAI responses are made of, as message parts. Read from SDK 3.54.0 on 2026-11-22.

The same kinds stand in a request's `input` and an answer's `output`. A kind that is not named here keeps its
own name and fields.
"""

from typing import Any

from llmobs.instrumentation.dialects import _openai as openai
from llmobs.instrumentation.dialects import at, each, fields, joined, plain, word
from llmobs.instrumentation.dialects._parts import (
    Part,
    blob,
    parsed,
    reasoning,
    server_call,
    server_response,
    tool_call,
    tool_response,
)

# Kind of a streamed piece: the field of the item that it fills, the parts of that field and where an event
# numbers them (None: the field is a text itself), the item that it implies where the item's start got lost.
FILLS: dict[str, tuple[str, str | None, str | None, str]] = {
    "response.output_text.delta": ("content", "output_text", "content_index", "message"),
    "response.refusal.delta": ("content", "refusal", "content_index", "message"),
    "response.reasoning_text.delta": ("content", "reasoning_text", "content_index", "reasoning"),
    "response.reasoning_summary_text.delta": ("summary", "summary_text", "summary_index", "reasoning"),
    "response.function_call_arguments.delta": ("arguments", None, None, "function_call"),
    "response.custom_tool_call_input.delta": ("input", None, None, "custom_tool_call"),
    "response.mcp_call_arguments.delta": ("arguments", None, None, "mcp_call"),
    "response.code_interpreter_call_code.delta": ("code", None, None, "code_interpreter_call"),
}
# What the program itself adds to a conversation, besides messages and outputs of tools.
ASKED = {"mcp_approval_response", "configuration_update", "compaction_trigger"}
# What the program has to run itself: the field that says what.
CALLS = {
    "computer_call": "action",
    "local_shell_call": "action",
    "shell_call": "action",
    "apply_patch_call": "operation",
}
# What the provider runs: the fields that say what came of it.
SERVED = {
    "web_search_call": ("results",),
    "file_search_call": ("results",),
    "code_interpreter_call": ("outputs",),
    "image_generation_call": ("result",),
    "mcp_call": ("output", "error"),
    "mcp_list_tools": ("tools", "error"),
}


def finished(item: Any) -> Any:
    """An item with the pieces that came for it in their places."""
    known = fields(item)
    if not (pieces := known.get("pieces")):
        return item
    found = {name: field for name, field in known.items() if name != "pieces"}
    filled: dict[str, list[Part]] = {}
    for kind, place in sorted(pieces, key=lambda key: key[1]):
        field, part, _, implied = FILLS[kind]
        found.setdefault("type", implied)
        said = joined(pieces[kind, place])
        if part:
            filled.setdefault(field, []).append({"type": part, "text": said, "refusal": said})
        else:
            found[field] = said
    return {**found, **filled}


def message(item: Any) -> dict[str, Any]:
    """One item of a request as a message."""
    name, kind = at(item, "role"), _kind(item)
    role = word(name) or ("tool" if kind.endswith("_output") else "user" if kind in ASKED else "assistant")
    return {"role": role, "parts": parts(item)}


def _kind(item: Any) -> str:
    return word(at(item, "type")) or ("message" if at(item, "role") else "item_reference")


def parts(item: Any) -> list[Part]:
    kind = _kind(item)
    call_id = at(item, "call_id") or at(item, "id")
    if kind == "message":
        return openai.parts(at(item, "content"))
    if kind == "reasoning":
        return [_reasoning(item)]
    if kind == "function_call":
        return [tool_call(call_id, at(item, "name"), parsed(at(item, "arguments")))]
    if kind == "custom_tool_call":
        return [tool_call(call_id, at(item, "name"), joined(at(item, "input")))]
    if kind in CALLS:
        asked = at(item, CALLS[kind]) or at(item, "actions")
        return [tool_call(call_id, kind.removesuffix("_call"), plain(asked))]
    if kind in SERVED:
        return _served(item, kind)
    if kind.endswith("_call_output"):
        return [tool_response(call_id, _output(at(item, "output")))]
    if kind == "compaction":
        return [{"type": "compaction", "id": word(at(item, "id"))}]
    return [openai.part(item, kind)]


def _reasoning(item: Any) -> Part:
    """What was thought; the summary of it where the provider keeps the rest to itself."""
    thoughts = each(at(item, "content")) or each(at(item, "summary"))
    return reasoning("\n\n".join([joined(at(thought, "text")) for thought in thoughts]))


def _output(output: Any) -> Any:
    """What a tool of the program gave back: a text, a list of parts, or one part."""
    if isinstance(output, (list, tuple)):
        return [openai.part(item) for item in output]
    return openai.part(output) if fields(output) else plain(output)


def _served(item: Any, kind: str) -> list[Part]:
    told = {name: field for name, field in fields(item).items() if field is not None}
    results = {name: told.pop(name) for name in SERVED[kind] if name in told}
    call_id, name = told.pop("id", None), word(told.get("name")) or kind.removesuffix("_call")
    given = {"arguments": parsed(told.pop("arguments"))} if "arguments" in told else {}
    made = server_call(call_id, name, kind, told, given)
    if not results:
        return [made]
    if kind == "image_generation_call":
        drawn = word(told.get("output_format"))
        return [made, blob(results["result"], "image", drawn and f"image/{drawn}")]
    return [made, server_response(call_id, kind, results)]
