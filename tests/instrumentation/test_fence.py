"""Nothing of ours ever raises into the caller, and nothing that should stay inside goes out."""

import functools
import json
import random
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx2
import openai
import pytest
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

import llmobs
from llmobs.instrumentation import fence
from tests.net import (
    ASK,
    ASK_CLAUDE,
    CHAT,
    CHAT_STREAM,
    CLAUDE,
    CLAUDE_STREAM,
    EMBEDDING,
    REFUSED,
    Answer,
    Net,
    sse,
)


@pytest.fixture(autouse=True)
def off():
    yield
    llmobs.uninstrument()


def test_a_fence_logs_at_debug_and_gives_none(caplog):
    @fence.fenced
    def broken():
        raise KeyError("inside")

    caplog.set_level("DEBUG", "llmobs")

    assert broken() is None
    assert "inside" in caplog.text
    assert {record.levelname for record in caplog.records} == {"DEBUG"}


def test_a_fence_lets_errors_through_where_tests_ask_for_it(monkeypatch):
    monkeypatch.setattr(fence, "strict", True)

    with pytest.raises(KeyError):
        fence.fenced({}.__getitem__)("x")


class Broken(SpanProcessor):
    """What a user's own processor may do to us."""

    def __init__(self, when):
        self.when = when

    def on_start(self, span, parent_context=None):
        if self.when == "start":
            raise RuntimeError("broken processor")

    def on_end(self, span):
        if self.when == "end":
            raise RuntimeError("broken processor")


@pytest.mark.parametrize("when", ["start", "end"])
def test_a_broken_processor_of_the_user_breaks_no_call(when):
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(Broken(when))
    llmobs.instrument(tracer_provider=provider)

    assert Net(CHAT).openai().chat.completions.create(**ASK).id == "chatcmpl-1"
    stream = Net(CHAT_STREAM).openai().chat.completions.create(**ASK, stream=True)
    assert len(list(stream)) == len(CHAT_STREAM) - 1


def test_a_broken_dialect_breaks_no_call(monkeypatch):
    from llmobs.instrumentation.dialects import openai_chat

    def broken(*args):
        raise RuntimeError("broken dialect")

    llmobs.instrument(tracer_provider=TracerProvider(shutdown_on_exit=False))
    for name in ("response", "fold", "input_messages", "output_messages", "request"):
        monkeypatch.setattr(openai_chat, name, broken)
        assert Net(CHAT).openai().chat.completions.create(**ASK).id == "chatcmpl-1"
        stream = Net(CHAT_STREAM).openai().chat.completions.create(**ASK, stream=True)
        assert len(list(stream)) == len(CHAT_STREAM) - 1


ODD = [
    None,
    True,
    -1,
    1 << 70,
    0.5,
    "",
    "x" * 2_000,
    "\ud800",
    [],
    [None],
    {},
    {"type": "text"},
    [{"text": 1}],
]


def mutated(value, chance, dice):
    """`value` with some of its leaves and branches replaced by oddities or left out."""
    if dice.random() < chance:
        return dice.choice(ODD)
    if isinstance(value, dict):
        return {k: mutated(v, chance, dice) for k, v in value.items() if dice.random() > chance}
    if isinstance(value, list):
        return [mutated(item, chance, dice) for item in value]
    return value


def outcome(ask):
    """What a caller sees of a call: what it gets, or the error's class."""
    try:
        return repr(ask())
    except Exception as error:
        return type(error)


@pytest.mark.parametrize("seed", range(4))
def test_odd_answers_are_for_the_caller_what_they_are_without_us(seed):
    """The same 60 odd answers and streams a seed, with us and without: the caller sees the same."""
    events = [json.loads(line.split(b"data: ")[1]) for line in CHAT_STREAM[:-1]]
    claude = [json.loads(line.split(b"data: ")[1]) for line in CLAUDE_STREAM]
    net, dice = Net(CHAT), random.Random()
    chat = net.openai(max_retries=0).chat.completions
    messages = net.anthropic(max_retries=0).messages

    def odd(value, chance):
        found = mutated(value, chance, dice)
        return [event for event in found if isinstance(event, dict)] if isinstance(found, list) else []

    def everything():
        dice.seed(seed)
        seen = []
        for _ in range(15):
            for ask, asked, wire in [
                (chat.create, ASK, mutated(CHAT, 0.1, dice)),
                (messages.create, ASK_CLAUDE, mutated(CLAUDE, 0.1, dice)),
                (chat.create, {**ASK, "stream": True}, sse(*odd(events, 0.05), done=True)),
                (messages.create, {**ASK_CLAUDE, "stream": True}, sse(*odd(claude, 0.05))),
            ]:
                net.answers = [wire]
                got = functools.partial(ask, **asked)
                seen.append(outcome(lambda got=got, asked=asked: list(got()) if "stream" in asked else got()))
        return seen

    bare = everything()
    llmobs.instrument(tracer_provider=TracerProvider(shutdown_on_exit=False))
    with_us = everything()

    assert len(bare) == 60
    assert with_us == bare


