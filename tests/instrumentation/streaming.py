"""How each SDK is asked for a stream, and what its span says."""

import json

import pytest

from tests.net import (
    ASK,
    ASK_CLAUDE,
    CHAT_STREAM,
    CLAUDE_STREAM,
    RESPONSE_STREAM,
)

ASK_RESPONSE = {"model": "gpt-4o-mini", "input": "Where is the mill?"}
# SDK, wire, how it is asked, input and output tokens from tests/net.py (Anthropic: 10 + 200 + 30)
SYNC = {
    "chat": (CHAT_STREAM, lambda net: net.openai().chat.completions.create(**ASK, stream=True), 1234, 57),
    "responses": (
        RESPONSE_STREAM,
        lambda net: net.openai().responses.create(**ASK_RESPONSE, stream=True),
        1234,
        57,
    ),
    "anthropic": (
        CLAUDE_STREAM,
        lambda net: net.anthropic().messages.create(**ASK_CLAUDE, stream=True),
        240,
        7,
    ),
}
ASYNC = {
    "chat": (CHAT_STREAM, lambda net: net.aopenai().chat.completions.create(**ASK, stream=True), 1234, 57),
    "responses": (
        RESPONSE_STREAM,
        lambda net: net.aopenai().responses.create(**ASK_RESPONSE, stream=True),
        1234,
        57,
    ),
    "anthropic": (
        CLAUDE_STREAM,
        lambda net: net.aanthropic().messages.create(**ASK_CLAUDE, stream=True),
        240,
        7,
    ),
}
sync = pytest.mark.parametrize("kind", SYNC)
both = pytest.mark.parametrize("kind", ASYNC)


def end(span):
    return span.attributes["llmobs.stream.end"]


def text(span):
    [message] = json.loads(span.attributes["gen_ai.output.messages"])
    return "".join(part["content"] for part in message["parts"])
