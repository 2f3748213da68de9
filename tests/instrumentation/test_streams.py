"""Streams: what is said of them, however they end, and that they stay what they were."""

import asyncio
import gc
import json

import anthropic
import openai
import pytest
from opentelemetry.trace import StatusCode

from tests.net import (
    ASK,
    ASK_CLAUDE,
    CHAT_STREAM,
    CLAUDE_STREAM,
    RESPONSE_STREAM,
    Net,
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


@sync
def test_a_stream_read_to_its_end_says_what_one_answer_would(kind, seen):
    wire, ask, used_in, used_out = SYNC[kind]

    stream = ask(Net(wire))
    assert seen() == ()  # it goes on until it is read
    for _ in stream:
        pass

    [span] = seen()
    assert end(span) == "complete"
    assert span.attributes["gen_ai.request.stream"] is True
    assert span.attributes["gen_ai.usage.input_tokens"] == used_in
    assert span.attributes["gen_ai.usage.output_tokens"] == used_out
    assert text(span) == "By the river."
    assert span.attributes["gen_ai.response.time_to_first_chunk"] > 0
    assert span.status.status_code is StatusCode.UNSET


@both
async def test_an_async_stream_says_the_same(kind, seen):
    wire, ask, used_in, used_out = ASYNC[kind]

    async for _ in await ask(Net(wire)):
        pass

    [span] = seen()
    assert end(span) == "complete"
    assert span.attributes["gen_ai.usage.input_tokens"] == used_in
    assert span.attributes["gen_ai.usage.output_tokens"] == used_out
    assert text(span) == "By the river."


def test_a_stream_has_the_sdks_own_type_and_next_works(seen):
    stream = SYNC["chat"][1](Net(CHAT_STREAM))
    assert type(stream) is openai.Stream
    assert next(stream).choices[0].delta.role == "assistant"
    assert [c.choices[0].delta.content for c in stream if c.choices] == ["By ", "the ", "river.", None]

    assert type(SYNC["anthropic"][1](Net(CLAUDE_STREAM))) is anthropic.Stream
    gc.collect()
    assert [end(span) for span in seen()] == ["complete", "dropped"]


def test_the_caller_gets_the_very_chunks_of_the_wire(seen):
    bare = len(CHAT_STREAM) - 1  # all but [DONE]

    assert len(list(SYNC["chat"][1](Net(CHAT_STREAM)))) == bare


def test_the_first_chunk_is_the_first_with_content(seen, monkeypatch):
    from llmobs.instrumentation import call

    ticks = iter(range(100))
    stream = SYNC["chat"][1](Net(CHAT_STREAM))
    monkeypatch.setattr(call, "perf_counter", lambda: next(ticks))

    next(stream)  # the role alone
    assert next(ticks) == 0  # nobody looked at the clock
    next(stream)
    assert next(ticks) == 2
    list(stream)
    assert next(ticks) == 3  # nor again

    assert len(seen()) == 1


@sync
def test_close_ends_a_stream_and_keeps_what_came(kind, seen):
    wire, ask, *_ = SYNC[kind]
    net = Net(wire)

    stream = ask(net)
    for event in stream:
        if "By" in str(event):
            break
    assert seen() == ()
    stream.close()

    [span] = seen()
    assert end(span) == "closed"
    assert text(span).startswith("By")
    assert span.status.status_code is StatusCode.UNSET
    assert "error.type" not in span.attributes
    assert net.closed == 1


@sync
def test_leaving_the_with_block_closes_too(kind, seen):
    wire, ask, *_ = SYNC[kind]

    with ask(Net(wire)) as stream:
        next(stream)

    [span] = seen()
    assert end(span) == "closed"


@sync
def test_a_stream_that_is_dropped_is_ended_by_the_garbage_collector(kind, seen):
    wire, ask, *_ = SYNC[kind]
    net = Net(wire)

    for event in (stream := ask(net)):
        if "By" in str(event):
            break
    del stream, event
    gc.collect()

    [span] = seen()
    assert end(span) == "dropped"
    assert text(span).startswith("By")
    assert net.closed == 1


@sync
def test_a_stream_that_is_never_read_is_ended_too(kind, seen):
    wire, ask, *_ = SYNC[kind]

    ask(Net(wire))
    gc.collect()

    [span] = seen()
    assert end(span) == "dropped"
    assert span.attributes["llmobs.usage.source"] == "unknown"


@both
async def test_close_ends_an_async_stream(kind, seen):
    wire, ask, *_ = ASYNC[kind]

    stream = await ask(Net(wire))
    async for _ in stream:
        break
    await stream.close()

    [span] = seen()
    assert end(span) == "closed"


@both
async def test_leaving_the_async_with_block_closes_too(kind, seen):
    wire, ask, *_ = ASYNC[kind]

    async with await ask(Net(wire)) as stream:
        await anext(stream)

    [span] = seen()
    assert end(span) == "closed"


@both
async def test_an_async_stream_that_is_dropped_is_ended(kind, seen):
    wire, ask, *_ = ASYNC[kind]

    async for _ in (stream := await ask(Net(wire))):
        break
    del stream
    for _ in range(3):  # a generator inside a generator: the loop closes what each collection found
        gc.collect()
        for _ in range(20):
            await asyncio.sleep(0)

    [span] = seen()
    assert end(span) == "dropped"


@both
async def test_an_async_stream_that_is_never_read_is_ended(kind, seen):
    wire, ask, *_ = ASYNC[kind]

    await ask(Net(wire))
    gc.collect()

    [span] = seen()
    assert end(span) == "dropped"


def test_a_network_that_breaks_inside_is_an_error_with_what_came_before(seen):
    import httpx2

    broken = httpx2.ReadError("connection reset")
    stream = SYNC["chat"][1](Net([*CHAT_STREAM[:3], broken]))

    with pytest.raises(openai.APIConnectionError):
        list(stream)

    [span] = seen()
    assert end(span) == "error"
    assert span.attributes["error.type"] == "APIConnectionError"
    assert span.status.status_code is StatusCode.ERROR
    assert text(span) == "By the "


def test_an_error_event_of_the_provider_is_an_error(seen):
    overloaded = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"x"}}\n\n'
    stream = SYNC["anthropic"][1](Net([*CLAUDE_STREAM[:3], overloaded]))

    with pytest.raises(anthropic.APIStatusError):
        list(stream)

    [span] = seen()
    assert end(span) == "error"
    assert span.status.status_code is StatusCode.ERROR


