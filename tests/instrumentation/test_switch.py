"""On, off, on again; before and after imports and clients; settings and where they come from."""

import subprocess
import sys

import anthropic
import httpx2
import openai
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import llmobs
from llmobs import config
from llmobs.instrumentation import switch
from tests.net import ASK, ASK_CLAUDE, CHAT, CHAT_STREAM, CLAUDE, Net


@pytest.fixture(autouse=True)
def off():
    yield
    llmobs.uninstrument()


@pytest.fixture
def provider():
    made = TracerProvider()
    made.memory = InMemorySpanExporter()
    made.add_span_processor(SimpleSpanProcessor(made.memory))
    return made


def methods():
    return {
        (owner.__name__, name): vars(owner)[name]
        for owner, name in [
            (openai._base_client.SyncAPIClient, "request"),
            (openai._base_client.AsyncAPIClient, "request"),
            (openai._streaming.Stream, "__stream__"),
            (anthropic._base_client.SyncAPIClient, "request"),
            (anthropic._base_client.BaseClient, "_tracer"),
            (httpx2.Client, "send"),
            (httpx2.AsyncClient, "send"),
        ]
    }


def test_off_puts_everything_back(provider, monkeypatch):
    import os

    monkeypatch.delenv("ANTHROPIC_OPEN_TELEMETRY", raising=False)
    before = methods()

    llmobs.instrument(tracer_provider=provider)
    changed = methods()
    assert os.environ["ANTHROPIC_OPEN_TELEMETRY"] == "false"
    assert all(changed[name] is not before[name] for name in before)
    llmobs.uninstrument()

    assert methods() == before
    assert "ANTHROPIC_OPEN_TELEMETRY" not in os.environ


def test_twice_is_once(provider):
    llmobs.instrument(tracer_provider=provider)
    llmobs.instrument(service_name="another", tracer_provider=TracerProvider())

    Net(CHAT).openai().chat.completions.create(**ASK)

    assert len(provider.memory.get_finished_spans()) == 1


def test_off_without_on_is_harmless():
    before = methods()

    llmobs.uninstrument()
    llmobs.uninstrument()

    assert methods() == before


def test_a_client_from_before_is_recorded_and_left_alone_afterwards(provider):
    client = Net(CHAT).openai()
    raw = client.chat.completions.with_raw_response  # keeps bound methods

    llmobs.instrument(tracer_provider=provider)
    client.chat.completions.create(**ASK)
    raw.create(**ASK)
    assert len(provider.memory.get_finished_spans()) == 2
    llmobs.uninstrument()
    client.chat.completions.create(**ASK)
    raw.create(**ASK)

    assert len(provider.memory.get_finished_spans()) == 2


def test_a_stream_that_is_open_when_we_go_off_still_works(provider):
    llmobs.instrument(tracer_provider=provider)
    stream = Net(CHAT_STREAM).openai().chat.completions.create(**ASK, stream=True)
    next(stream)
    llmobs.uninstrument()

    assert len(list(stream)) == len(CHAT_STREAM) - 2


def test_only_the_sdks_asked_for(provider):
    llmobs.instrument(tracer_provider=provider, sdks=["openai"])

    Net(CLAUDE).anthropic(open_telemetry=False).messages.create(**ASK_CLAUDE)
    Net(CHAT).openai().chat.completions.create(**ASK)

    [span] = provider.memory.get_finished_spans()
    assert span.attributes["gen_ai.provider.name"] == "openai"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"sdks": ["opnai"]}, "Known: anthropic.*openai"),
        ({"sample": 1.5}, "between 0 and 1"),
        ({"endpoint": "localhost:4318"}, "http://127.0.0.1:4318"),
        ({"redact": ["("]}, "not a regular expression"),
    ],
)
def test_a_setting_that_cannot_be_says_so_and_changes_nothing(wrong, says):
    before = methods()

    with pytest.raises(ValueError, match=says):
        llmobs.instrument(**wrong)

    assert methods() == before
    assert not switch.in_force


