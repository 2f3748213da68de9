"""Payloads to columns with ptars (0.0.25): protobuf straight to nested Arrow, unfolded here.

Equal to walk.py, column by column: tests/server/collector/test_decode.py.
"""

from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from ptars import HandlerPool

from llmobs.server.collector import columns, fieldcolumns, fit, flat, table, textcolumns
from llmobs.server.collector.textcolumns import Places, join, starts

_REQUEST = flat.Request.DESCRIPTOR
_HANDLER = HandlerPool([_REQUEST.file]).get_for_message(_REQUEST)


def fast(payloads: list[bytes], received_at: datetime) -> table.Decoded:
    """The same as `decode`. ValueError for what ptars does not take."""
    groups = _HANDLER.list_to_record_batch(payloads).column(0).flatten()
    scoped_of = groups.field("scope_spans")
    scoped = scoped_of.flatten()
    spans_of = scoped.field("spans")
    spans = spans_of.flatten()
    scope_rows = _owners(spans_of)
    group_rows = _owners(scoped_of)[scope_rows]
    found, resources = _resources(groups)
    made = {
        **_ids(spans),
        **_times(spans, received_at),
        **_plain(spans),
        **_scopes(scoped, scope_rows),
        **{name: column.take(pa.array(group_rows)) for name, column in found.items()},
        **_attributes(spans),
        "events": _texts(spans.field("events"), _event),
        "links": _texts(spans.field("links"), _link),
    }
    rows = len(spans)
    arrays = [_typed(made.get(f.name), f.type, rows) for f in columns.schema()]
    return table.Decoded(pa.Table.from_arrays(arrays, schema=columns.schema()), resources)


def _typed(column: pa.Array | None, kind: pa.DataType, rows: int) -> pa.Array:
    if column is None:
        return pa.nulls(rows, kind)
    return column if column.type == kind else column.cast(kind)


def _owners(column: pa.ListArray) -> Places:
    """For each item of the flattened column the row it came from."""
    return np.repeat(np.arange(len(column)), np.diff(starts(column)))


def _resources(groups: pa.StructArray) -> tuple[dict[str, pa.Array], pa.Table]:
    pairs = groups.field("resource").field("attributes")
    texts = textcolumns.of_list(pairs).to_pylist()
    urls = [url or "" for url in groups.field("schema_url").to_pylist()]
    ids = [table.resource_id(t, u) for t, u in zip(texts, urls, strict=True)]
    resources = table.of_resources(dict(zip(ids, zip(texts, urls, strict=True), strict=True)))
    inside = pairs.flatten()
    at = fieldcolumns.Pairs(inside.field("key"), inside.field("value"), _owners(pairs))
    made = {
        n: fieldcolumns.first_string(at, (f.attribute, *f.also), len(groups))
        for n, f in fit.RESOURCE_FIELDS.items()
    }
    return {"resource_id": pa.array(ids, pa.uint64()), **made}, resources


def _ids(spans: pa.StructArray) -> dict[str, pa.Array]:
    trace, _ = _bytes(spans.field("trace_id"), 16, "trace_id")
    span, _ = _bytes(spans.field("span_id"), 8, "span_id")
    parent, there = _bytes(spans.field("parent_span_id"), 8)
    parents = parent.view(">u8").ravel().astype(np.uint64)
    uuid = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(spans), [None, pa.py_buffer(trace)])
    return {
        "trace_id": pa.ExtensionArray.from_storage(pa.uuid(), uuid),
        "span_id": pa.array(span.view(">u8").ravel().astype(np.uint64)),
        "parent_span_id": pa.array(parents, mask=~there | (parents == 0)),
    }


