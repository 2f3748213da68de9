"""The whole road once: SDK call, span, OTLP, collector, DuckDB, query, page and alert, all of it real.

One process tree as `llmobs up` starts it, one program with the real openai SDK, one browser, one webhook.
Only the provider is a stand-in, because there is no network.
"""

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.browser import chromium
from tests.processes import Up, until

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


@pytest.fixture
def tree(tmp_path):
    """The process tree of `llmobs up`, with a webhook."""
    hook, hook_url = serve(Webhook)
    up = Up(tmp_path, webhook=hook_url, alert_interval=1)
    try:
        up.wait_until_up()
        yield up
    finally:
        if up.process.poll() is None:
            up.end()
        hook.shutdown()
        hook.server_close()
        print(up.said())


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.timeout(240)
def test_a_call_reaches_the_page_and_a_failure_the_webhook(tree, tmp_path):
    provider, provider_url = serve(Provider)
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(provider=provider_url).replace("{{", "{").replace("}}", "}"))

    subprocess.run([sys.executable, str(program)], env=tree.environment, check=True, timeout=60)

    until(lambda: tree.asked("SELECT count(*) AS n FROM calls WHERE service = 'flow'") == [{"n": CALLS}])
    [row] = tree.asked("SELECT count(cost_usd) AS priced, sum(cost_usd) AS usd FROM calls")
    assert row["priced"] == CALLS - FAILED
    assert row["usd"] == pytest.approx(COST_USD, abs=1e-9)

    with chromium() as browser:
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{tree.dashboard}/?range=1h")
        # 25 of 40 calls were answered: 62.5 %; 4 users; 25 * 1,200 tokens.
        page.get_by_text("62.5").first.wait_for(timeout=60_000)
        page.goto(f"http://127.0.0.1:{tree.dashboard}/traces")
        page.get_by_text("question 3").first.wait_for(timeout=60_000)

    fired = until(lambda: [p for p in Webhook.got if p["status"] == "firing"], 90)
    labels = fired[0]["alerts"][0]["labels"]
    assert labels["alertname"] == "availability"

    assert tree.end() == 0
    provider.shutdown()
    provider.server_close()
