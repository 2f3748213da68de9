"""HTTP as rude clients speak it: half requests, floods, clients that leave or never read."""

import json
import random
import re
import socket
from contextlib import ExitStack

import pytest

from llmobs.server.collector import bodies, connection, limits, replies
from llmobs.server.collector.front import Request
from tests.server.collector.doors import MAX_BODY, PROTOBUF, head, running, taken, until_closed
from tests.server.collector.spans import body, span
from tests.server.services import eventually

GOOD = body(span(1), span(2))
GOOD_JSON = json.dumps(
    {
        "resourceSpans": [
            {"scopeSpans": [{"spans": [{"traceId": "01" * 16, "spanId": "02" * 8, "name": "j"}]}]}
        ]
    }
).encode()


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


def test_the_newest_connection_is_not_the_one_that_makes_room(monkeypatch):
    monkeypatch.setattr(connection, "CONNECTIONS", 4)
    standing = property(lambda each: 0.0, lambda each, now: None)  # as in one turn of the loop
    monkeypatch.setattr(connection.Connection, "_quiet_since", standing, raising=False)
    with running() as front, ExitStack() as clients:
        for _ in range(30):
            clients.enter_context(front.raw())
        answers = [front.post(GOOD).status for _ in range(30) if clients.enter_context(front.raw())]

        assert answers == [200] * 30


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