def _bytes(
    column: pa.BinaryArray, width: int, name: str = ""
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """A row of `width` bytes for each value, and whether it had as many.

    ValueError where one has not and a `name` is given: then all must.
    """
    lengths = np.asarray(pc.fill_null(pc.binary_length(column), 0))
    right = lengths == width
    if name and not right.all():
        wrong = column[int(np.flatnonzero(~right)[0])].as_py() or b""
        raise ValueError(f"A span's {name} has {len(wrong)} bytes ({wrong[:20].hex()}), expected {width}.")
    found = np.zeros((len(column), width), np.uint8)
    held = column.filter(pa.array(right))
    joined = b"".join(held.to_pylist())
    found[right] = np.frombuffer(joined, np.uint8).reshape(-1, width)
    return found, right


def _times(spans: pa.StructArray, received_at: datetime) -> dict[str, pa.Array]:
    start, end = (np.asarray(pc.fill_null(spans.field(n), 0), np.uint64) for n in ("start", "end"))
    longest = np.uint64(2**63 - 1)
    forward = np.minimum(end - start, longest).astype(np.int64)
    backward = -np.minimum(start - end, longest).astype(np.int64)
    return {
        "started_at": pa.array((start // np.uint64(1000)).astype(np.int64)).view(pa.timestamp("us")),
        "started_sub_us": pa.array((start % np.uint64(1000)).astype(np.int16)),
        "duration_ns": pa.array(np.where(end >= start, forward, backward)),
        "received_at": pa.array(np.full(len(start), np.datetime64(received_at), "datetime64[us]")),
    }


def _plain(spans: pa.StructArray) -> dict[str, pa.Array]:
    status = spans.field("status")
    counts = {n: spans.field(n) for n in ("dropped_attributes", "dropped_events", "dropped_links")}
    return {
        "kind": _word(spans.field("kind")),
        "status_code": _word(status.field("code")),
        "flags": pc.fill_null(spans.field("flags"), 0),
        "name": pc.fill_null(spans.field("name"), ""),
        "status_message": _said(status.field("message")),
        "trace_state": _said(spans.field("trace_state")),
        **{name: pc.if_else(pc.equal(column, 0), None, column) for name, column in counts.items()},
    }


def _word(column: pa.Array) -> pa.Array:
    numbers = np.asarray(pc.fill_null(column, 0))
    return pa.array(np.where((numbers >= 0) & (numbers < 128), numbers, 0).astype(np.int8))


def _said(column: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(column, ""), None, column)


def _scopes(scoped: pa.StructArray, rows: Places) -> dict[str, pa.Array]:
    scope = scoped.field("scope")
    pairs = scope.field("attributes")
    empty = pc.equal(pc.fill_null(pc.list_value_length(pairs), 0), 0)
    made = {
        "scope_name": _said(scope.field("name")),
        "scope_version": _said(scope.field("version")),
        "scope_attributes": pc.if_else(empty, None, textcolumns.of_list(pairs)),
    }
    return {name: column.take(pa.array(rows)) for name, column in made.items()}


def _attributes(spans: pa.StructArray) -> dict[str, pa.Array]:
    column = spans.field("attributes")
    inside = column.flatten()
    textcolumns.check_kinds(inside.field("value"))
    pairs = fieldcolumns.Pairs(inside.field("key"), inside.field("value"), _owners(column))
    found = fieldcolumns.fields(pairs, len(spans))
    copied, structured = fieldcolumns.notes(found, len(spans))
    attributes = fieldcolumns.rest(pairs, found, len(spans))
    return {**found.columns, "attributes": attributes, "copied": copied, "structured": structured}


def _texts(column: pa.ListArray, text: Any) -> pa.Array:
    """JSON arrays of the items of each list; NULL for an empty one."""
    items = column.flatten()
    if not len(items):
        return pa.nulls(len(column), pa.string())
    offsets = starts(column)
    joined = join("[", textcolumns.lists(offsets, text(items)), "]")
    return pc.if_else(pa.array(np.diff(offsets) > 0), joined, None)


def _event(events: pa.StructArray) -> pa.StringArray:
    time = pc.fill_null(events.field("time"), 0).cast(pa.string())
    name = textcolumns.quoted(pc.fill_null(events.field("name"), ""))
    attributes = textcolumns.of_list(events.field("attributes"))
    return join(
        '{"time_unix_nano":', time, ',"name":', name, ',"attributes":', attributes, _dropped(events), "}"
    )


def _link(links: pa.StructArray) -> pa.StringArray:
    trace, span = (
        textcolumns.distinct(pc.fill_null(links.field(n), b""), bytes.hex) for n in ("trace_id", "span_id")
    )
    state = textcolumns.quoted(pc.fill_null(links.field("trace_state"), ""))
    flags = pc.fill_null(links.field("flags"), 0).cast(pa.string())
    attributes = textcolumns.of_list(links.field("attributes"))
    ids = join('{"trace_id":"', trace, '","span_id":"', span, '","trace_state":', state)
    return join(ids, ',"flags":', flags, ',"attributes":', attributes, _dropped(links), "}")


def _dropped(items: pa.StructArray) -> pa.StringArray:
    count = pc.fill_null(items.field("dropped"), 0)
    said = join(',"dropped_attributes_count":', count.cast(pa.string()))
    return pc.if_else(pc.equal(count, 0), "", said)
