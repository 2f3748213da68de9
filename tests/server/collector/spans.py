"""Spans and requests for the tests of the collector: good ones, and some that no library would write."""

from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from llmobs.server.collector.wire import delimited, tag, varint

START_NS = 1_795_341_600_000_000_000  # 2026-11-22 10:00 UTC


def span(number: int = 1, **fields: Any) -> Span:
    """A good span of one second; `number` makes its ids."""
    good = {
        "trace_id": number.to_bytes(16, "big"),
        "span_id": number.to_bytes(8, "big"),
        "name": f"span {number}",
        "start_time_unix_nano": START_NS,
        "end_time_unix_nano": START_NS + 1_000_000_000,
    }
    return Span(**{**good, **fields})


def text(key: str, value: str) -> KeyValue:
    """An attribute."""
    return KeyValue(key=key, value=AnyValue(string_value=value))


def request(*spans: Span) -> ExportTraceServiceRequest:
    """The spans under one resource and one scope."""
    return ExportTraceServiceRequest(resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=spans)])])


def body(*spans: Span) -> bytes:
    """The same as it is sent."""
    return request(*spans).SerializeToString()


def body_of(*raw: bytes) -> bytes:
    """A request around spans that are bytes already, because no library would write them."""
    return delimited(1, delimited(2, b"".join(delimited(2, each) for each in raw)))


def names(payload: bytes) -> list[str]:
    """The names of the spans in a request."""
    read = ExportTraceServiceRequest.FromString(payload)
    return [each.name for group in read.resource_spans for scope in group.scope_spans for each in scope.spans]


def nested(depth: int, kind: str = "list", core: bytes = delimited(1, b"core")) -> bytes:
    """An AnyValue: `core` in `depth` lists, or maps with the key "k". From the inside out, to be quick."""
    heads: list[bytes] = []
    size = len(core)
    for _ in range(depth):
        for field in (1, 5) if kind == "list" else (2, 1, 6):
            heads.append((b"\x0a\x01k" if field == 2 else b"") + tag(field, 2) + varint(size))
            size += len(heads[-1])
    return b"".join([*reversed(heads), core])


def with_attribute(good: Span, key: bytes, value: bytes) -> bytes:
    """The bytes of a span with one more attribute, whose value is given as bytes."""
    return good.SerializeToString() + delimited(9, delimited(1, key) + delimited(2, value))
