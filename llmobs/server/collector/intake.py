"""The one door for spans: both fronts hand in what they checked and get a future that means "on disk"."""

from concurrent.futures import Future
from typing import Protocol

from llmobs.server.collector import refusal
from llmobs.server.collector.backlog import Backlog
from llmobs.server.collector.journal import Journal
from llmobs.server.collector.metrics import Metrics
from llmobs.server.collector.verdict import Checked


class Taker(Protocol):
    """What the fronts know of the intake."""

    def admit(self) -> None:
        """Refusal where nothing can be taken now; asked before a body is read, because reading costs us."""

    def submit(self, checked: Checked) -> "Future[bool]":
        """See Intake."""


class Intake:
    """`closed`: why nothing is taken just now, "" while the door is open."""

    def __init__(self, backlog: Backlog, metrics: Metrics) -> None:
        self.closed = "The collector is starting: it reads its journal."
        self._backlog = backlog
        self._metrics = metrics
        self._journal: Journal | None = None

    def open(self, journal: Journal) -> None:
        self._journal = journal
        self.closed = ""

    def close(self, why: str) -> None:
        self.closed = why

    def admit(self) -> None:
        """Refusal where nothing can be taken now."""
        if self.closed:
            raise refusal.unavailable(self.closed)
        self._backlog.room.check(1)

    def submit(self, checked: Checked) -> "Future[bool]":
        """Done once the spans are on disk: True, or False where they were there already.

        Refusal, at once or in the future, where they cannot be taken now.
        """
        journal = self._journal
        if self.closed or journal is None:
            raise refusal.unavailable(self.closed)
        if not checked.spans:
            done: Future[bool] = Future()
            done.set_result(True)
            return done
        self._backlog.room.take(len(checked.payload))
        done = journal.append(checked.payload)
        done.add_done_callback(lambda settled: self._settle(settled, checked))
        return done

    def _settle(self, done: "Future[bool]", checked: Checked) -> None:
        """Counts it, and gives the room back where nothing new is waiting to be decoded."""
        written = not done.cancelled() and done.exception() is None
        if not (written and done.result()):
            self._backlog.room.give_back(len(checked.payload))
        if written:
            self._metrics.add(
                accepted_requests=1,
                duplicate_requests=not done.result(),
                accepted_spans=checked.spans if done.result() else 0,
                rejected_spans=checked.rejected,
                accepted_bytes=len(checked.payload),
            )
