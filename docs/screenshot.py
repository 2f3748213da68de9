"""Makes docs/img/now.png: the Now page with demo traffic, as `make screenshot` finds it.

Starts `llmobs demo` on free ports with data in a temporary folder, waits for its history, and ends it again.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser import FLAGS, executable

IMAGE = Path(__file__).parent / "img" / "now.png"
ENOUGH_SPANS = 90_000  # two days have about 94,000
WAIT_S = 300


def main() -> None:
    ports = free_ports(3)
    with tempfile.TemporaryDirectory() as folder:
        names = ("LLMOBS_HTTP_PORT", "LLMOBS_GRPC_PORT", "LLMOBS_DASHBOARD_PORT")
        settings = {"LLMOBS_DATA": f"{folder}/data", **dict(zip(names, map(str, ports), strict=True))}
        demo = subprocess.Popen([sys.executable, "-m", "llmobs", "demo"], env={**os.environ, **settings})
        try:
            wait_for_history(ports[0])
            shoot(f"http://127.0.0.1:{ports[2]}/?range=24h")
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(60)
    print(f"Wrote {IMAGE}")


def wait_for_history(port: int) -> None:
    """Until the demo's two days are in the store."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status", timeout=5) as answer:
                if json.load(answer)["stored_spans"] > ENOUGH_SPANS:
                    return
        except OSError:
            pass  # not up yet
        time.sleep(1)
    raise TimeoutError(f"The demo has not brought {ENOUGH_SPANS} spans within {WAIT_S} s.")


def shoot(url: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 1100})
        page.goto(url)
        page.get_by_text("Availability").first.wait_for(timeout=60_000)
        page.locator(".js-plotly-plot").first.wait_for(timeout=60_000)
        page.wait_for_timeout(5_000)  # every chart drawn
        IMAGE.parent.mkdir(exist_ok=True)
        page.screenshot(path=IMAGE)
        browser.close()


def free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    for each in held:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


if __name__ == "__main__":
    main()
