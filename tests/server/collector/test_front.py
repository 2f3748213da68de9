"""OTLP over HTTP, against the real server: every status that the protocol asks for, and rude clients."""

import gzip
import json
import random
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from llmobs.server.collector import bodies, connection, limits, otlp, refusal, replies
from llmobs.server.collector.front import Request
from llmobs.server.collector.verdict import Checked
from tests.server.collector.doors import JSON, MAX_BODY, PROTOBUF, Running, head, running, until_closed
from tests.server.collector.spans import body, body_of, names, span

GOOD = body(span(1), span(2))
GOOD_JSON = json.dumps(
    {
        "resourceSpans": [
            {"scopeSpans": [{"spans": [{"traceId": "01" * 16, "spanId": "02" * 8, "name": "j"}]}]}
        ]
    }
).encode()


@pytest.fixture(scope="module")
def server():
    with running() as made:
        yield made


@pytest.fixture
def front(server):
    server.collected.taken.clear()
    server.collected.full = server.collected.refuses = server.collected.later = None
    return server


def taken(front: Running) -> list[list[str]]:
    return [names(checked.payload) for checked in front.collected.taken]


@pytest.mark.parametrize(
    ("given", "kind", "encoding"),
    [
        (GOOD, PROTOBUF, None),
        (GOOD, "Application/X-Protobuf; charset=utf-8", None),
        (GOOD, PROTOBUF, "identity"),
        (gzip.compress(GOOD), PROTOBUF, "gzip"),
        (gzip.compress(GOOD), PROTOBUF, " GZIP "),
        (GOOD_JSON, JSON, None),
        (GOOD_JSON, "application/json; charset=UTF-8", None),
        (GOOD_JSON, 'application/json;charset="utf-8"', None),
        (gzip.compress(GOOD_JSON), JSON, "gzip"),
    ],
)
def test_spans_are_taken_and_success_is_answered_in_the_encoding_of_the_request(front, given, kind, encoding):
    answer = front.post(given, kind, **({"content_encoding": encoding} if encoding else {}))

    is_json = "json" in kind
    assert answer.status == 200
    assert answer.headers["content-type"] == (JSON if is_json else PROTOBUF)
    assert answer.body == (b"{}" if is_json else b"")
    assert taken(front) == [["j"] if is_json else ["span 1", "span 2"]]


@pytest.mark.parametrize("kind", [PROTOBUF, JSON])
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_an_empty_body_is_a_success(front, kind, encoding):
    assert front.post(b"", kind, content_encoding=encoding).status == 200


@pytest.mark.parametrize(
    ("given", "kind", "encoding", "status", "says"),
    [
        (b"garbage", PROTOBUF, None, 400, "no ExportTraceServiceRequest"),
        (GOOD[:-1], PROTOBUF, None, 400, "no ExportTraceServiceRequest"),
        (body(span(1, trace_id=b"")), PROTOBUF, None, 400, "No span was accepted"),
        (b"{", JSON, None, 400, "not valid JSON"),
        (GOOD, JSON, None, 400, "not valid JSON"),
        (GOOD_JSON, PROTOBUF, None, 400, "Is it JSON?"),
        (gzip.compress(GOOD), PROTOBUF, None, 400, "no ExportTraceServiceRequest"),
        (gzip.compress(GOOD)[:-5], PROTOBUF, "gzip", 400, "cut off"),
        (GOOD, PROTOBUF, "gzip", 400, "not valid gzip"),
        (gzip.compress(bytes(MAX_BODY + 1)), PROTOBUF, "gzip", 413, "larger than 1,048,576 bytes"),
        (bytes(MAX_BODY + 1), PROTOBUF, None, 413, "larger than 1,048,576 bytes"),
        (GOOD, None, None, 415, "Content-Type '' is not read here"),
        (GOOD, "text/plain", None, 415, "Content-Type 'text/plain' is not read here"),
        (GOOD, "application/x-www-form-urlencoded", None, 415, "application/x-protobuf"),
        (GOOD_JSON, "application/json; charset=utf-16", None, 415, "UTF-8"),
        (GOOD, PROTOBUF, "deflate", 415, "Content-Encoding 'deflate'"),
        (GOOD, PROTOBUF, "gzip, gzip", 415, "gzip or identity"),
        (GOOD, PROTOBUF, "br", 415, "gzip or identity"),
    ],
)
def test_bad_input_gets_its_status_and_is_told_why(front, given, kind, encoding, status, says):
    answer = front.post(given, kind, **({"content_encoding": encoding} if encoding else {}))

    assert answer.status == status
    assert says in answer.says
    assert answer.headers["content-type"] == (PROTOBUF if kind == PROTOBUF else JSON)
    assert "retry-after" not in answer.headers
    assert front.collected.taken == []
    assert front.post(GOOD).status == 200  # others are not affected


