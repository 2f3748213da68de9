"""Calls that fail, are tried again, time out or are cancelled; the caller sees what it saw without us."""

import asyncio
import json

import anthropic
import httpx2
import openai
import pytest
from opentelemetry.trace import StatusCode

from tests.net import (
    ASK,
    ASK_CLAUDE,
    CHAT,
    CHAT_STREAM,
    CLAUDE,
    CLAUDE_STREAM,
    REFUSED,
    RESPONSE,
    RESPONSE_STREAM,
    Answer,
    Net,
    chunk,
    sse,
)

LIMITED = Answer(
    REFUSED,
    status=429,
    headers={
        "retry-after": "7",
        "retry-after-ms": "1",  # the SDK waits this long, so that the test need not wait
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-remaining-tokens": "149984",
        "x-request-id": "req_9",
    },
)


def test_two_refusals_and_an_answer_are_one_call_that_did_not_fail(seen):
    Net(LIMITED, LIMITED, CHAT).openai(max_retries=2).chat.completions.create(**ASK)

    [span] = seen()
    assert span.status.status_code is StatusCode.UNSET
    assert span.attributes["llmobs.attempts"] == 3
    assert span.attributes["http.request.resend_count"] == 2
    assert span.attributes["http.response.status_code"] == 200
    assert span.attributes["llmobs.retry.duration"] > 0.002  # two waits of a millisecond
    assert "error.type" not in span.attributes
    first, second = span.events
    assert first.name == second.name == "llmobs.attempt"
    assert dict(first.attributes) == {
        "llmobs.attempt": 1,
        "http.response.status_code": 429,
        "llmobs.retry_after": 7,
        "llmobs.ratelimit.remaining_requests": 0,
        "llmobs.ratelimit.remaining_tokens": 149984,
        "llmobs.request.id": "req_9",
    }
    assert second.attributes["llmobs.attempt"] == 2


async def test_the_same_async_and_for_anthropic(seen):
    net = Net(LIMITED, CLAUDE)

    await net.aanthropic(max_retries=1).messages.create(**ASK_CLAUDE)

    [span] = seen()
    assert span.attributes["llmobs.attempts"] == 2
    assert [e.attributes["http.response.status_code"] for e in span.events] == [429]


def test_a_stream_that_is_refused_first_is_one_call(seen):
    list(Net(LIMITED, CHAT_STREAM).openai(max_retries=1).chat.completions.create(**ASK, stream=True))

    [span] = seen()
    assert span.attributes["llmobs.attempts"] == 2
    assert span.attributes["llmobs.stream.end"] == "complete"


def test_headroom_of_a_good_answer_is_kept(seen):
    headers = {"X-RateLimit-Remaining-Tokens": "9000", "x-ratelimit-limit-tokens": "10000"}

    Net(Answer(CHAT, headers=headers)).openai().chat.completions.create(**ASK)

    [span] = seen()
    assert span.attributes["llmobs.ratelimit.remaining_tokens"] == 9000
    assert span.attributes["llmobs.ratelimit.limit_tokens"] == 10000


@pytest.mark.parametrize(("status", "kind"), [(400, "BadRequestError"), (500, "InternalServerError")])
def test_a_refusal_is_an_error_by_its_status(status, kind, seen):
    client = Net(Answer(REFUSED, status=status)).openai(max_retries=0)

    with pytest.raises(openai.APIStatusError, match="Slow down"):
        client.chat.completions.create(**ASK)

    [span] = seen()
    assert span.attributes["error.type"] == str(status)
    assert span.attributes["http.response.status_code"] == status
    assert span.attributes["llmobs.usage.source"] == "unknown"
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description.startswith(kind)
    assert len(span.events) == 1
    assert "gen_ai.output.messages" not in span.attributes
    assert "mill" in span.attributes["gen_ai.input.messages"]


async def test_an_async_refusal_too(seen):
    client = Net(Answer(REFUSED, status=401)).aanthropic(max_retries=0)

    with pytest.raises(anthropic.AuthenticationError):
        await client.messages.create(**ASK_CLAUDE)

    [span] = seen()
    assert span.attributes["error.type"] == "401"


BROKEN = [
    (httpx2.ReadTimeout("slow"), openai.APITimeoutError, "APITimeoutError", "ReadTimeout"),
    (httpx2.ConnectError("refused"), openai.APIConnectionError, "APIConnectionError", "ConnectError"),
]


