"""The whole road once: SDK call, span, OTLP, collector, DuckDB, query, page and alert, all of it real.

One process tree as `llmobs up` starts it, one program with the real openai SDK, one browser, one webhook.
Only the provider is a stand-in, because there is no network.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.browser import chromium

CALLS, FAILED = 40, 15
# Each good call: 1,000 tokens in and 200 out of gpt-4o-mini at 0.15 and 0.60 USD a million.
COST_USD = (CALLS - FAILED) * (1_000 * 0.15 + 200 * 0.60) / 1e6  # 25 * 0.00027 = 0.00675
PROGRAM = f"""
import llmobs, openai
llmobs.instrument(service_name="flow")
client = openai.OpenAI(api_key="sk-none", base_url="{{provider}}/v1", max_retries=0)
for number in range({CALLS}):
    try:
        with llmobs.context(user=f"user-{{{{number % 4}}}}"):
            client.chat.completions.create(
                model="gpt-4o-mini", messages=[{{{{"role": "user", "content": f"question {{{{number}}}}"}}}}]
            )
    except openai.InternalServerError:
        pass
assert llmobs.flush(10)
"""
ANSWER = {
    "id": "chatcmpl-flow",
    "object": "chat.completion",
    "created": 1_764_000_000,
    "model": "gpt-4o-mini-2024-07-18",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "The river answers."},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 1_000, "completion_tokens": 200, "total_tokens": 1_200},
}


class Provider(BaseHTTPRequestHandler):
    """Answers as OpenAI does; the last FAILED of the CALLS with status 500."""

    seen = 0

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        Provider.seen += 1
        bad = Provider.seen > CALLS - FAILED
        body = json.dumps({"error": {"message": "overloaded"}} if bad else ANSWER).encode()
        self.send_response(500 if bad else 200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Webhook(BaseHTTPRequestHandler):
    """Keeps what the alert engine posts."""

    got: list = []  # noqa: RUF012 - one receiver a test

    def do_POST(self):
        Webhook.got.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def serve(handler):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}"


def free_ports(count):
    held = [socket.socket() for _ in range(count)]
    try:
        for each in held:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in held]
    finally:
        for each in held:
            each.close()


def until(found, seconds, what):
    """What `found` gives once it is true; fails with `what` after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(0.2)
    pytest.fail(f"not within {seconds} s: {what}")


def ready(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.fixture
def tree(tmp_path):
    """The process tree of `llmobs up` on free ports; gives its environment and its process."""
    http, grpc, dashboard = free_ports(3)
    hook, hook_url = serve(Webhook)
    settings = {
        "LLMOBS_DATA": str(tmp_path / "data"),
        "LLMOBS_HTTP_PORT": str(http),
        "LLMOBS_GRPC_PORT": str(grpc),
        "LLMOBS_DASHBOARD_PORT": str(dashboard),
        "LLMOBS_WEBHOOK": hook_url,
        "LLMOBS_ALERT_INTERVAL": "1",
        "LLMOBS_ENDPOINT": f"http://127.0.0.1:{http}",
    }
    environment = {**os.environ, **settings}
    log = (tmp_path / "up.log").open("w+")
    up = subprocess.Popen([sys.executable, "-m", "llmobs", "up"], env=environment, stdout=log, stderr=log)
    try:
        until(lambda: ready(f"http://127.0.0.1:{http}/readyz"), 60, "collector ready")
        until(lambda: ready(f"http://127.0.0.1:{dashboard}/_stcore/health"), 60, "dashboard ready")
        yield environment, up, dashboard
    finally:
        if up.poll() is None:
            up.send_signal(signal.SIGINT)
            up.wait(30)
        hook.shutdown()
        hook.server_close()
        log.seek(0)
        print(log.read())
        log.close()


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.timeout(240)
def test_a_call_reaches_the_page_and_a_failure_the_webhook(tree, tmp_path):
    environment, up, dashboard = tree
    provider, provider_url = serve(Provider)
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(provider=provider_url).replace("{{", "{").replace("}}", "}"))

    subprocess.run([sys.executable, str(program)], env=environment, check=True, timeout=60)

    [row] = asked(environment, "SELECT count(*) AS calls, sum(cost_usd) AS usd, count(usd) AS n FROM ("
                  "SELECT cost_usd, cost_usd AS usd FROM calls WHERE service = 'flow')")  # fmt: skip
    assert row["calls"] == CALLS
    assert row["n"] == CALLS - FAILED
    assert row["usd"] == pytest.approx(COST_USD, abs=1e-9)

    with chromium() as browser:
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{dashboard}/?range=1h")
        # 25 of 40 calls were answered: 62.5 %; 4 users; 25 * 1,200 tokens.
        page.get_by_text("62.5").first.wait_for(timeout=60_000)
        page.goto(f"http://127.0.0.1:{dashboard}/traces")
        page.get_by_text("question 3").first.wait_for(timeout=60_000)

    fired = until(lambda: [p for p in Webhook.got if p["status"] == "firing"], 90, "webhook called")
    labels = fired[0]["alerts"][0]["labels"]
    assert labels["alertname"] == "availability"

    up.send_signal(signal.SIGINT)
    assert up.wait(30) == 0
    provider.shutdown()
    provider.server_close()


def asked(environment, sql):
    done = subprocess.run(
        [sys.executable, "-m", "llmobs", "sql", "--format", "json", sql],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(done.stdout)
