"""What belongs to a call on the wire and what does not; the older httpx as well."""

import gc

import httpx
import httpx2
import openai
import pytest

from llmobs.instrumentation import transport
from tests.net import ASK, CHAT, CHAT_STREAM, Net


class Asking(httpx2.BaseTransport):
    """A network whose client first fetches a token from somewhere, over httpx2 too."""

    def __init__(self, net, token_url):
        self.net = net
        self.token_url = token_url
        self.tokens = Net({"token": "t"}).http()

    def handle_request(self, request):
        self.tokens.get(self.token_url)
        return self.net.answer(request)


def test_a_request_for_a_token_is_no_attempt(seen):
    http = httpx2.Client(transport=Asking(Net(CHAT), "https://login.example/token"))

    openai.OpenAI(api_key="k", http_client=http).chat.completions.create(**ASK)

    [span] = seen()
    assert span.attributes["llmobs.attempts"] == 1


def test_a_client_that_hands_on_to_another_is_followed_by_its_host(seen):
    inner = Net(CHAT).http()

    class Outer(httpx2.Client):
        def send(self, request, **kwargs):
            return inner.send(request, **kwargs)

    openai.OpenAI(api_key="k", http_client=Outer()).chat.completions.create(**ASK)

    [span] = seen()
    assert span.attributes["llmobs.attempts"] == 1


def test_requests_outside_of_calls_are_left_alone(seen):
    http = Net(CHAT_STREAM).http()

    with http.stream("GET", "https://api.openai.com/v1/chat/completions") as response:
        assert "llmobs" not in response.extensions
        assert len(list(response.iter_raw())) == len(CHAT_STREAM)

    assert seen() == ()


def older(*pieces):
    """A client over the older httpx."""

    class Body(httpx.SyncByteStream):
        def __iter__(self):
            yield from pieces

    def answer(request):
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Body())

    return openai.OpenAI(api_key="k", http_client=httpx.Client(transport=httpx.MockTransport(answer)))


def test_the_older_httpx_is_observed_in_the_same_way(seen):
    stream = older(*CHAT_STREAM).chat.completions.create(**ASK, stream=True)
    assert len(list(stream)) == len(CHAT_STREAM) - 1

    with older(*CHAT_STREAM).chat.completions.create(**ASK, stream=True) as early:
        next(early)

    whole, closed = seen()
    assert whole.attributes["llmobs.attempts"] == 1
    assert whole.attributes["llmobs.stream.end"] == "complete"
    assert closed.attributes["llmobs.stream.end"] == "closed"


def test_a_body_keeps_what_its_stream_has_and_its_kind(seen):
    raw = Net(CHAT_STREAM).openai().chat.completions.with_raw_response.create(**ASK, stream=True)
    body = raw.http_response.stream

    assert isinstance(body, httpx2.SyncByteStream)
    assert not isinstance(body, httpx2.AsyncByteStream)
    assert body.elapsed is None or body.elapsed.total_seconds() >= 0  # an attribute of httpx2's own
    with pytest.raises(AttributeError):
        body.no_such_thing  # noqa: B018
    del raw, body
    gc.collect()


def test_a_raw_body_past_the_limit_is_passed_on_and_not_kept(seen, monkeypatch):
    monkeypatch.setattr(transport, "KEPT_BYTES", 10)

    with Net(CHAT).openai().chat.completions.with_streaming_response.create(**ASK) as response:
        assert response.json()["id"] == "chatcmpl-1"

    [span] = seen()
    assert span.attributes["llmobs.usage.source"] == "unknown"


def test_headers_are_read_whatever_their_case_and_only_numbers_count():
    told = {"X-RateLimit-Remaining-Tokens": "12", "Anthropic-Ratelimit-Requests-Limit": "5"}
    headers = httpx2.Headers({**told, "retry-after": "Wed, 21 Oct"})

    assert transport.said(headers) == {
        "llmobs.ratelimit.remaining_tokens": 12,
        "llmobs.ratelimit.limit_requests": 5,
    }
