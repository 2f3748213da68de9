"""Two days of history: the demo's program really runs, in memory; what it recorded is copied into the past.

    python -m llmobs.demo.history --collector http://127.0.0.1:4318

The newest five minutes go first, so that the charts fill from the right. Buckets that the collector has spans
of already are left alone: a second start fills the gap since the first and nothing else.
"""

import argparse
import http.client
import os
import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import llmobs
from llmobs.demo import incidents, past, retime, shape
from llmobs.demo.desk import Desk
from llmobs.demo.provider import Provider, running
from llmobs.demo.retime import Node
from llmobs.demo.shape import BUCKET_S, HISTORY_S, SERVICES, Service
from llmobs.server.store import Store, open_store
from llmobs.server.tree import end_with_parent

HERE = Path(__file__).parent

# How often a scenario is run for one kind of day; more when it has more ways to go.
RUNS = {"answer_ticket": 32, "resolve_case": 12, "triage": 20, "summarise": 24}
RARER = 4  # of what goes wrong on any day fewer are needed
# Scenarios that an incident touches; the others run as on any day.
TOUCHES = {
    "outage": ("answer_ticket", "resolve_case"),
    "empty": ("resolve_case", "summarise"),
    "truncated": ("answer_ticket",),
    "costly": ("triage",),
    incidents.UNLUCKY: tuple(RUNS),
}
PATIENCE_S = 120.0  # with a collector that says "later", or restarts


