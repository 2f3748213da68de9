"""OTLP over gRPC: raw bytes in, the same checks and the same door as over HTTP.

Traps, seen with grpcio 1.85 on 2026-11-22. Until 2026 gRPC looked at a message's size only before it opened
gzip, so a bomb of 64 KB filled the memory (github.com/grpc/grpc/pull/41996): opening is switched off and done
here, as over HTTP; 0x1f, with which gzip begins, begins no protobuf. A unary handler waits for its message
without end and holds a thread: a streaming one, the same on the wire, has control at once and ends the call
when nothing comes. Two servers share a port by default.
"""

import errno
import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from llmobs.server.collector import limits, otlp, refusal, replies
from llmobs.server.collector.intake import Taker
from llmobs.server.collector.metrics import Metrics
from llmobs.server.collector.refusal import Refusal
from llmobs.server.ports import taken

log = logging.getLogger(__name__)

SERVICE = "opentelemetry.proto.collector.trace.v1.TraceService"
THREADS = 32  # each waits for the disk most of the time
WAITING = 16  # of them for a message; an honest one comes with its call
GZIP = b"\x1f\x8b"
IDENTITY_AND_GZIP = 0b101
CODES = {code.value[0]: code for code in grpc.StatusCode}


class GrpcFront:
    """Listens once made; takes spans once started."""

    def __init__(self, host: str, port: int, intake: Taker, max_body: int, metrics: Metrics) -> None:
        self._intake = intake
        self._max_body = max_body
        self._metrics = metrics
        self._room = limits.Room(2 * max_body, "Too much is being received at once")
        self._watch = _Watch(limits.BODY_S)
        self._server = grpc.server(
            ThreadPoolExecutor(THREADS, "grpc"),
            options=[
                ("grpc.max_receive_message_length", max_body),
                ("grpc.per_message_decompression", 0),
                ("grpc.compression_enabled_algorithms_bitset", IDENTITY_AND_GZIP),
                ("grpc.so_reuseport", 0),
                ("grpc.max_concurrent_streams", 100),
                ("grpc.http2.max_ping_strikes", 0),  # exporters ping as often as they like
            ],
        )
        export = grpc.stream_unary_rpc_method_handler(self._export)
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(SERVICE, {"Export": export}),)
        )
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            self.port: int = self._server.add_insecure_port(address)
        except RuntimeError as error:  # gRPC keeps the reason to itself
            raise taken(host, port, "grpc_port", OSError(errno.EADDRINUSE, str(error))) from None

    def start(self) -> None:
        self._server.start()

    def stop(self, grace_s: float) -> None:
        """Takes no new calls; those under way may finish."""
        self._server.stop(grace_s).wait()
        self._watch.stop()

    def _export(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        try:
            return self._answer(messages, context)
        except Refusal as why:
            self._metrics.refused("grpc", why.grpc)
            _abort(context, why)
        except Exception:
            if not context.is_active():  # the client went away, or came too slowly
                raise
            log.exception("A gRPC export failed")
            self._metrics.refused("grpc", refusal.INTERNAL)
            _abort(context, refusal.broken("The collector failed; its log says why."))
        raise AssertionError("abort always raises")

    def _answer(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        self._intake.admit()
        with self._watch.over(context):
            body = next(messages, None)
        if body is None:
            raise refusal.malformed("The call carried no message.")
        with limits.share(self._room) as held:
            held.take(len(body))
            if body.startswith(GZIP):
                body = limits.unpack(body, self._max_body)
                held.take(len(body))
            began = time.perf_counter()
            checked = otlp.check(body)
            del body
            self._intake.submit(checked).result()
        self._metrics.acknowledged(time.perf_counter() - began)
        return replies.response(checked)


class _Watch:
    """Ends calls whose message does not come in `limit_s`; the longest waiting one where too many wait."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._waiting: dict[grpc.ServicerContext, float] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        threading.Thread(target=self._run, name="grpc-watch", daemon=True).start()

    @contextmanager
    def over(self, context: grpc.ServicerContext) -> Iterator[None]:
        with self._lock:
            self._waiting[context] = time.monotonic() + self._limit_s
            longest = next(iter(self._waiting)) if len(self._waiting) > WAITING else None
        if longest is not None:
            longest.cancel()
        try:
            yield
        finally:
            with self._lock:
                del self._waiting[context]

    def stop(self) -> None:
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.wait(min(1.0, self._limit_s)):
            now = time.monotonic()
            with self._lock:
                late = [context for context, until in self._waiting.items() if until < now]
            for context in late:
                context.cancel()


def _abort(context: grpc.ServicerContext, why: Refusal) -> None:
    """Ends the call with the status, and RetryInfo where sending again may help. Always raises."""
    if why.retry_after_s is not None:
        status = Status(code=why.grpc, message=why.says)
        detail = AnyMessage()
        detail.Pack(RetryInfo(retry_delay=Duration(seconds=why.retry_after_s)))
        status.details.append(detail)
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(CODES[why.grpc], why.says)
