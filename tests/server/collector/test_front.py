"""OTLP over HTTP, against the real server: every status that the protocol asks for."""

import gzip
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from llmobs.server.collector import otlp, refusal
from llmobs.server.collector.verdict import Checked
from tests.server.collector.doors import JSON, MAX_BODY, PROTOBUF, head, running, taken
from tests.server.collector.spans import body, body_of, span

GOOD = body(span(1), span(2))
GOOD_JSON = json.dumps(
    {
        "resourceSpans": [
            {"scopeSpans": [{"spans": [{"traceId": "01" * 16, "spanId": "02" * 8, "name": "j"}]}]}
        ]
    }
).encode()


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
