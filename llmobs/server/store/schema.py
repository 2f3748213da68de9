"""The tables and views of the DuckDB store: migrations, the signals' columns, the views made from signals.

A migration is a numbered SQL file, applied once, each followed by CHECKPOINT: an ALTER that still lies in
the write-ahead log when the process dies can keep DuckDB from opening the file (seen with 1.4 to 2.0 on
2026-11-22). A field added to a file in llmobs/signals needs no migration: the column it lacks is added here.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources

import duckdb
import pyarrow as pa

from llmobs.server.collector import columns
from llmobs.signal import Field, Json, Signal

SQL = resources.files(__package__) / "sql"
ZSTD = " USING COMPRESSION zstd"
# Text of 1 to 4 KB is left as it is unless the column asks: 676 against 586 bytes a span.
TEXT = {*(n for n, f in columns.FIELDS.items() if f.type is Json), *columns.CONTENT, "events", "links"}
# Of the span signal, without what the head of every view gives.
COMMON = {n: f for n, f in columns.SIGNALS["span"].fields.items() if n not in ("service", "environment")}
DUCKDB_TYPES: dict[pa.DataType, str] = {
    pa.string(): "VARCHAR",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    pa.int8(): "TINYINT",
    pa.int16(): "SMALLINT",
    pa.uint32(): "UINTEGER",
    pa.uint64(): "UBIGINT",
    pa.timestamp("us"): "TIMESTAMP",
    pa.uuid(): "UUID",
}


def text(*path: str) -> str:
    """The SQL of one file under `sql/`."""
    return SQL.joinpath(*path).read_text(encoding="utf-8")


def migrate(db: duckdb.DuckDBPyConnection) -> None:
    """Brings the attached file to the newest shape."""
    db.execute(text("write", "migrations_table.sql"))
    done = {n for (n,) in db.execute(text("write", "applied.sql")).fetchall()}
    files = sorted(f.name for f in (SQL / "migrations").iterdir() if f.name.endswith(".sql"))
    unknown = done - set(files)
    if unknown:
        raise ValueError(
            f"The data was written by a later version of llmobs: {sorted(unknown)} is not known here. "
            "Upgrade with: pip install --upgrade 'llmobs[server]'"
        )
    for file in files:
        if file not in done:
            db.execute("BEGIN")
            db.execute(text("migrations", file))
            db.execute(text("write", "apply.sql"), {"name": file})
            db.execute("COMMIT")
            db.execute(text("write", "checkpoint.sql"))
    add_columns(db)


def add_columns(db: duckdb.DuckDBPyConnection) -> None:
    """Columns that `columns.schema()` has and the file has not; without a default, for the log's sake."""
    there = dict(db.execute(text("write", "columns.sql")).fetchall())
    wrong = {n: t for n, t in wanted() if n in there and there[n] != t.removesuffix(ZSTD)}
    if wrong:
        raise ValueError(
            f"Columns changed their type: the file has { {n: there[n] for n in wrong} }, "
            f"llmobs/signals asks for {wrong}. Give the field a new name, or write a migration."
        )
    missing = [(n, t) for n, t in wanted() if n not in there]
    if missing:
        template = text("write", "add_column.sql")
        db.execute("BEGIN")
        for column, kind in missing:
            db.execute(template.format(column=column, kind=kind))
        db.execute("COMMIT")
        db.execute(text("write", "checkpoint.sql"))


def wanted() -> Iterator[tuple[str, str]]:
    """Column and DuckDB type of the table of spans."""
    for field in columns.schema():
        if field.name == "attributes":
            yield field.name, "VARIANT"
        else:
            yield field.name, DUCKDB_TYPES[field.type] + (ZSTD if field.name in TEXT else "")


def make_views(db: duckdb.DuckDBPyConnection) -> None:
    """The views, in the connection's own temporary schema; `hot_spans` and `hot_resources` are registered."""
    for statement in views():
        db.execute(statement)


@cache
def views() -> tuple[str, ...]:
    """The statements that make the views, in order."""
    own = {f.name for f in (SQL / "views").iterdir()}
    plain = ", ".join(n for n in columns.schema().names if n != "attributes")
    made = [
        text("views", "span_rows.sql").format(columns=plain),
        text("views", "resource_rows.sql"),
        _spans(),
    ]
    for name, signal in columns.SIGNALS.items():
        if signal.operations:
            special = f"{signal.view}.sql" in own
            more = tuple(columns.COST) if special else ()
            made.append(_signal(f"{name}_rows" if special else signal.view, signal, more))
            made += [text("views", f"{signal.view}.sql")] if special else []
    made += [text("views", f"{view}.sql") for view in ("evaluations", "incidents", "changes", "hours")]
    return tuple(made)


def _spans() -> str:
    own = [(n, f) for n, f in columns.FIELDS.items() if not f.resource]
    return text("views", "spans.sql").format(
        head=text("views", "parts", "head.sql"),
        fields=_list(_shown(n, f) for n, f in COMMON.items()),
        attributes=_list(
            _part("list_attribute" if f.type is list else "attribute", n, f) for n, f in own if n not in TEXT
        ),
        texts=_list(_part("text", n, f) for n, f in own if n in TEXT),
    )


def _signal(view: str, signal: Signal, more: tuple[str, ...]) -> str:
    return text("views", "signal.sql").format(
        view=view,
        head=text("views", "parts", "head.sql"),
        fields=_list((*(_shown(n, f) for n, f in {**COMMON, **signal.fields}.items()), *more)),
        operations=", ".join(f"'{o}'" for o in signal.operations),
    )


def _shown(name: str, field: Field) -> str:
    # Whatever an SDK wrote into a field of JSON: a view gives JSON or NULL and never raises.
    return _part("json_field", name, field) if field.type is Json else name


def _part(part: str, name: str, field: Field) -> str:
    return text("views", "parts", f"{part}.sql").format(name=name, key=field.attribute)


def _list(items: Iterable[str]) -> str:
    return ",\n    ".join(items)
