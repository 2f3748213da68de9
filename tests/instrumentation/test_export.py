"""Programs in processes of their own: what really leaves them, also at the end and when things are down."""

import json
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from llmobs.instrumentation import export
from tests.sink import sink

ROOT = Path(__file__).parents[2]


def run(program, url, within_s=60.0, **env):
    """Runs `program`, which has `llmobs`, `URL`, `ask` (a call) and `mark` (a span); gives its output."""
    head = f"""
        import llmobs
        from tests.net import ASK, CHAT, CHAT_STREAM, Net
        from llmobs.instrumentation import export
        URL = {url!r}
        def ask():
            return Net(CHAT).openai().chat.completions.create(**ASK)
        def mark():
            export.tracer().start_span("mark").end()
    """
    code = textwrap.dedent(head) + textwrap.dedent(program)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=within_s,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **env},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def closed_port():
    with sink() as place:
        return place.url


def test_a_program_without_a_provider_sends_whole_spans():
    with sink() as place:
        out, err = run("llmobs.instrument('shop', endpoint=URL); ask(); print(llmobs.flush())", place.url)

    assert (out.strip(), err) == ("True", "")
    [span] = place.spans
    assert span["service"] == "shop"
    assert span["name"] == "chat gpt-4o-mini"
    assert span["attributes"]["gen_ai.usage.input_tokens"] == 1234
    assert "mill" in span["attributes"]["gen_ai.input.messages"]
    assert "river" in span["attributes"]["gen_ai.output.messages"]


def test_what_is_finished_when_a_program_ends_arrives_without_a_flush():
    with sink() as place:
        run("llmobs.instrument('shop', endpoint=URL); mark(); mark()", place.url)

    assert len(place.spans) == 2


def test_settings_come_from_the_environment():
    with sink() as place:
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": place.url, "LLMOBS_ENVIRONMENT": "staging"}
        env["OTEL_RESOURCE_ATTRIBUTES"] = "service.name=from-otel,team=red"
        run(
            """
            llmobs.instrument(); mark()
            """,
            "",
            **env,
        )

    [span] = place.spans
    assert span["service"] == "from-otel"


def test_the_resource_says_who_and_where():
    out, _ = run(
        """
        llmobs.instrument('shop', endpoint=URL)
        facts = export._provider.resource.attributes
        print(facts['service.name'], facts['deployment.environment.name'], facts['telemetry.sdk.language'])
        """,
        "http://127.0.0.1:9",
        LLMOBS_ENVIRONMENT="staging",
    )

    assert out.split() == ["shop", "staging", "python"]


WITH_PROVIDER = """
    from opentelemetry import trace
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
    theirs = dict([("service.name", "theirs")])
    memory, provider = InMemorySpanExporter(), TracerProvider(resource=Resource(theirs))
    provider.add_span_processor(SimpleSpanProcessor(memory))
"""


def test_a_program_with_a_provider_keeps_it_and_gets_our_exporter():
    with sink() as place:
        out, _ = run(
            WITH_PROVIDER
            + """
    trace.set_tracer_provider(provider)
    llmobs.instrument('ignored', endpoint=URL)
    with trace.get_tracer("app").start_as_current_span("request"):
        ask()
    llmobs.flush()
    call, request = memory.get_finished_spans()
    print("gen_ai.output.messages" in call.attributes, call.parent.span_id == request.context.span_id)
    """,
            place.url,
        )

    assert out.strip() == "True True"
    assert [(span["name"], span["service"]) for span in place.spans] == [
        ("chat gpt-4o-mini", "theirs"),
        ("request", "theirs"),
    ]


def test_a_provider_that_is_given_gets_no_exporter_unless_an_endpoint_is_given():
    with sink() as place:
        program = (
            WITH_PROVIDER
            + """
    llmobs.instrument(tracer_provider=provider, endpoint={endpoint})
    mark()
    print(len(memory.get_finished_spans()), llmobs.flush())
    """
        )
        only, _ = run(program.format(endpoint=None), place.url, LLMOBS_ENDPOINT=place.url)
        assert (only.strip(), place.spans) == ("1 True", [])
        both, _ = run(program.format(endpoint="URL"), place.url)

    assert both.strip() == "1 True"
    assert len(place.spans) == 1


