"""Live traffic of one service: visitors come as the shape says; a thread of the demo's program serves each.

    python -m llmobs.demo.traffic --service 0 --provider http://127.0.0.1:8099 --start 1795000000

The first service leads: it tells the stand-in to fail when an incident's time has come, and says so.
"""

import argparse
import json
import os
import random
import signal
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import llmobs
from llmobs.demo import incidents, shape
from llmobs.demo.desk import Desk
from llmobs.demo.faults import Faults
from llmobs.demo.shape import SERVICES, Service

FIRST = "triage"  # asks one SDK only, so that something is on screen before the other is imported
AT_ONCE = 24  # visitors served at the same time; more are turned away, as a real pool would
LOOK_S = 1.0  # how often the clock is asked for incidents


def main(argv: list[str] | None = None) -> int:
    """Serves visitors until SIGTERM, or for `--duration` seconds."""
    given = parse(argv)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    if given.with_parent:
        from llmobs.server.tree import end_with_parent

        end_with_parent()
    llmobs.instrument()
    traffic = Traffic(SERVICES[given.service], given.provider, given.seed, given.speed, given.start)
    if given.service == 0:
        threading.Thread(target=traffic.lead, args=(stopped,), daemon=True).start()
    traffic.run(stopped, given.duration)
    sys.stdout.flush()
    llmobs.flush(2)
    os._exit(0)  # visitors who are being served would hold us up for as long as their answers take


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m llmobs.demo.traffic", description=__doc__)
    parser.add_argument("--service", type=int, default=0, choices=range(len(SERVICES)))
    parser.add_argument("--provider", required=True, metavar="URL")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--start", type=float, default=time.time(), help="incidents count from then")
    parser.add_argument("--duration", type=float, default=None)
    parser.add_argument("--with-parent", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(argv)


class Traffic:
    """The visitors of one service."""

    def __init__(self, service: Service, provider: str, seed: int, speed: float, start: float) -> None:
        self.service, self.provider, self.speed, self.start = service, provider, speed, start
        self.chance = random.Random(f"{seed}|{service.name}|{service.environment}|{start}")
        self.desk = Desk(provider, seed=self.chance.getrandbits(32))

    def run(self, stopped: threading.Event, duration_s: float | None) -> None:
        """Begins with a visitor at once, so that something is on screen soon."""
        self.await_provider(stopped)
        self.desk.serve(FIRST, shape.visitor(time.time(), self.chance))
        self.desk.prepare()
        end = time.monotonic() + (duration_s or float("inf"))
        room = threading.BoundedSemaphore(AT_ONCE)
        with ThreadPoolExecutor(AT_ONCE, "visitor") as pool:
            while not stopped.is_set() and time.monotonic() < end:
                now = time.time()
                self.desk.choices = incidents.choices(now - self.start)
                self.desk.index_built_at = shape.index_built_at(now)
                if room.acquire(blocking=False):
                    pool.submit(self.serve, now, room)
                a_second = shape.per_minute(self.service, now, now) / 60 * self.speed
                stopped.wait(min(self.chance.expovariate(a_second), end - time.monotonic()))
            pool.shutdown(wait=False, cancel_futures=True)

    def await_provider(self, stopped: threading.Event) -> None:
        while not stopped.is_set():
            try:
                urllib.request.urlopen(f"{self.provider}/healthz", timeout=2).close()
            except OSError:
                stopped.wait(0.1)
            else:
                return

    def serve(self, at: float, room: threading.BoundedSemaphore) -> None:
        try:
            scenario = shape.scenario(self.service, self.chance)
            self.desk.serve(scenario, shape.visitor(at, self.chance))
        finally:
            room.release()

    def lead(self, stopped: threading.Event) -> None:
        """Tells the stand-in what is wrong with it now, and the reader what is happening."""
        before: incidents.Incident | None = None
        while not stopped.wait(LOOK_S):
            found = incidents.now(time.time() - self.start)
            if found != before:
                self.tell({**incidents.USUAL, **incidents.FAULTS.get(found.kind if found else "", {})})
                if found:
                    print(f"Incident: {found.says}. For {found.lasts_s / 60:.0f} minutes.", flush=True)
                elif before:
                    print("Incident over. Its alert resolves once the window is clean.", flush=True)
                before = found

    def tell(self, faults: Faults) -> None:
        body = json.dumps({model: fault._asdict() for model, fault in faults.items()}).encode()
        request = urllib.request.Request(f"{self.provider}/faults", body, method="PUT")
        try:
            urllib.request.urlopen(request, timeout=5).close()
        except OSError as wrong:
            print(f"The stand-in for the providers did not take its faults: {wrong}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
