"""OTLP over gRPC, against the real server and the real client."""

import gzip
import socket
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from llmobs.server.collector import limits, refusal
from llmobs.server.collector.grpc_front import SERVICE, GrpcFront
from llmobs.server.collector.metrics import Metrics
from tests.server.collector.doors import MAX_BODY, Collected
from tests.server.collector.spans import body, body_of, names, nested, span, with_attribute

GOOD = body(span(1), span(2))
GZIP = grpc.Compression.Gzip


class Running(NamedTuple):
    port: int
    collected: Collected
    channel: grpc.Channel

    def export(self, message: bytes, method: str = "Export", **options: Any) -> bytes:
        return self.channel.unary_unary(f"/{SERVICE}/{method}")(message, timeout=30, **options)

    def refused(self, message: bytes, **options: Any) -> grpc.RpcError:
        with pytest.raises(grpc.RpcError) as error:
            self.export(message, **options)
        return error.value


@pytest.fixture
def front() -> Iterator[Running]:
    collected = Collected()
    made = GrpcFront("127.0.0.1", 0, collected, MAX_BODY, Metrics())
    made.start()
    with grpc.insecure_channel(f"127.0.0.1:{made.port}", [("grpc.max_send_message_length", -1)]) as channel:
        yield Running(made.port, collected, channel)
    made.stop(0)


@pytest.mark.parametrize("options", [{}, {"compression": GZIP}])
def test_spans_are_taken(front, options):
    assert front.export(GOOD, **options) == b""

    assert [names(checked.payload) for checked in front.collected.taken] == [["span 1", "span 2"]]


def test_a_message_without_spans_is_a_success(front):
    assert front.export(b"") == b""


def test_where_part_is_good_the_answer_is_partial_success(front):
    answer = ExportTraceServiceResponse.FromString(front.export(body(span(1), span(2, span_id=b"1"))))

    assert answer.partial_success.rejected_spans == 1
    assert answer.partial_success.error_message == "Spans rejected: span_id has 1 bytes, 8 expected (1)."


def test_deep_nesting_and_text_that_is_no_utf8_are_taken(front):
    deep = with_attribute(span(1), b"deep", nested(200))
    broken = span(2, name="").SerializeToString() + b"\x2a\x01\xff"

    front.export(body_of(deep, broken))

    [checked] = front.collected.taken
    assert (checked.spans, checked.rejected) == (2, 0)


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (b"garbage", "no ExportTraceServiceRequest"),
        (GOOD[:-1], "no ExportTraceServiceRequest"),
        (body(span(1, trace_id=bytes(16))), "trace_id is all zeros"),
        (gzip.compress(GOOD)[:-3], "cut off"),
        (b"\x1f\x8b\x08 rubbish rubbish", "not valid gzip"),
    ],
)
def test_garbage_is_an_invalid_argument(front, message, says):
    error = front.refused(message)

    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert says in error.details()
    assert front.export(GOOD) == b""


@pytest.mark.parametrize("options", [{}, {"compression": GZIP}])
def test_a_message_too_large_is_refused_for_good(front, options):
    error = front.refused(bytes(MAX_BODY + 1), **options)

    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert retry_delay_s(error) is None  # without RetryInfo no client sends it again


def test_a_compression_that_we_do_not_know_is_refused(front):
    error = front.refused(GOOD, compression=grpc.Compression.Deflate)

    assert error.code() == grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("when", ["full", "refuses", "later"])
@pytest.mark.parametrize(
    ("why", "code", "delay_s"),
    [
        (refusal.busy("full"), grpc.StatusCode.RESOURCE_EXHAUSTED, 1),
        (refusal.unavailable("disk full", retry_after_s=5), grpc.StatusCode.UNAVAILABLE, 5),
    ],
)
def test_what_may_be_sent_again_says_when(front, when, why, code, delay_s):
    setattr(front.collected, when, why)

    error = front.refused(GOOD)

    assert (error.code(), error.details(), retry_delay_s(error)) == (code, why.says, delay_s)


def retry_delay_s(error: grpc.RpcError) -> int | None:
    for key, value in error.trailing_metadata():
        if key == "grpc-status-details-bin":
            [detail] = Status.FromString(value).details
            info = RetryInfo()
            assert detail.Unpack(info)
            return info.retry_delay.seconds
    return None


def test_an_unknown_method_is_unimplemented(front):
    with pytest.raises(grpc.RpcError) as error:
        front.export(GOOD, method="Import")

    assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_a_call_without_a_message_is_an_invalid_argument(front):
    with pytest.raises(grpc.RpcError) as error:
        front.channel.stream_unary(f"/{SERVICE}/Export")(iter([]), timeout=30)

    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_calls_whose_message_never_comes_end_and_others_do_not_wait(monkeypatch):
    monkeypatch.setattr(limits, "BODY_S", 0.3)
    collected = Collected()
    made = GrpcFront("127.0.0.1", 0, collected, MAX_BODY, Metrics())
    made.start()
    never = threading.Event()

    def silence() -> Iterator[bytes]:
        never.wait()
        yield from ()

    with grpc.insecure_channel(f"127.0.0.1:{made.port}") as channel:
        half = [channel.stream_unary(f"/{SERVICE}/Export").future(silence()) for _ in range(40)]
        export = channel.unary_unary(f"/{SERVICE}/Export")

        assert export(GOOD, timeout=30) == b""  # there are 32 threads
        assert half[0].exception(timeout=30).code() == grpc.StatusCode.CANCELLED
        never.set()
    made.stop(0)


def test_many_calls_without_a_message_leave_threads_to_the_others(front):
    never = threading.Event()

    def silence() -> Iterator[bytes]:
        never.wait()
        yield from ()

    # 40 on a channel that also carries the good one; a call may wait 30 s for its message
    half = [front.channel.stream_unary(f"/{SERVICE}/Export").future(silence()) for _ in range(40)]

    assert front.channel.unary_unary(f"/{SERVICE}/Export")(GOOD, timeout=10) == b""
    assert half[0].exception(timeout=10).code() == grpc.StatusCode.CANCELLED
    assert sum(call.done() for call in half) < 40
    never.set()


def test_bytes_that_are_no_http2_disturb_nobody(front):
    for rude in (
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x00" * 5_000,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 500,
    ):
        with socket.create_connection(("127.0.0.1", front.port)) as client:
            client.sendall(rude)

    assert front.export(GOOD) == b""


def test_a_port_that_is_taken_is_named_with_its_setting():
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]

        with pytest.raises(
            OSError, match=rf"Port {port} on 127.0.0.1 is taken.*--grpc-port or LLMOBS_GRPC_PORT"
        ):
            GrpcFront("127.0.0.1", port, Collected(), MAX_BODY, Metrics())
