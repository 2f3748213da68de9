"""Takes a request apart span by span, where the whole did not pass, and puts the good part together again.

Spans stay opaque bytes in the frame around them, so that damage within one ends at its borders.
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from llmobs.server.collector import refusal, repair
from llmobs.server.collector.verdict import Checked, Notes, id_problem, parent_problem, scope_problem
from llmobs.server.collector.wire import Malformed

MENDED = "text that is no UTF-8"


def _messages() -> tuple[Any, Any]:
    """The frame of a request (ExportTraceServiceRequest down to the bytes of each span) and a span's ids."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="llmobs_frame.proto", package="llmobs", syntax="proto3")
    layout = {
        "Request": [(1, "resource_spans", "ResourceSpans", True)],
        "ResourceSpans": [
            (1, "resource", "", False),
            (2, "scope_spans", "ScopeSpans", True),
            (3, "url", "", False),
        ],
        "ScopeSpans": [(1, "scope", "", False), (2, "spans", "", True), (3, "url", "", False)],
        "Ids": [(1, "trace_id", "", False), (2, "span_id", "", False), (4, "parent_span_id", "", False)],
    }
    for name, fields in layout.items():
        message = file.message_type.add(name=name)
        for number, label, of, repeated in fields:
            message.field.add(
                name=label,
                number=number,
                label=field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL,
                type=field.TYPE_MESSAGE if of else field.TYPE_BYTES,
                type_name=f".llmobs.{of}" if of else None,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    request, ids = (pool.FindMessageTypeByName(f"llmobs.{name}") for name in ("Request", "Ids"))
    return message_factory.GetMessageClass(request), message_factory.GetMessageClass(ids)


_Request, _Ids = _messages()


def salvage(body: bytes) -> Checked:
    """The good part of a request that did not pass as a whole. Refusal (400) where nothing of it is good."""
    try:
        request = _Request.FromString(body)
    except DecodeError:
        raise refusal.malformed(
            "The body is no ExportTraceServiceRequest in protobuf. Is it JSON? Send it as application/json."
        ) from None
    notes = Notes()
    spans = sum(_mend_group(group, notes) for group in request.resource_spans)
    return notes.checked(request.SerializeToString(), spans)


def _mend_group(group: Any, notes: Notes) -> int:
    """Leaves the good spans of one resource; gives their number."""
    count = sum(len(scope.spans) for scope in group.scope_spans)
    try:
        group.resource = _mend(group.resource, Resource, repair.RESOURCE, notes, count)
        group.url = repair.text(group.url)
    except Malformed as wrong:
        notes.rejected[f"their resource cannot be read: {wrong}"] += count
        group.Clear()
    return sum(_mend_scope(scope, notes) for scope in group.scope_spans)


def _mend_scope(scope: Any, notes: Notes) -> int:
    try:
        scope.scope = _mend(scope.scope, InstrumentationScope, repair.SCOPE, notes, len(scope.spans))
        scope.url = repair.text(scope.url)
    except Malformed as wrong:
        notes.rejected[f"their scope cannot be read: {wrong}"] += len(scope.spans)
        scope.Clear()
    if problem := scope_problem(len(scope.scope), len(scope.spans)):
        notes.rejected[problem] += len(scope.spans)
        scope.Clear()
    good = [span for raw in scope.spans if (span := _mend_span(raw, notes))]
    scope.spans[:] = good
    return len(good)


def _mend_span(raw: bytes, notes: Notes) -> bytes:
    """The span, or nothing where it cannot be kept."""
    try:
        span = _mend(raw, Span, repair.SPAN, notes, 1)
        ids = _Ids.FromString(span)
    except (Malformed, DecodeError) as wrong:
        notes.rejected[f"not a span in protobuf: {wrong}"] += 1
        return b""
    if problem := id_problem(ids.trace_id, ids.span_id):
        notes.rejected[problem] += 1
        return b""
    if problem := parent_problem(ids.parent_span_id):
        notes.mended[problem] += 1
    return span


def _mend(raw: bytes, kind: type[Message], schema: repair.Schema, notes: Notes, spans: int) -> bytes:
    """`raw` as it is where the library reads it, otherwise mended. Malformed where that cannot be done."""
    try:
        kind.FromString(raw)
    except DecodeError:
        mended = repair.rewrite(raw, schema)
        if mended != raw:
            notes.mended[MENDED] += spans
        return mended
    return raw
