"""OTLP traces as messages that do not nest: an array or key-value list inside an attribute stays bytes.

Compatible on the wire with opentelemetry-proto 1.45 (read on 2026-11-22). Two reasons: ptars makes columns
only of messages that do not contain themselves, and protobuf's own parser gives up at 100 nested messages,
which 34 nested lists reach.
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE = "llmobs.flat"
_F = descriptor_pb2.FieldDescriptorProto
_STRING, _BYTES, _BOOL, _INT, _DOUBLE = (
    _F.TYPE_STRING,
    _F.TYPE_BYTES,
    _F.TYPE_BOOL,
    _F.TYPE_INT64,
    _F.TYPE_DOUBLE,
)
_TIME, _COUNT, _FLAGS, _ENUM = _F.TYPE_FIXED64, _F.TYPE_UINT32, _F.TYPE_FIXED32, _F.TYPE_INT32
_MANY = True

# message -> fields as (number, name, type or message, repeated?)
_MESSAGES: dict[str, list[tuple[int, str, int | str, bool]]] = {
    "AnyValue": [
        (1, "string", _STRING, False),
        (2, "bool", _BOOL, False),
        (3, "int", _INT, False),
        (4, "double", _DOUBLE, False),
        (5, "array", _BYTES, False),
        (6, "kvlist", _BYTES, False),
        (7, "bytes", _BYTES, False),
    ],
    "KeyValue": [(1, "key", _STRING, False), (2, "value", "AnyValue", False)],
    "ArrayValue": [(1, "values", "AnyValue", _MANY)],
    "KeyValueList": [(1, "values", "KeyValue", _MANY)],
    "Resource": [(1, "attributes", "KeyValue", _MANY)],
    "Scope": [
        (1, "name", _STRING, False),
        (2, "version", _STRING, False),
        (3, "attributes", "KeyValue", _MANY),
    ],
    "Event": [
        (1, "time", _TIME, False),
        (2, "name", _STRING, False),
        (3, "attributes", "KeyValue", _MANY),
        (4, "dropped", _COUNT, False),
    ],
    "Link": [
        (1, "trace_id", _BYTES, False),
        (2, "span_id", _BYTES, False),
        (3, "trace_state", _STRING, False),
        (4, "attributes", "KeyValue", _MANY),
        (5, "dropped", _COUNT, False),
        (6, "flags", _FLAGS, False),
    ],
    "Status": [(2, "message", _STRING, False), (3, "code", _ENUM, False)],
    "Span": [
        (1, "trace_id", _BYTES, False),
        (2, "span_id", _BYTES, False),
        (3, "trace_state", _STRING, False),
        (4, "parent_span_id", _BYTES, False),
        (5, "name", _STRING, False),
        (6, "kind", _ENUM, False),
        (7, "start", _TIME, False),
        (8, "end", _TIME, False),
        (9, "attributes", "KeyValue", _MANY),
        (10, "dropped_attributes", _COUNT, False),
        (11, "events", "Event", _MANY),
        (12, "dropped_events", _COUNT, False),
        (13, "links", "Link", _MANY),
        (14, "dropped_links", _COUNT, False),
        (15, "status", "Status", False),
        (16, "flags", _FLAGS, False),
    ],
    "ScopeSpans": [(1, "scope", "Scope", False), (2, "spans", "Span", _MANY)],
    "ResourceSpans": [
        (1, "resource", "Resource", False),
        (2, "scope_spans", "ScopeSpans", _MANY),
        (3, "schema_url", _STRING, False),
    ],
    "Request": [(1, "resource_spans", "ResourceSpans", _MANY)],
}


def _pool() -> descriptor_pool.DescriptorPool:
    file = descriptor_pb2.FileDescriptorProto(name="llmobs_flat.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, field, kind, many in fields:
            made = message.field.add(name=field, number=number)
            made.label = _F.LABEL_REPEATED if many else _F.LABEL_OPTIONAL
            if isinstance(kind, str):
                made.type, made.type_name = _F.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
            else:
                made.type = kind  # type: ignore[assignment]  # an int of the enum
        if name == "AnyValue":
            message.oneof_decl.add(name="kind")
            for made in message.field:
                made.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return pool


POOL = _pool()


def message(name: str) -> Any:
    """The message class `name`."""
    return message_factory.GetMessageClass(POOL.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


Request = message("Request")
AnyValue = message("AnyValue")
KeyValue = message("KeyValue")
ArrayValue = message("ArrayValue")
KeyValueList = message("KeyValueList")
