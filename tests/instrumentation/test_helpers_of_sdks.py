"""The ways around `create`: raw and streamed responses, stream helpers, parse."""

import json

import httpx2
import openai
import pytest
from opentelemetry.trace import StatusCode
from pydantic import BaseModel, ValidationError

from tests.net import (
    ASK,
    ASK_CLAUDE,
    CHAT,
    CHAT_STREAM,
    CLAUDE,
    CLAUDE_STREAM,
    RESPONSE,
    RESPONSE_STREAM,
    Answer,
    Net,
    chunk,
)


class Place(BaseModel):
    where: str


PLACE = {
    **CHAT,
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": '{"where":"river"}'},
        }
    ],
}


def used(seen):
    """Input and output tokens and the text of the one call there was."""
    [span] = seen()
    [message] = json.loads(span.attributes["gen_ai.output.messages"])
    told = span.attributes
    assert told["llmobs.usage.source"] == "provider"
    return (
        told["gen_ai.usage.input_tokens"],
        told["gen_ai.usage.output_tokens"],
        message["parts"][0]["content"],
    )


WHOLE = (1234, 57, "By the river.")
WHOLE_CLAUDE = (240, 7, "By the river.")  # 10 + 200 + 30 in


def test_a_raw_response_is_read_and_left_as_it_is(seen):
    net = Net(Answer(CHAT, headers={"x-request-id": "req_1"}))

    raw = net.openai().chat.completions.with_raw_response.create(**ASK)

    assert raw.headers["x-request-id"] == "req_1"
    assert raw.parse().choices[0].message.content == "By the river."
    assert used(seen) == WHOLE


async def test_an_async_raw_response_too(seen):
    raw = await Net(CLAUDE).aanthropic().messages.with_raw_response.create(**ASK_CLAUDE)

    assert (await raw.parse()).content[0].text == "By the river."
    assert used(seen) == WHOLE_CLAUDE


def test_a_raw_stream_is_recorded_once_it_is_parsed_and_read(seen):
    raw = Net(CHAT_STREAM).openai().chat.completions.with_raw_response.create(**ASK, stream=True)

    assert raw.status_code == 200
    assert len(list(raw.parse())) == len(CHAT_STREAM) - 1
    assert used(seen) == WHOLE


READERS = {
    "parse": lambda response: response.parse(),
    "json": lambda response: response.json(),
    "text": lambda response: response.text(),
    "bytes": lambda response: b"".join(response.iter_bytes()),
    "lines": lambda response: list(response.iter_lines()),
}


@pytest.mark.parametrize("read", READERS)
def test_a_streaming_response_is_recorded_however_it_is_read(read, seen):
    with Net(CHAT).openai().chat.completions.with_streaming_response.create(**ASK) as response:
        assert seen() == ()
        assert READERS[read](response)

    assert used(seen) == WHOLE


async def test_an_async_streaming_response_too(seen):
    ask = Net(CLAUDE).aanthropic().messages.with_streaming_response.create(**ASK_CLAUDE)
    async with ask as response:
        assert (await response.parse()).content[0].text == "By the river."

    assert used(seen) == WHOLE_CLAUDE


def test_events_that_the_caller_reads_as_lines_are_read_too(seen):
    ask = Net(CHAT_STREAM).openai().chat.completions.with_streaming_response.create(**ASK, stream=True)
    with ask as response:
        assert sum(line.startswith("data:") for line in response.iter_lines()) == len(CHAT_STREAM)

    assert used(seen) == WHOLE


def test_lines_end_where_json_says_and_not_at_separators_of_unicode(seen):
    text = "By\u2028the\x85river."
    sent = json.dumps({**chunk({"content": text}, "stop"), "usage": CHAT["usage"]}, ensure_ascii=False)
    ask = Net([f"data: {sent}\r\n\r\n".encode()]).openai().chat.completions.with_streaming_response
    with ask.create(**ASK, stream=True) as response:
        assert b"".join(response.iter_bytes()).endswith(b"\r\n\r\n")

    assert used(seen) == (1234, 57, text)


def test_a_packed_body_is_unpacked(seen):
    import gzip

    class Packed(Net):
        def response(self, answer):
            body = [gzip.compress(json.dumps(answer).encode())]
            packed = super().response(Answer(body))
            packed.headers = httpx2.Headers({"content-type": "application/json", "content-encoding": "gzip"})
            return packed

    with Packed(CHAT).openai().chat.completions.with_streaming_response.create(**ASK) as response:
        assert response.parse().id == "chatcmpl-1"

    assert used(seen) == WHOLE


def test_a_streaming_response_that_is_left_unread_is_closed(seen):
    with Net(CHAT).openai().chat.completions.with_streaming_response.create(**ASK):
        pass

    [span] = seen()
    assert span.attributes["llmobs.usage.source"] == "unknown"
    assert span.attributes["http.response.status_code"] == 200


