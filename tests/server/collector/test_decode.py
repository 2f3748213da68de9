"""Payloads become rows: every attribute in the right place, none lost, the fast way equal to the slow one."""

import json
from datetime import datetime

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from llmobs.server.collector import columns, fast, walk
from llmobs.server.collector.decode import decode
from tests.server.collector.payloads import (
    AT,
    NOW,
    SPAN,
    TRACE,
    Hostile,
    attribute,
    double,
    field,
    on_wire,
    request,
    rest,
    row,
    varint,
)


def same(payloads):
    quick, slow = fast.fast(payloads, AT), walk.walk(payloads, AT)
    for name in columns.schema().names:
        assert quick.spans.column(name).to_pylist() == slow.spans.column(name).to_pylist(), name
    assert quick.spans.schema == slow.spans.schema == columns.schema()
    assert quick.resources.to_pylist() == slow.resources.to_pylist()
    return quick.spans.num_rows


@pytest.mark.parametrize("seed", range(40))
def test_both_ways_read_hostile_requests_alike(seed):
    hostile = Hostile(seed)

    same([hostile.request() for _ in range(5)])


WIRE = {
    "nothing": b"",
    "an empty resource": field(1, b""),
    "an empty scope": field(1, field(2, b"")),
    "a name twice": on_wire(field(5, b"one") + field(5, b"two")),
    "a status in two parts": on_wire(field(15, field(2, b"m")) + field(15, b"\x18\x02")),
    "a resource in two parts": on_wire(
        b"", field(1, field(1, field(1, b"a"))) + field(1, field(1, field(1, b"b")))
    ),
    "fields nobody knows": on_wire(field(99, b"zz") + varint(100 << 3) + b"\x05"),
    "a group nobody knows": on_wire(varint(77 << 3 | 3) + varint(77 << 3 | 4)),
    "a name that is a number": on_wire(varint(5 << 3) + b"\x05"),
    "a kind of 64 bits": on_wire(varint(6 << 3) + varint(2**64 - 1)),
    "a number with zeros before it": on_wire(varint(6 << 3) + b"\x83" + b"\x80" * 3 + b"\x00"),
    "a bool of two": on_wire(attribute(b"k", b"\x10\x02")),
    "a key without a value": on_wire(field(9, field(1, b"k"))),
    "a value without a key": on_wire(field(9, field(2, b"\x18\x05"))),
}


@pytest.mark.parametrize("body", WIRE.values(), ids=WIRE)
def test_both_ways_read_alike_what_only_the_wire_can_say(body):
    spans = sum(
        len(scope.spans)
        for group in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in group.scope_spans
    )

    assert same([body]) == spans


def test_of_two_kinds_in_one_value_the_last_counts_as_protobuf_says():
    twice = on_wire(attribute(b"k", field(1, b"s"), b"\x18\x05"))
    good = request({"k": 7})

    first, second = decode([twice, good], NOW).spans.to_pylist()

    assert (rest(first), rest(second)) == ({"k": 5}, {"k": 7})


def test_of_a_key_that_comes_twice_the_last_one_counts():
    twice = on_wire(
        attribute(b"gen_ai.request.model", field(1, b"a"))
        + attribute(b"gen_ai.request.model", field(1, b"b"))
    )
    odd = on_wire(
        attribute(b"gen_ai.request.model", field(1, b"a")) + attribute(b"gen_ai.request.model", b"\x18\x05")
    )

    good, bad = decode([twice, odd], NOW).spans.to_pylist()

    assert (good["model"], rest(good)) == ("b", {})
    assert (bad["model"], rest(bad)) == (None, {"gen_ai.request.model": 5})


def test_values_keep_their_types_in_the_rest():
    found = row(
        {"i": 1, "d": 1.0, "b": True, "n": None, "y": b"\x00\xff", "m": [1, 1.0, None, "x"], "o": {"": {}}}
    )

    assert found["attributes"] == (
        '{"i":1,"d":1.0,"b":true,"n":null,"y":{"$bytes":"AP8="},"m":[1,1.0,null,"x"],"o":{"":{}}}'
    )


def test_lists_in_lists_are_read_200_deep():
    value = 1
    for _ in range(200):
        value = {"k": value}

    found = rest(row({"deep": value}))["deep"]

    for _ in range(200):
        found = found["k"]
    assert found == 1


def test_what_lies_deeper_than_that_stays_bytes():
    value = 1
    for _ in range(300):
        value = [value]

    found = rest(row({"deep": value}))["deep"]

    for _ in range(256):
        [found] = found
    assert list(found) == ["$bytes"]


def test_ten_thousand_attributes_are_kept():
    given = {f"key {i}": i for i in range(10_000)}

    assert rest(row(given)) == given


def test_times_keep_their_nanoseconds():
    found = row(start_time_unix_nano=1_795_000_000_123_456_789, end_time_unix_nano=1_795_000_001_123_456_790)

    assert found["started_at"] == datetime(2026, 11, 18, 11, 6, 40, 123456)
    assert (found["started_sub_us"], found["duration_ns"]) == (789, 1_000_000_001)
    assert found["received_at"] == AT