@pytest.mark.parametrize("odd", [5, "text", {"a": 1}, [[]], [None], [{"role": 7, "content": {"x": b"y"}}]])
def test_odd_messages_reach_the_network_as_they_are_without_us(odd):
    def asked():
        net = Net(CHAT)
        return outcome(lambda: net.openai().chat.completions.create(model="m", messages=odd)), [
            request.content for request in net.requests
        ]

    bare = asked()
    llmobs.instrument(tracer_provider=TracerProvider(shutdown_on_exit=False))

    assert asked() == bare


def test_a_client_of_the_users_own_make_works():
    """A subclass with its own `send`, and a response that lacks what httpx has."""

    class Mine(httpx2.Client):
        def send(self, request, **kwargs):
            return httpx2.Response(200, json=CHAT, request=request)

    llmobs.instrument(tracer_provider=TracerProvider(shutdown_on_exit=False))
    client = openai.OpenAI(api_key="k", http_client=Mine())

    assert client.chat.completions.create(**ASK).id == "chatcmpl-1"


def test_a_stream_over_such_a_client_is_recorded_too(seen):
    body = b"".join(CHAT_STREAM)

    class Mine(httpx2.Client):
        def send(self, request, **kwargs):
            head = {"content-type": "text/event-stream"}
            return httpx2.Response(200, headers=head, content=body, request=request)

    client = openai.OpenAI(api_key="k", http_client=Mine())
    assert len(list(client.chat.completions.create(**ASK, stream=True))) == len(CHAT_STREAM) - 1

    [span] = seen()
    assert span.attributes["llmobs.stream.end"] == "complete"
    assert "llmobs.attempts" not in span.attributes  # nobody saw them, so nobody says 1


# -- capture off --------------------------------------------------------------------------------------

CANARY = "canary-4711"
TOOL = {"type": "function", "function": {"name": "f", "description": CANARY, "parameters": {"x": CANARY}}}
SAYING = json.loads(json.dumps({"chat": CHAT, "claude": CLAUDE}).replace("By the river.", CANARY))
STREAMED = [line.replace(b"the ", CANARY.encode()) for line in CHAT_STREAM]


def every_kind_of_call():
    asked = {"model": "m", "messages": [{"role": "user", "content": CANARY}]}
    more = {"tools": [TOOL], "stop": [CANARY], "user": CANARY, "metadata": {"a": CANARY}}
    refused = Answer({**REFUSED, "error": {"message": f"bad {CANARY}"}}, status=400)
    ask = {**asked, "max_tokens": 9}

    Net(SAYING["chat"]).openai().chat.completions.create(**asked, **more)
    list(Net(STREAMED).openai().chat.completions.create(**asked, **more, stream=True))
    Net(SAYING["chat"]).openai().chat.completions.with_raw_response.create(**asked)
    Net(SAYING["claude"]).anthropic().messages.create(**ask, system=CANARY, stop_sequences=[CANARY])
    Net(EMBEDDING).openai().embeddings.create(model="m", input=CANARY)
    for client, call in [
        (Net(refused).openai(max_retries=0), ask),
        (Net(refused).anthropic(max_retries=0), ask),
    ]:
        messages = client.chat.completions if isinstance(client, openai.OpenAI) else client.messages
        with pytest.raises(Exception, match=CANARY):
            messages.create(**call)
    broken = Net([*STREAMED[:3], httpx2.ReadError(CANARY)]).openai()
    with pytest.raises(openai.APIConnectionError):
        list(broken.chat.completions.create(**asked, stream=True))
    with llmobs.workflow("w", arguments={"x": CANARY}) as work:
        work.result(CANARY)
    with pytest.raises(ValueError, match=CANARY), llmobs.tool("t", arguments={"x": CANARY}):
        raise ValueError(CANARY)


def exported(**settings):
    """Every byte that a program with these settings sends while it makes every kind of call."""
    bodies = []

    class Take(BaseHTTPRequestHandler):
        def do_POST(self):
            bodies.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *said):
            pass

    with HTTPServer(("127.0.0.1", 0), Take) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            llmobs.instrument(endpoint=f"http://127.0.0.1:{server.server_port}", **settings)
            every_kind_of_call()
            assert llmobs.flush(10)
        finally:
            llmobs.uninstrument()
            server.shutdown()
            thread.join()
    return b"".join(bodies)


def given():
    return TracerProvider(shutdown_on_exit=False)


@pytest.mark.parametrize("provider", [given, lambda: None], ids=["their provider", "our provider"])
def test_with_capture_off_not_one_byte_of_content_goes_out(provider):
    sent = exported(capture_content=False, tracer_provider=provider())

    assert b"gen_ai.usage.input_tokens" in sent
    assert b"canary" not in sent
    assert b"4711" not in sent


@pytest.mark.parametrize("provider", [given, lambda: None], ids=["their provider", "our provider"])
def test_redaction_reaches_every_place_that_content_goes_to(provider):
    assert CANARY.encode() in exported(tracer_provider=provider())

    sent = exported(redact=[CANARY], tracer_provider=provider())

    assert b"[masked]" in sent
    assert b"canary" not in sent
