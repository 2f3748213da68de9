"""The columns of a span in the store, as an Arrow schema: fixed ones, those of the signals, the rest.

The order is the order on disk: ids, times and numbers first, text last, so that a question about
numbers never touches text.
"""

from collections import Counter
from functools import cache

import pyarrow as pa

from llmobs.discover import modules
from llmobs.signal import Field, Json, Signal

SIGNALS: dict[str, Signal] = {name: m.SIGNAL for name, m in modules("llmobs.signals").items()}
FIELDS: dict[str, Field] = {name: f for s in SIGNALS.values() for name, f in s.fields.items()}

FIXED: dict[str, pa.DataType] = {
    "trace_id": pa.uuid(),
    "span_id": pa.uint64(),
    "parent_span_id": pa.uint64(),  # NULL for a root
    "started_at": pa.timestamp("us"),  # UTC
    "started_sub_us": pa.int16(),  # nanoseconds past `started_at`, 0 to 999
    "duration_ns": pa.int64(),
    "received_at": pa.timestamp("us"),  # UTC, the collector's clock
    "kind": pa.int8(),  # as OTLP numbers it
    "status_code": pa.int8(),  # 0 unset, 1 ok, 2 error
    "flags": pa.uint32(),
    "dropped_attributes": pa.uint32(),  # by the sender, NULL for none; so for events and links
    "dropped_events": pa.uint32(),
    "dropped_links": pa.uint32(),
    "resource_id": pa.uint64(),
    "name": pa.string(),
    "status_message": pa.string(),
    "trace_state": pa.string(),
    "scope_name": pa.string(),
    "scope_version": pa.string(),
}
COST: dict[str, pa.DataType] = {
    "cost_nano_usd": pa.int64(),  # NULL where unknown
    "cost_status": pa.string(),  # exact | partial | unpriced, NULL for what is no model call
}
REST: dict[str, pa.DataType] = {
    "copied": pa.string(),  # JSON merge patch and
    "structured": pa.string(),  # names: where a field is not its attribute word for word, see fit.py
    "scope_attributes": pa.string(),  # JSON object, NULL for none
    "attributes": pa.string(),  # JSON object: every attribute that no field took
    "events": pa.string(),  # JSON array of {time_unix_nano, name, attributes}
    "links": pa.string(),  # JSON array of {trace_id, span_id, trace_state, flags, attributes}
}
TYPES: dict[type, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    list: pa.string(),  # JSON array of strings
    Json: pa.string(),
}

# What people wrote and models answered: kept for a shorter time than numbers.
CONTENT: tuple[str, ...] = tuple(
    name
    for name, f in FIELDS.items()
    if (f.type is Json and f.attribute.startswith("gen_ai.")) or f.attribute == "gen_ai.retrieval.query.text"
)

_twice = [a for a, n in Counter(f.attribute for f in FIELDS.values()).items() if n > 1]
if _twice:
    raise ValueError(f"{_twice} fill more than one field in llmobs/signals. Give each attribute one field.")


@cache
def schema() -> pa.Schema:
    """Every column in the order on disk."""
    numbers = {n: TYPES[f.type] for n, f in FIELDS.items() if f.type is not Json}
    text = {n: TYPES[f.type] for n, f in FIELDS.items() if f.type is Json}
    return pa.schema(list({**FIXED, **numbers, **COST, **text, **REST}.items()))
