"""How soon the Now page shows its numbers, and how long each of its questions takes.

    python benchmarks/now_page.py [--spans 200000] [--hours 48] [--rounds 5]

Fills a store, starts `llmobs collector` and `llmobs dashboard` as processes, and opens the page in a headless
Chromium that has nothing cached, a new one each round. Seconds from opening until numbers can be read (the
first answer of the server), until the live ones stand in their place, and until all four charts are drawn;
then milliseconds per question over HTTP as the page asks it. Prints tables.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "dashboard"))

import scope

from llmobs.server.store import Store, open_store
from tests.browser import chromium
from tests.dashboard.traffic import spans

ROOT = Path(__file__).parents[1]
BATCH = 20_000
QUESTIONS = (
    "newest",
    "now_numbers",
    "now_series",
    "incidents_list",
    "usage_by_model",
    "failures_by_cause",
    "models_now",
    "filter_values",
    "traces",
)
MOMENTS = {
    "numbers": "() => document.querySelector('#llmobs-first')?.shadowRoot?.querySelector('.value') || live()",
    "live numbers": "() => live()",
    "charts": "() => document.querySelectorAll('.chart[data-drawn]').length === 4",
}
LIVE = """
window.live = () => [...document.querySelectorAll('[data-testid="stBidiComponentIsolated"]')]
  .some((each) => each.shadowRoot?.querySelector('.tile .value'));
"""


def fill(folder: str, count: int, hours: float) -> int:
    """About `count` spans over the last `hours`; how many there are."""
    store = open_store(f"duckdb://{folder}")
    batch: list[dict[str, object]] = []
    for trace in spans(count, hours, datetime.now(UTC)):
        batch += trace
        if len(batch) >= BATCH:
            store.append(batch)
            batch = []
    store.append(batch)
    store.seal()
    stored = store.counts()["stored_spans"]
    store.close()
    return int(stored)


@contextmanager
def running(folder: str) -> Iterator[tuple[str, str]]:
    """Collector and dashboard on free ports; their addresses."""
    held = [socket.socket() for _ in range(3)]
    for each in held:
        each.bind(("127.0.0.1", 0))
    http, grpc, page = (each.getsockname()[1] for each in held)
    for each in held:
        each.close()
    named = {"DATA": folder, "HTTP_PORT": str(http), "GRPC_PORT": str(grpc), "DASHBOARD_PORT": str(page)}
    environment = {**os.environ, **{f"LLMOBS_{name}": value for name, value in named.items()}}
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "llmobs", part], env=environment, cwd=ROOT, stdout=subprocess.DEVNULL
        )
        for part in ("collector", "dashboard")
    ]
    try:
        until_it_answers(f"http://127.0.0.1:{http}/readyz")
        until_it_answers(f"http://127.0.0.1:{page}/_stcore/health")
        yield f"http://127.0.0.1:{http}", f"http://127.0.0.1:{page}"
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(30)


def until_it_answers(url: str, within_s: float = 60.0) -> None:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"{url} did not answer within {within_s:g} s")


def opening(page_url: str) -> dict[str, float]:
    """Seconds from opening until each of MOMENTS."""
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.add_init_script(LIVE)
        begin = time.perf_counter()
        page.goto(page_url, wait_until="commit")
        found = {}
        for name, there in MOMENTS.items():
            page.wait_for_function(there, timeout=120_000)
            found[name] = time.perf_counter() - begin
        return found


def asked(store: Store, query: str, name: str, rounds: int) -> list[float]:
    """Milliseconds of each time."""
    took = []
    for back in range(rounds):
        with scope.given({"range": name}):
            now = scope.window(datetime.now(UTC) - timedelta(seconds=back))
        begin = time.perf_counter()
        store.frame(query, since=now.since, until=now.until, step_s=now.step_s, size=50, skip=0)
        took.append((time.perf_counter() - begin) * 1000)
    return took


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--spans", type=int, default=200_000)
    parser.add_argument("--hours", type=float, default=48.0)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        stored = fill(folder, given.spans, given.hours)
        load = os.getloadavg()[0]
        print(
            f"{stored:,} spans over {given.hours:g} h; {os.cpu_count()} cores, load {load:.1f} at the start\n"
        )
        with running(folder) as (collector, page):
            print(f"{'opening Now, seconds':34}{'median':>9}{'least':>9}{'most':>9}")
            for name in ("1h", "24h"):
                rounds = [opening(f"{page}/?range={name}") for _ in range(given.rounds)]
                for moment in MOMENTS:
                    line(f"{name}, until {moment}", [one[moment] for one in rounds], 2)
            print(f"\n{'question, milliseconds':34}{'median':>9}{'least':>9}{'most':>9}")
            store = open_store(collector)
            for name in ("1h", "24h"):
                for query in QUESTIONS:
                    line(f"{name}, {query}", asked(store, query, name, given.rounds * 4), 0)
            store.close()


def line(title: str, values: list[float], digits: int) -> None:
    found = (statistics.median(values), min(values), max(values))
    print(f"{title:34}" + "".join(f"{value:9.{digits}f}" for value in found))


if __name__ == "__main__":
    main()
