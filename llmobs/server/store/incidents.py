"""Episodes of alerts: few rows, replaced whole by id."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb
import orjson
import pyarrow as pa

from llmobs.server.store import opening, schema

_TIME = pa.timestamp("us")
COLUMNS: dict[str, pa.DataType] = {
    "id": pa.string(),
    "fingerprint": pa.string(),
    "rule": pa.string(),
    "subject": pa.string(),
    "severity": pa.string(),
    "state": pa.string(),
    "pending_since": _TIME,
    "firing_since": _TIME,
    "resolved_at": _TIME,
    "updated_at": _TIME,
    "says": pa.string(),
    "value": pa.float64(),
    "expected": pa.float64(),
    "unit": pa.string(),
    "calls": pa.int64(),
    "traces": pa.string(),  # JSON list of trace ids
    "runbook": pa.string(),
    "delivered": pa.string(),  # JSON: channel -> state
}


def put(db: duckdb.DuckDBPyConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Replaces incidents by `id`, of several with the same one the last. ValueError for an unknown column."""
    newest = {row["id"]: row for row in rows}
    unknown = {name for row in newest.values() for name in row} - set(COLUMNS)
    if unknown:
        raise ValueError(f"An incident has no {sorted(unknown)}. Known: {', '.join(COLUMNS)}.")
    if not newest:
        return
    made = {n: pa.array([_value(row.get(n), t) for row in newest.values()], t) for n, t in COLUMNS.items()}
    db.register("incoming", pa.table(made))
    db.execute("BEGIN")
    try:
        db.execute(schema.text("write", "drop_incidents.sql"))
        db.execute(schema.text("write", "put_incidents.sql"))
        db.execute("COMMIT")
    except BaseException:
        opening.roll_back(db)
        raise
    finally:
        db.unregister("incoming")


def _value(value: Any, kind: pa.DataType) -> Any:
    if kind == _TIME and isinstance(value, str):  # they come over HTTP as text
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, (list, tuple, dict)):
        return orjson.dumps(value).decode()
    return value
