"""kill -9 of a collector under load, again and again: is every acknowledged span there afterwards, once?

    python benchmarks/kill.py --kills 20

Starts `llmobs collector` and senders beside it that behave as exporters do: what was not acknowledged is sent
again, byte for byte. Kills the process at a random moment, starts it again, and so on. Prints a table; the
exit code is 1 where a span is missing or there twice.
"""

import argparse
import http.client
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from _ingest import corpus  # noqa: E402
from _ingest.process import Server, free_port  # noqa: E402

from llmobs.server.store import open_store  # noqa: E402

REQUESTS = (Path(__file__).parent / "_kill" / "requests.sql").read_text()
SENDERS = 4
RUN_S = (0.3, 3.0)  # between a start and the kill
PATIENCE_S = 120.0


class Outcome(NamedTuple):
    """What came of it. Times in seconds."""

    kills: int
    acked: int  # spans
    found: int
    lost: int
    twice: int
    resent: int  # requests sent again because the collector died before it answered
    restarts_s: list[float]


class Sender:
    """An exporter: one connection, one request after the other, each until it is acknowledged."""

    def __init__(self, port: int, templates: list[corpus.Template], numbers: Iterator[int]) -> None:
        self._port = port
        self._templates = templates
        self._numbers = numbers
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.acked: list[int] = []
        self.resent = 0
        self._thread.start()

    def stop(self) -> None:
        """Ends with the request that is under way."""
        self._ending.set()
        self._thread.join(PATIENCE_S)

    def _run(self) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)) as connection:
            while not self._ending.is_set():
                number = next(self._numbers)
                body = self._templates[number % len(self._templates)].stamped(number)
                while not self._send(connection, body):
                    self.resent += 1
                    time.sleep(0.05)
                self.acked.append(number)

    def _send(self, connection: http.client.HTTPConnection, body: bytes) -> bool:
        try:
            connection.request("POST", "/v1/traces", body, {"content-type": "application/x-protobuf"})
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return False
        if answer.status == 503:
            self._ending.wait(float(answer.headers["retry-after"]))
        return answer.status == 200


class Numbers(Iterator[int]):
    """1, 2, 3 ... for several threads."""

    def __init__(self) -> None:
        self._next = 0
        self._lock = threading.Lock()

    def __next__(self) -> int:
        with self._lock:
            self._next += 1
            return self._next


def run(kills: int, folder: Path, seed: int = 7) -> Outcome:
    """Kills a collector `kills` times; its data lies in `folder`."""
    moments = random.Random(seed)
    port, grpc_port = free_port(), free_port()
    server = start(folder, port, grpc_port)
    templates, numbers = corpus.templates(4), Numbers()
    senders = [Sender(port, templates, numbers) for _ in range(SENDERS)]
    restarts_s = []
    for _ in range(kills):
        time.sleep(moments.uniform(*RUN_S))
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        server = start(folder, port, grpc_port)
        restarts_s.append(server.start_s)
    for sender in senders:
        sender.stop()
    try:
        return outcome(kills, port, senders, restarts_s)
    finally:
        server.stop()


def start(folder: Path, port: int, grpc_port: int) -> Server:
    settings = {
        "LLMOBS_DATA": str(folder / "data"),
        "LLMOBS_HTTP_PORT": str(port),
        "LLMOBS_GRPC_PORT": str(grpc_port),
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    return Server(
        [sys.executable, "-m", "llmobs", "collector"], folder, settings, f"http://127.0.0.1:{port}/readyz"
    )


def outcome(kills: int, port: int, senders: list[Sender], restarts_s: list[float]) -> Outcome:
    """Compares what was acknowledged with what the store has."""
    acked = {f"{number:08x}" for sender in senders for number in sender.acked}
    expected = len(acked) * corpus.SPANS
    store = open_store(f"http://127.0.0.1:{port}")
    until = time.monotonic() + PATIENCE_S
    while True:
        found = {row["request"]: row["spans"] for row in store.sql(REQUESTS).to_pylist()}
        if sum(found.values()) >= expected or time.monotonic() > until:
            break
        time.sleep(0.2)
    store.close()
    return Outcome(
        kills,
        expected,
        sum(found.values()),
        sum(max(0, corpus.SPANS - found.get(number, 0)) for number in acked),
        sum(max(0, spans - corpus.SPANS) for spans in found.values()),
        sum(sender.resent for sender in senders),
        restarts_s,
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="llmobs-kill-") as folder:
        seen = run(given.kills, Path(folder), given.seed)
    print(f"  {'kills -9':32} {seen.kills:>12,}")
    print(f"  {'spans acknowledged':32} {seen.acked:>12,}")
    print(f"  {'spans found':32} {seen.found:>12,}")
    print(f"  {'lost':32} {seen.lost:>12,}")
    print(f"  {'there twice':32} {seen.twice:>12,}")
    print(f"  {'requests sent again':32} {seen.resent:>12,}")
    print(f"  {'ready again after, median s':32} {sorted(seen.restarts_s)[len(seen.restarts_s) // 2]:>12.2f}")
    print(f"  {'ready again after, at most s':32} {max(seen.restarts_s):>12.2f}")
    return 1 if seen.lost or seen.twice else 0


if __name__ == "__main__":
    sys.exit(main())
