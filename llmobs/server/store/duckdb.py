"""Spans in one DuckDB file, owned by this process.

Three locks, taken in this order: `_adding` (appends), `_writing` (the file), `_swap` (which rows are hot,
together with the moment a reader's snapshot begins: without it a seal would be seen twice or not at all).
A seal holds `_swap` for its COMMIT only. Never open the file by other means in this process: closing it
would drop DuckDB's lock.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from llmobs.server.collector import table
from llmobs.server.store import bound, hot, incidents, opening, retention, rows, schema, sealing
from llmobs.server.store.door import Door, Reader

if TYPE_CHECKING:
    import pandas as pd

READERS = 4
SEAL_ROWS = 30_720  # one row group
PAUSE_S = 0.01  # a lock that is taken again at once is never had by who waits for it
LOG_BYTES = 64 << 20  # a longer write-ahead log is folded into the file after a seal


class DuckStore:
    """See llmobs.server.store.Store for what each method promises."""

    def __init__(
        self,
        folder: str | Path,
        *,
        memory_limit: str = "256MB",
        query_timeout: float = 30.0,
        keep_days: float = 30.0,
        keep_content_days: float = 7.0,
        max_disk: int = 10 << 30,
    ) -> None:
        self.file = Path(folder).expanduser().resolve() / "llmobs.duckdb"
        self._keep = retention.Keep(keep_days, keep_content_days, max_disk)
        self._adding, self._writing, self._swap = threading.Lock(), threading.Lock(), threading.Lock()
        self._hot, self._seen = hot.Hot(), hot.Seen(_now())
        self._duplicates = 0
        self._closed = False
        self._db = opening.open_file(self.file, memory_limit)
        readers = [Reader(opening.cursor(self._db)) for _ in range(READERS)]
        self._checker = opening.cursor(self._db)  # looks for duplicates while a seal has the other
        opening.lock(self._db, [r.db for r in readers], query_timeout)
        self._door = Door(readers, self._begin, query_timeout)

    def append(
        self,
        spans: "pa.Table | Sequence[Mapping[str, Any]]",
        resources: "pa.Table | None" = None,
        segment: int | None = None,
    ) -> int:
        """Adds spans that are not there yet; they can be read at once."""
        if not isinstance(spans, pa.Table):
            spans, resources = rows.to_table(spans)
        with self._adding:
            hashes = hot.hashes(spans)
            first = self._first(spans, hashes)
            fresh = spans if first.all() else spans.filter(pa.array(first))
            if fresh.num_rows:
                said = table.RESOURCES.empty_table() if resources is None else resources
                with self._swap:
                    self._hot.add(hot.Batch(fresh, said, segment))
            self._seen.remember(hashes[first], _now())  # only now: what failed is appended again
            self._duplicates += spans.num_rows - fresh.num_rows
        if segment is None and self._hot.rows >= SEAL_ROWS:
            self.seal()  # without a journal nobody else does
        return int(fresh.num_rows)

    def _first(self, spans: pa.Table, hashes: hot.Hashes) -> npt.NDArray[np.bool_]:
        """Which rows are here for the first time."""
        first = self._seen.first(hashes)
        early = first & (spans.column("started_at").to_numpy() < np.datetime64(self._seen.since, "us"))
        if early.any():
            candidates = np.flatnonzero(early)
            again = sealing.stored(self._checker, spans.take(pa.array(candidates)))
            first[candidates[again]] = False
        return first

    def seal(self, upto: int | None = None) -> int | None:
        """Writes hot rows to the file, with the journal's position, in one transaction."""
        with self._writing:
            batches = self._gather(upto)
            if batches or upto is not None:
                self._write(batches, upto)
            position = self._position()
        self._door.refresh(self._renew)
        del batches
        pa.default_memory_pool().release_unused()  # 200 MB that it would keep for later
        return position if position >= 0 else None

    def _gather(self, upto: int | None) -> list[hot.Batch]:
        """The hot rows to write, side by side: of pieces DuckDB would make ragged row groups.

        Questions read the copy from now on, so that the pieces take no memory while it is written.
        """
        with self._swap:
            batches = self._hot.upto(upto)
        if len(batches) < 2:
            return batches
        whole = hot.join(batches, copy=True)
        with self._swap:
            self._hot.replace(batches, whole)
        self._door.refresh(self._renew)
        return [whole]

    def _write(self, batches: list[hot.Batch], upto: int | None) -> None:
        def commit() -> None:
            with self._swap:
                self._db.execute("COMMIT")
                self._hot.remove(batches)

        self._duplicates += sealing.write(self._db, hot.join(batches), upto, commit)
        if opening.log_bytes(self.file) > LOG_BYTES:
            retention.checkpoint(self._db)

    def position(self) -> int:
        """The newest journal segment whose spans are all in the file; -1 at first."""
        with self._writing:
            return self._position()

    def _position(self) -> int:
        [(segment,)] = self._db.execute(schema.text("write", "position.sql")).fetchall()
        return int(segment)

    def read(self, query: str, **parameters: Any) -> list[dict[str, Any]]:
        """Rows of a named query."""
        rows: list[dict[str, Any]] = self.sql(*bound(query, parameters)).to_pylist()
        return rows

    def frame(self, query: str, **parameters: Any) -> "pd.DataFrame":
        """Rows of a named query as a data frame."""
        frame: pd.DataFrame = self.sql(*bound(query, parameters)).to_pandas()
        return frame

    def sql(self, text: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        """The result of one read-only statement."""
        return self._door.ask(text, parameters or {})

    def _begin(self, reader: Reader) -> None:
        while True:
            self._renew(reader)
            with self._swap:
                if reader.seen == self._hot.version:
                    reader.db.execute("BEGIN TRANSACTION READ ONLY")
                    # The first touch of the file fixes what the transaction sees of it.
                    reader.db.execute(schema.text("write", "position.sql")).fetchall()
                    return

    def _renew(self, reader: Reader) -> None:
        with self._swap:
            batch, version = self._hot.joined(), self._hot.version
        if reader.seen != version:
            reader.show(batch, version)

    def put_incidents(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Adds incidents or replaces those with the same id."""
        with self._writing:
            incidents.put(self._db, rows)

    def expire(self, now: datetime) -> dict[str, int]:
        """Drops what is older than the settings allow, or too much for the disk."""
        steps = retention.expire(self._db, self.file, self._keep, _plain(now))
        gone: dict[str, int] = {}
        while True:
            with self._writing:
                step = next(steps, None)
            if step is None:
                return gone
            gone = step
            time.sleep(PAUSE_S)

    def counts(self) -> dict[str, Any]:
        """stored_spans, hot_spans, duplicate_spans, newest_received_at, resources, incidents, disk_bytes."""
        [row] = self.sql(schema.text("write", "counts.sql")).to_pylist()
        size = self.file.stat().st_size + opening.log_bytes(self.file)
        return {**row, "hot_spans": self._hot.rows, "duplicate_spans": self._duplicates, "disk_bytes": size}

    def unjudged(self) -> str:
        """Nobody knows: an engine tells its collector."""
        return ""

    def close(self) -> None:
        """Writes what is hot and lets go of the file."""
        if self._closed:
            return
        self._closed = True
        self.seal()
        self._door.close()
        self._checker.close()
        self._db.close()


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _plain(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
