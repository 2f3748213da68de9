"""What is kept and how long: content shorter than numbers, and never more than the disk may hold.

Age counts from `received_at`, our own clock: a span that says year 2500 goes like any other. Clearing a text
column costs 3 µs a span with its CHECKPOINT, so that texts need no table of their own; deleting costs nothing
to speak of. The blocks that get free are used again; the file does not shrink (duckdb 2.0, 2026-11-22).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb

from llmobs.server.collector import segments
from llmobs.server.collector.columns import CONTENT
from llmobs.server.store import schema
from llmobs.server.store.opening import SPILL

PASSING = (SPILL, segments.FOLDER)  # folders that empty themselves, whatever is dropped here
ROUNDS = 40  # of a tenth each: enough to bring down anything, and an end
FULL = 0.9  # of max_disk: room for the journal and the next seal


class Keep(NamedTuple):
    """How long spans and content stay, and how many bytes the data folder may have."""

    days: float
    content_days: float
    max_disk: int


def expire(db: duckdb.DuckDBPyConnection, file: Path, keep: Keep, now: datetime) -> Iterator[dict[str, int]]:
    """Drops what is too old or too much, in steps between which others may write.

    `now`: UTC without zone. Gives, after each step, the rows that went so far, by what they are.
    """
    gone = {"spans": 0, "content": 0, "incidents": 0}
    before = now - timedelta(days=keep.days)
    gone["spans"] += change(db, "spans", before)
    gone["incidents"] += change(db, "incidents", before)
    for name in ("content", "prompt_values"):
        gone["content"] += change(db, name, now - timedelta(days=keep.content_days))
    for _ in range(ROUNDS):
        if not any(gone.values()) and size(db, file) <= keep.max_disk * FULL:
            break
        checkpoint(db)
        yield gone
        if size(db, file) <= keep.max_disk * FULL or not shed(db, gone):
            break
    if gone["spans"]:
        db.execute(_text("resources"))
    yield gone


def shed(db: duckdb.DuckDBPyConnection, gone: dict[str, int]) -> bool:
    """Drops the oldest tenth of the content, where none is left of the spans; False without either."""
    for name in ("content", "spans"):
        [(before,)] = db.execute(_text(f"oldest_{name}")).fetchall()
        if before is not None:
            gone[name] += change(db, name, before)
            return True
    return False


def change(db: duckdb.DuckDBPyConnection, name: str, before: datetime) -> int:
    """Runs one of the files under sql/expire; returns the rows it changed."""
    [(rows,)] = db.execute(_text(name), {"before": before}).fetchall()
    return int(rows)


def checkpoint(db: duckdb.DuckDBPyConnection) -> None:
    """Folds the write-ahead log into the file and frees blocks; waits for questions that began before."""
    db.execute(schema.text("write", "checkpoint.sql"))


def size(db: duckdb.DuckDBPyConnection, file: Path) -> int:
    """Bytes in use: blocks of the file and what lies beside it, except what goes by itself."""
    [(blocks,)] = db.execute(_text("size")).fetchall()
    passing = [file.parent / name for name in PASSING]
    others = (f for f in file.parent.rglob("*") if f != file and f.parent not in passing)
    return int(blocks) + sum(_bytes(f) for f in others)


def _bytes(file: Path) -> int:
    try:
        return file.stat().st_size if file.is_file() else 0
    except FileNotFoundError:  # the journal dropped a segment meanwhile
        return 0


def _text(name: str) -> str:
    return schema.text("expire", f"{name}.sql").format(
        cleared=", ".join(f"{c} = NULL" for c in CONTENT),
        present=" OR ".join(f"{c} IS NOT NULL" for c in CONTENT),
    )
