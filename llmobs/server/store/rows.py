"""Rows written by hand, with the names that the views give, as the table that the store keeps."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from llmobs.server.collector import columns, fit, jsontext, table
from llmobs.signal import Json

KINDS = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}
STATUS = {"ok": 0, "error": 2, "cancelled": 0}
AS_IT_IS = ("name", "status_message", "trace_state", "scope_name", "scope_version", "cost_status")
REQUIRED = ("trace_id", "span_id", "started_at")


def to_table(rows: Sequence[Mapping[str, Any]]) -> table.Decoded:
    """Columns of the views: trace_id and span_id (hex) and started_at (UTC) must be there, the rest may be.

    `attributes` are sorted into fields as the collector does; a field given by name wins.
    """
    found: dict[int, tuple[str, str]] = {}
    made = [_row(row, found) for row in rows]
    names = columns.schema().names
    return table.Decoded(
        table.of_columns({n: [row.get(n) for row in made] for n in names}), table.of_resources(found)
    )


def _row(row: Mapping[str, Any], found: dict[int, tuple[str, str]]) -> dict[str, Any]:
    _check(row)
    fitted = fit.fit(jsontext.key_values(row.get("attributes") or {}))
    values = {**fitted.values, **{n: row[n] for n in AS_IT_IS if n in row}}
    values |= {n: _field(columns.FIELDS[n].type, row[n]) for n in columns.FIELDS if n in row}
    values |= {target: make(row) for target, make in MADE.items()}
    if row.get("finish") is not None and "finish_reasons" not in row:
        values["finish_reasons"] = _json([row["finish"]])
    if row.get("text") is not None and "output_messages" not in row:
        part = {"type": "text", "content": row["text"]}
        values["output_messages"] = _json([{"role": "assistant", "parts": [part]}])
    if row.get("status") == "cancelled":
        values.setdefault("error_type", "CancelledError")
    values |= {"attributes": fitted.rest, "copied": fitted.copied, "structured": fitted.structured}
    values["resource_id"] = _resource(row, found)
    return values


def _check(row: Mapping[str, Any]) -> None:
    missing = [name for name in REQUIRED if name not in row]
    if missing:
        raise ValueError(f"A row has no {', '.join(missing)}. It needs: {', '.join(REQUIRED)}.")
    for name in set(row) - KNOWN:
        near = difflib.get_close_matches(name, KNOWN, 1)
        meant = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"A span has no column {name!r}.{meant} Other facts go into `attributes`.")


def _field(kind: type, value: Any) -> Any:
    if value is None or (kind not in (list, Json)):
        return value
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value


def _resource(row: Mapping[str, Any], found: dict[int, tuple[str, str]]) -> int:
    named = {f.attribute: row[n] for n, f in fit.RESOURCE_FIELDS.items() if row.get(n) is not None}
    text = jsontext.object_text(jsontext.key_values({**named, **(row.get("resource") or {})}))
    rid = table.resource_id(text, "")
    found[rid] = (text, "")
    return rid


def _nano(value: float | None) -> int | None:
    return None if value is None else round(value * 1e9)


# Column of the table -> how it is made from a row of the views.
MADE: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "trace_id": lambda row: bytes.fromhex(row["trace_id"]),
    "span_id": lambda row: int(row["span_id"], 16),
    "parent_span_id": lambda row: int(row["parent_span_id"], 16) if row.get("parent_span_id") else None,
    "started_at": lambda row: _utc(row["started_at"]),
    "started_sub_us": lambda row: 0,
    "duration_ns": lambda row: round((row.get("duration_s") or 0) * 1e9),
    "received_at": lambda row: _utc(row.get("received_at") or row["started_at"]),
    "kind": lambda row: KINDS[row.get("kind") or "internal"],
    "status_code": lambda row: STATUS[row.get("status") or "ok"],
    "cost_nano_usd": lambda row: _nano(row.get("cost_usd")),
    "events": lambda row: _json(row["events"]) if row.get("events") else None,
    "links": lambda row: _json(row["links"]) if row.get("links") else None,
}
KNOWN = frozenset(
    {
        *columns.FIELDS,
        *AS_IT_IS,
        *MADE,
        "duration_s",
        "status",
        "cost_usd",
        "finish",
        "text",
        "attributes",
        "resource",
    }
    - {"started_sub_us", "duration_ns", "status_code", "cost_nano_usd"}
)
