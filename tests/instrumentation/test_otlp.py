"""The POST to the collector: what goes out, and how each answer is taken."""

import gzip
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.sdk.trace import TracerProvider

from llmobs.instrumentation.otlp import Sender, opener, seconds, traces_url
from tests.sink import sink


def sender(url, **more):
    return Sender(url, **{"headers": {}, "timeout_s": 5, "compress": False, "certificate": "", **more})


def span():
    made = TracerProvider(shutdown_on_exit=False).get_tracer("t").start_span("a", attributes={"n": 1})
    made.end()
    return made._readable_span()


@contextmanager
def answering(status, headers=(), body=b""):
    """A server with one answer; gives its address and the requests it got."""
    got = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self):
            sent = self.rfile.read(int(self.headers.get("content-length", 0)))
            got.append((self.path, dict(self.headers), sent))
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            self.do_POST()

        def log_message(self, *said):
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", got
        finally:
            server.shutdown()
            thread.join()


def test_spans_arrive_as_protobuf_at_the_path_of_the_protocol():
    with answering(200) as (url, got):
        assert sender(url, headers={"x-key": "k"}).send([span()]).ok

    [(path, headers, body)] = got
    assert path == "/v1/traces"
    assert headers["Content-Type"] == "application/x-protobuf"
    assert headers["X-Key"] == "k"
    [resource] = ExportTraceServiceRequest.FromString(body).resource_spans
    assert resource.scope_spans[0].spans[0].name == "a"


def test_spans_that_the_collector_turned_down_are_told():
    said = ExportTraceServiceResponse(partial_success={"rejected_spans": 1, "error_message": "too old"})
    with answering(200, body=said.SerializeToString()) as (url, _):
        sent = sender(url).send([span(), span()])

    assert (sent.ok, sent.rejected, sent.says) == (True, 1, "too old")


def test_an_answer_that_makes_no_sense_still_took_the_spans():
    with answering(200, body=b"ok!") as (url, _):
        assert sender(url).send([span()]) == (True, False, "", 0.0, 0, False)


def test_a_real_sink_takes_them_packed_too():
    with sink() as place:
        assert sender(place.url, compress=True).send([span()]).ok

    assert [s["name"] for s in place.spans] == ["a"]


def test_packing_says_so():
    with answering(200) as (url, got):
        sender(url, compress=True).send([span()])

    [(_, headers, body)] = got
    assert headers["Content-Encoding"] == "gzip"
    assert ExportTraceServiceRequest.FromString(gzip.decompress(body)).resource_spans


@pytest.mark.parametrize(
    ("status", "again"), [(400, False), (404, False), (413, False), (429, True), (502, True), (503, True)]
)
def test_an_answer_tells_whether_to_come_again(status, again):
    with answering(status, [("Retry-After", "3")]) as (url, _):
        sent = sender(url).send([span()])

    assert (sent.ok, sent.again, sent.retry_after_s) == (False, again, 3.0)
    assert str(status) in sent.says


@pytest.mark.parametrize(
    ("kind", "body", "says"),
    [
        ("application/x-protobuf", Status(message="It starts.").SerializeToString(), ": It starts."),
        ("application/x-protobuf", b"", ""),
        ("application/x-protobuf", b"\xff not protobuf", ""),
        ("text/html", b"<h1>from a proxy</h1>", ""),
    ],
)
def test_why_it_was_refused_is_said_as_the_collector_says_it(kind, body, says):
    with answering(503, [("Content-Type", kind)], body) as (url, _):
        sent = sender(url).send([span()])

    assert sent.says == f"{url}/v1/traces answered 503 Service Unavailable{says}"


@pytest.mark.parametrize(
    ("status", "whole"), [(400, False), (413, False), (500, False), (401, True), (403, True), (404, True)]
)
def test_an_answer_tells_whether_a_part_might_be_taken(status, whole):
    with answering(status) as (url, _):
        assert sender(url).send([span()]).whole is whole


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_refusal(status):
    """Followed, the POST becomes a GET, and the page that answers it with 200 has taken nothing."""
    with answering(200) as (there, got), answering(status, [("Location", there)]) as (url, _):
        sent = sender(url).send([span()])

    assert (sent.ok, sent.again, sent.whole) == (False, False, True)
    assert str(status) in sent.says
    assert got == []


def test_nobody_there_is_worth_another_try_and_says_who():
    with answering(200) as (url, _):
        pass

    sent = sender(url).send([span()])

    assert (sent.ok, sent.again) == (False, True)
    assert url in sent.says
    assert "refused" in sent.says
    assert sent.says.endswith("`llmobs up` starts a collector")


def test_a_collector_that_hangs_is_left_after_the_time_out():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        sent = sender(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_s=0.05).send([span()])

    assert (sent.ok, sent.again) == (False, True)
    assert "timed out" in sent.says


def test_a_proxy_is_not_asked_about_this_machine(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    with answering(200) as (url, _):
        assert sender(url).send([span()]).ok

    far = [type(h).__name__ for h in opener("http://collector.example").handlers]
    near = [type(h).__name__ for h in opener("http://127.0.0.1:4318").handlers]
    assert "ProxyHandler" in far
    assert "ProxyHandler" not in near


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
        ("https://host/otlp/", "https://host/otlp/v1/traces"),
        ("https://host/v1/traces", "https://host/v1/traces"),
    ],
)
def test_the_path_is_added_where_it_is_missing(endpoint, url):
    assert traces_url(endpoint) == url


@pytest.mark.parametrize("endpoint", ["127.0.0.1:4318", "grpc://host:4317", "", "http://"])
def test_what_is_no_address_says_what_one_looks_like(endpoint):
    with pytest.raises(ValueError, match=r"http://127\.0\.0\.1:4318"):
        traces_url(endpoint)


@pytest.mark.parametrize(("header", "s"), [("2", 2.0), ("0.5", 0.5), (None, 0.0), ("-1", 0.0), ("Wed", 0.0)])
def test_retry_after_in_seconds(header, s):
    assert seconds(header) == s
