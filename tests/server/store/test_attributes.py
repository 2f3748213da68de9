"""Nothing that a sender said is lost: every attribute, with its type, hot and from the file."""

import base64
import json
from datetime import UTC, datetime

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from llmobs.server.collector import flat
from llmobs.server.collector.decode import decode
from llmobs.server.store import rows
from tests.server.collector.payloads import Hostile, request
from tests.server.conftest import call

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def first(store, text):
    return store.sql(text).to_pylist()[0]


def typed(value):
    """The value with its type beside it, so that 1, 1.0, true and -0.0 differ and NaN equals NaN."""
    if isinstance(value, dict):
        return {key: typed(inside) for key, inside in value.items()}
    if isinstance(value, list):
        return [typed(inside) for inside in value]
    return type(value).__name__, repr(value)


def python(value):
    """A flat AnyValue as the Python value that its JSON text reads back as."""
    kind = value.WhichOneof("kind")
    if kind == "array":
        return [python(v) for v in flat.ArrayValue.FromString(value.array).values]
    if kind == "kvlist":
        return {p.key: python(p.value) for p in flat.KeyValueList.FromString(value.kvlist).values}
    if kind == "bytes":
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

    found = store.sql("SELECT span_id, attributes FROM spans").to_pylist()
    assert {r["span_id"] for r in found} == set(sent)
    for row in found:
        assert typed(json.loads(row["attributes"])) == typed(sent[row["span_id"]])


def test_every_view_reads_hostile_spans(settled):
    hostile = Hostile(99)
    store = settled(*decode([hostile.request() for _ in range(50)], NOW))

    for view in ("spans", "calls", "prompts", "tools", "retrievals", "agents", "workflows", "hours"):
        assert store.sql(f"SELECT * FROM {view}").num_columns > 8


def test_a_text_that_came_under_another_name_is_not_said_twice(settled):
    spans, resources = rows.to_table([call(1, NOW, input_messages="[1]", text=None)])
    for name, text in (("copied", '{"gen_ai.input.messages":null}'), ("attributes", '{"input.value":"[1]"}')):
        spans = spans.set_column(spans.schema.get_field_index(name), name, [[text]])

    row = first(
        settled(spans, resources), "SELECT attributes, input_messages FROM spans JOIN calls USING (span_id)"
    )

    said = json.loads(row["attributes"])
    assert (said["input.value"], row["input_messages"]) == ("[1]", "[1]")
    assert "gen_ai.input.messages" not in said


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
