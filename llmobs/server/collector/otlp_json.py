"""A JSON request of spans, checked and turned into protobuf, span by span.

OTLP's JSON is protobuf's JSON mapping with three rules of its own (OTLP 1.9, read on 2026-11-22): ids are
hex, enums are numbers, keys are lowerCamelCase. Unknown keys are skipped, null is absent. We also take enum
names and snake_case, as protobuf's own mapping does, and NaN without quotes, which Python's json writes.
"""

import json
from collections.abc import Iterator
from typing import Any

import orjson

from llmobs.server.collector import json_fields, refusal
from llmobs.server.collector.json_fields import identity
from llmobs.server.collector.json_values import Wrong
from llmobs.server.collector.verdict import Checked, Notes, id_problem, parent_problem, scope_problem
from llmobs.server.collector.wire import delimited


def check(body: bytes) -> Checked:
    """The good part of a JSON body, as protobuf. Refusal (400) where nothing of it is good."""
    request = _parse(body)
    notes = Notes()
    spans = 0
    groups = []
    try:
        for group in _objects(request, notes, "resourceSpans", "resource_spans"):
            content, count = _group(group, notes)
            spans += count
            groups.append(delimited(1, content))
    except RecursionError:  # orjson stops at 1,024 levels, which are 250 lists in lists; json may not
        raise refusal.malformed("The body is JSON nested too deep to be read.") from None
    return notes.checked(b"".join(groups), spans)


def _parse(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError as wrong:
        request = _parse_leniently(body, wrong)
    if not isinstance(request, dict):
        raise refusal.malformed(f"The body is a JSON {type(request).__name__}; an object was expected.")
    return request


def _parse_leniently(body: bytes, wrong: orjson.JSONDecodeError) -> Any:
    """For invalid UTF-8, lone surrogates, NaN and a byte order mark, none of which is worth losing spans."""
    try:
        return json.loads(body.decode("utf-8-sig", errors="replace"))
    except (ValueError, RecursionError):
        raise refusal.malformed(f"The body is not valid JSON: {wrong}.") from None


def _objects(parent: dict[str, Any], notes: Notes, *names: str) -> Iterator[dict[str, Any]]:
    """The objects of a list, which may be missing. What is none counts as one rejected span: nobody knows."""
    for name in names:
        for item in _list(parent, name, notes):
            if isinstance(item, dict):
                yield item
            else:
                notes.rejected[f"{name} holds what is no object"] += 1


def _list(parent: dict[str, Any], name: str, notes: Notes) -> list[Any]:
    found = parent.get(name)
    if found is None:
        return []
    if not isinstance(found, list):
        notes.rejected[f"{name} is no list"] += 1
        return []
    return found


def _group(group: dict[str, Any], notes: Notes) -> tuple[bytes, int]:
    """One resource with its spans as ResourceSpans, and how many spans there are in it."""
    scopes = list(_objects(group, notes, "scopeSpans", "scope_spans"))
    try:
        head = json_fields.message(group, json_fields.RESOURCE_SPANS)
    except Wrong as wrong:
        count = sum(len(_list(scope, "spans", notes)) for scope in scopes)
        notes.rejected[f"their resource cannot be read: {wrong}"] += count
        return b"", 0
    spans = 0
    parts = [head]
    for scope in scopes:
        content, count = _scope(scope, notes)
        spans += count
        parts.append(delimited(2, content))
    return b"".join(parts), spans


def _scope(scope: dict[str, Any], notes: Notes) -> tuple[bytes, int]:
    spans = _list(scope, "spans", notes)
    try:
        head = json_fields.message(scope, json_fields.SCOPE_SPANS)
    except Wrong as wrong:
        notes.rejected[f"their scope cannot be read: {wrong}"] += len(spans)
        return b"", 0
    if problem := scope_problem(len(head), len(spans)):
        notes.rejected[problem] += len(spans)
        return b"", 0
    good = [raw for span in spans if (raw := _span(span, notes))]
    return head + b"".join(delimited(2, raw) for raw in good), len(good)


def _span(span: Any, notes: Notes) -> bytes:
    """The span as protobuf, or nothing where it cannot be kept."""
    try:
        if not isinstance(span, dict):
            raise Wrong("a span is no object")
        trace_id, span_id, parent = (identity(span, key) for key in ("traceId", "spanId", "parentSpanId"))
        if problem := id_problem(trace_id, span_id):
            raise Wrong(problem)
        raw = json_fields.message(span, json_fields.SPAN)
    except Wrong as wrong:
        notes.rejected[str(wrong)] += 1
        return b""
    if problem := parent_problem(parent):
        notes.mended[problem] += 1
    return raw
