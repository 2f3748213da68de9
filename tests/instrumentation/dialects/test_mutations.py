"""What providers and users send is not always what the documentation says: nothing of it may raise.

Seeded: the same mutations every time. Each spoils a stream or an answer of tests/dialects/streams.
"""

import copy
import json
import random

import pytest

from tests.instrumentation.dialects.streams import DIALECTS, FILES, NAMES, events, folded, whole

ROUNDS = 20
BODY = {
    "model": "m",
    "n": 2,
    "stop": ["END"],
    "input": [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]},
        {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_image", "file_id": "f"}]},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
        {"type": "mcp_call", "name": "roll", "arguments": "{}", "output": "7"},
    ],
    "prompt": ["a", [1, 2]],
    "system": [{"type": "text", "text": "Be short."}],
    "instructions": "Be short.",
    "messages": [
        {
            "role": "user",
            "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}],
        },
        {"role": "user", "content": [{"type": "image", "source": {"type": "base64", "data": "AA"}}]},
        {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "hi"}]},
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text"}]}],
        },
    ],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}, {"type": "web_search"}],
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "text": {"format": {"type": "json_schema"}},
}
ODD = [None, "", "x", 0, -1, 1.5, True, [], {}, [None], ["x"], {"x": 1}, 10**30, float("nan"), "\ud800", [[]]]
ODD += [{"type": 7}, {"type": "text"}, {"type": "text", "text": 5}, {"type": "tool_call"}, iter(())]


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_no_shape_makes_a_dialect_raise(file):
    dialect, chance = DIALECTS[file.parent.name], random.Random(file.stem)

    for _ in range(ROUNDS):
        body = spoilt(BODY, chance)
        for answer in (folded(dialect, spoilt(events(file), chance)), spoilt(whole(file), chance)):
            found = {**dialect.request(body), **dialect.response(answer)}
            messages = [*dialect.input_messages(body), *dialect.output_messages(answer)]
            for name in ("system_instructions", "tool_definitions"):
                messages.append(
                    {"role": name, "parts": getattr(dialect, name, lambda body: None)(body) or []}
                )

            assert all(fit(value) for value in found.values()), found
            assert all(isinstance(m["role"], str) for m in messages)
            assert all(isinstance(part["type"], str) for m in messages for part in m["parts"])


def test_events_of_any_type_are_passed_over():
    for dialect in DIALECTS.values():
        answer: dict = {}
        for odd in ODD:
            assert dialect.fold(answer, odd) is False
            assert isinstance(dialect.response(odd), dict)
            assert isinstance(dialect.output_messages(odd), list)
            assert isinstance(dialect.request(odd), dict)
            assert isinstance(dialect.input_messages(odd), list)


def fit(value):
    """Whether a span takes it as an attribute."""
    if isinstance(value, list):
        return all(type(item) is str for item in value)
    return type(value) in (str, float) or (type(value) is int and abs(value) < 1 << 63)


def spoilt(value, chance):
    """A copy of `value` with a few places deleted, or filled with something odd."""
    value = json.loads(json.dumps(value))
    for _ in range(chance.randint(1, 4)):
        places = [(holder, key) for holder in holders(value) for key in keys(holder)]
        if not places:
            break
        holder, key = chance.choice(places)
        if chance.random() < 0.4:
            del holder[key]
        else:
            holder[key] = copy.copy(chance.choice(ODD))
    return value


def holders(value):
    if isinstance(value, (dict, list)):
        yield value
        for key in keys(value):
            yield from holders(value[key])


def keys(holder):
    return list(holder) if isinstance(holder, dict) else range(len(holder))
