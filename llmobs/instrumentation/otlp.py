"""One batch of spans to the collector, as OTLP/HTTP protobuf. Read from OTLP 1.9 on 2026-11-22.

The encoding is OpenTelemetry's own. The POST is ours, because the official exporter only says that it
failed: a batch that the collector refuses has to go, one that it could not take yet has to stay.
A collector on this machine is asked directly, whatever proxy the environment names.
"""

import gzip
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.trace import ReadableSpan

RETRYABLE = (429, 502, 503, 504)  # what OTLP/HTTP says to try again
PARTLY = (400, 413, 422, 500)  # may be one span's fault; any other refusal is of all that come this way
REASON_BYTES = 4_096
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Sent(NamedTuple):
    """How a try ended. `again`: the batch may be taken later; `says`: why it was not taken.

    `rejected`: spans of a batch that was taken which were not. `whole`: no part of it would fare better.
    """

    ok: bool
    again: bool = False
    says: str = ""
    retry_after_s: float = 0.0
    rejected: int = 0
    whole: bool = False


class Straight(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: a POST would arrive as a GET, without its spans, and be answered with 200."""

    def redirect_request(self, *asked: Any) -> None:
        return None


class Sender:
    """Where spans go, and how."""

    def __init__(
        self, endpoint: str, headers: Mapping[str, str], timeout_s: float, compress: bool, certificate: str
    ) -> None:
        self.url = traces_url(endpoint)
        self.timeout_s = timeout_s
        self._compress = compress
        self._headers = {"Content-Type": "application/x-protobuf", "User-Agent": "llmobs", **headers}
        if compress:
            self._headers["Content-Encoding"] = "gzip"
        self._open = opener(self.url, certificate).open

    def send(self, spans: Sequence[ReadableSpan], timeout_s: float | None = None) -> Sent:
        """Tries once; never raises for what a network or a collector can do."""
        body: bytes = encode_spans(spans).SerializeToString()
        if self._compress:
            body = gzip.compress(body, 1)
        request = urllib.request.Request(self.url, body, self._headers, method="POST")
        try:
            with self._open(request, timeout=timeout_s or self.timeout_s) as answer:
                return taken(answer.read())
        except urllib.error.HTTPError as refused:
            with refused:
                says = f"{self.url} answered {refused.code} {refused.reason}{reason(refused)}"
                wait_s = seconds(refused.headers.get("Retry-After"))
                again, whole = refused.code in RETRYABLE, refused.code not in PARTLY
                return Sent(False, again, says, wait_s, whole=whole)
        except (OSError, HTTPException) as failed:
            why = failed.reason if isinstance(failed, urllib.error.URLError) else failed
            return Sent(False, True, f"{self.url} cannot be reached: {why}. `llmobs up` starts a collector")


def reason(refused: urllib.error.HTTPError) -> str:
    """What the collector says of it, as the OTLP specification asks; a proxy in between says nothing."""
    if refused.headers.get_content_type() != "application/x-protobuf":
        return ""
    try:
        said = Status.FromString(refused.read(REASON_BYTES)).message
    except (OSError, HTTPException, DecodeError):
        return ""
    return f": {said}" if said else ""


def taken(answer: bytes) -> Sent:
    """What a collector says that took the batch, or most of it."""
    try:
        partly = ExportTraceServiceResponse.FromString(answer).partial_success
    except DecodeError:  # it took the batch all the same
        return Sent(True)
    return Sent(True, says=partly.error_message, rejected=partly.rejected_spans)


def with_attributes(span: ReadableSpan, added: Mapping[str, Any]) -> ReadableSpan:
    """`span` with more attributes; a finished span takes none itself."""
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes={**(span.attributes or {}), **added},
        events=span.events,
        links=span.links,
        kind=span.kind,
        status=span.status,
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def traces_url(endpoint: str) -> str:
    """The address of the traces, from that of the collector; ValueError where it is none."""
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(
            f"endpoint={endpoint!r} is not a collector's address. Expected something like http://127.0.0.1:4318."
        )
    return endpoint if parts.path.endswith("/v1/traces") else endpoint.rstrip("/") + "/v1/traces"


def opener(url: str, certificate: str = "") -> urllib.request.OpenerDirector:
    """What opens `url`; `certificate`: file of the authority that signed the collector's."""
    handlers: list[urllib.request.BaseHandler] = [Straight()]
    if urlsplit(url).hostname in LOOPBACK:
        handlers.append(urllib.request.ProxyHandler({}))
    if certificate:
        handlers.append(urllib.request.HTTPSHandler(context=trusting(certificate)))
    return urllib.request.build_opener(*handlers)


def trusting(certificate: str) -> ssl.SSLContext:
    """Trusts the authority in that file; ValueError where it cannot be read."""
    try:
        return ssl.create_default_context(cafile=certificate)
    except OSError as wrong:  # also what is no certificate
        why = wrong.strerror or str(wrong)
        raise ValueError(
            f"certificate={certificate!r} cannot be read ({why}). Expected a PEM file with the authority's "
            "certificate."
        ) from wrong


def seconds(header: str | None) -> float:
    """`Retry-After` in seconds; 0 where it is missing or a date."""
    try:
        return max(0.0, float(header or 0))
    except ValueError:
        return 0.0
