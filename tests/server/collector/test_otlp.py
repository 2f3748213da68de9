"""Protobuf requests: the whole good one passes as it is, a bad span takes no other with it."""

import random
import tracemalloc

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans

from llmobs.server.collector import otlp
from llmobs.server.collector.refusal import Refusal
from llmobs.server.collector.wire import delimited
from tests.server.collector.spans import body, body_of, names, nested, request, span, text, with_attribute


def test_a_good_request_passes_byte_for_byte():
    given = body(span(1, attributes=[text("a", "ü")]), span(2))

    checked = otlp.check(given)

    assert checked == (given, 2, 0, "")


@pytest.mark.parametrize("empty", [b"", body_of(), delimited(1, b"")])
def test_a_request_without_spans_is_a_success_with_nothing_to_keep(empty):
    assert otlp.check(empty) == (b"", 0, 0, "")


@pytest.mark.parametrize(
    "garbage",
    [
        b"garbage",
        b'{"resourceSpans": []}',
        b"\x00" * 40,
        b"xxxx",  # reads as an unknown field
        b"\x0a\xff\xff\xff\xff\x0f",  # a length far past the end
        body(span(1))[:-3],
        b"\x0b" * 200,  # groups in groups
    ],
)
def test_what_is_no_request_is_refused_with_400(garbage):
    with pytest.raises(Refusal) as refused:
        otlp.check(garbage)

    assert (refused.value.http, refused.value.grpc) == (400, 3)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (span(9, trace_id=b""), "trace_id has 0 bytes, 16 expected"),
        (span(9, trace_id=b"1" * 15), "trace_id has 15 bytes, 16 expected"),
        (span(9, trace_id=b"1" * 32), "trace_id has 32 bytes, 16 expected"),
        (span(9, trace_id=bytes(16)), "trace_id is all zeros"),
        (span(9, span_id=b""), "span_id has 0 bytes, 8 expected"),
        (span(9, span_id=b"1" * 16), "span_id has 16 bytes, 8 expected"),
        (span(9, span_id=bytes(8)), "span_id is all zeros"),
    ],
)
def test_a_span_with_a_bad_id_is_rejected_alone(bad, reason):
    checked = otlp.check(body(span(1), bad, span(2)))

    assert names(checked.payload) == ["span 1", "span 2"]
    assert (checked.spans, checked.rejected) == (2, 1)
    assert checked.says == f"Spans rejected: {reason} (1)."


def test_a_request_of_bad_spans_only_is_refused_with_400():
    with pytest.raises(Refusal, match=r"No span was accepted.*trace_id is all zeros \(2\)") as refused:
        otlp.check(body(span(1, trace_id=bytes(16)), span(2, trace_id=bytes(16))))

    assert refused.value.http == 400


def test_the_most_frequent_reasons_are_named_and_the_rest_is_counted():
    bad = [span(9, trace_id=b"1" * n) for n in range(1, 8)] + [span(9, trace_id=b"1")]

    checked = otlp.check(body(span(1), *bad))

    assert checked.rejected == 8
    assert checked.says.startswith("Spans rejected: trace_id has 1 bytes, 16 expected (2); ")
    assert checked.says.endswith("; ....")


def test_a_span_with_a_bad_parent_is_kept_as_a_root_with_a_warning():
    checked = otlp.check(body(span(1, parent_span_id=b"123")))

    assert (checked.spans, checked.rejected) == (1, 0)
    assert checked.says == "Spans mended: parent_span_id has 3 bytes, 8 expected: taken as a root (1)."


def test_invalid_utf8_is_mended_and_everything_else_of_the_span_stays():
    raw = with_attribute(span(1, attributes=[text("good", "ü")]), b"bad", delimited(1, b"a\xffb"))

    checked = otlp.check(body_of(raw, span(2).SerializeToString()))

    [group] = ExportTraceServiceRequest.FromString(checked.payload).resource_spans
    first, second = group.scope_spans[0].spans
    assert [(a.key, a.value.string_value) for a in first.attributes] == [("good", "ü"), ("bad", "a\ufffdb")]
    assert (first.name, first.trace_id, second) == ("span 1", span(1).trace_id, span(2))
    assert (checked.spans, checked.rejected) == (2, 0)
    assert checked.says == "Spans mended: text that is no UTF-8 (1)."


