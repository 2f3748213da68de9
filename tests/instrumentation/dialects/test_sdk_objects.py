"""What the real SDKs make of an answer reads as its JSON does."""

import json

import anthropic
import openai
import pytest

from llmobs.instrumentation.dialects import openai_chat
from tests.instrumentation.dialects.streams import (
    DIALECTS,
    FILES,
    NAMES,
    events,
    folded,
    http,
    said,
    server_sent,
    whole,
)

MESSAGES = [{"role": "user", "content": "How many boats?"}]
CREATE = {
    "openai_chat": lambda http, **more: create(http).chat.completions.create(messages=MESSAGES, **more),
    "openai_completions": lambda http, **more: create(http).completions.create(prompt="One", **more),
    "openai_responses": lambda http, **more: create(http).responses.create(input="How many?", **more),
    "anthropic": lambda http, **more: anthropic.Anthropic(api_key="none", http_client=http).messages.create(
        messages=MESSAGES, max_tokens=9, **more
    ),
}


def create(http):
    return openai.OpenAI(api_key="none", http_client=http)


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_a_stream_of_sdk_objects_reads_as_its_json(file):
    dialect, answer = DIALECTS[file.parent.name], {}

    with http(server_sent(events(file)), "text/event-stream") as client:
        try:
            for event in CREATE[file.parent.name](client, model="m", stream=True):
                dialect.fold(answer, event)
        except anthropic.APIStatusError:
            assert file.stem == "broken_off"  # it ends with an error of the provider

    assert said(dialect, answer) == said(dialect, folded(dialect, events(file)))


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_an_sdk_object_reads_as_its_json(file):
    dialect = DIALECTS[file.parent.name]

    with http(json.dumps(whole(file)).encode(), "application/json") as client:
        answer = CREATE[file.parent.name](client, model="m")

    assert said(dialect, answer) == said(dialect, whole(file))


def test_a_chunk_that_is_one_piece_of_text_takes_the_short_way(monkeypatch):
    general, counted = openai_chat._fold_any, []
    monkeypatch.setattr(openai_chat, "_fold_any", lambda a, e: counted.append(e) or general(a, e))
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    deltas = [{"role": "assistant", "content": ""}, *[{"content": "mill "}] * 50]
    found = [{**chunk, "choices": [{"index": 0, "delta": delta}]} for delta in deltas]

    with http(server_sent(found), "text/event-stream") as client:
        answer = folded(openai_chat, CREATE["openai_chat"](client, model="m", stream=True))

    assert len(counted) == 2  # the one with the role, and the one that opens the text
    [message] = openai_chat.output_messages(answer)
    assert message["parts"] == [{"type": "text", "content": "mill " * 50}]