def test_an_error_is_a_status_in_the_encoding_of_the_request(front):
    as_protobuf = Status.FromString(front.post(b"garbage").body)
    as_json = json.loads(front.post(b"garbage", JSON).body)

    assert (as_protobuf.code, as_json["code"]) == (3, 3)  # INVALID_ARGUMENT
    assert as_json["message"].startswith("The body is not valid JSON")


def test_where_part_is_good_the_answer_is_partial_success(front):
    mixed = body(span(1), span(2, trace_id=b""))
    mixed_json = GOOD_JSON.replace(b'"spans": [', b'"spans": [{"traceId": "x"}, ')

    first = ExportTraceServiceResponse.FromString(front.post(mixed).body).partial_success
    answer = front.post(mixed_json, JSON)

    assert answer.status == 200
    assert (first.rejected_spans, first.error_message) == (
        1,
        "Spans rejected: trace_id has 0 bytes, 16 expected (1).",
    )
    assert json.loads(answer.body) == {
        "partialSuccess": {
            "rejectedSpans": "1",
            "errorMessage": "Spans rejected: traceId: 'x' is no id in hex (1).",
        }
    }
    assert taken(front) == [["span 1"], ["j"]]


def test_mended_spans_are_taken_with_a_warning(front):
    raw = span(1, name="").SerializeToString() + b"\x2a\x01\xff"

    answer = ExportTraceServiceResponse.FromString(front.post(body_of(raw)).body)

    assert (answer.partial_success.rejected_spans, taken(front)) == (0, [["\ufffd"]])
    assert answer.partial_success.error_message == "Spans mended: text that is no UTF-8 (1)."


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/v1/traces", 405, "POST"),
        ("PUT", "/v1/traces", 405, "POST"),
        ("OPTIONS", "/v1/traces", 405, "POST"),
        ("POST", "/", 404, None),
        ("POST", "/v1/traces/", 404, None),
        ("POST", "/v1/metrics", 404, None),
        ("POST", "/v1/logs", 404, None),
    ],
)
def test_other_methods_and_paths_are_refused(front, method, path, status, allow):
    answer = front.ask(method, path)

    assert (answer.status, answer.headers.get("allow")) == (status, allow)
    if path in ("/v1/metrics", "/v1/logs"):
        assert answer.says == "This collector takes traces only, at /v1/traces."


@pytest.mark.parametrize(
    ("why", "retry_after"),
    [(refusal.busy("full"), "1"), (refusal.unavailable("disk full", retry_after_s=5), "5")],
)
@pytest.mark.parametrize("when", ["full", "refuses", "later"])
def test_what_may_be_sent_again_is_503_with_retry_after(front, why, retry_after, when):
    setattr(front.collected, when, why)

    answer = front.post(GOOD)

    assert (answer.status, answer.headers["retry-after"], answer.says) == (503, retry_after, why.says)


def test_a_body_far_too_large_is_refused_before_it_is_read_and_the_client_reads_the_answer(front):
    memory = resident_bytes()

    declared = front.post(bytes(100 << 20))
    chunked = front.post(iter([bytes(1 << 20)] * 100))  # without Content-Length
    closing = front.post(bytes(100 << 20), connection="close")

    assert (declared.status, chunked.status, closing.status) == (413, 413, 413)
    assert resident_bytes() - memory < 300 << 20  # of which 100 MB are this client's own
    assert front.post(GOOD).status == 200


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4_096


def test_where_nothing_can_be_taken_a_body_is_refused_before_it_is_read(front):
    front.collected.full = refusal.busy("full")

    with front.raw() as client:
        client.sendall(head(len(GOOD), PROTOBUF, "expect: 100-continue"))

        assert client.recv(100).startswith(b"HTTP/1.1 503")


def test_a_bomb_that_fills_no_limit_of_bytes_sent_is_stopped(front):
    bomb = gzip.compress(bytes(50 << 20))
    assert len(bomb) < MAX_BODY

    assert front.post(bomb, content_encoding="gzip").status == 413


def test_chunked_bodies_are_read(front):
    answer = front.post(iter([GOOD[:5], GOOD[5:9], GOOD[9:]]))

    assert (answer.status, taken(front)) == (200, [["span 1", "span 2"]])


