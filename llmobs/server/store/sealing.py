"""Rows into the file: spans, resources, sums by hour and the journal's position in one transaction."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from llmobs.server.collector import columns
from llmobs.server.store import hot, opening, schema
from llmobs.server.store.hot import Batch

# A VARIANT takes several times its text while it is made, 2,048 rows at once.
PIECE_BYTES = 8 << 20
CALLS = ", ".join(f"'{o}'" for o in columns.SIGNALS["call"].operations)


def stored(db: duckdb.DuckDBPyConnection, spans: pa.Table) -> npt.NDArray[np.int64]:
    """The positions of those `spans` that the file holds already: exact."""
    starts = spans.column("started_at")
    window = {"earliest": pc.min(starts).as_py(), "latest": pc.max(starts).as_py()}
    ids = {n: spans.column(n) for n in ("trace_id", "span_id")}
    db.register("candidates", pa.table({"row": pa.array(range(spans.num_rows), pa.int64()), **ids}))
    try:
        found = db.execute(schema.text("write", "twice.sql"), window).fetchnumpy()
    finally:
        db.unregister("candidates")
    return np.asarray(found["row"], np.int64)


def write(db: duckdb.DuckDBPyConnection, batch: Batch, upto: int | None, commit: Callable[[], None]) -> int:
    """Writes a batch and the position, calls `commit`; returns how many spans were in the file already.

    A text that DuckDB does not take as JSON stays text: one span must not hold up all others.
    """
    try:
        return _transaction(db, batch, upto, commit, "seal_spans.sql")
    except duckdb.DataError:
        return _transaction(db, batch, upto, commit, "seal_spans_doubtful.sql")


def _transaction(
    db: duckdb.DuckDBPyConnection, batch: Batch, upto: int | None, commit: Callable[[], None], insert: str
) -> int:
    db.execute("BEGIN")
    try:
        again = _insert(db, batch, insert) if batch.spans.num_rows else 0
        if upto is not None:
            db.execute(schema.text("write", "set_position.sql"), {"segment": upto})
        commit()
    except BaseException:
        opening.roll_back(db)
        raise
    finally:
        for name in ("sealing", "sealing_resources"):
            db.unregister(name)
    return again


def pieces(spans: pa.Table) -> Iterator[pa.Table]:
    """The rows in order, cut where their attributes would fill the memory; one piece nearly always."""
    ends = np.cumsum(pc.fill_null(pc.binary_length(spans.column("attributes")), 0).to_numpy())
    cuts = np.flatnonzero(np.diff(ends // PIECE_BYTES)) + 1
    for start, end in pairwise([0, *cuts.tolist(), spans.num_rows]):
        yield spans.slice(start, end - start)


def _insert(db: duckdb.DuckDBPyConnection, batch: Batch, insert: str) -> int:
    keep = np.zeros(batch.spans.num_rows, bool)
    keep[np.unique(hot.hashes(batch.spans), return_index=True)[1]] = True
    keep[stored(db, batch.spans)] = False
    spans = batch.spans if keep.all() else batch.spans.filter(pa.array(keep))
    # One chunk: of several DuckDB makes ragged row groups, at double the size and the time.
    whole = spans.combine_chunks()
    for piece in pieces(whole):
        db.register("sealing", piece)
        db.execute(schema.text("write", insert))
    db.register("sealing", whole)
    db.register("sealing_resources", batch.resources)
    db.execute(schema.text("write", "seal_resources.sql"))
    db.execute(schema.text("write", "seal_hours.sql").format(operations=CALLS))
    return int(len(keep) - keep.sum())
