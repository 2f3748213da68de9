"""Answers of real providers, played through the real SDKs: what a span says is what the provider said.

Every recorded exchange that today's SDK accepts; expected values come from the bytes, by another reader.
"""

import asyncio
import functools
import inspect
import json
import traceback
from typing import Any, NamedTuple

import anthropic
import httpx2
import jsonschema
import openai
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import llmobs
from llmobs.instrumentation import fence
from tests import recordings
from tests.recordings import Exchange

pytestmark = [
    pytest.mark.cassettes,
    pytest.mark.long,
    pytest.mark.timeout(900),  # some twenty seconds of work, where others do not want the processors too
    pytest.mark.skipif(not recordings.CASSETTES.is_dir(), reason="no ../shared/cassettes"),
    # recorded models reach their end of life, and the SDK says so
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
SOME = 9  # every ninth exchange goes through the async client too
METHODS = {
    "/chat/completions": "chat.completions",
    "/completions": "completions",
    "/responses": "responses",
    "/embeddings": "embeddings",
    "/v1/messages": "messages",
}
SCHEMAS = {
    "gen_ai.input.messages": "gen-ai-input-messages",
    "gen_ai.output.messages": "gen-ai-output-messages",
    "gen_ai.system_instructions": "gen-ai-system-instructions",
    "gen_ai.tool.definitions": "gen-ai-tool-definitions",
}


class Body(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """An answer that is still to be read."""

    def __init__(self, data):
        self.data = data

    def __iter__(self):
        yield self.data

    async def __aiter__(self):
        yield self.data


def options(one, http):
    """A client's settings under which the network answers as `one` was answered."""

    def answer(request):
        return httpx2.Response(one.status, headers={"content-type": one.content_type}, stream=Body(one.data))

    client = http(transport=httpx2.MockTransport(answer))
    return {"api_key": "none", "base_url": one.base, "max_retries": 0, "http_client": client}


def create(client, one):
    """Calls the SDK as the request of `one` says; what the method does not know goes into the body too."""
    method = functools.reduce(getattr, METHODS[one.form].split("."), client).create
    known = inspect.signature(method).parameters
    given = {name: value for name, value in one.body.items() if name in known}
    more = {name: value for name, value in one.body.items() if name not in known}
    return method(**given, extra_body=more)


def play(one):
    sdk = anthropic.Anthropic if one.form == "/v1/messages" else openai.OpenAI
    with sdk(**options(one, httpx2.Client)) as client:
        answer = create(client, one)
        if one.streamed:
            for _ in answer:
                pass


async def aplay(one):
    sdk = anthropic.AsyncAnthropic if one.form == "/v1/messages" else openai.AsyncOpenAI
    async with sdk(**options(one, httpx2.AsyncClient)) as client:
        answer = await create(
            getattr(client, "beta", client) if sdk is anthropic.AsyncAnthropic else client, one
        )
        if one.streamed:
            async for _ in answer:
                pass


class Played(NamedTuple):
    """What came of an exchange: spans, and what the SDK raised where it did not accept it."""

    one: Exchange
    spans: list[Any]
    error: Exception | None

    @property
    def accepted(self):
        return self.error is None and not self.one.content_type.startswith("text/plain")


@pytest.fixture(scope="module")
def recorded():
    return list(recordings.exchanges())


@pytest.fixture(scope="module")
def failures():
    """What failed behind our fences."""
    return []


@pytest.fixture(scope="module")
def memory(failures):
    """Finished spans."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(fence, "failed", lambda what: failures.append((what, traceback.format_exc())))
        llmobs.instrument(tracer_provider=provider)
        yield exporter
        llmobs.uninstrument()


@pytest.fixture(scope="module")
def played(recorded, memory):
    return [outcome(one, memory, play) for one in recorded]


def outcome(one, memory, player):
    memory.clear()
    error = None
    try:
        player(one)
    except Exception as raised:  # whatever the SDK makes of it
        error = raised
    return Played(one, list(memory.get_finished_spans()), error)


@pytest.mark.parametrize("form", recordings.FORMATS)
def test_a_span_says_what_the_provider_said(form, played):
    accepted = [p for p in played if p.one.form == form and p.accepted]
    wrong = [(p.one.file, p.one.number, found) for p in accepted if (found := disagreements(p))]

    print(f"{form}: {len(accepted)} accepted, {len(accepted) - len(wrong)} agree")
    assert accepted
    assert wrong == []


def test_a_refused_call_is_one_span_with_the_status(played):
    refused = [p for p in played if p.one.status >= 400]

    assert refused
    for p in refused:
        [span] = p.spans
        assert span.attributes["error.type"] == str(p.one.status), p.one.file


def test_nothing_of_ours_failed(played, failures):
    assert played
    assert failures == []


def test_the_async_client_tells_the_same(recorded, memory):
    some = [outcome(one, memory, lambda one: asyncio.run(aplay(one))) for one in recorded[::SOME]]
    accepted = [p for p in some if p.accepted]
    wrong = [(p.one.file, p.one.number, found) for p in accepted if (found := disagreements(p))]

    assert accepted
    assert wrong == []


@pytest.fixture(scope="module")
def schemas():
    if not recordings.SCHEMAS.is_dir():
        pytest.skip("no ../shared/semconv beside the checkout")
    return {
        name: json.loads((recordings.SCHEMAS / f"{file}.json").read_text()) for name, file in SCHEMAS.items()
    }


def test_messages_are_valid_by_the_schemas_of_the_convention(played, schemas):
    valid = {name: jsonschema.Draft202012Validator(schema) for name, schema in schemas.items()}
    told = [(p.one.file, name, value) for p in played for name, value in written(p)]
    wrong = [(file, name) for file, name, value in told if not valid[name].is_valid(value)]

    assert {name for _, name, _ in told} == set(SCHEMAS)
    assert wrong == []


def test_a_part_that_bears_a_name_of_the_convention_has_its_shape(played, schemas):
    """The schemas take any part as a generic one, so each is held to the shape of its name here."""
    shapes = schemas["gen_ai.output.messages"]["$defs"]
    valid = {
        shape["properties"]["type"]["const"]: jsonschema.Draft202012Validator({"$defs": shapes, **shape})
        for shape in shapes.values()
        if "const" in shape.get("properties", {}).get("type", {})
    }
    told = [
        (p.one.file, part)
        for p in played
        for name, value in written(p)
        if name.endswith("messages")
        for message in value
        for part in message["parts"]
    ]
    wrong = [
        (file, part)
        for file, part in told
        if part["type"] in valid and not valid[part["type"]].is_valid(part)
    ]

    assert {part["type"] for _, part in told} > {
        "text",
        "reasoning",
        "tool_call",
        "tool_call_response",
        "blob",
    }
    assert wrong == []


def written(p):
    """The content on the spans of an exchange."""
    return [
        (name, json.loads(span.attributes[name]))
        for span in p.spans
        for name in SCHEMAS
        if name in span.attributes
    ]


def disagreements(p):
    """Where the span and the provider do not say the same: name -> (span, provider)."""
    if len(p.spans) != 1:
        return {"spans": (len(p.spans), 1)}
    attributes, said = p.spans[0].attributes, recordings.said(p.one)
    told = {
        "model": attributes.get("gen_ai.request.model"),
        "answered_by": attributes.get("gen_ai.response.model"),
        "input_tokens": attributes.get("gen_ai.usage.input_tokens"),
        "output_tokens": attributes.get("gen_ai.usage.output_tokens"),
        "cached_tokens": attributes.get("gen_ai.usage.cache_read.input_tokens"),
        "reasoning_tokens": attributes.get("gen_ai.usage.reasoning.output_tokens"),
        "finish_reasons": list(attributes.get("gen_ai.response.finish_reasons", ())),
        "texts": ["".join(texts(m)) for m in json.loads(attributes.get("gen_ai.output.messages", "[]"))],
        "asked": [t for m in json.loads(attributes.get("gen_ai.input.messages", "[]")) for t in texts(m)],
    }
    expected = {**said._asdict(), "asked": recordings.asked_texts(p.one)}
    return {name: (told[name], expected[name]) for name in told if told[name] != expected[name]}


def texts(message):
    return [part["content"] for part in message["parts"] if part["type"] == "text"]
