"""Requests for the decoder: by the official messages, by hand on the wire, and hostile from a seed."""

import json
import random
import struct
from datetime import UTC, datetime
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from llmobs.server.collector import flat, jsontext
from llmobs.server.collector.columns import FIELDS
from llmobs.server.collector.decode import decode

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
AT = NOW.replace(tzinfo=None)
TRACE, SPAN = b"\xab" * 16, b"\x01" * 8
STRINGS = [
    "",
    "plain",
    'quote " and \\',
    "nul \0 tab \t line\n",
    "\x01\x1f\x7f",
    "\u2028 é 😀 \ufffe",
    "{}",
    "[1",
    "null",
]
NUMBERS = [
    0.0,
    -0.0,
    1.0,
    0.1,
    1e22,
    5e-324,
    1.7976931348623157e308,
    float("nan"),
    float("inf"),
    float("-inf"),
]
INTEGERS = [0, 1, -1, 2**63 - 1, -(2**63), 2**53 + 1]
KEYS = [
    "",
    "a",
    "a.b",
    'k"\\',
    "k\0\n",
    "😀",
    "$bytes",
    "session.id",
    "deployment.environment",
    "service.name",
]


def request(attributes: dict[str, Any] | None = None, **span: Any) -> bytes:
    """One span in one resource, through the official messages."""
    made = ExportTraceServiceRequest()
    one = made.resource_spans.add().scope_spans.add().spans.add()
    one.trace_id, one.span_id = TRACE, SPAN
    for name, value in span.items():
        setattr(one, name, value)
    return with_attributes(made.SerializeToString(), attributes or {})


def row(attributes: dict[str, Any] | None = None, **span: Any) -> dict[str, Any]:
    """The only row of a request with these attributes."""
    [found] = decode([request(attributes, **span)], NOW).spans.to_pylist()
    return found


def rest(found: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a row that no field took."""
    return json.loads(found["attributes"])


def with_attributes(body: bytes, attributes: dict[str, Any]) -> bytes:
    """The request with these on its only span."""
    made = flat.Request.FromString(body)
    made.resource_spans[0].scope_spans[0].spans[0].attributes.extend(jsontext.key_values(attributes))
    return bytes(made.SerializeToString())


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def field(number: int, content: bytes) -> bytes:
    """A length-delimited field."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def on_wire(span: bytes, resource: bytes = b"") -> bytes:
    """A request around the bytes of a span's further fields."""
    return field(1, resource + field(2, field(2, field(1, TRACE) + field(2, SPAN) + span)))


def attribute(key: bytes, *values: bytes) -> bytes:
    """A span's attribute whose value consists of these fields of AnyValue."""
    return field(9, field(1, key) + field(2, b"".join(values)))


class Hostile:
    """Requests that a seed makes; whatever the wire allows."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.keys = KEYS + [a for f in FIELDS.values() for a in (f.attribute, *f.also)]

    def value(self, depth: int = 0) -> Any:
        """Any attribute value."""
        pick = self.random
        kind = pick.choice(["text", "text", "int", "float", "bool", "none", "bytes", "list", "map", "words"])
        if depth > 3 and kind in ("list", "map"):
            kind = "none"
        match kind:
            case "text":
                return pick.choice(STRINGS) * pick.choice([1, 1, 3])
            case "int":
                return pick.choice(INTEGERS)
            case "float":
                return pick.choice(NUMBERS)
            case "bool":
                return pick.random() < 0.5
            case "bytes":
                return pick.randbytes(pick.randrange(5))
            case "words":
                return [pick.choice(STRINGS) for _ in range(pick.randrange(3))]
            case "list":
                return [self.value(depth + 1) for _ in range(pick.randrange(4))]
            case "map":
                return {pick.choice(KEYS): self.value(depth + 1) for _ in range(pick.randrange(4))}
        return None

    def pairs(self, most: int) -> list[Any]:
        """Key-values, with keys that come twice, values that miss."""
        made = []
        for _ in range(self.random.randrange(most)):
            pair = flat.KeyValue(key=self.random.choice(self.keys))
            if self.random.random() < 0.95:
                pair.value.CopyFrom(jsontext.any_value(self.value()))
            made.append(pair)
        return made

    def request(self) -> bytes:
        """Some resources, scopes and spans, or none."""
        made = flat.Request()
        for _ in range(self.random.randrange(3)):
            group = made.resource_spans.add(schema_url=self.random.choice(["", "https://example.com/1"]))
            if self.random.random() < 0.8:
                group.resource.attributes.extend(self.pairs(8))
            for _ in range(self.random.randrange(3)):
                scope = group.scope_spans.add()
                if self.random.random() < 0.7:
                    scope.scope.name, scope.scope.version = (
                        self.random.choice(STRINGS),
                        self.random.choice(STRINGS),
                    )
                    scope.scope.attributes.extend(self.pairs(3))
                for _ in range(self.random.randrange(4)):
                    self.span(scope.spans.add())
        return bytes(made.SerializeToString())

    def span(self, span: Any) -> None:
        """Fills a span."""
        pick = self.random
        span.trace_id, span.span_id = pick.randbytes(16), pick.randbytes(8)
        span.parent_span_id = pick.choice([b"", b"\0" * 8, pick.randbytes(8), b"abc"])
        span.name, span.trace_state = pick.choice(STRINGS), pick.choice(STRINGS)
        span.start, span.end = (pick.choice([0, 1, 1_795_000_000_123_456_789, 2**64 - 1]) for _ in range(2))
        span.kind, span.flags = pick.choice([0, 3, 5, 99, 300, -1]), pick.choice([0, 257, 2**32 - 1])
        span.status.code, span.status.message = pick.choice([0, 1, 2, 9, -5]), pick.choice(STRINGS)
        span.dropped_attributes, span.dropped_events, span.dropped_links = (
            pick.choice([0, 7]) for _ in range(3)
        )
        span.attributes.extend(self.pairs(25))
        for _ in range(pick.choice([0, 0, 1, 3])):
            event = span.events.add(
                time=pick.choice([0, 2**64 - 1]), name=pick.choice(STRINGS), dropped=pick.choice([0, 2])
            )
            event.attributes.extend(self.pairs(4))
        for _ in range(pick.choice([0, 0, 1, 2])):
            link = span.links.add(
                trace_id=pick.randbytes(16), span_id=pick.randbytes(8), flags=pick.choice([0, 1])
            )
            link.trace_state = pick.choice(STRINGS)
            link.attributes.extend(self.pairs(3))


def double(value: float) -> bytes:
    """The field of AnyValue that holds a double."""
    return b"\x21" + struct.pack("<d", value)
