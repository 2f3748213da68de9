"""The whole collector: what is acknowledged can be read, whatever else is sent; failed starts explain."""

import contextlib
import json
import math
import socket
import subprocess
import sys
from datetime import UTC, datetime

import grpc
import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from llmobs.server import sealer
from llmobs.server.collector import segments
from llmobs.server.collector.verdict import Checked
from llmobs.server.collector.wire import delimited
from llmobs.server.service import Service
from llmobs.server.store import open_store
from tests.server.collector.spans import START_NS, body, body_of, nested, span, text, with_attribute
from tests.server.services import ask, eventually, post_spans, service, settings


@pytest.fixture
def collector(tmp_path):
    with service(tmp_path) as made:
        yield made


def rows(collector: Service, sql: str = "SELECT * FROM spans ORDER BY name") -> list[dict]:
    return collector.store.sql(sql).to_pylist()


def count(collector: Service) -> int:
    return rows(collector, "SELECT count(*) AS n FROM spans")[0]["n"]


def test_spans_over_http_json_and_grpc_can_be_read(collector):
    as_json = {
        "resourceSpans": [
            {"scopeSpans": [{"spans": [{"traceId": "0a" * 16, "spanId": "0b" * 8, "name": "j"}]}]}
        ]
    }

    assert post_spans(collector.http_port, body(span(1))) == 200
    assert post_spans(collector.http_port, json.dumps(as_json).encode(), "application/json") == 200
    with grpc.insecure_channel(f"127.0.0.1:{collector.grpc_port}") as channel:
        channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")(body(span(2)))

    found = eventually(lambda: [r["name"] for r in rows(collector)] if count(collector) == 3 else None)
    assert found == ["j", "span 1", "span 2"]


def test_localhost_over_ipv6_is_answered_too(collector):
    with contextlib.closing(socket.socket(socket.AF_INET6)) as client:
        try:
            client.connect(("::1", collector.http_port))
        except OSError:
            pytest.skip("this machine has no IPv6")
        client.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 200")


def double(value: float) -> KeyValue:
    return KeyValue(key="d", value=AnyValue(double_value=value))


