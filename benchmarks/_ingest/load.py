"""Sends requests at a steady rate over a few kept connections, from a process of its own."""

import http.client
import multiprocessing
import queue
import threading
import time
from typing import NamedTuple

from _ingest import corpus

CONNECTIONS = 6
TEMPLATES = 24
GIVE_UP_S = 60.0  # with one request, as an exporter would
HEADERS = {"content-type": "application/x-protobuf"}


class Sent(NamedTuple):
    """What was acknowledged: when, how long each took, what was said instead."""

    acked: list[tuple[float, int]]  # (time.monotonic(), spans so far)
    latencies_s: list[float]
    retries: int
    errors: list[str]
    cpu_s: float
    bytes_per_span: float


class Load:
    """A generator process. `acked()` may be asked while it runs; `result()` ends with it."""

    def __init__(self, port: int, rate: float, requests: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._count = context.Value("q", 0)
        self._ready, self._go = context.Event(), context.Event()
        self._out = context.Queue()
        shared = (self._count, self._ready, self._go, self._out)
        self._process = context.Process(target=run, args=(port, rate, requests, *shared), daemon=True)
        self._process.start()

    def begin(self) -> None:
        """Starts once the corpus is made."""
        if not self._ready.wait(300):
            raise RuntimeError("The load generator did not get ready.")
        self._go.set()

    def acked(self) -> int:
        """Spans acknowledged so far."""
        return self._count.value

    def running(self) -> bool:
        """Whether there is more to come."""
        return self._process.is_alive() and self._out.empty()

    def result(self) -> Sent:
        """What came of it."""
        sent = self._out.get(timeout=120)
        self._process.join()
        return sent


def run(port: int, rate: float, requests: int, count, ready, go, out) -> None:
    """The process: makes the corpus, waits for the word, sends."""
    made = corpus.templates(TEMPLATES)
    work: queue.SimpleQueue = queue.SimpleQueue()
    for number in range(requests):
        work.put(number)
    lock = threading.Lock()
    acked, latencies, errors, retries = [], [], [], []
    ready.set()
    go.wait()
    begun, cpu = time.monotonic(), time.process_time()

    def send() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=GIVE_UP_S)
        while True:
            try:
                number = work.get_nowait()
            except queue.Empty:
                return
            time.sleep(max(0.0, begun + number * corpus.SPANS / rate - time.monotonic()))
            body = made[number % len(made)].stamped(number)
            started = time.monotonic()
            if not post(connection, body, retries, errors):
                continue
            with lock:
                count.value += corpus.SPANS
                acked.append((time.monotonic(), count.value))
                latencies.append(time.monotonic() - started)

    threads = [threading.Thread(target=send) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    size = sum(len(t.body) for t in made) / len(made) / corpus.SPANS
    out.put(Sent(acked, latencies, len(retries), errors[:5], time.process_time() - cpu, size))


def post(connection: http.client.HTTPConnection, body: bytes, retries: list, errors: list) -> bool:
    """Whether it was acknowledged; sent again on 429 and 503 as an exporter does."""
    end = time.monotonic() + GIVE_UP_S
    while time.monotonic() < end:
        try:
            connection.request("POST", "/v1/traces", body, HEADERS)
            response = connection.getresponse()
            said = response.read()
        except (OSError, http.client.HTTPException) as wrong:
            connection.close()
            errors.append(repr(wrong))
            return False
        if response.status == 200:
            return True
        if response.status not in (429, 503):
            errors.append(f"{response.status} {said[:200]!r}")
            return False
        retries.append(response.status)
        time.sleep(min(1.0, float(response.headers.get("retry-after", 1))))
    errors.append("given up")
    return False
