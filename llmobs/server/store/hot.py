"""What was appended and is not in the file yet: Arrow tables, questioned beside the file.

A span that comes again is dropped here, by a 64-bit hash of its ids in a set of the newest: two spans of
different ids meet in it once in 10^13. The set forgets the oldest half when it is full; for spans that
started before what it remembers the file is asked, and once more at the seal: a span whose sender's
clock runs ahead and that comes again after minutes counts twice until then, never longer.
"""

from datetime import datetime
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from llmobs.server.collector import columns, table

Hashes = npt.NDArray[np.uint64]
REMEMBERED = 300_000  # spans in each of the two sets: 30 s at 10,000 spans/s, 40 MB
SMALL = 1_024  # tables below it are joined: a hot table of many chunks is slow to read


class Batch(NamedTuple):
    """One append."""

    spans: pa.Table
    resources: pa.Table
    segment: int | None


class Hot:
    """The batches, oldest first. Not locked: the store's locks are around it."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.rows = 0
        self.version = 0  # grows with every change
        self._closed = False  # the last batch is being written and must stay as it is
        self._joined: tuple[int, Batch] | None = None

    def add(self, batch: Batch) -> None:
        """Puts a batch at the end."""
        last = self.batches[-1] if self.batches else None
        rows = batch.spans.num_rows + (last.spans.num_rows if last else 0)
        if last and not self._closed and last.segment == batch.segment and rows < SMALL:
            self.batches[-1] = join([last, batch], copy=True)
        else:
            self.batches.append(batch)
        self._closed = False
        self.rows += batch.spans.num_rows
        self.version += 1

    def upto(self, segment: int | None) -> list[Batch]:
        """The batches of segments up to `segment`; without it every one. They do not change any more."""
        self._closed = True
        if segment is None:
            return list(self.batches)
        return [b for b in self.batches if b.segment is None or b.segment <= segment]

    def replace(self, batches: list[Batch], whole: Batch) -> None:
        """Puts `whole`, which has the same rows, where `batches` were: they are the oldest."""
        ids = {id(b) for b in batches}
        self.batches = [whole, *(b for b in self.batches if id(b) not in ids)]
        self.version += 1
        self._joined = None

    def remove(self, gone: list[Batch]) -> None:
        """Takes out batches that are in the file now."""
        ids = {id(b) for b in gone}
        self.batches = [b for b in self.batches if id(b) not in ids]
        self.rows = sum(b.spans.num_rows for b in self.batches)
        self.version += 1
        self._joined = None

    def joined(self) -> Batch:
        """Every batch as one, without copying."""
        if self._joined is None or self._joined[0] != self.version:
            self._joined = (self.version, join(self.batches))
        return self._joined[1]


def join(batches: list[Batch], *, copy: bool = False) -> Batch:
    """Batches as one; `copy` puts the rows side by side, else they stay where they are."""
    if not batches:
        # Not empty_table(): it imports pandas, which would be a third of a collector's start.
        spans, resources = (pa.Table.from_batches([], kind) for kind in (columns.schema(), table.RESOURCES))
        return Batch(spans, resources, None)
    if len(batches) == 1:
        return batches[0]
    spans = pa.concat_tables([b.spans for b in batches])
    resources = pa.concat_tables([b.resources for b in batches])
    if copy:
        spans, resources = spans.combine_chunks(), resources.combine_chunks()
    return Batch(spans, resources, batches[-1].segment)


class Seen:
    """The newest spans, by hash. `since`: spans that came before it may be forgotten."""

    def __init__(self, now: datetime) -> None:
        self.since = now
        self._half = now
        self._old: set[int] = set()
        self._new: set[int] = set()

    def first(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """Which of `hashes` are here for the first time; they are not remembered yet."""
        keys = hashes.tolist()
        fresh = len(set(keys)) == len(keys)
        if fresh and self._new.isdisjoint(keys) and self._old.isdisjoint(keys):
            return np.ones(len(keys), bool)
        found: set[int] = set()
        kept = []
        for key in keys:
            kept.append(key not in found and key not in self._new and key not in self._old)
            found.add(key)
        return np.array(kept, bool)

    def remember(self, hashes: Hashes, now: datetime) -> None:
        """Adds `hashes`, forgetting the oldest where there are too many."""
        self._new.update(hashes.tolist())
        if len(self._new) > REMEMBERED:
            self._old, self._new = self._new, set()
            self.since, self._half = self._half, now


def hashes(spans: pa.Table) -> Hashes:
    """One number for (trace_id, span_id) of each row."""
    ids = spans.column("trace_id").combine_chunks()
    storage = ids.storage if isinstance(ids, pa.ExtensionArray) else ids
    halves = np.frombuffer(storage.buffers()[1], np.uint64)[storage.offset * 2 :][: 2 * len(storage)]
    span = spans.column("span_id").to_numpy()
    found = _mix(_mix(_mix(halves[0::2]) ^ halves[1::2]) ^ span)
    return np.asarray(found, np.uint64)


def _mix(x: Hashes) -> Hashes:
    # The finalizer of splitmix64: ids that count upwards spread over all 64 bits.
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)), np.uint64)
