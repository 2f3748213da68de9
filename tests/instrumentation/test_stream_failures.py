"""Streams that something goes wrong with: the network, the provider, the caller, the task they run in."""

import asyncio

import anthropic
import openai
import pytest
from opentelemetry.trace import StatusCode

from tests.instrumentation.streaming import ASYNC, SYNC, end, text
from tests.net import ASK, ASK_CLAUDE, CHAT_STREAM, CLAUDE_STREAM, Net, chunk, sse


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


OVERLOADED = {"type": "overloaded_error", "message": "Out of luck."}
RAW = {
    "chat": (
        lambda net: net.openai().chat.completions.with_streaming_response.create(**ASK, stream=True),
        [*CHAT_STREAM[:2], *sse(chunk({"content": ""}, "error", error=OVERLOADED))],
    ),
    "anthropic": (
        lambda net: net.anthropic().messages.with_streaming_response.create(**ASK_CLAUDE, stream=True),
        [*CLAUDE_STREAM[:3], *sse({"type": "error", "error": OVERLOADED})],
    ),
}


@pytest.mark.parametrize("kind", RAW)
def test_an_error_event_in_bytes_that_the_caller_reads_is_one_too(kind, seen):
    ask, wire = RAW[kind]

    with ask(Net(wire)) as response:
        assert b"Out of luck." in b"".join(response.iter_bytes())

    [span] = seen()
    assert end(span) == "error"
    assert span.attributes["error.type"] == "overloaded_error"
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "overloaded_error: Out of luck."
    assert text(span) == "By "


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