def test_invalid_utf8_in_every_other_place_is_mended():
    bad = b"\xc3("  # reads as U+FFFD and (
    value = delimited(1, bad)
    resource = delimited(1, delimited(1, bad) + delimited(2, value))
    scope = delimited(1, bad) + delimited(2, bad) + delimited(3, delimited(1, bad) + delimited(2, value))
    event = delimited(2, bad) + delimited(3, delimited(1, b"k") + delimited(2, value))
    link = (
        delimited(1, bytes(16)) + delimited(3, bad) + delimited(4, delimited(1, b"k") + delimited(2, value))
    )
    raw = (
        span(1, name="").SerializeToString()
        + delimited(3, bad)
        + delimited(5, bad)
        + delimited(11, event)
        + delimited(13, link)
        + delimited(15, delimited(2, bad))
        + delimited(9, delimited(1, b"deep") + delimited(2, nested(3, "map", delimited(1, bad))))
    )
    given = delimited(1, resource) + delimited(2, delimited(1, scope) + delimited(2, raw) + delimited(3, bad))

    checked = otlp.check(delimited(1, given + delimited(3, bad)))

    mended = "\ufffd("
    [group] = ExportTraceServiceRequest.FromString(checked.payload).resource_spans
    [attribute] = group.resource.attributes
    [found] = group.scope_spans
    [one] = found.spans
    assert [attribute.key, attribute.value.string_value, group.schema_url, found.schema_url] == [mended] * 4
    assert [found.scope.name, found.scope.version, found.scope.attributes[0].key] == [mended] * 3
    assert [one.name, one.trace_state, one.status.message, one.events[0].name] == [mended] * 4
    assert one.events[0].attributes[0].value.string_value == mended
    assert [one.links[0].trace_state, one.links[0].attributes[0].value.string_value] == [mended] * 2
    deepest = one.attributes[0].value.kvlist_value.values[0].value.kvlist_value.values[0].value
    assert deepest.kvlist_value.values[0].value.string_value == mended


@pytest.mark.parametrize("kind", ["list", "map"])
@pytest.mark.parametrize("depth", [10, 99, 200, 5_000])
def test_deep_nesting_is_kept_byte_for_byte(kind, depth):
    given = body_of(with_attribute(span(1), b"deep", nested(depth, kind)))

    checked = otlp.check(given)

    assert checked == (given, 1, 0, "")


def test_half_a_million_messages_in_each_other_overflow_neither_stack_nor_memory():
    given = body_of(with_attribute(span(1), b"deep", nested(250_000)))  # 3.7 MB

    tracemalloc.start()
    checked = otlp.check(given)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert checked.payload == given
    assert peak < 10 * len(given)


def test_damage_within_a_span_ends_at_its_borders():
    broken = span(9).SerializeToString()[:-2]

    checked = otlp.check(body_of(span(1).SerializeToString(), broken, span(2).SerializeToString()))

    assert names(checked.payload) == ["span 1", "span 2"]
    assert checked.rejected == 1
    assert "not a span in protobuf" in checked.says


def test_spans_under_a_resource_that_cannot_be_read_are_rejected_and_the_other_resource_is_kept():
    good = delimited(1, delimited(2, delimited(2, span(1).SerializeToString())))
    bad = delimited(1, delimited(1, b"\x0a\x7f") + delimited(2, delimited(2, span(2).SerializeToString())))

    checked = otlp.check(good + bad)

    assert names(checked.payload) == ["span 1"]
    assert "their resource cannot be read" in checked.says
    assert checked.rejected == 1


def test_spans_that_would_each_get_a_copy_of_a_huge_scope_are_rejected_and_the_others_kept():
    huge = ScopeSpans(
        scope=InstrumentationScope(name="n" * 1_000_000), spans=[span(n) for n in range(1, 101)]
    )
    given = request(span(101))
    given.resource_spans[0].scope_spans.append(huge)

    checked = otlp.check(given.SerializeToString())

    assert names(checked.payload) == ["span 101"]
    assert (checked.spans, checked.rejected) == (1, 100)
    # 1,000,000 characters, and four bytes that say so
    assert "their scope has 1,000,004 bytes, too many to keep with each of 100 spans (100)" in checked.says


def test_a_million_resources_are_looked_at_and_more_are_refused():
    assert otlp.check(b"\x0a\x00" * 1_000_000) == (b"", 0, 0, "")

    with pytest.raises(Refusal, match=r"1,000,001 resources; it may hold 1,000,000") as refused:
        otlp.check(b"\x0a\x00" * 1_000_001)
    assert (refused.value.http, refused.value.grpc, refused.value.retry_after_s) == (413, 8, None)


def test_the_resource_of_a_request_that_is_mended_stays():
    given = request(span(1), span(2, trace_id=b""))
    given.resource_spans[0].resource.CopyFrom(Resource(attributes=[text("service.name", "shop")]))

    [group] = ExportTraceServiceRequest.FromString(
        otlp.check(given.SerializeToString()).payload
    ).resource_spans

    assert group.resource.attributes[0] == text("service.name", "shop")


def test_unknown_fields_of_a_newer_protocol_are_kept():
    newer = span(1).SerializeToString() + delimited(900, b"\xff\xfe") + b"\xf8\x3f\x01"

    assert otlp.check(body_of(newer)).payload == body_of(newer)
    mended = otlp.check(body_of(newer + delimited(5, b"\xff")))
    assert delimited(900, b"\xff\xfe") in mended.payload


def test_no_mutation_of_a_good_request_does_more_than_be_refused():
    pieces = random.Random(7)
    good = bytearray(body(*[span(n, attributes=[text("k", "v" * 20)]) for n in range(1, 6)]))
    outcomes = {"taken": 0, "refused": 0}

    for _ in range(5_000):
        given = bytearray(good)
        for _ in range(pieces.randint(1, 4)):
            given[pieces.randrange(len(given))] = pieces.randrange(256)
        try:
            checked = otlp.check(bytes(given))
        except Refusal:
            outcomes["refused"] += 1
        else:
            assert len(names(checked.payload)) == checked.spans
            outcomes["taken"] += 1

    assert min(outcomes.values()) > 100