def test_a_body_that_takes_long_to_look_at_keeps_nobody_waiting(front, monkeypatch):
    looking, seen = threading.Event(), threading.Event()
    check = otlp.check

    def slow(given: bytes) -> Checked:
        looking.set()
        assert seen.wait(20)
        return check(given)

    monkeypatch.setattr(otlp, "check", slow)
    with ThreadPoolExecutor(1) as other:
        answer = other.submit(front.post, b"\x0a\x00" * 200_000)
        assert looking.wait(20)
        assert front.post(GOOD).status == 200
        seen.set()

    assert answer.result().status == 200


def test_50_000_spans_at_once_are_taken():
    with running(64 << 20) as front:
        answer = front.post(body(*[span(n, trace_id=b"1" * 16) for n in range(1, 50_001)]))

        assert answer.status == 200
        [checked] = front.collected.taken
        assert (checked.spans, checked.rejected) == (50_000, 0)


def test_expect_100_continue_is_answered_and_not_for_a_body_that_is_refused(front):
    with front.raw() as client:
        client.sendall(head(len(GOOD), PROTOBUF, "expect: 100-continue"))
        assert client.recv(100).startswith(b"HTTP/1.1 100")
        client.sendall(GOOD)
        assert client.recv(100).startswith(b"HTTP/1.1 200")
    with front.raw() as client:
        client.sendall(head(100 << 20, PROTOBUF, "expect: 100-continue"))
        client.settimeout(limits.BODY_S / 3)
        assert until_closed(client).startswith(b"HTTP/1.1 413")  # at once: it does not wait for that body


def test_pipelined_requests_are_all_answered_in_order(front):
    requests = [head(len(GOOD)) + GOOD, head(7) + b"garbage", head(len(GOOD)) + GOOD]

    answers = front.exchange(b"".join(requests) + head(0, PROTOBUF, "connection: close"))

    assert re.findall(rb"HTTP/1.1 (\d+)", answers) == [b"200", b"400", b"200", b"200"]
    assert taken(front)[:2] == [["span 1", "span 2"]] * 2


def test_a_request_after_a_refused_body_on_the_same_connection_is_answered(front):
    with front.raw() as client:
        client.sendall(head(MAX_BODY + 1) + bytes(MAX_BODY + 1) + head(len(GOOD)) + GOOD)
        client.shutdown(socket.SHUT_WR)
        answers = until_closed(client)

    assert (answers.count(b"HTTP/1.1 413"), answers.count(b"HTTP/1.1 200")) == (1, 1)


def test_a_client_that_offers_http2_is_answered_over_http1(front):
    upgrade = ("connection: Upgrade, HTTP2-Settings", "upgrade: h2c", "http2-settings: AAMAAABk")

    answers = front.exchange(head(len(GOOD), PROTOBUF, *upgrade) + GOOD)

    assert answers.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "rude",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",  # TLS
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"rubbish\r\n\r\n",
        b"POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
        b"POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc",
        b"POST /v1/traces HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/traces HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"POST /v1/traces HTTP/1.1\r\nhost: a\r\nbad header\r\n\r\n",
        b"CONNECT example.com:443 HTTP/1.1\r\nhost: a\r\n\r\n",
        b"GET http://[broken HTTP/1.1\r\nhost: a\r\n\r\n",
        b"\x00" * 1_000,
    ],
)
def test_what_is_no_http_gets_400_and_disturbs_nobody(front, rude):
    answer = front.exchange(rude)

    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 405"))
    assert front.post(GOOD).status == 200


def test_a_head_without_end_is_refused(front):
    with front.raw() as client:
        client.sendall(b"POST /v1/traces HTTP/1.1\r\nhost: a\r\nx: ")
        answer = send_until_refused(client, b"a" * 65_536, 100)

    assert answer.startswith(b"HTTP/1.1 431")


def test_chunk_extensions_and_trailers_without_end_are_refused(front):
    for opened, endless in ((b"1;", b"a" * 65_536), (b"0\r\n", b"x: y\r\n" * 10_000)):
        with front.raw() as client:
            client.sendall(head(None, PROTOBUF, "transfer-encoding: chunked") + opened)
            send_until_refused(client, endless, 100)
        assert front.post(GOOD).status == 200


