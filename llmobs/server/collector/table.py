"""Rows of spans as the Arrow table that the store takes: for the walk over messages and for rows by hand."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import xxhash

from llmobs.server.collector import columns

RESOURCES = pa.schema(
    [("resource_id", pa.uint64()), ("attributes", pa.string()), ("schema_url", pa.string())]
)


class Decoded(NamedTuple):
    """Spans with the columns of `columns.schema()` (cost NULL), and the resources they name."""

    spans: pa.Table
    resources: pa.Table


def of_columns(values: dict[str, list[Any]]) -> pa.Table:
    """The table of spans; a column that is not given is NULL."""
    rows = len(values["trace_id"])
    arrays = [
        array(values[f.name], f.type) if f.name in values else pa.nulls(rows, f.type)
        for f in columns.schema()
    ]
    return pa.Table.from_arrays(arrays, schema=columns.schema())


def array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """`values` as `kind`; a UUID comes as 16 bytes."""
    if kind == pa.uuid():
        return pa.ExtensionArray.from_storage(kind, pa.array(values, pa.binary(16)))
    return pa.array(values, kind)


def resource_id(attributes: str, schema_url: str) -> int:
    """The same for the same text, in every process."""
    return xxhash.xxh3_64_intdigest(f"{attributes}\n{schema_url}".encode())


def of_resources(found: dict[int, tuple[str, str]]) -> pa.Table:
    """`found`: resource_id -> (attributes as JSON text, schema URL)."""
    rows = [(rid, attributes, url or None) for rid, (attributes, url) in found.items()]
    ids, texts, urls = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table(
        [pa.array(c, f.type) for c, f in zip((ids, texts, urls), RESOURCES, strict=True)], RESOURCES
    )