@pytest.mark.parametrize(
    ("start", "end", "duration_ns"),
    [(5, 3, -2), (0, 2**64 - 1, 2**63 - 1), (2**64 - 1, 0, -(2**63 - 1)), (0, 0, 0)],
)
def test_a_duration_is_never_wrapped_around(start, end, duration_ns):
    assert row(start_time_unix_nano=start, end_time_unix_nano=end)["duration_ns"] == duration_ns


def test_a_root_has_no_parent():
    assert row(parent_span_id=b"")["parent_span_id"] is None
    assert row(parent_span_id=b"\0" * 8)["parent_span_id"] is None
    assert row(parent_span_id=b"\0" * 7 + b"\5")["parent_span_id"] == 5


def test_events_and_links_are_json():
    made = ExportTraceServiceRequest.FromString(request())
    span = made.resource_spans[0].scope_spans[0].spans[0]
    span.events.add(time_unix_nano=7, name='e"', dropped_attributes_count=2).attributes.add(
        key="a"
    ).value.int_value = 1
    span.events.add(name="f")
    span.links.add(trace_id=TRACE, span_id=SPAN, trace_state="x=y", flags=1)

    [found] = decode([made.SerializeToString()], NOW).spans.to_pylist()

    assert json.loads(found["events"]) == [
        {"time_unix_nano": 7, "name": 'e"', "attributes": {"a": 1}, "dropped_attributes_count": 2},
        {"time_unix_nano": 0, "name": "f", "attributes": {}},
    ]
    assert json.loads(found["links"]) == [
        {"trace_id": "ab" * 16, "span_id": "01" * 8, "trace_state": "x=y", "flags": 1, "attributes": {}}
    ]


def test_a_resource_is_said_once_and_fills_fields():
    made = ExportTraceServiceRequest()
    for _ in range(2):
        group = made.resource_spans.add(schema_url="u")
        for key, value in {"service.name": "shop", "deployment.environment": "prod", "host": "h"}.items():
            group.resource.attributes.add(key=key).value.string_value = value
        span = group.scope_spans.add().spans.add(trace_id=TRACE, span_id=SPAN)
        span.attributes.add(key="service.name").value.string_value = "not this"

    spans, resources = decode([made.SerializeToString()] * 2, NOW)

    assert {(r["service"], r["environment"]) for r in spans.to_pylist()} == {("shop", "prod")}
    [said] = {(r["resource_id"], r["attributes"], r["schema_url"]) for r in resources.to_pylist()}
    assert said[1:] == ('{"service.name":"shop","deployment.environment":"prod","host":"h"}', "u")
    assert {r["resource_id"] for r in spans.to_pylist()} == {said[0]}
    assert json.loads(spans.column("attributes")[0].as_py()) == {"service.name": "not this"}


def test_a_name_of_a_service_that_is_no_name_stays_with_the_resource_alone():
    made = ExportTraceServiceRequest.FromString(request())
    made.resource_spans[0].resource.attributes.add(key="service.name").value.string_value = "n" * 1_001
    payload = made.SerializeToString()

    spans, resources = decode([payload], NOW)

    assert same([payload]) == 1
    assert spans.column("service").to_pylist() == [None]
    assert json.loads(resources.column("attributes")[0].as_py()) == {"service.name": "n" * 1_001}


@pytest.mark.parametrize(
    "large",
    [on_wire(field(13, b"") * 1_500_000), on_wire(attribute(b"k", field(1, bytes(17 << 20))))],
    ids=["1,500,000 links", "17 MB of NUL"],
)
def test_a_span_of_more_text_than_the_store_can_write_is_a_value_error(large):
    with pytest.raises(ValueError, match=r"A row has 10\d,\d{3},\d{3} bytes of text"):
        decode([request(), large], NOW)


def test_a_resource_of_more_text_than_can_be_read_beside_others_is_a_value_error():
    resource = field(1, field(1, field(1, b"k") + field(2, field(1, b"x" * (8 << 20)))))

    with pytest.raises(ValueError, match="A row has 8,388,"):
        decode([on_wire(b"", resource)], NOW)


@pytest.mark.parametrize(
    "body", [b"hello world", on_wire(b"")[:-3], on_wire(field(5, b"\xff\xfe")), b"\x00\x00"]
)
def test_what_is_no_request_is_a_value_error(body):
    with pytest.raises(ValueError, match="no ExportTraceServiceRequest"):
        decode([request(), body], NOW)


@pytest.mark.parametrize("ids", [{"trace_id": b"short"}, {"span_id": b""}])
def test_an_id_of_another_length_is_a_value_error(ids):
    with pytest.raises(ValueError, match="bytes"):
        decode([request(**ids)], NOW)


def test_no_payload_gives_no_rows():
    spans, resources = decode([], NOW)

    assert (spans.num_rows, resources.num_rows, spans.schema) == (0, 0, columns.schema())


def test_a_double_that_is_whole_is_not_an_int():
    [found] = decode([on_wire(attribute(b"k", double(2.0)))], NOW).spans.to_pylist()

    assert found["attributes"] == '{"k":2.0}'
