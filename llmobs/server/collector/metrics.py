"""What the collector counts of itself, in Prometheus' text format 0.0.4 (read on 2026-11-22).

Written from several threads; a lock, because `+=` on an attribute is three steps.
"""

import threading
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

ACK_BOUNDS_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
COUNTERS = {
    "accepted_spans": "Spans acknowledged.",
    "rejected_spans": "Spans refused in requests that were otherwise taken.",
    "accepted_requests": "Requests acknowledged.",
    "accepted_bytes": "Bytes acknowledged, after decompression.",
    "duplicate_requests": "Requests that a client sent again; acknowledged, stored once.",
    "stored_spans": "Spans that can be read.",
    "duplicate_spans": "Spans that were there already, by trace and span id.",
    "quarantined_requests": "Acknowledged requests that the decoder could not take.",
    "seals": "Times that spans were written from memory to the database.",
    "seal_failures": "Times that this failed; it is tried again.",
}


class Metric(NamedTuple):
    """One line of the output, without its prefix `llmobs_`."""

    name: str
    kind: str
    says: str
    value: float


class Metrics:
    """Counters by name, refusals by status, and how long acknowledging takes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(COUNTERS, 0)
        self._refused: dict[tuple[str, int], int] = {}
        self._ack_buckets = [0] * (len(ACK_BOUNDS_S) + 1)
        self._ack_sum_s = 0.0

    def add(self, **counts: int) -> None:
        with self._lock:
            for name, count in counts.items():
                self._counts[name] += count

    def refused(self, protocol: str, status: int) -> None:
        with self._lock:
            self._refused[protocol, status] = self._refused.get((protocol, status), 0) + 1

    def acknowledged(self, duration_s: float) -> None:
        with self._lock:
            self._ack_buckets[bisect_left(ACK_BOUNDS_S, duration_s)] += 1
            self._ack_sum_s += duration_s

    def counts(self) -> dict[str, int]:
        with self._lock:
            return dict(self._counts)

    def text(self, gauges: list[Metric]) -> str:
        """All of it for Prometheus, with the `gauges` of the moment."""
        with self._lock:
            counters = [Metric(f"{n}_total", "counter", COUNTERS[n], c) for n, c in self._counts.items()]
            lines = [line for metric in counters + gauges for line in _lines(metric)]
            lines += [*self._refused_lines(), *self._ack_lines()]
        return "\n".join(lines) + "\n"

    def _refused_lines(self) -> Iterator[str]:
        yield "# HELP llmobs_refused_requests_total Requests answered with an error."
        yield "# TYPE llmobs_refused_requests_total counter"
        for (protocol, status), count in sorted(self._refused.items()):
            yield f'llmobs_refused_requests_total{{protocol="{protocol}",status="{status}"}} {count}'

    def _ack_lines(self) -> Iterator[str]:
        name = "llmobs_acknowledge_seconds"
        yield f"# HELP {name} From the end of a request's body to its acknowledgement."
        yield f"# TYPE {name} histogram"
        total = 0
        for bound, count in zip((*ACK_BOUNDS_S, "+Inf"), self._ack_buckets, strict=True):
            total += count
            yield f'{name}_bucket{{le="{bound}"}} {total}'
        yield f"{name}_sum {self._ack_sum_s:.6f}"
        yield f"{name}_count {total}"


def _lines(metric: Metric) -> Iterator[str]:
    yield f"# HELP llmobs_{metric.name} {metric.says}"
    yield f"# TYPE llmobs_{metric.name} {metric.kind}"
    value = str(metric.value) if metric.value % 1 else f"{metric.value:.0f}"  # True is 1
    yield f"llmobs_{metric.name} {value}"
