"""What the views say of a span: its columns, NULL for what is unknown, every attribute with its type."""

import json
import math
from datetime import UTC, datetime

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from llmobs.server.collector import flat
from llmobs.server.collector.decode import decode
from tests.server.collector.payloads import Hostile, request
from tests.server.conftest import call

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CALLS = [
    "trace_id",
    "span_id",
    "parent_span_id",
    "started_at",
    "duration_s",
    "service",
    "environment",
    "provider",
    "operation",
    "model",
    "answered_by",
    "endpoint",
    "region",
    "status",
    "error_type",
    "http_status",
    "attempts",
    "stream",
    "stream_end",
    "first_content_s",
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "cache_written_tokens",
    "reasoning_tokens",
    "usage_source",
    "cost_usd",
    "cost_status",
    "finish",
    "prompt_name",
    "prompt_version",
    "user_id",
    "session_id",
    "workflow",
    "tags",
    "input_messages",
    "output_messages",
    "text",
]
HEAD = [
    "trace_id",
    "span_id",
    "parent_span_id",
    "started_at",
    "duration_s",
    "service",
    "environment",
    "status",
]


@pytest.fixture(params=["hot", "in the file"])
def settled(request, store):
    """Appends, and seals where that is asked for."""

    def append(*given):
        store.append(*given)
        if request.param == "in the file":
            store.seal()
        return store

    return append


def first(store, text):
    return store.sql(text).to_pylist()[0]


def names(store, view):
    return store.sql(f"SELECT * FROM {view} LIMIT 0").column_names


def test_calls_has_the_columns_of_the_contract_in_order(store):
    assert names(store, "calls")[: len(CALLS)] == CALLS


@pytest.mark.parametrize("view", ["prompts", "tools", "retrievals", "agents", "workflows"])
def test_every_kind_of_span_begins_with_the_same_columns(store, view):
    assert names(store, view)[: len(HEAD)] == HEAD


@pytest.mark.parametrize(
    ("operation", "view"),
    [
        ("chat", "calls"),
        ("embeddings", "calls"),
        ("assemble_prompt", "prompts"),
        ("execute_tool", "tools"),
        ("retrieval", "retrievals"),
        ("invoke_agent", "agents"),
        ("invoke_workflow", "workflows"),
    ],
)
def test_a_span_is_in_the_view_of_its_operation_alone(store, operation, view):
    store.append([call(1, NOW, operation=operation)])

    found = [
        v
        for v in ("calls", "prompts", "tools", "retrievals", "agents", "workflows")
        if store.sql(f"SELECT 1 FROM {v}").num_rows
    ]
    assert found == [view]
    assert store.sql("SELECT 1 FROM spans").num_rows == 1


def test_a_call_says_what_was_sent(settled):
    store = settled(
        [call(1, NOW, tags={"team": "a"}, status="error", error_type="RateLimitError", duration_s=0.25)]
    )

    row = first(store, "SELECT * FROM calls")

    assert row["started_at"] == datetime(2026, 11, 22, 12)
    assert (row["duration_s"], row["status"], row["error_type"]) == (0.25, "error", "RateLimitError")
    assert (row["model"], row["input_tokens"], row["cost_usd"], row["cost_status"]) == (
        "small",
        1_500_000,
        3.0,
        "exact",
    )
    assert (row["finish"], row["text"], json.loads(row["tags"])) == ("stop", "Yes.", {"team": "a"})
    assert len(row["trace_id"]) == 32
    assert row["parent_span_id"] is None


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({}, "ok"),
        ({"status": "error"}, "error"),
        ({"error_type": "CancelledError"}, "cancelled"),
        ({"error_type": "asyncio.CancelledError", "status": "error"}, "cancelled"),
        ({"status": "cancelled"}, "cancelled"),
    ],
)
def test_a_call_is_ok_in_error_or_cancelled(store, said, status):
    store.append([call(1, NOW, **said)])

    assert first(store, "SELECT status FROM calls") == {"status": status}


