"""OTLP's JSON: what each field becomes, what is forgiven, and that a bad span takes no other with it."""

import json
import math
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

from llmobs.server.collector import otlp_json
from tests.server.collector.spans import nested

TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"


def good(**fields: Any) -> dict[str, Any]:
    return {"traceId": TRACE, "spanId": SPAN, "name": "good", **fields}


def body(*spans: Any, **group: Any) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}], **group}]}).encode()


def groups(given: bytes) -> list[ResourceSpans]:
    return list(ExportTraceServiceRequest.FromString(otlp_json.check(given).payload).resource_spans)


def one(given: bytes) -> Span:
    [group] = groups(given)
    [found] = group.scope_spans[0].spans
    return found


def everything() -> dict[str, Any]:
    """A request with every field that there is."""
    span = good(
        parentSpanId="EEE19B7EC3C1B173",
        traceState="a=1",
        flags=257,
        kind=3,
        startTimeUnixNano="1544712660000000000",
        endTimeUnixNano=1544712661000000000,
        attributes=[{"key": "k", "value": {"stringValue": "ü"}}],
        droppedAttributesCount=1,
        events=[{"timeUnixNano": "5", "name": "e", "droppedAttributesCount": 2, "attributes": []}],
        droppedEventsCount=3,
        links=[
            {"traceId": TRACE, "spanId": SPAN, "traceState": "b=2", "flags": 1, "droppedAttributesCount": 4}
        ],
        droppedLinksCount=5,
        status={"code": 2, "message": "broke"},
    )
    scope = {"name": "s", "version": "1", "attributes": [{"key": "sk", "value": {"boolValue": True}}]}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    return {
        "resourceSpans": [
            {
                "resource": resource,
                "schemaUrl": "r",
                "scopeSpans": [{"scope": scope, "schemaUrl": "s", "spans": [span]}],
            }
        ]
    }


def test_every_field_of_a_request_arrives():
    [group] = groups(json.dumps(everything()).encode())

    [found] = group.scope_spans
    [read] = found.spans
    assert group.resource.attributes[0].value.string_value == "shop"
    assert (group.schema_url, found.schema_url, found.scope.name, found.scope.version) == ("r", "s", "s", "1")
    assert found.scope.attributes[0].value.bool_value is True
    assert (read.trace_id.hex(), read.span_id.hex(), read.parent_span_id.hex()) == (
        TRACE,
        SPAN,
        "eee19b7ec3c1b173",
    )
    assert (read.trace_state, read.flags, read.name, read.kind) == ("a=1", 257, "good", 3)
    assert (read.start_time_unix_nano, read.end_time_unix_nano) == (1544712660000000000, 1544712661000000000)
    assert read.attributes[0].value.string_value == "ü"
    assert [read.dropped_attributes_count, read.dropped_events_count, read.dropped_links_count] == [1, 3, 5]
    [event], [link] = read.events, read.links
    assert (event.time_unix_nano, event.name, event.dropped_attributes_count) == (5, "e", 2)
    assert (link.trace_id.hex(), link.span_id.hex(), link.trace_state, link.flags) == (TRACE, SPAN, "b=2", 1)
    assert link.dropped_attributes_count == 4
    assert (read.status.code, read.status.message) == (2, "broke")


@pytest.mark.parametrize(
    ("value", "field", "expected"),
    [
        ({"stringValue": ""}, "string_value", ""),
        ({"stringValue": "a\x00b"}, "string_value", "a\x00b"),
        ({"intValue": "9223372036854775807"}, "int_value", 2**63 - 1),
        ({"intValue": -9223372036854775808}, "int_value", -(2**63)),
        ({"intValue": 1e3}, "int_value", 1000),
        ({"intValue": "1e3"}, "int_value", 1000),
        ({"doubleValue": 1}, "double_value", 1.0),
        ({"doubleValue": "-0.5"}, "double_value", -0.5),
        ({"doubleValue": "Infinity"}, "double_value", math.inf),
        ({"doubleValue": "-Infinity"}, "double_value", -math.inf),
        ({"boolValue": False}, "bool_value", False),
        ({"bytesValue": "AP8="}, "bytes_value", b"\x00\xff"),
        ({"bytesValue": "_-8"}, "bytes_value", b"\xff\xef"),  # URL-safe, without padding
        ({"string_value": "snake"}, "string_value", "snake"),
        ({"stringValue": None, "intValue": 1}, "int_value", 1),
    ],
)
def test_a_value_keeps_its_type(value, field, expected):
    [attribute] = one(body(good(attributes=[{"key": "k", "value": value}]))).attributes

    assert attribute.value.WhichOneof("value") == field
    assert getattr(attribute.value, field) == expected


@pytest.mark.parametrize("value", ["NaN", float("nan")])
def test_nan_is_kept_also_without_quotes(value):
    [attribute] = one(body(good(attributes=[{"key": "k", "value": {"doubleValue": value}}]))).attributes

    assert math.isnan(attribute.value.double_value)


@pytest.mark.parametrize("value", [{}, None, {"unknownValue": 3}])
def test_an_empty_value_stays_empty(value):
    [attribute] = one(body(good(attributes=[{"key": "k", "value": value}]))).attributes

    assert (attribute.key, attribute.value.WhichOneof("value")) == ("k", None)


def test_lists_and_maps_nest():
    inner = {
        "kvlistValue": {
            "values": [{"key": "a", "value": {"arrayValue": {"values": [{"intValue": 1}, None]}}}]
        }
    }

    [attribute] = one(body(good(attributes=[{"key": "k", "value": inner}]))).attributes

    [pair] = attribute.value.kvlist_value.values
    first, second = pair.value.array_value.values
    assert (pair.key, first.int_value, second.WhichOneof("value")) == ("a", 1, None)


@pytest.mark.parametrize("kind", ["list", "map"])
def test_values_nested_200_deep_are_kept(kind):
    value: Any = {"stringValue": "core"}
    for _ in range(200):
        pair = [{"key": "k", "value": value}]
        value = {"arrayValue": {"values": [value]}} if kind == "list" else {"kvlistValue": {"values": pair}}

    checked = otlp_json.check(body(good(attributes=[{"key": "deep", "value": value}])))

    assert nested(200, kind) in checked.payload


def test_times_from_1970_to_2554_are_kept():
    read = one(body(good(startTimeUnixNano=0, endTimeUnixNano=str(2**64 - 1))))

    assert (read.start_time_unix_nano, read.end_time_unix_nano) == (0, 2**64 - 1)


def test_enums_may_be_names_and_unknown_keys_are_skipped():
    read = one(body(good(kind="SPAN_KIND_SERVER", status={"code": "STATUS_CODE_ERROR"}, newField={"a": [1]})))

    assert (read.kind, read.status.code) == (2, 2)


def test_snake_case_is_read_too():
    given = {"trace_id": TRACE, "span_id": SPAN, "start_time_unix_nano": 5}

    [group] = groups(json.dumps({"resource_spans": [{"scope_spans": [{"spans": [given]}]}]}).encode())

    assert group.scope_spans[0].spans[0].start_time_unix_nano == 5


@pytest.mark.parametrize("raw", [b"\xff", b"\\ud800"])
def test_text_that_is_no_unicode_is_mended(raw):
    read = one(body(good(name="a?b")).replace(b"?", raw))

    assert read.name == "a\ufffdb"


def test_a_byte_order_mark_does_no_harm():
    assert one(b"\xef\xbb\xbf" + body(good())).name == "good"


def test_of_a_key_given_twice_the_last_counts():
    assert one(body(good()).replace(b'"name": "good"', b'"name": "first", "name": "last"')).name == "last"