@pytest.mark.parametrize(
    ("variable", "text", "says"),
    [
        ("LLMOBS_FLUSH_INTERVAL", "-1", r"flush_interval=-1\.0\. Expected 0\.001 to 3600 s\."),
        ("LLMOBS_FLUSH_INTERVAL", "nan", r"flush_interval=nan\."),
        ("LLMOBS_CERTIFICATE", "/no/such.pem", r"certificate='/no/such\.pem' cannot be read \(No such file"),
        ("LLMOBS_CERTIFICATE", __file__, r"certificate='.*' cannot be read \(.*Expected a PEM file"),
        ("LLMOBS_HEADERS", "sk-secret", r"LLMOBS_HEADERS cannot be read: item 1 is no name=value\."),
        ("LLMOBS_SAMPLE", "half", r"LLMOBS_SAMPLE='half' cannot be read: expected a number \(share\)\."),
    ],
)
def test_a_variable_that_cannot_be_says_so_and_changes_nothing(monkeypatch, variable, text, says):
    monkeypatch.setenv(variable, text)
    before = methods()

    with pytest.raises(ValueError, match=says) as wrong:
        llmobs.instrument()

    assert methods() == before
    assert not switch.in_force
    assert "sk-secret" not in str(wrong.value)


def test_headers_are_written_as_opentelemetry_writes_them(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20a%3D1,x=2")

    assert config.value("headers") == {"Authorization": "Bearer a=1", "x": "2"}


def test_disabled_by_the_environment(monkeypatch, provider):
    monkeypatch.setenv("LLMOBS_DISABLED", "true")

    llmobs.instrument(tracer_provider=provider)
    Net(CHAT).openai().chat.completions.create(**ASK)

    assert provider.memory.get_finished_spans() == ()


def test_argument_before_llmobs_before_otel_variables(monkeypatch, provider):
    monkeypatch.setenv("OTEL_SERVICE_NAME", "from-otel")
    monkeypatch.setenv("LLMOBS_CAPTURE_CONTENT", "false")
    monkeypatch.setenv("LLMOBS_SAMPLE", "0.5")

    llmobs.instrument(sample=0.25, tracer_provider=provider)

    assert switch.in_force["service_name"] == "from-otel"
    assert switch.in_force["capture_content"] is False
    assert switch.in_force["sample"] == 0.25
    assert switch.sources["sample"] == "argument"
    assert switch.sources["service_name"] == "OTEL_SERVICE_NAME"


def test_anthropic_counts_once_also_where_it_would_trace_itself(provider, monkeypatch):
    """2.x does so as soon as a provider is set, by default or because the client was told to."""
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    told = {"tracer_provider": provider, "traces": {"content_mode": "content"}}
    before = Net(CLAUDE).anthropic(open_telemetry=told)
    assert before._tracer is not None

    llmobs.instrument(tracer_provider=provider)
    for client in (before, Net(CLAUDE).anthropic(open_telemetry=told), Net(CLAUDE).anthropic()):
        client.messages.create(**ASK_CLAUDE)

    spans = provider.memory.get_finished_spans()
    assert [span.instrumentation_scope.name for span in spans] == ["llmobs"] * 3


PROGRAM = """
import sys
import llmobs
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
memory, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(memory))
llmobs.instrument(tracer_provider=provider)
assert "openai" not in sys.modules and "anthropic" not in sys.modules and "httpx2" not in sys.modules
from tests.net import ASK, ASK_CLAUDE, CHAT, CLAUDE, Net
Net(CHAT).openai().chat.completions.create(**ASK)
Net(CLAUDE).anthropic().messages.create(**ASK_CLAUDE)
print([span.attributes["llmobs.attempts"] for span in memory.get_finished_spans()])
"""


def test_sdks_that_are_imported_later_are_recorded_and_none_is_imported_by_us():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60)

    assert done.stderr == ""
    assert done.stdout.strip() == "[1, 1]"
