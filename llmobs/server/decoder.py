"""What the journal took, into the store, where it can be read at once.

A payload that cannot be taken goes to quarantine alone: the others of its group are tried one by one.
"""

import logging
import threading
from collections.abc import Callable
from typing import Protocol

import pyarrow as pa

from llmobs.server.collector.backlog import Backlog, Group
from llmobs.server.collector.metrics import Metrics
from llmobs.server.collector.quarantine import Quarantine
from llmobs.server.collector.table import Decoded
from llmobs.server.sealer import HotRows

log = logging.getLogger(__name__)

TRIES = 5  # of an append; the store may be short of something for a moment
RETRY_S = 1.0


Decode = Callable[[list[bytes]], Decoded]


class Appendable(Protocol):
    """What of the store is used here."""

    def append(
        self, spans: pa.Table, resources: pa.Table | None = None, segment: int | None = None
    ) -> int: ...


class Decoder:
    """A thread from `start` to `stop`, which decodes what is left; `load` runs on it, too."""

    def __init__(
        self,
        backlog: Backlog,
        load: Callable[[], Decode],
        store: Appendable,
        hot: HotRows,
        quarantine: Quarantine,
        metrics: Metrics,
    ) -> None:
        self._backlog = backlog
        self._load = load
        self._store = store
        self._hot = hot
        self._quarantine = quarantine
        self._metrics = metrics
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="decoder", daemon=True)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """After the journal has stopped: everything it took is in the store, or in quarantine."""
        self._ending.set()
        self._hot.open()
        self._backlog.end()
        self._thread.join()

    def _run(self) -> None:
        decode = self._load()
        while (group := self._backlog.take()) is not None:
            self._hot.wait_for_room(group.segment)
            self._take(group, decode)
            self._backlog.done(group)

    def _take(self, group: Group, decode: Decode) -> None:
        try:
            decoded = decode(group.payloads)
            self._append(decoded, group.segment)
        except Exception as error:  # decoder and store are young; one payload must not stop the others
            if len(group.payloads) == 1:
                self._quarantine.put(group.payloads[0], error)
                self._metrics.add(quarantined_requests=1)
                return
            for payload in group.payloads:
                self._take(Group(group.segment, [payload]), decode)

    def _append(self, decoded: Decoded, segment: int) -> None:
        added = self._tried(decoded, segment)
        spans = decoded.spans
        share = added / spans.num_rows if spans.num_rows else 0.0
        self._hot.add(segment, added, int(spans.nbytes * share))
        self._metrics.add(stored_spans=added, duplicate_spans=spans.num_rows - added)

    def _tried(self, decoded: Decoded, segment: int) -> int:
        for _ in range(TRIES - 1):
            try:
                return self._store.append(decoded.spans, decoded.resources, segment)
            except Exception:
                log.exception("The store takes no spans. It is tried again.")
                self._ending.wait(RETRY_S)
        return self._store.append(decoded.spans, decoded.resources, segment)
