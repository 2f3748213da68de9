"""What goes back over HTTP, in the encoding that the request came in, as OTLP asks."""

from typing import Any, NamedTuple

import orjson
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from llmobs.server.collector.refusal import Refusal
from llmobs.server.collector.verdict import Checked

PROTOBUF, JSON = b"application/x-protobuf", b"application/json"
Headers = tuple[tuple[bytes, bytes], ...]


class Reply(NamedTuple):
    status: int
    body: bytes | memoryview
    content_type: bytes
    headers: Headers = ()


def json(status: int, content: Any) -> Reply:
    return Reply(status, orjson.dumps(content), JSON)


def text(status: int, content: str) -> Reply:
    return Reply(status, content.encode(), b"text/plain; charset=utf-8")


def accepted(checked: Checked, encoding: bytes) -> Reply:
    """Success, or partial success: also with nothing rejected, as a warning."""
    if encoding == JSON:
        partial = {"rejectedSpans": str(checked.rejected), "errorMessage": checked.says}
        return json(200, {"partialSuccess": partial} if checked.says else {})
    return Reply(200, response(checked), PROTOBUF)


def response(checked: Checked) -> bytes:
    """The ExportTraceServiceResponse, over HTTP and gRPC alike."""
    if not checked.says:
        return b""
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = checked.rejected
    answer.partial_success.error_message = checked.says
    return answer.SerializeToString()


def refused(why: Refusal, encoding: bytes) -> Reply:
    """A google.rpc.Status; with Retry-After where sending again may help."""
    headers = why.headers
    if why.retry_after_s is not None:
        headers = (*headers, (b"retry-after", b"%d" % why.retry_after_s))
    if encoding == JSON:
        return Reply(why.http, orjson.dumps({"code": why.grpc, "message": why.says}), JSON, headers)
    return Reply(why.http, Status(code=why.grpc, message=why.says).SerializeToString(), PROTOBUF, headers)
