"""Spans in memory, with our own failures made loud."""

import pytest
from opentelemetry import context as otel
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import llmobs
from llmobs.instrumentation import content, fence
from llmobs.instrumentation.context import attributes
from llmobs.instrumentation.outbox import Outbox
from tests.instrumentation.outboxes import Collector


@pytest.fixture
def seen(monkeypatch):
    """Gives the finished spans in the order of their end. Nothing of ours may fail or stay current."""
    monkeypatch.setattr(fence, "strict", True)
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    before = otel.get_current()
    llmobs.instrument(tracer_provider=provider)
    yield exporter.get_finished_spans
    llmobs.uninstrument()
    content.configure(True, 262_144)
    assert otel.get_current() is before
    assert attributes() == {}


GREET = """---
name: greet
metadata:
  version: "3"
model:
  id: gpt-4o-mini
  provider: openai
  options:
    temperature: 0.2
    maxOutputTokens: 100
    stopSequences: [END]
    additionalProperties:
      user: u-1
inputs:
  - name: name
    kind: string
  - name: tone
    kind: string
    default: warm
---
system:
You greet people in a {{ tone }} way.

user:
{{ name }}
"""


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Writes a prompt file into the folder that `llmobs.prompt` looks in."""
    monkeypatch.setenv("LLMOBS_PROMPTS", str(tmp_path))

    def write(text, name="greet"):
        path = tmp_path / f"{name}.prompty"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write


@pytest.fixture
def greet(library):
    """A prompt for OpenAI with every kind of setting."""
    return library(GREET)


@pytest.fixture
def box():
    """Makes an outbox and the tracer that fills it."""
    made = []

    def make(collector, queue_spans=100, queue_bytes=1_000_000, interval_s=0.01):
        outbox = Outbox(collector, queue_spans, queue_bytes, interval_s)
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(outbox)
        made.append(outbox)
        return outbox, provider.get_tracer("test")

    yield make
    for outbox in made:
        outbox.sender = Collector()
        outbox.close(5)