def test_parse_gives_the_callers_type_and_is_one_call(seen):
    done = Net(PLACE).openai().chat.completions.parse(**ASK, response_format=Place)

    assert done.choices[0].message.parsed == Place(where="river")
    assert used(seen) == (1234, 57, '{"where":"river"}')


CUT = {**PLACE, "choices": [{**PLACE["choices"][0], "finish_reason": "length"}]}
UNREADABLE = {
    "cut": (lambda net: net.openai().chat.completions.parse(**ASK, response_format=Place), CUT, "length"),
    "chat": (lambda net: net.openai().chat.completions.parse(**ASK, response_format=Place), CHAT, "stop"),
    "responses": (
        lambda net: net.openai().responses.parse(model="m", input="x", text_format=Place),
        RESPONSE,
        "completed",
    ),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_an_answer_that_parse_cannot_read_was_paid_for_all_the_same(kind, seen):
    ask, wire, finish = UNREADABLE[kind]

    with pytest.raises((openai.LengthFinishReasonError, ValidationError)):
        ask(Net(wire))

    [span] = seen()
    assert used(seen)[:2] == (1234, 57)
    assert span.attributes["gen_ai.response.finish_reasons"] == (finish,)
    assert span.attributes["error.type"] in ("LengthFinishReasonError", "ValidationError")
    assert span.status.status_code is StatusCode.ERROR


async def test_an_async_answer_that_cannot_be_read_too(seen):
    with pytest.raises(openai.LengthFinishReasonError):
        await Net(CUT).aopenai().chat.completions.parse(**ASK, response_format=Place)

    assert used(seen) == (1234, 57, '{"where":"river"}')


def test_the_stream_helper_of_chat(seen):
    with Net(CHAT_STREAM).openai().chat.completions.stream(**ASK) as stream:
        assert any(event.type == "content.delta" for event in stream)
        assert stream.get_final_completion().choices[0].message.content == "By the river."

    assert used(seen) == WHOLE


async def test_the_async_stream_helper_of_chat_left_early(seen):
    async with Net(CHAT_STREAM).aopenai().chat.completions.stream(**ASK) as stream:
        async for _ in stream:
            break

    [span] = seen()
    assert span.attributes["llmobs.stream.end"] == "closed"


def test_the_stream_helper_of_responses(seen):
    with Net(RESPONSE_STREAM).openai().responses.stream(model="gpt-4o-mini", input="x") as stream:
        assert stream.get_final_response().output_text == "By the river."

    assert used(seen) == WHOLE


def test_the_stream_helper_of_messages(seen):
    with Net(CLAUDE_STREAM).anthropic().messages.stream(**ASK_CLAUDE) as stream:
        assert "".join(stream.text_stream) == "By the river."
        assert stream.get_final_message().usage.output_tokens == 7

    assert used(seen) == WHOLE_CLAUDE


async def test_the_async_stream_helper_of_messages(seen):
    async with Net(CLAUDE_STREAM).aanthropic().messages.stream(**ASK_CLAUDE) as stream:
        assert await stream.get_final_text() == "By the river."

    assert used(seen) == WHOLE_CLAUDE


def test_messages_from_a_generator_reach_the_server(seen):
    net = Net(CHAT)

    net.openai().chat.completions.create(model="gpt-4o-mini", messages=(m for m in ASK["messages"]))

    assert net.asked[0]["messages"] == ASK["messages"]
    assert len(seen()) == 1


def test_an_answer_may_be_asked_with_as_it_is(seen):
    net = Net(CHAT)
    client = net.openai()
    answer = client.chat.completions.create(**ASK).choices[0].message

    client.chat.completions.create(model="gpt-4o-mini", messages=[*ASK["messages"], answer])

    _, again = seen()
    said = json.loads(again.attributes["gen_ai.input.messages"])
    assert said[1] == {"role": "assistant", "parts": [{"type": "text", "content": "By the river."}]}
    assert net.asked[1]["messages"][1]["content"] == "By the river."


def test_extra_body_counts_as_asked(seen):
    net = Net(CHAT)

    net.openai().chat.completions.create(**ASK, extra_body={"top_k": 5})

    [span] = seen()
    assert span.attributes["gen_ai.request.top_k"] == 5
    assert net.asked[0]["top_k"] == 5


def test_a_request_made_by_hand_is_recorded_too(seen):
    client = Net(CHAT).openai()

    got = client.post("/chat/completions", body=ASK, cast_to=httpx2.Response)

    assert got.json()["id"] == "chatcmpl-1"
    assert used(seen) == WHOLE


def test_types_and_signatures_are_those_of_the_sdk(seen):
    import inspect

    create = openai.resources.chat.completions.Completions.create
    assert "messages" in inspect.signature(create).parameters
    request = openai._base_client.SyncAPIClient.request
    assert list(inspect.signature(request).parameters) == [
        "self",
        "cast_to",
        "options",
        "stream",
        "stream_cls",
    ]
    assert inspect.iscoroutinefunction(openai._base_client.AsyncAPIClient.request)
