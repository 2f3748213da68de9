"""Streams: what is said of them, however they end, and that they stay what they were."""

import asyncio
import gc

import anthropic
import openai
from opentelemetry.trace import StatusCode

from tests.instrumentation.streaming import ASYNC, SYNC, both, end, sync, text
from tests.net import CHAT_STREAM, CLAUDE_STREAM, Net


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
