"""What `llmobs doctor` tells."""

from importlib import metadata

import pytest
from opentelemetry.sdk.trace import TracerProvider

import llmobs
from llmobs.instrumentation import doctor, patch
from tests.sink import sink


@pytest.fixture(autouse=True)
def off():
    yield
    llmobs.uninstrument()


def lines(said):
    return [line.strip() for line in said.splitlines()]


def test_in_a_program_that_is_not_instrumented_it_says_what_could_be():
    said = lines(doctor.report())

    assert "openai._base_client:SyncAPIClient.request: can be patched" in said
    assert any(line.startswith("openai ") and "tested with" in line for line in said)
    assert "not switched on" in said[0]


def test_in_a_program_that_is_it_says_what_is():
    llmobs.instrument(tracer_provider=TracerProvider(shutdown_on_exit=False))

    said = lines(doctor.report())

    assert "openai._base_client:SyncAPIClient.request: patched" in said
    assert "anthropic._base_client:BaseClient._tracer: patched" in said
    assert "httpx2:AsyncClient.send: patched" in said


def test_what_cannot_be_patched_is_listed_with_the_reason(monkeypatch):
    import openai

    monkeypatch.delattr(openai._streaming.Stream, "__stream__")
    said = lines(doctor.report())
    assert "openai._streaming:Stream.__stream__: FAILED, not there" in said

    llmobs.instrument(tracer_provider=TracerProvider(shutdown_on_exit=False))
    assert "openai._streaming:Stream.__stream__: FAILED, not there" in lines(doctor.report())


def test_an_sdk_that_is_not_installed_or_broken_says_so():
    assert list(doctor.module("no-such-sdk", "", None)) == ["  no-such-sdk: not installed"]

    # a package that another distribution brings: import yaml, pip install PyYAML
    assert doctor.installed("yaml") == metadata.version("PyYAML")
    assert doctor.installed("google.nothing_such") is None

    def broken(module):
        raise AttributeError("moved")

    assert "cannot be read: AttributeError: moved" in list(doctor.module("openai", "", broken))[1]


def test_where_spans_go_and_whether_somebody_is_there(monkeypatch):
    with sink() as place:
        monkeypatch.setenv("LLMOBS_ENDPOINT", place.url)
        there = list(doctor.collector())
    gone = list(doctor.collector())

    assert there == [f"  {place.url}: answers 501 to /readyz; a collector of llmobs answers 200"]
    assert gone[0].startswith(f"  {place.url}: cannot be reached")
    assert "llmobs up" in gone[0]


def test_settings_with_their_source_and_without_keys(monkeypatch):
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop")
    monkeypatch.setenv("LLMOBS_HEADERS", "authorization=sk-secret")

    said = doctor.report()

    assert "service_name = 'shop' (OTEL_SERVICE_NAME)" in said
    assert "sample = 1.0 (default)" in said
    assert "headers = {'authorization': '[masked]'} (LLMOBS_HEADERS)" in said
    assert "sk-secret" not in said


def test_an_sdk_that_is_switched_off_is_said(monkeypatch):
    assert "OTEL_SDK_DISABLED" not in doctor.report()
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert "FAILED, no span is made: OTEL_SDK_DISABLED" in doctor.report()


@pytest.mark.parametrize(
    ("variable", "text", "says"),
    [
        (
            "LLMOBS_SAMPLE",
            "half",
            "sample: FAILED, LLMOBS_SAMPLE='half' cannot be read: expected a number (share).",
        ),
        ("LLMOBS_SAMPLE", "7", "FAILED, sample=7.0. Expected a share between 0 and 1."),
        ("LLMOBS_ENDPOINT", "localhost:4318", "localhost:4318: FAILED, endpoint='localhost:4318' is not a"),
        ("LLMOBS_ENDPOINT", "http://h:http", "http://h:http: FAILED, "),
        ("LLMOBS_CERTIFICATE", "/no.pem", "http://127.0.0.1:9: FAILED, certificate='/no.pem' cannot be read"),
    ],
)
def test_a_setting_that_instrument_would_refuse_is_said_beside_all_else(monkeypatch, variable, text, says):
    monkeypatch.setenv("LLMOBS_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv(variable, text)

    said = lines(doctor.report())

    [failed] = [line for line in said if "FAILED" in line]
    assert failed.startswith(says)
    assert "compression = 'none' (default)" in said


def test_counters_are_those_of_this_process():
    assert "none, it is not instrumented" in doctor.report()

    llmobs.instrument(tracer_provider=TracerProvider(shutdown_on_exit=False))

    assert "sent 0, dropped 0, failed 0, queued 0" in doctor.report()


def test_looking_changes_nothing():
    doctor.report()

    assert patch.states == {}
