"""OTLP's JSON: what each field becomes, what is forgiven, and that a bad span takes no other with it."""

import json
import math
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

from llmobs.server.collector import otlp_json
from llmobs.server.collector.refusal import Refusal
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


def test_every_field_of_a_request_arrives():
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
    given = {
        "resourceSpans": [
            {
                "resource": resource,
                "schemaUrl": "r",
                "scopeSpans": [{"scope": scope, "schemaUrl": "s", "spans": [span]}],
            }
        ]
    }

    [group] = groups(json.dumps(given).encode())

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


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"traceId": None}, "trace_id has 0 bytes, 16 expected"),
        ({"traceId": "xyz"}, "traceId: 'xyz' is no id in hex"),
        ({"traceId": TRACE[:-1]}, f"traceId: '{TRACE[:-1]}' is no id in hex"),
        ({"traceId": 5}, "traceId: 5 is no id in hex"),
        ({"traceId": TRACE[:-2]}, "trace_id has 15 bytes, 16 expected"),
        ({"traceId": "0" * 32}, "trace_id is all zeros"),
        ({"spanId": "0" * 16}, "span_id is all zeros"),
        ({"spanId": SPAN + "00"}, "span_id has 9 bytes, 8 expected"),
        ({"startTimeUnixNano": -1}, "startTimeUnixNano: -1 is not between 0 and 18446744073709551615"),
        ({"endTimeUnixNano": 2**64}, "endTimeUnixNano: "),
        ({"startTimeUnixNano": "now"}, "startTimeUnixNano: 'now' is no whole number"),
        ({"startTimeUnixNano": 1.5}, "startTimeUnixNano: 1.5 is no whole number"),
        ({"startTimeUnixNano": True}, "startTimeUnixNano: True is no whole number"),
        ({"startTimeUnixNano": "1" * 5_000}, "startTimeUnixNano: "),
        ({"name": 5}, "name: 5 is no string"),
        ({"kind": "SPAN_KIND_NONE"}, "kind: 'SPAN_KIND_NONE' is no whole number"),
        ({"attributes": {}}, "attributes: no list"),
        ({"attributes": [3]}, "attributes: an attribute is no object"),
        ({"attributes": [{"key": {"a": 1}}]}, "attributes: {'a': 1}: {'a': 1} is no string"),
        ({"attributes": [{"key": 5}]}, "attributes: 5: 5 is no string"),
        ({"attributes": [{"key": "k", "value": "text"}]}, "attributes: k: a value is no object"),
        ({"attributes": [{"key": "k", "value": {"intValue": "x"}}]}, "attributes: k: 'x' is no whole number"),
        (
            {"attributes": [{"key": "k", "value": {"intValue": 2**63}}]},
            "attributes: k: 9223372036854775808 is not",
        ),
        ({"attributes": [{"key": "k", "value": {"doubleValue": "x"}}]}, "attributes: k: 'x' is no double"),
        ({"attributes": [{"key": "k", "value": {"boolValue": "true"}}]}, "attributes: k: 'true' is neither"),
        (
            {"attributes": [{"key": "k", "value": {"bytesValue": "?"}}]},
            "attributes: k: '?' is no base64 text",
        ),
        (
            {"attributes": [{"key": "k", "value": {"arrayValue": {"values": 3}}}]},
            "attributes: k: values is no list",
        ),
        (
            {"attributes": [{"key": "k", "value": {"bytesValue": "\ud800"}}]},
            "attributes: k: '\\ud800' is no base64",
        ),
        ({"attributes": [{"key": "\ud800", "value": 3}]}, "attributes: ?: a value is no object"),
        ({"events": {}}, "events: no list"),
        ({"events": [3]}, "events: no object"),
        ({"status": 3}, "status: no object"),
    ],
)
def test_a_bad_span_is_rejected_alone_and_the_reason_is_said(fields, reason):
    checked = otlp_json.check(body(good(), good(**fields), good()))

    assert (checked.spans, checked.rejected) == (2, 1)
    assert checked.says.startswith(f"Spans rejected: {reason}")


def test_a_span_that_is_no_object_is_rejected_alone():
    checked = otlp_json.check(body(good(), "span", None))

    assert (checked.spans, checked.rejected) == (1, 2)
    assert checked.says == "Spans rejected: a span is no object (2)."


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


@pytest.mark.parametrize(
    "empty", [b"", b"{}", b' {"resourceSpans": null} ', b'{"resourceSpans": [{}]}', body()]
)
def test_a_request_without_spans_is_a_success_with_nothing_to_keep(empty):
    assert otlp_json.check(empty) == (b"", 0, 0, "")


@pytest.mark.parametrize(
    "bad",
    [
        b"[]",
        b"null",
        b'"text"',
        b"{",
        b'{"resourceSpans": {}}',
        b'{"resourceSpans": [3]}',
        b'{"resourceSpans": [{"scopeSpans": 3}]}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": {}}]}]}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [3]}]}]}',
        b'{"a":' * 100_000,
        b"[" * 1_000_000,
        body(good(traceId="")),
        b'{"resourceSpans": ' + b"9" * 10_000 + b"}",
    ],
)
def test_what_is_no_request_is_refused_with_400(bad):
    with pytest.raises(Refusal) as refused:
        otlp_json.check(bad)

    assert refused.value.http == 400


def test_spans_under_a_resource_or_scope_that_cannot_be_read_are_rejected_and_the_others_kept():
    given = {
        "resourceSpans": [
            {"resource": {"attributes": 3}, "scopeSpans": [{"spans": [good(), good()]}]},
            {"scopeSpans": [{"scope": {"name": 3}, "spans": [good()]}, {"spans": [good()]}]},
        ]
    }

    checked = otlp_json.check(json.dumps(given).encode())

    assert (checked.spans, checked.rejected) == (1, 3)
    assert "their resource cannot be read: resource: attributes: no list (2)" in checked.says
    assert "their scope cannot be read: scope: name: 3 is no string (1)" in checked.says


def test_spans_that_would_each_get_a_copy_of_a_huge_scope_are_rejected_and_the_others_kept():
    huge = {"scope": {"name": "n" * 1_000_000}, "spans": [good()] * 100}

    checked = otlp_json.check(
        json.dumps({"resourceSpans": [{"scopeSpans": [huge, {"spans": [good()]}]}]}).encode()
    )

    assert (checked.spans, checked.rejected) == (1, 100)
    assert "their scope has 1,000,008 bytes, too many to keep with each of 100 spans" in checked.says


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (None, "resourceSpans holds what is no object"),
        (3, "resourceSpans holds what is no object"),
        ({"scopeSpans": 3}, "scopeSpans is no list"),
        ({"scopeSpans": [None]}, "scopeSpans holds what is no object"),
        ({"scopeSpans": [{"spans": {}}]}, "spans is no list"),
    ],
)
def test_a_resource_or_scope_that_is_none_is_rejected_and_the_others_kept(bad, says):
    beside = {"scopeSpans": [{"spans": [good()]}]}

    checked = otlp_json.check(json.dumps({"resourceSpans": [bad, beside]}).encode())

    assert (checked.spans, checked.rejected) == (1, 1)
    assert checked.says == f"Spans rejected: {says} (1)."
