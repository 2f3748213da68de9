"""A protobuf request of spans, checked: what is good goes to the journal, what is not is counted and said.

Nearly every request passes the library's own parser (1.6 us a span) and a look at the ids, and is then
journalled as it came. Only one that does not is taken apart span by span (`salvage.py`), so that a bad span
takes no other with it. Wire format: opentelemetry-proto 1.9, read on 2026-11-22.
"""

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from llmobs.server.collector import refusal
from llmobs.server.collector.salvage import salvage
from llmobs.server.collector.verdict import NO_SPAN, NO_TRACE, Checked, scope_problem

RESOURCES = 1_000_000  # two bytes each on the wire, a hundred in memory, 1.3 us to look at


def check(body: bytes) -> Checked:
    """The good part of a protobuf body. Refusal (400) where it is no request, or no span of it is good."""
    return whole(body) or salvage(body)


def whole(body: bytes) -> Checked | None:
    """The quick look: a body in which every span is good, otherwise None."""
    try:
        request = ExportTraceServiceRequest.FromString(body)
    except DecodeError:
        return None
    if body and not request.resource_spans:  # much that is no protobuf at all reads as unknown fields
        raise refusal.malformed(
            "The body holds no resource_spans: it is no ExportTraceServiceRequest in protobuf."
        )
    if len(request.resource_spans) > RESOURCES:
        raise refusal.too_large(
            f"The request holds {len(request.resource_spans):,} resources; it may hold {RESOURCES:,}. "
            "Send smaller batches, each resource once."
        )
    spans = 0
    for group in request.resource_spans:
        for scope in group.scope_spans:
            if len(scope.spans) > 1 and scope_problem(scope.scope.ByteSize(), len(scope.spans)):
                return None
            for span in scope.spans:
                trace_id, span_id = span.trace_id, span.span_id
                if len(trace_id) != 16 or len(span_id) != 8 or len(span.parent_span_id) not in (0, 8):
                    return None
                if trace_id == NO_TRACE or span_id == NO_SPAN:
                    return None
            spans += len(scope.spans)
    return Checked(body if spans else b"", spans)
