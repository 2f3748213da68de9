"""How many spans a second the collector takes, safely and so that they can be read at once.

    python benchmarks/ingest.py --seconds 120 --rate 10000 [--phoenix VENV]

Starts `llmobs collector` and beside it, on the same cores, a load generator that sends requests of 512 spans
(25 attributes and 2.9 KB each) at the given rate. Asks for `count(*)` through the read API all the while: the
lag is the age of the oldest span that was acknowledged and is not counted. Prints a table.
"""

import argparse
import bisect
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from _ingest import corpus, load, phoenix
from _ingest.process import Server, free_port

from llmobs.server.store import Store, open_store

HERE = Path(__file__).parent / "_ingest"
COUNT, TWICE, TRACE = ((HERE / f"{name}.sql").read_text() for name in ("count", "twice", "one_trace"))
QUESTIONS = {f.stem.replace("_", " "): f.read_text() for f in sorted((HERE / "questions").glob("*.sql"))}
PATIENCE_S = 60.0
POLL_S = 0.25


class Seen(NamedTuple):
    """One look: when it was asked, how long it took, how many spans there were."""

    at: float
    took_s: float
    spans: int


def main() -> None:
    given = arguments()
    with tempfile.TemporaryDirectory(prefix="llmobs-bench-") as folder:
        rows = measure(Path(folder) / "llmobs", given.seconds, given.rate)
        show("llmobs", rows)
        if given.phoenix:
            show("Phoenix", phoenix.measure(given.phoenix, Path(folder) / "phoenix"))


def measure(folder: Path, seconds: float, rate: float) -> dict[str, float]:
    """Figures by name."""
    port = free_port()
    server = collector(folder, port)
    store = open_store(f"http://127.0.0.1:{port}")
    try:
        sending = load.Load(port, rate, round(seconds * rate / corpus.SPANS))
        sending.begin()
        cpu, begun = server.cpu_s(), time.monotonic()
        looks = watch(sending, store)
        sent = sending.result()
        looks += catch_up(sent.acked[-1][1], store)
        asked = answers(store)
        twice = store.sql(TWICE).column(0)[0].as_py()
        used, peak = server.cpu_s() - cpu, server.peak_mib()
        used += server.stop()
        spans = sent.acked[-1][1]
        return {
            **speed(sent, looks, begun),
            **asked,
            "lost": spans - looks[-1].spans,
            "counted twice": twice,
            "told to wait": sent.retries,
            "errors": len(sent.errors),
            "peak memory, MiB": peak,
            "CPU s per 1,000 spans": used / spans * 1e3,
            "of the generator": sent.cpu_s / spans * 1e3,
            "bytes per span sent": sent.bytes_per_span,
            "bytes per span on disk": server.disk() / spans,
            "machine load": os.getloadavg()[0],
        }
    finally:
        store.close()
        server.stop()


def collector(folder: Path, port: int) -> Server:
    """`llmobs collector`, ready, with its data in `folder`."""
    settings = {
        "LLMOBS_DATA": str(folder / "data"),
        "LLMOBS_HTTP_PORT": str(port),
        "LLMOBS_GRPC_PORT": str(free_port()),
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    command = [sys.executable, "-m", "llmobs", "collector"]
    return Server(command, folder, settings, f"http://127.0.0.1:{port}/readyz")


def answers(store: Store) -> dict[str, float]:
    """How long each question takes, by its name."""
    asked = {f"{name}, ms": question(store, text) for name, text in QUESTIONS.items()}
    newest = store.sql(QUESTIONS["newest traces"]).column("trace_id")[0].as_py()
    return {**asked, "one trace, ms": question(store, TRACE, trace_id=newest)}


def speed(sent: load.Sent, looks: list[Seen], begun: float) -> dict[str, float]:
    """How fast spans were acknowledged and could be counted; `begun` is of time.monotonic()."""
    ended, spans = sent.acked[-1]
    late = lags(sent.acked, looks)
    return {
        "seconds": ended - begun,
        "acknowledged spans": spans,
        "acknowledged spans/s": spans / (ended - begun),
        "ack p50, ms": percentile(sent.latencies_s, 0.5) * 1e3,
        "ack p99, ms": percentile(sent.latencies_s, 0.99) * 1e3,
        "lag until queryable p50, s": percentile(late, 0.5),
        "lag until queryable max, s": max(late),
        "count(*) p50, ms": percentile([look.took_s for look in looks], 0.5) * 1e3,
    }


def watch(sending: load.Load, store: Store) -> list[Seen]:
    """Looks until all is sent."""
    looks = []
    while sending.running():
        looks.append(look(store))
        time.sleep(POLL_S)
    return looks


def catch_up(spans: int, store: Store) -> list[Seen]:
    """Looks until all that was acknowledged can be read."""
    looks = [look(store)]
    end = time.monotonic() + PATIENCE_S
    while looks[-1].spans < spans and time.monotonic() < end:
        time.sleep(POLL_S / 5)
        looks.append(look(store))
    return looks


def look(store: Store) -> Seen:
    """One count."""
    at = time.monotonic()
    spans = store.sql(COUNT).column(0)[0].as_py()
    return Seen(at, time.monotonic() - at, spans)


def question(store: Store, text: str, **parameters: str) -> float:
    """Milliseconds, the median of five."""
    took = []
    for _ in range(5):
        begun = time.monotonic()
        store.sql(text, parameters)
        took.append((time.monotonic() - begun) * 1e3)
    return percentile(took, 0.5)


def lags(acked: list[tuple[float, int]], looks: list[Seen]) -> list[float]:
    """For each look the age of the oldest span that was acknowledged before it and not in it; 0 for none."""
    acked = sorted(acked, key=lambda one: one[1])
    totals = [total for _, total in acked]
    found = []
    for seen in looks:
        missing = bisect.bisect_right(totals, seen.spans)
        found.append(max(0.0, seen.at - acked[missing][0]) if missing < len(acked) else 0.0)
    return found


def percentile(values: list[float], share: float) -> float:
    """NaN for no values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def show(title: str, figures: dict[str, float]) -> None:
    """A table."""
    print(f"\n{title}")
    for name, value in figures.items():
        print(f"  {name:32} {value:>14,.2f}" if isinstance(value, float) else f"  {name:32} {value:>14,}")
    sys.stdout.flush()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--rate", type=float, default=10_000.0, help="spans a second")
    parser.add_argument("--phoenix", type=Path, help="the virtual environment it is installed in")
    return parser.parse_args()


if __name__ == "__main__":
    main()
