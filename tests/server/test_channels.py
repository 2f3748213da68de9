"""What the channels say, to a real server on this machine."""

import hashlib
import hmac
import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from llmobs.server.alerts import channels, send_test
from llmobs.server.channels import stdout, webhook
from llmobs.server.incidents import Incident

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FIRING = Incident(
    id="f1-20261122T115900",
    fingerprint="f1",
    rule="availability",
    subject="openai",
    severity="page",
    state="firing",
    pending_since=NOON.replace(minute=0),
    firing_since=NOON.replace(minute=1),
    updated_at=NOON.replace(minute=2),
    says="40 of 45 calls failed.",
    value=0.888,
    expected=0.01,
    unit="share",
    calls=45,
    traces=("aa", "bb"),
    runbook="Look.",
)
RESOLVED = Incident(**{**vars(FIRING), "state": "resolved", "resolved_at": NOON.replace(minute=9)})


class Receiver(BaseHTTPRequestHandler):
    """Keeps what it gets and answers with `status`."""

    status, got = 200, []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.got.append((dict(self.headers), body))
        self.send_response(self.status)
        self.send_header("location", "/elsewhere")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver():
    handler = type("Handler", (Receiver,), {"got": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    handler.settings = {
        "webhook": f"http://127.0.0.1:{server.server_port}/hook",
        "dashboard_url": "https://obs/",
    }
    yield handler
    server.shutdown()
    server.server_close()


def test_a_firing_alert_is_posted_as_alertmanager_posts_it(receiver):
    webhook.send(FIRING, receiver.settings)

    [(headers, body)] = receiver.got
    assert headers["Content-Type"] == "application/json"
    assert "X-Llmobs-Signature" not in headers
    assert json.loads(body) == {
        "version": "4",
        "groupKey": "llmobs:f1",
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "llmobs",
        "groupLabels": {"alertname": "availability"},
        "commonLabels": LABELS,
        "commonAnnotations": ANNOTATIONS,
        "externalURL": "https://obs",
        "alerts": [
            {
                "status": "firing",
                "labels": LABELS,
                "annotations": ANNOTATIONS,
                "startsAt": "2026-11-22T12:01:00.000Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "https://obs/alerts?incident=f1-20261122T115900",
                "fingerprint": "f1",
            }
        ],
    }


LABELS = {"alertname": "availability", "subject": "openai", "severity": "page"}
ANNOTATIONS = {
    "summary": "availability openai",
    "description": "40 of 45 calls failed.",
    "runbook": "Look.",
    "value": "0.888",
    "expected": "0.01",
    "unit": "share",
    "calls": "45",
    "traces": "https://obs/trace?id=aa\nhttps://obs/trace?id=bb",
}


def test_a_resolved_alert_has_an_end(receiver):
    webhook.send(RESOLVED, receiver.settings)

    [(_, body)] = receiver.got
    said = json.loads(body)
    assert said["status"] == "resolved"
    assert said["alerts"][0]["endsAt"] == "2026-11-22T12:09:00.000Z"


def test_a_secret_signs_the_body(receiver):
    webhook.send(FIRING, {**receiver.settings, "webhook_secret": "s3cret"})

    [(headers, body)] = receiver.got
    expected = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert headers["X-Llmobs-Signature"] == f"sha256={expected}"


@pytest.mark.parametrize("status", [302, 307, 400, 500])
def test_an_answer_that_is_no_success_is_an_error_with_its_number(receiver, status):
    receiver.status = status

    with pytest.raises(OSError, match=f"answered {status}"):
        webhook.send(FIRING, receiver.settings)
    assert len(receiver.got) == 1


def test_a_receiver_that_is_not_there_is_an_error():
    with pytest.raises(OSError, match="refused"):
        webhook.send(FIRING, {"webhook": "http://127.0.0.1:1/"})


def test_a_receiver_that_says_nothing_is_given_up(monkeypatch):
    monkeypatch.setattr(webhook, "TIMEOUT_S", 0.1)
    over = threading.Event()

    class Silent(BaseHTTPRequestHandler):
        def do_POST(self):
            over.wait(30)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Silent)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        with pytest.raises(OSError, match="timed out"):
            webhook.send(FIRING, {"webhook": f"http://127.0.0.1:{server.server_port}/"})
    finally:
        over.set()
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({"dashboard_url": "https://obs.example.com/"}, "https://obs.example.com"),
        ({"host": "127.0.0.1", "dashboard_port": 9000}, "http://127.0.0.1:9000"),
        ({"host": "0.0.0.0", "dashboard_port": 9000}, "http://127.0.0.1:9000"),
        ({"host": "fd00::1", "dashboard_port": 9000}, "http://[fd00::1]:9000"),
    ],
)
def test_links_lead_to_the_dashboard(settings, url):
    assert webhook.dashboard_url(settings) == url


def test_the_terminal_gets_one_line(capsys):
    stdout.send(FIRING, {})

    assert capsys.readouterr().out == (
        "2026-11-22 12:02:00Z FIRING   [page] availability openai: 40 of 45 calls failed. "
        "(since 12:01:00Z, trace aa)\n"
    )


def test_a_channel_is_on_where_its_setting_is():
    assert list(channels({"webhook": ""})) == ["stdout"]
    assert list(channels({"webhook": "http://x/"})) == ["stdout", "webhook"]


def test_a_test_message_goes_over_every_channel(receiver, capsys):
    assert send_test(receiver.settings) == ["stdout: sent", "webhook: sent"]

    [(_, body)] = receiver.got
    assert json.loads(body)["alerts"][0]["annotations"]["description"].startswith("This is a test.")
    assert "This is a test." in capsys.readouterr().out


def test_a_test_message_that_does_not_arrive_says_why(receiver):
    receiver.status = 500

    assert (
        send_test(receiver.settings)[1]
        == f"webhook: failed: {receiver.settings['webhook']} answered 500. Expected 2xx."
    )


def test_a_dry_run_shows_and_sends_nothing(receiver, capsys):
    _, shown = send_test(receiver.settings, dry=True)

    assert json.loads(shown.removeprefix("webhook: "))["alerts"][0]["labels"]["alertname"] == "test"
    assert receiver.got == []
    assert capsys.readouterr().out == ""