@pytest.mark.parametrize(
    ("said", "endpoint"),
    [
        ({"server_address": "api.x.com", "server_port": 443}, "api.x.com"),
        ({"server_address": "api.x.com", "server_port": 80}, "api.x.com"),
        ({"server_address": "localhost", "server_port": 8000}, "localhost:8000"),
        ({"server_address": "api.x.com"}, "api.x.com"),
        ({}, None),
    ],
)
def test_an_endpoint_is_the_address_with_a_port_that_is_not_usual(store, said, endpoint):
    store.append([call(1, NOW, **said)])

    assert first(store, "SELECT endpoint FROM calls") == {"endpoint": endpoint}


@pytest.mark.parametrize(
    ("said", "attempts"),
    [
        ({"attempts": 3}, 3),
        ({"attributes": {"http.request.resend_count": 2}}, 3),
        ({"attempts": 1, "attributes": {"http.request.resend_count": 2}}, 1),
        ({"attributes": {"http.request.resend_count": "many"}}, None),
        ({}, None),
    ],
)
def test_attempts_come_from_us_or_from_the_http_client(settled, said, attempts):
    assert first(settled([call(1, NOW, **said)]), "SELECT attempts FROM calls") == {"attempts": attempts}


def message(*parts):
    return [{"role": "assistant", "parts": list(parts)}]


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        (message({"type": "text", "content": "a"}, {"type": "text", "content": "b"}), "ab"),
        (message({"type": "reasoning", "content": "hm"}, {"type": "text", "content": "a"}), "a"),
        (message({"type": "tool_call", "name": "f"}), ""),
        ([], ""),
        ("{[", None),
        ('{"role": "assistant"}', ""),
        ('[{"parts": "text"}]', ""),
        (None, None),
    ],
)
def test_the_text_of_an_answer_is_its_text_parts(store, messages, text):
    store.append([call(1, NOW, output_messages=messages, text=None)])

    assert first(store, "SELECT text FROM calls") == {"text": text}


def test_json_that_is_none_is_null_and_breaks_nothing(settled):
    bad = {
        "input_messages": "{[",
        "output_messages": "no",
        "tags": "\0",
        "finish_reasons": "[",
        "tool_definitions": "x",
    }
    store = settled([call(1, NOW, text=None, finish=None, **bad)])

    row = first(store, "SELECT * FROM calls")

    assert {
        row[n] for n in ("input_messages", "output_messages", "tags", "finish", "text", "tool_definitions")
    } == {None}
    kept = json.loads(first(store, "SELECT attributes FROM spans")["attributes"])
    assert (kept["gen_ai.input.messages"], kept["llmobs.tags"]) == ("{[", "\0")


def test_a_duration_that_ran_backwards_is_unknown(store):
    store.append(decode([request(start_time_unix_nano=5_000, end_time_unix_nano=2_000)], NOW).spans)

    row = first(store, "SELECT duration_s, duration_ns, start_time_ns FROM spans")
    assert row == {"duration_s": None, "duration_ns": -3_000, "start_time_ns": 5_000}


def test_the_latest_time_there_is_can_be_read(settled):
    store = settled(
        decode([request(start_time_unix_nano=2**64 - 1, end_time_unix_nano=2**64 - 1)], NOW).spans
    )

    row = first(store, "SELECT * FROM spans")
    assert (row["start_time_ns"], row["started_at"].year) == (2**64 - 1, 2554)


def typed(value):
    """The value with its type beside it, so that 1, 1.0 and true differ and NaN equals NaN."""
    if isinstance(value, dict):
        return {key: typed(inside) for key, inside in value.items()}
    if isinstance(value, list):
        return [typed(inside) for inside in value]
    if isinstance(value, float) and math.isnan(value):
        return "float", "nan"
    return type(value).__name__, value if not isinstance(value, float) else math.copysign(1, value) * abs(
        value
    )