class Recorder:
    """Traces of the program by scenario and kind of incident; each recorded when it is first asked for."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.spans = InMemorySpanExporter()
        self.app = Provider(seed, pace=0)
        self.known: dict[tuple[str, str], list[Node]] = {}
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.spans))
        llmobs.instrument(tracer_provider=provider)
        self._server = running(self.app)
        self.desk = Desk(self._server.__enter__(), seed, pace=0)

    def get(self, scenario: str, incident: str) -> list[Node]:
        """Recorded traces of the scenario while an incident of that kind lasts; "" for none."""
        key = (scenario, incident if scenario in TOUCHES.get(incident, ()) else "")
        if key not in self.known:
            self.known[key] = self.record(*key)
        return self.known[key]

    def record(self, scenario: str, incident: str) -> list[Node]:
        self.app.faults = incidents.FAULTS.get(incident, {})
        self.desk.choices = incidents.CHOICES.get(incident, incidents.Choices())
        chance = random.Random(f"{self.seed}|{scenario}|{incident}")
        for _ in range(-(-RUNS[scenario] // (RARER if incident == incidents.UNLUCKY else 1))):
            self.desk.serve(scenario, shape.visitor(time.time(), chance))
        spans = self.spans.get_finished_spans()
        self.spans.clear()
        return retime.recordings(spans)

    def close(self) -> None:
        llmobs.uninstrument()
        self.desk.close()
        self._server.__exit__(None, None, None)


def traces(service: Service, bucket: int, now: float, recorder: Recorder, seed: int) -> Iterator[list[Span]]:
    """The traces of a service in a bucket of five minutes."""
    for number, at in enumerate(shape.starts(service, bucket, now, seed)):
        chance = random.Random(f"{seed}|{service.name}|{service.environment}|{bucket}|{number}")
        unlucky = incidents.UNLUCKY if chance.random() < incidents.UNLUCKY_SHARE else ""
        recorded = recorder.get(shape.scenario(service, chance), incidents.kind(at - now) or unlucky)
        visitor = shape.visitor(at, chance)
        yield retime.copy(chance.choice(recorded), at, visitor, shape.index_built_at(at), chance)


def requests(
    now: float, there: dict[tuple[str, str], set[int]], recorder: Recorder, seed: int
) -> Iterator[tuple[int, ExportTraceServiceRequest]]:
    """The history as OTLP, newest first, without the buckets that are `there`; with each how many traces."""
    newest = shape.bucket_of(now)
    for bucket in range(newest, newest - HISTORY_S // BUCKET_S, -1):
        request, count = ExportTraceServiceRequest(), 0
        for service in SERVICES:
            if bucket in there.get((service.name, service.environment), ()):
                continue
            found = list(traces(service, bucket, now, recorder, seed))
            if found:
                add(request, service, [span for trace in found for span in trace])
                count += len(found)
        if count:
            yield count, request


def add(request: ExportTraceServiceRequest, service: Service, spans: list[Span]) -> None:
    """As the exporter of that service would have sent them."""
    into = request.resource_spans.add()
    facts = {"service.name": service.name, "deployment.environment.name": service.environment}
    for name, text in Resource.create(facts).attributes.items():
        into.resource.attributes.add(key=name).value.string_value = str(text)
    scope = into.scope_spans.add(spans=spans).scope
    scope.name, scope.version = "llmobs", llmobs.__version__


def buckets_there(store: Store, now: float) -> dict[tuple[str, str], set[int]]:
    """Buckets before `now` that have spans, by service and environment."""
    until = datetime.fromtimestamp(now, UTC)
    found: dict[tuple[str, str], set[int]] = {}
    for row in store.sql(HERE.joinpath("buckets.sql").read_text(), {"until": until}).to_pylist():
        found.setdefault((row["service"], row["environment"]), set()).add(row["bucket"])
    return found


class Sender:
    """Posts OTLP to the collector over one connection; waits while it says "later" or restarts."""

    def __init__(self, collector: str) -> None:
        self.address = urlsplit(collector).netloc
        self.connection = http.client.HTTPConnection(self.address, timeout=60)

    def send(self, payload: bytes) -> None:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            try:
                self.connection.request(
                    "POST", "/v1/traces", payload, {"content-type": "application/x-protobuf"}
                )
                answer = self.connection.getresponse()
                says = answer.read()
            except (OSError, http.client.HTTPException):
                self.connection.close()
                time.sleep(0.5)
                continue
            if answer.status == 200:
                return
            if answer.status not in (429, 503):
                raise OSError(
                    f"The collector at {self.address} refused history: {answer.status} {says[:200]!r}"
                )
            time.sleep(float(answer.headers.get("retry-after") or 0.2))
        raise OSError(f"The collector at {self.address} did not take history within {PATIENCE_S:.0f} s.")


def fill(collector: str, seed: int, now: float) -> None:
    """Makes the history and sends it."""
    began, count = time.monotonic(), 0
    store = open_store(collector)
    sender, recorder = Sender(collector), Recorder(seed)
    try:
        there = buckets_there(store, now)
        for traces_in, request in requests(now, there, recorder, seed):
            sender.send(request.SerializeToString())
            count += traces_in
        print(
            f"History: {count:,} traces of the last two days in {time.monotonic() - began:.0f} s.", flush=True
        )
        if found := unjudged(there, now):
            fired = past.judge(store, found, now)
            print(f"History: {fired} alerts fired in it. See the Alerts page.", flush=True)
    finally:
        recorder.close()
        sender.connection.close()
        store.close()


def unjudged(there: dict[tuple[str, str], set[int]], now: float) -> list[incidents.Incident]:
    """Past incidents whose beginning was not in the store before, the oldest first."""
    known = there.get((SERVICES[0].name, SERVICES[0].environment), set())
    return [i for i in incidents.PAST if shape.bucket_of(now + i.at_s) not in known and i.at_s > -HISTORY_S]


def main(argv: list[str] | None = None) -> int:
    """Fills the two days before `--start`, then ends."""
    parser = argparse.ArgumentParser(prog="python -m llmobs.demo.history", description=__doc__)
    parser.add_argument("--collector", default="http://127.0.0.1:4318", metavar="URL")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--start", type=float, default=time.time(), help="live traffic begins then")
    parser.add_argument("--with-parent", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(argv)
    if given.with_parent:
        end_with_parent()
    os.nice(5)  # live traffic and the dashboard come first
    try:
        fill(given.collector, given.seed, given.start)
    except OSError as wrong:
        print(f"History ends early: {wrong}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