def send_until_refused(client: socket.socket, piece: bytes, times: int) -> bytes:
    """What came back. Fails where the other side goes on reading."""
    client.settimeout(0.2)
    for _ in range(times):
        try:
            client.sendall(piece)
            answer = client.recv(65_536)
        except TimeoutError:
            continue
        except (ConnectionResetError, BrokenPipeError):
            return b""
        return answer
    raise AssertionError("it reads for ever")


def test_a_body_in_chunks_of_one_byte_is_taken(front):
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in GOOD)

    answer = front.exchange(head(None, PROTOBUF, "transfer-encoding: chunked") + chunks + b"0\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 200")


def test_clients_that_leave_in_the_middle_leave_nothing_behind(front):
    for cut in (0, 10, len(head(len(GOOD))), len(head(len(GOOD))) + 20):
        with front.raw() as client:
            client.sendall((head(len(GOOD)) + GOOD)[:cut])
    with front.raw() as client:
        client.sendall(head(len(GOOD)) + GOOD)  # does not wait for the answer

    assert front.post(GOOD).status == 200
    assert len(front.collected.taken) in (1, 2)


def test_half_sent_requests_time_out_and_others_do_not_wait(monkeypatch):
    monkeypatch.setattr(connection, "HEAD_S", 0.5)
    monkeypatch.setattr(bodies, "BODY_S", 0.5)
    with running() as front, ExitStack() as clients:
        silent, no_end, no_body, again = (clients.enter_context(front.raw()) for _ in range(4))
        again.sendall(head(len(GOOD)) + GOOD)
        assert again.recv(1_000).startswith(b"HTTP/1.1 200")
        again.sendall(b"POST /v1/traces HTTP/1.1\r\n")
        no_end.sendall(b"POST /v1/traces HTTP/1.1\r\nhost: a\r\n")
        no_body.sendall(head(1_000) + b"abc")

        assert front.post(GOOD).status == 200
        assert [until_closed(client)[9:12] for client in (silent, no_end, again)] == [b"408"] * 3
        assert no_body.recv(100)[9:12] == b"408"


def test_a_quiet_connection_makes_room_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr(connection, "CONNECTIONS", 10)
    with running() as front, ExitStack() as clients:
        quiet = [clients.enter_context(front.raw()) for _ in range(10)]

        assert front.post(GOOD).status == 200
        assert [ended(client) for client in quiet].count(True) == 1


def ended(client: socket.socket) -> bool:
    client.settimeout(0.1)
    try:
        return client.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True


def test_a_client_that_never_reads_its_answer_is_left(monkeypatch):
    async def large(request: Request) -> replies.Reply:
        return replies.Reply(200, bytes(50 << 20), b"application/octet-stream")

    monkeypatch.setattr(connection, "SEND_S", 0.3)
    with running(doors={"/large": {"GET": large}}) as front, front.raw() as client:
        client.sendall(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n")
        assert eventually(lambda: front.server.connections == 1)

        assert eventually(lambda: front.server.connections == 0)  # though this client reads nothing
        assert len(front.ask("GET", "/large").body) == 50 << 20


def test_bodies_that_are_received_at_once_may_hold_only_so_much():
    with running() as front, ExitStack() as clients:
        holding = [clients.enter_context(front.raw()) for _ in range(3)]
        for client in holding:  # 3 * 0.7 MB are more than the 2 MB that fit
            client.sendall(head(MAX_BODY) + bytes(700_000))
        refused = [client for client in holding if answered(client)]

        [client] = refused
        assert b"HTTP/1.1 503" in client.recv(1_000)
        for client in holding:
            client.close()
        assert eventually(lambda: front.post(GOOD).status == 200)


def answered(client: socket.socket) -> bool:
    client.settimeout(0.5)
    try:
        return bool(client.recv(1, socket.MSG_PEEK))
    except TimeoutError:
        return False


def eventually(holds, within_s: float = 10.0) -> bool:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.01)
    return False


def test_no_random_bytes_stop_the_server(front):
    pieces = random.Random(11)

    for _ in range(300):
        data = bytearray(head(len(GOOD)) + GOOD)
        for _ in range(pieces.randint(1, 6)):
            data[pieces.randrange(len(data))] = pieces.randrange(256)
        front.exchange(bytes(data))

    assert front.post(GOOD).status == 200


def test_refusals_are_counted_by_status(front):
    front.post(b"garbage")
    front.post(GOOD, "text/plain")

    text = front.metrics.text([])

    assert 'llmobs_refused_requests_total{protocol="http",status="415"}' in text
    assert limits.HEAD_BYTES == 65_536
