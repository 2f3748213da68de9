"""How the file is opened, and shut against what a question could do.

DuckDB is opened in memory and the file attached: so also a file opens whose write-ahead log a plain open
cannot replay without the internet (an ALTER ADD COLUMN IF NOT EXISTS ... DEFAULT now(); 1.4 to 2.0 seen on
2026-11-22).
"""

import contextlib
from collections.abc import Sequence
from pathlib import Path

import duckdb

from llmobs.server.store import schema

SPILL = "spill"  # folder beside the file, for what a large question cannot hold in memory

OWNED = (
    "One process owns the store. If that is a collector, ask it: llmobs sql --http-port PORT. "
    "For a collector beside it choose another folder with --data or LLMOBS_DATA."
)


def open_file(file: Path, memory_limit: str) -> duckdb.DuckDBPyConnection:
    """The connection that writes, the file in shape. OSError where another process has it."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as wrong:
        raise OSError(f"The data folder {file.parent} cannot be made: {wrong}. Set LLMOBS_DATA.") from wrong
    db = duckdb.connect(
        config={
            "memory_limit": memory_limit,
            "temp_directory": str(file.parent / SPILL),
            "wal_autocheckpoint": "1TB",  # after a seal instead, when no reader waits for it
            # The last row group of a seal is not full; merging it would write every other one again.
            "max_vacuum_tasks": 0,
            "write_buffer_row_group_count": 1,
            # One column for each attribute name is quicker to read, but a sender may make up a name for each
            # span: with 1,000 names a row group takes more than our memory and no seal ends.
            "variant_minimum_shredding_size": -1,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,  # a question must not read our variables
        }
    )
    try:
        db.execute(schema.text("open", "attach.sql").format(file=str(file).replace("'", "''")))
        db.execute(schema.text("open", "use.sql"))
        schema.migrate(db)
    except duckdb.IOException as wrong:
        db.close()
        owned = "Could not set lock" in str(wrong)
        raise OSError(f"{file} cannot be opened: {wrong} {OWNED if owned else ''}".rstrip()) from wrong
    except BaseException:
        db.close()
        raise
    return db


def cursor(db: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """One more connection to the same file."""
    made = db.cursor()
    made.execute(schema.text("open", "use.sql"))
    return made


def lock(
    db: duckdb.DuckDBPyConnection, readers: Sequence[duckdb.DuckDBPyConnection], timeout_s: float
) -> None:
    """Gives readers their time limit, then shuts every door for good."""
    for reader in readers:
        reader.execute(schema.text("open", "reader.sql").format(timeout_ms=round(timeout_s * 1000)))
    db.execute(schema.text("open", "lock.sql"))


def log_bytes(file: Path) -> int:
    """Bytes of the write-ahead log. Only ever stat: see the module `duckdb`."""
    try:
        return file.with_name(f"{file.name}.wal").stat().st_size
    except FileNotFoundError:
        return 0


def roll_back(db: duckdb.DuckDBPyConnection) -> None:
    """Ends a transaction that failed; one that is over already is no error."""
    with contextlib.suppress(duckdb.TransactionException):
        db.execute("ROLLBACK")