def test_an_exception_of_the_caller_inside_the_loop_is_not_the_calls(seen):
    def read():
        with SYNC["chat"][1](Net(CHAT_STREAM)) as stream:
            for _ in stream:
                raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        read()

    [span] = seen()
    assert end(span) == "closed"
    assert span.status.status_code is StatusCode.UNSET


def test_a_call_made_while_a_stream_is_open_is_no_child_of_it(seen):
    """No context is held across a yield: the stream's span is over there, not around the caller."""
    stream = SYNC["chat"][1](Net(CHAT_STREAM))
    next(stream)
    list(SYNC["chat"][1](Net(CHAT_STREAM)))
    stream.close()

    inner, outer = seen()
    assert inner.parent is None
    assert outer.parent is None
    assert (end(inner), end(outer)) == ("complete", "closed")


async def test_a_stream_may_end_in_another_task_than_it_began_in(seen, caplog):
    stream = await ASYNC["chat"][1](Net(CHAT_STREAM))

    async def read():
        async for _ in stream:
            pass

    await asyncio.create_task(read())

    [span] = seen()
    assert end(span) == "complete"
    assert "detach" not in caplog.text


async def test_a_task_that_is_cancelled_in_mid_stream_has_not_failed(seen):
    async def silence():
        await asyncio.Event().wait()

    stream = await ASYNC["chat"][1](Net([*CHAT_STREAM[:2], silence]))

    async def read():
        async for _ in stream:
            pass

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(read(), 0.05)

    [span] = seen()
    assert span.attributes["error.type"] == "CancelledError"
    assert span.status.status_code is StatusCode.UNSET
    assert end(span) == "closed"
    assert text(span) == "By "
