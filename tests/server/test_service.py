"""The whole collector: what is acknowledged can be read, counts once, and outlives a stop."""

import contextlib
import json
import socket
from datetime import UTC, datetime, timedelta

import grpc
import pytest

from llmobs.server import sealer
from llmobs.server.alerts import Engine
from llmobs.server.collector import segments
from llmobs.server.collector.verdict import Checked
from llmobs.server.store import open_store
from tests.server.collector.spans import body, body_of, span
from tests.server.services import ask, count, eventually, post_spans, rows, service


@pytest.fixture
def collector(tmp_path):
    with service(tmp_path) as made:
        yield made


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


def test_a_span_that_the_database_could_not_write_is_put_aside_and_stops_nothing(collector):
    huge = body_of(span(1).SerializeToString() + b"\x6a\x00" * 1_500_000)  # 105 MB as JSON

    assert post_spans(collector.http_port, huge) == 200
    assert post_spans(collector.http_port, body(span(2))) == 200

    assert eventually(lambda: count(collector) == 1)
    assert collector.quarantine.count == 1
    collector.store.seal()
    assert collector.store.counts()["stored_spans"] == 1


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


def test_that_nobody_judges_the_alert_rules_is_told_until_somebody_does(collector):
    def told():
        status = json.loads(ask(collector.http_port, "/api/status")[2])
        metrics = ask(collector.http_port, "/metrics")[2].decode()
        assert json.loads(ask(collector.http_port, "/api/unjudged")[2]) == {"unjudged": status["unjudged"]}
        return status["unjudged"], float(metrics.partition(f"\n{gauge} ")[2].split()[0])

    gauge = "llmobs_rules_last_evaluation_timestamp_seconds"
    assert told()[0] == ""  # it has only just started
    before = collector.api.judged_at = datetime.now(UTC) - timedelta(minutes=3)

    says, at = told()
    with contextlib.closing(open_store(f"http://127.0.0.1:{collector.http_port}")) as store:
        Engine(store, {}, {}).tick(datetime.now(UTC))

    assert says.startswith("No alert rule has been judged for 3 min: nobody would be told of an outage. ")
    assert at == pytest.approx(before.timestamp())
    assert told()[0] == ""
    assert told()[1] > at


def test_where_rules_are_judged_seldom_nobody_is_missed_sooner(tmp_path):
    with service(tmp_path, alert_interval=300.0) as made:
        made.api.judged_at = datetime.now(UTC) - timedelta(minutes=19)
        assert json.loads(ask(made.http_port, "/api/status")[2])["unjudged"] == ""
        made.api.judged_at = datetime.now(UTC) - timedelta(minutes=21)
        assert "for 21 min" in json.loads(ask(made.http_port, "/api/status")[2])["unjudged"]


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