YEAR_2500_NS = 16_725_225_600_000_000_000  # 2500-01-01
ODD: dict[str, Span] = {
    "no times": span(1, start_time_unix_nano=0, end_time_unix_nano=0),
    "year 2500": span(1, start_time_unix_nano=YEAR_2500_NS, end_time_unix_nano=YEAR_2500_NS + 1),
    "the last nanosecond there is": span(1, start_time_unix_nano=2**64 - 1, end_time_unix_nano=2**64 - 1),
    "584 years long": span(1, start_time_unix_nano=0, end_time_unix_nano=2**64 - 1),
    "end before start": span(1, end_time_unix_nano=START_NS - 5),
    "end before start by 500 years": span(1, start_time_unix_nano=2**64 - 1, end_time_unix_nano=0),
    "NaN": span(1, attributes=[double(math.nan)]),
    "infinity": span(1, attributes=[double(math.inf), double(-math.inf)]),
    "10,000 attributes": span(1, attributes=[text(f"key {n}", f"value {n}") for n in range(10_000)]),
    "the same key twice": span(1, attributes=[text("k", "first"), text("k", "second")]),
    "no name": span(1, name=""),
    "a name with NUL": span(1, name="a\0b"),
    "a key with NUL": span(1, attributes=[text("a\0b", "\0")]),
    "a key that is empty": span(1, attributes=[text("", "value")]),
    "a value that is empty": span(1, attributes=[KeyValue(key="k")]),
    "5 MB of text": span(1, attributes=[text("k", "x" * 5_000_000)]),
    "a name of 1 MB": span(1, name="n" * 1_000_000),
    "text that looks like JSON": span(
        1, attributes=[text("k", '{"a": [}'), text("gen_ai.input.messages", "{[")]
    ),
    "quotes and line ends": span(1, attributes=[text('k"\n', '"\\\n\r\t\x01')]),
    "every plane of Unicode": span(1, name="\u00e9\u4e2d\U0001f600\u202e\ufeff\uffff"),
    "unknown kind and status": span(1, kind=99, status=Status(code=77)),
    "an id that is a parent of itself": span(1, parent_span_id=(1).to_bytes(8, "big")),
    "a parent of zeros": span(1, parent_span_id=bytes(8)),
    "a link without ids": span(1, links=[Span.Link(trace_id=b"", span_id=b"123")]),
    "1,000 events": span(
        1, events=[Span.Event(name=f"e{n}", time_unix_nano=2**64 - 1) for n in range(1_000)]
    ),
    "our fields of other types": span(
        1,
        attributes=[
            KeyValue(key="gen_ai.operation.name", value=AnyValue(int_value=5)),
            text("gen_ai.usage.input_tokens", "many"),
            KeyValue(key="gen_ai.usage.output_tokens", value=AnyValue(double_value=1e300)),
            KeyValue(key="gen_ai.request.model", value=AnyValue(bytes_value=b"\xff")),
        ],
    ),
    "a call with impossible usage": span(
        1,
        attributes=[
            text("gen_ai.operation.name", "chat"),
            text("gen_ai.provider.name", "openai"),
            text("gen_ai.request.model", "gpt-4o-mini"),
            KeyValue(key="gen_ai.usage.input_tokens", value=AnyValue(int_value=2**63 - 1)),
            KeyValue(key="gen_ai.usage.output_tokens", value=AnyValue(int_value=-(2**63))),
        ],
    ),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_odd_span_is_kept_sealed_and_takes_nothing_with_it(tmp_path, odd):
    with service(tmp_path) as collector:
        assert post_spans(collector.http_port, body(odd, span(2))) == 200

        assert eventually(lambda: count(collector) == 2)
        assert {row["span_id"] for row in rows(collector)} == {"0000000000000001", "0000000000000002"}
        assert collector.quarantine.count == 0
    assert segments.numbers(tmp_path / "journal") == []

    with contextlib.closing(open_store(f"duckdb://{tmp_path}")) as store:
        assert len(store.sql("SELECT * FROM spans").to_pylist()) == 2


RAW = {
    "200 lists": with_attribute(span(1), b"deep", nested(200)),
    "200 maps": with_attribute(span(1), b"deep", nested(200, "map")),
    "20,000 lists": with_attribute(span(1), b"deep", nested(20_000)),
    "no UTF-8": span(1, name="").SerializeToString() + delimited(5, b"\xff\xfe") + delimited(3, b"\xc3"),
    "no UTF-8 deep inside": with_attribute(span(1), b"deep", nested(150, "map", delimited(1, b"\xff"))),
    "bytes where text was expected": with_attribute(
        span(1), b"gen_ai.input.messages", delimited(7, b"\xff\x00")
    ),
    "fields of a later version": span(1).SerializeToString() + delimited(900, b"\xff") + b"\xf8\x3f\x01",
    "the last of two names counts": span(1).SerializeToString() + delimited(5, b"second"),
}


@pytest.mark.parametrize("raw", RAW.values(), ids=RAW)
def test_what_no_library_would_write_is_kept_and_takes_nothing_with_it(tmp_path, raw):
    with service(tmp_path) as collector:
        assert post_spans(collector.http_port, body_of(raw, span(2).SerializeToString())) == 200
        assert eventually(lambda: count(collector) == 2)
        assert collector.quarantine.count == 0

    with contextlib.closing(open_store(f"duckdb://{tmp_path}")) as store:
        assert len(store.sql("SELECT * FROM spans").to_pylist()) == 2


def test_50_000_spans_at_once_are_kept(collector):
    spans = [span(n) for n in range(1, 50_001)]

    assert post_spans(collector.http_port, body(*spans)) == 200

    assert eventually(lambda: count(collector) == 50_000)


def test_a_payload_that_the_decoder_cannot_take_is_put_aside_and_stops_nothing(collector, tmp_path):
    collector.intake.submit(Checked(b"\x0a\x05nonsense", 1)).result(10)
    assert post_spans(collector.http_port, body(span(1))) == 200

    assert eventually(lambda: count(collector) == 1)
    [kept] = (tmp_path / "quarantine").glob("*.pb")
    assert kept.read_bytes() == b"\x0a\x05nonsense"
    assert kept.with_suffix(".txt").read_text()
    assert b"llmobs_quarantined_requests_total 1\n" in ask(collector.http_port, "/metrics")[2]


def test_the_same_request_twice_counts_once(collector):
    for _ in range(3):
        assert post_spans(collector.http_port, body(span(1))) == 200
    assert post_spans(collector.http_port, body(span(1), span(2))) == 200

    assert eventually(lambda: count(collector) == 2)
    found = collector.metrics.counts()
    assert (found["duplicate_requests"], found["duplicate_spans"], found["stored_spans"]) == (2, 1, 2)
    assert eventually(lambda: collector.backlog.room.used == 0)


def test_rows_are_sealed_by_the_row_group_and_their_journal_goes(tmp_path, monkeypatch):
    monkeypatch.setattr(sealer, "SEAL_ROWS", 100)
    with service(tmp_path) as collector:
        for first in range(1, 1_001, 50):
            assert post_spans(collector.http_port, body(*[span(first + n) for n in range(50)])) == 200

        assert eventually(lambda: collector.metrics.counts()["stored_spans"] == 1_000)
        assert eventually(lambda: collector.hot.rows() < 100)
        assert collector.metrics.counts()["seals"] >= 1
        assert len(segments.numbers(tmp_path / "journal")) <= 1
        assert count(collector) == 1_000
        assert post_spans(collector.http_port, body(span(1), span(2), span(7))) == 200  # sealed long ago
        assert eventually(lambda: collector.metrics.counts()["duplicate_spans"] == 3)
        assert count(collector) == 1_000


def test_old_rows_are_sealed_though_they_are_few(tmp_path, monkeypatch):
    monkeypatch.setattr(sealer, "SEAL_S", 0.2)
    with service(tmp_path) as collector:
        assert post_spans(collector.http_port, body(span(1))) == 200

        assert eventually(lambda: collector.metrics.counts()["seals"] == 1)
        assert segments.numbers(tmp_path / "journal") == []
        assert (count(collector), collector.hot.rows()) == (1, 0)


def test_a_full_memory_makes_the_decoder_wait_for_the_sealer_and_loses_nothing(tmp_path):
    large = "n" * 600_000  # two requests are a group
    with service(tmp_path) as collector:
        collector.hot.limit_bytes = 10_000
        for number in range(1, 21):
            assert post_spans(collector.http_port, body(span(number, name=large))) == 200

        assert eventually(lambda: count(collector) == 20)
        assert eventually(lambda: collector.hot.size() <= 10_000)
        assert collector.metrics.counts()["seals"] >= 1


def test_clients_are_told_to_wait_when_the_backlog_is_full_and_then_succeed(tmp_path):
    with service(tmp_path, max_backlog=2_000) as collector:
        statuses = []
        for number in range(1, 40):
            payload = body(span(number, name="n" * 1_500))
            while (
                answer := ask(
                    collector.http_port, "/v1/traces", payload, content_type="application/x-protobuf"
                )
            )[0] == 503:
                statuses.append((answer[0], answer[1]["retry-after"]))
            assert answer[0] == 200

        assert set(statuses) == {(503, "1")}
        assert eventually(lambda: count(collector) == 39)
        assert collector.backlog.room.used == 0


def test_what_was_acknowledged_is_in_the_file_after_a_graceful_stop(tmp_path):
    with service(tmp_path) as collector:
        for number in range(1, 101):
            assert post_spans(collector.http_port, body(span(number))) == 200

    assert segments.numbers(tmp_path / "journal") == []
    with contextlib.closing(open_store(f"duckdb://{tmp_path}")) as store:
        assert store.sql("SELECT count(*) AS n FROM spans").to_pylist() == [{"n": 100}]


def test_health_readiness_metrics_and_status_are_told(collector, tmp_path):
    post_spans(collector.http_port, body(span(1), span(2, trace_id=b"")))
    assert eventually(lambda: count(collector) == 1)

    assert ask(collector.http_port, "/healthz")[::2] == (200, b"ok\n")
    assert ask(collector.http_port, "/readyz")[::2] == (200, b"ready\n")
    metrics = ask(collector.http_port, "/metrics")[2].decode()
    status = json.loads(ask(collector.http_port, "/api/status")[2])

    for line in (
        "llmobs_accepted_spans_total 1",
        "llmobs_rejected_spans_total 1",
        "llmobs_stored_spans_total 1",
        "llmobs_ready 1",
        "llmobs_backlog_bytes 0",
        'llmobs_acknowledge_seconds_bucket{le="+Inf"} 1',
        "llmobs_acknowledge_seconds_count 1",
    ):
        assert line in metrics.splitlines()
    assert (status["accepted_spans"], status["rejected_spans"], status["hot_spans"]) == (1, 1, 1)
    assert (status["data"], status["ready"], status["journal_segments"]) == (str(tmp_path), True, 1)
    assert datetime.fromisoformat(status["started_at"]).tzinfo == UTC


def test_spans_are_not_taken_and_readiness_is_refused_while_the_door_is_closed(collector):
    collector.intake.close("The collector is starting: it reads its journal.")

    status, headers, _ = ask(
        collector.http_port, "/v1/traces", body(span(1)), content_type="application/x-protobuf"
    )

    assert (status, headers["retry-after"]) == (503, "1")
    assert ask(collector.http_port, "/readyz")[0] == 503
    assert ask(collector.http_port, "/healthz")[0] == 200


def test_a_thread_that_ended_shows_in_health_and_readiness(collector):
    collector.decoder.stop()

    status, _, says = ask(collector.http_port, "/healthz")

    assert (status, says) == (503, b"The decoder ended; the log says why. Start the collector again.\n")
    assert ask(collector.http_port, "/readyz")[0] == 503


def test_a_port_that_is_taken_is_said_with_its_holder_and_the_setting(tmp_path):
    with service(tmp_path / "first") as first:
        with pytest.raises(OSError, match="is taken by process") as error:
            Service(settings(tmp_path / "second", http_port=first.http_port))
        with pytest.raises(OSError, match="--grpc-port or LLMOBS_GRPC_PORT"):
            Service(settings(tmp_path / "second", grpc_port=first.grpc_port))

    assert f"Port {first.http_port} on 127.0.0.1" in str(error.value)
    assert "--http-port or LLMOBS_HTTP_PORT" in str(error.value)


def test_a_database_that_another_process_has_open_is_said_with_its_pid(tmp_path):
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with service(tmp_path):
        pass  # makes the file
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path / "llmobs.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "open\n"

        with pytest.raises(OSError, match=rf"PID {holder.pid}"):
            Service(settings(tmp_path))
        holder.stdin.close()

    with service(tmp_path) as collector:  # and the ports were given back
        assert post_spans(collector.http_port, body(span(1))) == 200


def test_a_data_folder_that_cannot_be_written_is_said(tmp_path):
    file = tmp_path / "file"
    file.touch()

    with pytest.raises(
        OSError, match=r"data folder .*file cannot be written \(File exists\).*--data or LLMOBS_DATA"
    ):
        Service(settings(file))
