"""How each field of a span is written in OTLP's JSON, and what it becomes in protobuf.

A message is a table: JSON key -> writer of that field. Field numbers are those of opentelemetry-proto 1.9.
"""

from collections.abc import Callable
from typing import Any

from llmobs.server.collector.json_values import Wrong, hexadecimal, integer, key_value, snake, string
from llmobs.server.collector.wire import FIXED32, FIXED64, VARINT, delimited, tag, varint

Writer = Callable[[Any], bytes]
Table = dict[str, Writer]


def message(given: dict[str, Any], table: Table) -> bytes:
    """The fields of `given` that `table` knows. Wrong, with the key, where one cannot be read."""
    out = []
    for key, value in given.items():
        write = table.get(key)
        if write is None or value is None:
            continue
        try:
            out.append(write(value))
        except Wrong as wrong:
            raise Wrong(f"{key}: {wrong}") from None
    return b"".join(out)


def either(table: Table) -> Table:
    """Each key in lowerCamelCase and in snake_case."""
    return table | {snake(key): write for key, write in table.items()}


def text(field: int) -> Writer:
    return lambda value: delimited(field, string(value))


def identifier(field: int) -> Writer:
    return lambda value: delimited(field, hexadecimal(value))


def whole(field: int, low: int = 0, high: int = 2**32 - 1) -> Writer:
    head = tag(field, VARINT)
    return lambda value: head + varint(integer(value, low, high))


def fixed64(field: int) -> Writer:
    head = tag(field, FIXED64)
    return lambda value: head + integer(value, 0, 2**64 - 1).to_bytes(8, "little")


def fixed32(field: int) -> Writer:
    head = tag(field, FIXED32)
    return lambda value: head + integer(value, 0, 2**32 - 1).to_bytes(4, "little")


def word(field: int, names: tuple[str, ...]) -> Writer:
    """An enum: its number, or its name in protobuf."""
    number = whole(field, -(2**31), 2**31 - 1)
    return lambda value: number(names.index(value) if value in names else value)


def one(field: int, table: Table) -> Writer:
    def write(value: Any) -> bytes:
        if not isinstance(value, dict):
            raise Wrong("no object")
        return delimited(field, message(value, table))

    return write


def many(field: int, table: Table) -> Writer:
    write_one = one(field, table)

    def write(value: Any) -> bytes:
        if not isinstance(value, list):
            raise Wrong("no list")
        return b"".join(map(write_one, value))

    return write


def attributes(field: int) -> Writer:
    def write(value: Any) -> bytes:
        if not isinstance(value, list):
            raise Wrong("no list")
        return b"".join(delimited(field, key_value(item)) for item in value)

    return write


RESOURCE = either({"attributes": attributes(1), "droppedAttributesCount": whole(2)})
SCOPE = either(
    {"name": text(1), "version": text(2), "attributes": attributes(3), "droppedAttributesCount": whole(4)}
)
EVENT = either(
    {
        "timeUnixNano": fixed64(1),
        "name": text(2),
        "attributes": attributes(3),
        "droppedAttributesCount": whole(4),
    }
)
LINK = either(
    {
        "traceId": identifier(1),
        "spanId": identifier(2),
        "traceState": text(3),
        "attributes": attributes(4),
        "droppedAttributesCount": whole(5),
        "flags": fixed32(6),
    }
)
KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
CODES = ("UNSET", "OK", "ERROR")
STATUS = {"message": text(2), "code": word(3, tuple(f"STATUS_CODE_{name}" for name in CODES))}
SPAN = either(
    {
        "traceId": identifier(1),
        "spanId": identifier(2),
        "traceState": text(3),
        "parentSpanId": identifier(4),
        "name": text(5),
        "kind": word(6, tuple(f"SPAN_KIND_{name}" for name in KINDS)),
        "startTimeUnixNano": fixed64(7),
        "endTimeUnixNano": fixed64(8),
        "attributes": attributes(9),
        "droppedAttributesCount": whole(10),
        "events": many(11, EVENT),
        "droppedEventsCount": whole(12),
        "links": many(13, LINK),
        "droppedLinksCount": whole(14),
        "status": one(15, STATUS),
        "flags": fixed32(16),
    }
)
SCOPE_SPANS = either({"scope": one(1, SCOPE), "schemaUrl": text(3)})
RESOURCE_SPANS = either({"resource": one(1, RESOURCE), "schemaUrl": text(3)})


def identity(span: dict[str, Any], camel: str) -> bytes:
    """One of a span's ids, empty where it has none."""
    given = span.get(camel, span.get(snake(camel)))
    try:
        return b"" if given is None else hexadecimal(given)
    except Wrong as wrong:
        raise Wrong(f"{camel}: {wrong}") from None
