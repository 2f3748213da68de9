"""The readers' door: one SELECT in a read-only transaction, with limits on time, memory and answer.

"It is a SELECT" is no guard: `WITH x AS (INSERT ...) SELECT` is one (duckdb 2.0, 2026-11-22). The read-only
transaction stops that, counting statements stops `COMMIT; INSERT ...`, and the roll-back afterwards undoes
what a temporary schema would keep.
"""

import contextlib
import queue
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa

from llmobs.server.store import opening, schema
from llmobs.server.store.hot import Batch

ANSWER_BYTES = 256 << 20
LONGEST = 100_000  # characters; no time limit ends the planning of 200,000 columns, which takes minutes
ALLOWED = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)


class Reader:
    """A connection of its own; its views are made when they are first needed, its hot rows as they change."""

    def __init__(self, db: duckdb.DuckDBPyConnection) -> None:
        self.db = db
        self.seen = -1

    def show(self, hot: Batch, version: int) -> None:
        """Lets the views see `hot`."""
        self.db.register("hot_spans", hot.spans)
        self.db.register("hot_resources", hot.resources)
        if self.seen < 0:
            schema.make_views(self.db)
        self.seen = version


class Door:
    """A few readers, taken in turn. `begin` opens a reader's transaction and shows it the hot rows."""

    def __init__(self, readers: list[Reader], begin: Callable[[Reader], None], timeout_s: float) -> None:
        self._free: queue.LifoQueue[Reader] = queue.LifoQueue()
        self._all = readers
        self._begin = begin
        self._timeout_s = timeout_s
        for reader in readers:
            self._free.put(reader)

    def ask(self, text: str, parameters: Mapping[str, Any]) -> pa.Table:
        """The answer as Arrow. ValueError, TimeoutError."""
        given = checked(text, parameters)
        with self._reader() as reader, errors(self._timeout_s):
            try:
                self._begin(reader)
                return _answer(reader.db, text, given)
            finally:
                opening.roll_back(reader.db)

    def refresh(self, renew: Callable[[Reader], None]) -> None:
        """Lets idle readers go of sealed rows, which they would keep in memory."""
        idle = []
        with contextlib.suppress(queue.Empty):
            while True:
                idle.append(self._free.get_nowait())
        try:
            for reader in idle:
                if reader.seen >= 0:
                    renew(reader)
        finally:
            for reader in idle:
                self._free.put(reader)

    def close(self) -> None:
        """Ends running questions and closes the readers."""
        left = len(self._all)
        while left:
            for reader in self._all:
                reader.db.interrupt()  # again, where one had not begun yet
            with contextlib.suppress(queue.Empty):
                self._free.get(timeout=0.1)
                left -= 1
        for reader in self._all:
            reader.db.close()

    @contextlib.contextmanager
    def _reader(self) -> Iterator[Reader]:
        try:
            reader = self._free.get(timeout=self._timeout_s)
        except queue.Empty:
            raise TimeoutError(
                f"All {len(self._all)} readers were busy for {self._timeout_s:g} s. Ask again later."
            ) from None
        try:
            yield reader
        finally:
            self._free.put(reader)


def checked(text: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as DuckDB takes them, if `text` is one statement that reads."""
    if len(text) > LONGEST:
        raise ValueError(
            f"The statement has {len(text):,} characters, {LONGEST:,} are read. "
            "Send values as parameters; a list is one parameter."
        )
    try:
        statements = duckdb.extract_statements(text)
    except duckdb.Error as wrong:
        raise ValueError(str(wrong)) from wrong
    if len(statements) != 1:
        raise ValueError(f"{len(statements)} statements were given, exactly one is read at a time.")
    [statement] = statements
    if statement.type not in ALLOWED:
        raise ValueError(f"{statement.type.name} is not read-only. Write a SELECT: this door only reads.")
    names = set(statement.named_parameters)
    if names != set(parameters):
        raise ValueError(
            f"The statement names the parameters {sorted(names) or 'none'}, "
            f"given were {sorted(parameters) or 'none'}."
        )
    return {name: _plain(value) for name, value in parameters.items()}


def _plain(value: Any) -> Any:
    # Our times are UTC without a zone: with one, DuckDB would compare in the session's zone.
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


@contextlib.contextmanager
def errors(timeout_s: float) -> Iterator[None]:
    """DuckDB's exceptions as builtins, with its own words: it names similar columns."""
    try:
        yield
    except (duckdb.Error, pa.ArrowException, OSError) as wrong:  # Arrow's where it breaks in mid-answer
        said = str(wrong)
        if isinstance(wrong, duckdb.InterruptException) or said.startswith("INTERRUPT"):
            raise TimeoutError(
                f"The question was stopped: it may take {timeout_s:g} s (`query_timeout`). "
                "Ask for a shorter time range."
            ) from wrong
        if isinstance(wrong, duckdb.OutOfMemoryException) or said.startswith("Out of Memory"):
            said = f"The question needs more memory than `memory_limit` allows: {said}"
        raise ValueError(said) from wrong


def _answer(db: duckdb.DuckDBPyConnection, text: str, parameters: dict[str, Any]) -> pa.Table:
    relation = db.sql(text, params=parameters) if parameters else db.sql(text)
    if relation is None:
        return pa.table({})
    variants = [n for n, t in zip(relation.columns, relation.types, strict=True) if str(t) == "VARIANT"]
    if variants:  # Arrow has no word for it that pandas reads
        template = schema.text("views", "parts", "variant_column.sql")
        shown = ", ".join(template.format(column=name.replace('"', '""')) for name in variants)
        relation = relation.project(schema.text("views", "parts", "shown.sql").format(columns=shown))
    return limited(relation.to_arrow_reader(8_192))


def limited(reader: pa.RecordBatchReader) -> pa.Table:
    """All batches, as long as they are not too many. ValueError."""
    batches, size = [], 0
    with reader:  # left open it would keep the connection
        for batch in reader:
            batches.append(batch)
            size += batch.nbytes
            if size > ANSWER_BYTES:
                raise ValueError(
                    f"The answer is larger than {ANSWER_BYTES >> 20} MiB. Add a LIMIT or fewer columns."
                )
    return pa.Table.from_batches(batches, reader.schema)