@pytest.mark.parametrize(("fault", "raised", "kind", "cause"), BROKEN)
def test_a_network_that_fails_is_an_error_by_its_class(fault, raised, kind, cause, seen, monkeypatch):
    monkeypatch.setattr(openai._base_client, "INITIAL_RETRY_DELAY", 0.001)
    client = Net(fault).openai(max_retries=1)

    with pytest.raises(raised):
        client.chat.completions.create(**ASK)

    [span] = seen()
    assert span.attributes["error.type"] == kind
    assert "http.response.status_code" not in span.attributes
    assert span.attributes["llmobs.attempts"] == 2
    assert span.status.status_code is StatusCode.ERROR
    assert [dict(e.attributes) for e in span.events] == [
        {"llmobs.attempt": 1, "error.type": cause},
        {"llmobs.attempt": 2, "error.type": cause},
    ]


def test_a_network_that_fails_once_does_not_make_the_call_fail(seen, monkeypatch):
    monkeypatch.setattr(openai._base_client, "INITIAL_RETRY_DELAY", 0.001)

    Net(httpx2.ConnectError("refused"), CHAT).openai(max_retries=1).chat.completions.create(**ASK)

    [span] = seen()
    assert "error.type" not in span.attributes
    assert span.attributes["llmobs.attempts"] == 2


async def test_a_cancelled_call_has_not_failed(seen):
    async def silence():
        await asyncio.Event().wait()

    client = Net(silence).aopenai()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.chat.completions.create(**ASK), 0.05)

    [span] = seen()
    assert span.attributes["error.type"] == "CancelledError"
    assert span.status.status_code is StatusCode.UNSET


def test_an_answer_that_is_no_json_is_the_sdks_business(seen):
    class Html(Net):
        def response(self, answer):
            return httpx2.Response(200, headers={"content-type": "text/html"}, content=b"<html>")

    got = Html("").openai().chat.completions.create(**ASK)

    assert got == "<html>"
    [span] = seen()
    assert span.attributes["llmobs.usage.source"] == "unknown"


def test_a_call_that_the_sdk_refuses_to_make_is_the_callers_error(seen):
    with pytest.raises(TypeError):
        Net(CHAT).openai().chat.completions.create(model="gpt-4o-mini")

    assert seen() == ()


def test_the_message_of_an_error_is_short_and_masked(seen):
    key = "sk-proj-abcdefghijklmnopqrstuvwx"
    client = Net(Answer({"error": {"message": f"Bad key {key} " + "x" * 5_000}}, status=401)).openai(
        max_retries=0
    )

    with pytest.raises(openai.AuthenticationError):
        client.chat.completions.create(**ASK)

    [span] = seen()
    assert key not in json.dumps([span.status.description, dict(span.attributes)])
    assert len(span.status.description) < 300


FAILED = {
    **RESPONSE,
    "status": "failed",
    "error": {"code": "server_error", "message": "Out of luck."},
    "output": [],
}
GONE = {"code": 502, "message": "Out of luck."}
LAST = {"index": 0, "delta": {"content": ""}, "finish_reason": "error", "error": GONE}
TOLD = {  # what comes, whether as a stream, and the failure's code
    "a response": (FAILED, False, "server_error"),
    "the end of a response": (
        [*RESPONSE_STREAM[:4], *sse({"type": "response.failed", "response": FAILED})],
        True,
        "server_error",
    ),
    "an event of a response": (
        [*RESPONSE_STREAM[:4], *sse({"type": "error", **FAILED["error"], "param": None})],
        True,
        "server_error",
    ),
    # as OpenRouter tells of it
    "a completion": ({"error": GONE, "user_id": "u"}, False, "502"),
    "a choice": ({**CHAT, "choices": [{**CHAT["choices"][0], **LAST}]}, False, "502"),
    "a streamed choice": ([*CHAT_STREAM[:3], *sse(chunk(None, choices=[LAST]), done=True)], True, "502"),
}


@pytest.mark.parametrize("kind", TOLD)
def test_a_failure_that_comes_as_an_answer_is_one(kind, seen):
    wire, streamed, code = TOLD[kind]
    client = Net(wire).openai()

    if code == "502":
        got = client.chat.completions.create(**ASK, stream=streamed)
    else:
        got = client.responses.create(model="m", input="x", stream=streamed)
    if streamed:
        list(got)

    [span] = seen()
    assert span.attributes["error.type"] == code
    assert span.attributes.get("llmobs.stream.end") == ("error" if streamed else None)
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == f"{code}: Out of luck."


def test_an_error_inside_a_stream_has_the_providers_word_and_not_the_good_status(seen):
    body = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    stream = Net([*CLAUDE_STREAM[:3], *sse(body)]).anthropic().messages.create(**ASK_CLAUDE, stream=True)

    with pytest.raises(anthropic.APIStatusError):
        list(stream)

    [span] = seen()
    assert span.attributes["error.type"] == "overloaded_error"
    assert span.attributes["http.response.status_code"] == 200