def python(value):
    """A flat AnyValue as the Python value that its JSON text reads back as."""
    kind = value.WhichOneof("kind")
    if kind == "array":
        return [python(v) for v in flat.ArrayValue.FromString(value.array).values]
    if kind == "kvlist":
        return {p.key: python(p.value) for p in flat.KeyValueList.FromString(value.kvlist).values}
    if kind == "bytes":
        import base64

        return {"$bytes": base64.b64encode(value.bytes).decode()}
    return None if kind is None else getattr(value, kind)


@pytest.mark.parametrize("seed", range(12))
def test_every_attribute_of_a_hostile_span_comes_back_with_its_type(settled, seed):
    hostile = Hostile(seed)
    payloads = [hostile.request() for _ in range(8)]
    sent = {}
    for payload in payloads:
        for group in flat.Request.FromString(payload).resource_spans:
            for scope in group.scope_spans:
                for span in scope.spans:
                    sent[span.span_id.hex()] = {p.key: python(p.value) for p in span.attributes}

    store = settled(*decode(payloads, NOW))

    rows = store.sql("SELECT span_id, attributes FROM spans").to_pylist()
    assert {r["span_id"] for r in rows} == set(sent)
    for row in rows:
        assert typed(json.loads(row["attributes"])) == typed(sent[row["span_id"]])


def test_every_view_reads_hostile_spans(settled):
    hostile = Hostile(99)
    store = settled(*decode([hostile.request() for _ in range(50)], NOW))

    for view in ("spans", "calls", "prompts", "tools", "retrievals", "agents", "workflows", "hours"):
        assert store.sql(f"SELECT * FROM {view}").num_columns > 8


def test_what_no_field_took_can_be_asked_for_by_type(settled):
    store = settled([call(1, NOW, attributes={"n": 1, "f": 1.5, "o": {"deep": ["x"]}, "a.b": True})])

    row = first(
        store,
        "SELECT extra.n::BIGINT AS n, extra.f::DOUBLE AS f, extra.o.deep[1]::VARCHAR AS d, "
        "extra['a.b']::BOOLEAN AS b, extra.missing::VARCHAR AS m FROM spans",
    )
    assert row == {"n": 1, "f": 1.5, "d": "x", "b": True, "m": None}


def test_a_span_shows_its_resource_events_and_links(settled):
    made = ExportTraceServiceRequest.FromString(
        request({"a": 1}, flags=257, trace_state="k=v", kind=3, name="n")
    )
    made.resource_spans[0].resource.attributes.add(key="host").value.string_value = "h"
    made.resource_spans[0].schema_url = "u"
    made.resource_spans[0].scope_spans[0].scope.name = "lib"
    span = made.resource_spans[0].scope_spans[0].spans[0]
    span.status.code, span.status.message = 2, "broke"
    span.events.add(name="e", time_unix_nano=1)
    span.links.add(trace_id=b"\1" * 16, span_id=b"\2" * 8)

    row = first(settled(*decode([made.SerializeToString()], NOW)), "SELECT * FROM spans")

    assert (json.loads(row["resource"]), row["resource_schema_url"]) == ({"host": "h"}, "u")
    assert (row["scope_name"], row["kind"], row["trace_state"], row["flags"]) == ("lib", "client", "k=v", 257)
    assert (row["status"], row["status_message"], row["received_at"]) == (
        "error",
        "broke",
        NOW.replace(tzinfo=None),
    )
    assert [e["name"] for e in json.loads(row["events"])] == ["e"]
    assert [k["trace_id"] for k in json.loads(row["links"])] == ["01" * 16]


def test_hours_add_what_was_sealed_and_outlive_it(store):
    for number in (1, 2):
        store.append([call(number, NOW, status="error" if number == 2 else "ok")])
        store.seal()
    store.append([call(3, NOW, operation="invoke_agent")])
    store.seal()

    [row] = store.sql("SELECT * FROM hours").to_pylist()

    assert (row["hour"], row["model"], row["calls"], row["errors"]) == (
        datetime(2026, 11, 22, 12),
        "small",
        2,
        1,
    )
    assert (row["input_tokens"], row["cost_usd"], row["unpriced"]) == (3_000_000, 6.0, 0)
