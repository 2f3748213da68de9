"""Middleware of the SDK stands between a call and its answers: it may look at one and hand out another."""

import gc
import json

import pytest
from anthropic.lib.middleware import BetaFallbackState, BetaRefusalFallbackMiddleware

from tests.net import ASK_CLAUDE, CLAUDE, CLAUDE_STREAM, Net, sse

REFUSING = sse(
    {"type": "message_start", "message": {**CLAUDE, "id": "msg_0", "content": [], "stop_reason": None}},
    {"type": "message_delta", "delta": {"stop_reason": "refusal"}, "usage": {"output_tokens": 0}},
    {"type": "message_stop"},
)
PARTS = [{"type": "text", "content": "By the river."}]


def told(span):
    """How the stream ended, its tokens in (10 + 200 + 30) and out, and what was said."""
    facts = span.attributes
    [message] = json.loads(facts["gen_ai.output.messages"])
    used = facts["gen_ai.usage.input_tokens"], facts["gen_ai.usage.output_tokens"]
    return facts["llmobs.stream.end"], *used, message["parts"][-1:]


def twice(look):
    """Looks into a first answer, then asks again and hands that out."""

    def handle(request, call_next):
        look(call_next(request))
        return call_next(request)

    return handle


LOOKS = {
    "closes": lambda answer: answer.parse().close(),
    "reads": lambda answer: list(answer.parse()),
    "peeks": lambda answer: next(iter(answer.parse())),
    "drops": lambda answer: None,
}


@pytest.mark.parametrize("look", LOOKS)
def test_of_two_streams_the_one_that_the_caller_reads_counts(look, seen):
    client = Net(REFUSING, CLAUDE_STREAM).anthropic(middleware=[twice(LOOKS[look])])

    stream = client.messages.create(**ASK_CLAUDE, stream=True)
    gc.collect()
    assert seen() == ()
    assert len(list(stream)) == len(CLAUDE_STREAM)

    [span] = seen()
    assert told(span) == ("complete", 240, 7, PARTS)
    assert span.attributes["gen_ai.response.finish_reasons"] == ("end_turn",)
    assert span.attributes["llmobs.attempts"] == 2


def test_a_stream_that_falls_back_to_another_model_says_what_the_caller_read(seen):
    fallback = BetaRefusalFallbackMiddleware([{"model": "claude-b"}])
    client = Net(REFUSING, CLAUDE_STREAM).anthropic(middleware=[fallback])

    with BetaFallbackState():
        list(client.beta.messages.create(**ASK_CLAUDE, stream=True))

    [span] = seen()
    assert told(span) == ("complete", 240, 7, PARTS)


async def test_an_async_stream_that_falls_back_too(seen):
    fallback = BetaRefusalFallbackMiddleware([{"model": "claude-b"}])
    client = Net(REFUSING, CLAUDE_STREAM).aanthropic(middleware=[fallback])

    with BetaFallbackState():
        async for _ in await client.beta.messages.create(**ASK_CLAUDE, stream=True):
            pass

    [span] = seen()
    assert told(span) == ("complete", 240, 7, PARTS)


def test_an_answer_that_a_middleware_kept_from_before_ends_its_call(seen):
    kept = Net(CLAUDE).anthropic().messages.create(**ASK_CLAUDE)
    client = Net(CLAUDE).anthropic(middleware=[lambda request, call_next: kept])

    assert client.messages.create(**ASK_CLAUDE) is kept
    assert client.messages.create(**ASK_CLAUDE, stream=True) is kept

    assert len(seen()) == 3
