"""Hot rows into the database file, a row group at a time or every five minutes; then their segments go.

A segment is dropped only after the store said that it holds it, so whatever fails here is done again.
"""

import logging
import threading
import time
from typing import Protocol

from llmobs.server.collector.backlog import Backlog
from llmobs.server.collector.journal import Journal
from llmobs.server.collector.metrics import Metrics

log = logging.getLogger(__name__)

SEAL_ROWS = 30_720  # one row group
SEAL_S = 300.0
HOT_BYTES = 112 << 20  # one row group of large spans, and what comes while it is being sealed
RETRY_S = 2.0


class Sealable(Protocol):
    """What of the store is used here."""

    def seal(self, upto: int | None = None) -> int | None: ...


class HotRows:
    """Rows and bytes in memory that are not sealed, by journal segment. The decoder waits here for room."""

    def __init__(self, limit_bytes: int = HOT_BYTES) -> None:
        self.changed = threading.Condition()
        self.limit_bytes = limit_bytes
        self.since: float | None = None  # when the oldest of it came
        self._rows: dict[int, int] = {}
        self._bytes: dict[int, int] = {}
        self._draining = -1  # segments that the sealer waits for: they may pass the limit
        self._open = False

    def add(self, segment: int, rows: int, size: int) -> None:
        with self.changed:
            self._rows[segment] = self._rows.get(segment, 0) + rows
            self._bytes[segment] = self._bytes.get(segment, 0) + size
            self.since = self.since or time.monotonic()
            self.changed.notify_all()

    def sealed(self, upto: int) -> None:
        with self.changed:
            for counts in (self._rows, self._bytes):
                for segment in [s for s in counts if s <= upto]:
                    del counts[segment]
            self.since = time.monotonic() if self._rows else None
            self.changed.notify_all()

    def rows(self, upto: int | None = None) -> int:
        with self.changed:
            return sum(count for segment, count in self._rows.items() if upto is None or segment <= upto)

    def has(self, upto: int) -> bool:
        """Whether anything came from the segments up to `upto`, if only duplicates."""
        with self.changed:
            return any(segment <= upto for segment in self._rows)

    def size(self) -> int:
        with self.changed:
            return sum(self._bytes.values())

    def wait_for_room(self, segment: int) -> None:
        """Until rows of `segment` may be added."""
        with self.changed:
            self.changed.wait_for(
                lambda: self.size() <= self.limit_bytes or segment <= self._draining or self._open
            )

    def drain(self, upto: int) -> None:
        with self.changed:
            self._draining = upto
            self.changed.notify_all()

    def open(self) -> None:
        """No more waiting: the end."""
        with self.changed:
            self._open = True
            self.changed.notify_all()


class Sealer:
    """A thread from `start` to `stop`, which seals what is left."""

    def __init__(
        self, backlog: Backlog, journal: Journal, store: Sealable, hot: HotRows, metrics: Metrics
    ) -> None:
        self._backlog = backlog
        self._journal = journal
        self._store = store
        self._hot = hot
        self._metrics = metrics
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sealer", daemon=True)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """After the decoder has ended. What cannot be sealed stays in the journal for the next start."""
        self.end()
        self._thread.join()
        self._seal(self._backlog.decoded)

    def end(self) -> None:
        """The thread stops; `stop` does the rest."""
        self._ending.set()
        with self._hot.changed:
            self._hot.changed.notify_all()

    def _run(self) -> None:
        while not self._ending.is_set():
            if not self._wait_until_due():
                continue
            if not self._enough(self._backlog.decoded):
                self._wait_for_next_segment()
            upto = self._backlog.decoded
            if self._enough(upto) and not self._seal(upto):
                self._ending.wait(RETRY_S)

    def _wait_until_due(self) -> bool:
        with self._hot.changed:
            if not self._due():
                since = self._hot.since
                self._hot.changed.wait(1.0 if since else None)
            return self._due() and not self._ending.is_set()

    def _due(self) -> bool:
        return self._hot.rows() >= SEAL_ROWS or self._urgent()

    def _urgent(self) -> bool:
        """Whether also few rows are to be sealed: they waited long, or take all the room."""
        old = self._hot.since is not None and time.monotonic() - self._hot.since >= SEAL_S
        return old or self._hot.size() > self._hot.limit_bytes

    def _enough(self, decoded: int) -> bool:
        """Whether the segments that are decoded to their end are worth it."""
        return self._hot.rows(decoded) >= SEAL_ROWS or (self._hot.has(decoded) and self._urgent())

    def _wait_for_next_segment(self) -> None:
        """Until one more is decoded to its end; with a backlog no long wait, since segments are short."""
        after = self._backlog.decoded + 1
        upto = after if self._journal.closed >= after else self._journal.rotate()
        self._hot.drain(upto)
        while not self._ending.is_set() and not self._backlog.wait_decoded(upto, timeout_s=0.5):
            pass

    def _seal(self, upto: int) -> bool:
        if upto < 0:
            return True
        try:
            self._store.seal(upto)
        except Exception:  # whatever the engine raises: the rows are in memory and the journal
            log.exception("The spans in memory cannot be written to the database. It is tried again.")
            self._metrics.add(seal_failures=1)
            return False
        self._journal.drop(upto)
        self._hot.sealed(upto)
        self._metrics.add(seals=1)
        return True
