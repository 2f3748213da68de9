"""`llmobs sql`: asks the running collector, or opens the store itself where none runs."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from llmobs.server import formats
from llmobs.server.collector import segments
from llmobs.server.store import Store, open_store, sql
from llmobs.server.up import answers, url


def run(settings: Mapping[str, Any], text: str | None, form: str, output: str | None) -> int:
    """Prints what `text` finds, or, without text, the views and their columns; the exit code."""
    statement = text if text not in (None, "-") else piped(sys.stdin)
    table = ask(settings, statement or sql("views"))
    if output:
        with Path(output).open("wb") as out:
            formats.write(table, form, out)
    else:
        formats.write(table, form, sys.stdout.buffer)
    rows = f"{table.num_rows:,} {'row' if table.num_rows == 1 else 'rows'}"
    print(f"({rows}{f' written to {output}' if output else ''})", file=sys.stderr)
    return 0


def piped(stdin: IO[str]) -> str:
    """What is piped in; nothing at a terminal."""
    return "" if stdin.isatty() else stdin.read().strip()


def ask(settings: Mapping[str, Any], statement: str) -> pa.Table:
    """The rows of one read-only statement."""
    store = found(settings)
    try:
        return store.sql(statement)
    finally:
        store.close()


def found(settings: Mapping[str, Any]) -> Store:
    """The running collector's store, or the one in the data folder. LookupError where there is neither."""
    collector = url(settings, "http_port")
    if answers(f"{collector}/healthz")():
        return open_store(collector)
    if (Path(settings["data"]) / "llmobs.duckdb").exists():
        store = open_store(f"duckdb://{settings['data']}")
        tell_of_journal(Path(settings["data"]) / segments.FOLDER)
        return store
    raise LookupError(
        f"No collector answers at {collector}, and there is no data in {settings['data']}. "
        "Start one with: llmobs up (another one: --http-port, another folder: --data)"
    )


def tell_of_journal(folder: Path) -> None:
    """A collector that was killed leaves spans there; only a collector reads them in."""
    size = sum(segment.stat().st_size for segment in folder.glob("*.journal"))
    if size:
        mend = "`llmobs collector` reads them in."
        print(
            f"Note: {size:,} bytes of spans in {folder} are not in the database yet. {mend}", file=sys.stderr
        )