def test_a_processor_added_to_our_provider_sees_whole_spans():
    with sink() as place:
        out, _ = run(
            """
            llmobs.instrument('shop', endpoint=URL)
            from opentelemetry import trace
            from opentelemetry.sdk.trace.export import SimpleSpanProcessor
            from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
            memory = InMemorySpanExporter()
            trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(memory))
            ask()
            print("gen_ai.output.messages" in memory.get_finished_spans()[0].attributes)
            """,
            place.url,
        )

    assert out.strip() == "True"
    assert "gen_ai.output.messages" in place.spans[0]["attributes"]


def test_on_again_with_another_name_and_place():
    with sink() as first, sink() as second:
        run(
            f"""
            llmobs.instrument('one', endpoint=URL); mark(); llmobs.uninstrument()
            llmobs.instrument('two', endpoint={second.url!r}); mark()
            from opentelemetry import trace
            trace.get_tracer('app').start_span('by hand').end()
            """,
            first.url,
        )

    assert [span["service"] for span in first.spans] == ["one"]
    assert [span["name"] for span in second.spans] == ["mark", "by hand"]
    assert second.spans[0]["service"] == "two"


def test_a_share_of_traces():
    with sink() as place:
        run(
            "llmobs.instrument('shop', endpoint=URL, sample=0.0); ask(); list(Net(CHAT_STREAM).openai()"
            ".chat.completions.create(**ASK, stream=True))",
            place.url,
        )

    assert place.spans == []


ENDING = """
import atexit, time
atexit.register(lambda: print(time.monotonic() - ended))  # runs last: handlers go backwards
llmobs.instrument('shop', endpoint=URL)
for _ in range(20): mark()
ended = time.monotonic()
"""


def test_a_dead_collector_holds_up_neither_calls_nor_the_end():
    out, err = run(ENDING, closed_port())

    assert float(out) < 4  # 2 s of ours, and a busy machine
    [warning] = err.splitlines()
    assert "20 spans could not be sent before the end, and are lost: http" in warning
    assert "cannot be reached" in warning
    assert "`llmobs up` starts a collector" in warning


def test_a_collector_that_hangs_does_not_hold_up_the_end():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        out, err = run(ENDING, f"http://127.0.0.1:{silent.getsockname()[1]}")

    assert float(out) < 4
    [warning] = err.splitlines()
    assert "20 spans could not be sent before the end, and are lost" in warning


def test_a_child_of_multiprocessing_sends_what_it_recorded():
    with sink() as place:
        out, _ = run(
            """
            import multiprocessing
            def work():
                mark()
            llmobs.instrument('shop', endpoint=URL)
            mark()
            child = multiprocessing.get_context("fork").Process(target=work)
            child.start(); child.join(); print(child.exitcode)
            """.replace(
                "import multiprocessing", "import multiprocessing, warnings; warnings.simplefilter('ignore')"
            ),
            place.url,
        )

    assert out.strip() == "0"
    assert len({span["span_id"] for span in place.spans}) == 2


def test_sending_is_not_recorded_itself():
    """httpx is what users instrument; a collector behind it must not make spans of spans."""
    with sink() as place:
        run("llmobs.instrument('shop', endpoint=URL); mark(); llmobs.flush(); llmobs.flush()", place.url)

    assert len(place.spans) == 1


def test_counters_say_what_became_of_spans():
    with sink() as place:
        out, _ = run(
            """
            import json
            llmobs.instrument('shop', endpoint=URL); mark(); llmobs.flush()
            print(json.dumps(export.counters()))
            """,
            place.url,
        )

    assert json.loads(out) == {"sent": 1, "dropped": 0, "failed": 0, "queued": 0}


def test_nothing_to_count_and_to_flush_where_nothing_was_started():
    assert export.counters() == {"sent": 0, "dropped": 0, "failed": 0, "queued": 0}
    assert export.flush(0.1) is True
    assert not export.started()
    assert export.tracer() is not None


@pytest.mark.parametrize("kind", ["shut down before", "shut down after"])
def test_a_provider_that_was_shut_down_breaks_no_call(kind):
    program = (
        WITH_PROVIDER
        + """
    if {before}: provider.shutdown()
    llmobs.instrument(tracer_provider=provider, endpoint=URL)
    provider.shutdown()
    print(ask().id)
    """
    )
    out, _ = run(program.format(before=kind.endswith("before")), "http://127.0.0.1:9")

    assert out.strip() == "chatcmpl-1"
