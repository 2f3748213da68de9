"""Which attribute fills which field, and what stays in the rest: one span at a time.

A field takes an attribute only where the types are the same, and then the attribute leaves the rest: the
view `spans` puts `attributes` together again from both. Two columns keep that exact where the field's value
is not the attribute word for word; they are NULL nearly always:

    copied      the field was filled from another name of it (`also`), or from an int for a float, and the
                attribute stayed in the rest: `{"the field's attribute":null}`, so that it is not said twice
    structured  the attribute was a list or a map where JSON text was expected: ` field `, a space around
                each name; the field holds its JSON text

A NaN or infinite number is no measurement: it stays in the rest and the field is NULL, unknown.
"""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

from llmobs.server.collector import flat, jsontext
from llmobs.server.collector.columns import FIELDS
from llmobs.signal import Field, Json

SPAN_FIELDS = {n: f for n, f in FIELDS.items() if not f.resource}
RESOURCE_FIELDS = {n: f for n, f in FIELDS.items() if f.resource}
# Attribute -> the fields it may fill, with its rank among their names: 0 is the field's own.
WATCHED: dict[str, list[tuple[str, int]]] = {}
for _name, _field in SPAN_FIELDS.items():
    for _rank, _attribute in enumerate((_field.attribute, *_field.also)):
        WATCHED.setdefault(_attribute, []).append((_name, _rank))
ORDER = {name: place for place, name in enumerate(SPAN_FIELDS)}
KINDS: dict[type, str] = {str: "string", int: "int", float: "double", bool: "bool", Json: "string"}
LONGEST_NAME = 1_000  # characters of a resource's field: every span gets a copy of it


class Fitted(NamedTuple):
    """The fields by name, the JSON object of all that no field took, and what is not word for word."""

    values: dict[str, Any]
    rest: str
    copied: str | None
    structured: str | None


def fit(pairs: Iterable[Any]) -> Fitted:
    """Sorts a span's attributes (flat KeyValues)."""
    said = [(p.key, p.value) for p in pairs]
    last = {key: value for key, value in said if key in WATCHED}
    best: dict[str, tuple[int, Any, str]] = {}
    for attribute, value in last.items():
        for name, rank in WATCHED[attribute]:
            found, way = take(SPAN_FIELDS[name], value)
            if way and (name not in best or rank < best[name][0]):
                best[name] = (rank, found, "copied" if rank else way)
    taken = {SPAN_FIELDS[n].attribute for n, (_, _, way) in best.items() if way != "copied"}
    rest = ",".join([f"{jsontext.key(k)}:{jsontext.text(v)}" for k, v in said if k not in taken])
    ways = {n: way for n, (_, _, way) in best.items() if way != "own"}
    names = sorted(ways, key=ORDER.__getitem__)
    values = {name: found for name, (_, found, _) in best.items()}
    return Fitted(
        values, f"{{{rest}}}", copied(names), structured(n for n in names if ways[n] == "structured")
    )


def copied(names: Iterable[str]) -> str | None:
    """The merge patch that takes the attributes of these fields away."""
    said = ",".join(f"{jsontext.quoted(SPAN_FIELDS[n].attribute)}:null" for n in names)
    return f"{{{said}}}" if said else None


def structured(names: Iterable[str]) -> str | None:
    """The fields whose attribute was no text."""
    said = " ".join(names)
    return f" {said} " if said else None


def take(field: Field, value: Any) -> tuple[Any, str]:
    """The field's value from an attribute's, and how: "own", "structured", "copied", "" for not."""
    kind = value.WhichOneof("kind") if value is not None else None
    if kind is None:
        return None, ""
    if kind == KINDS.get(field.type):
        found = getattr(value, kind)
        finite = kind != "double" or math.isfinite(found)
        return (found, "own") if finite else (None, "")
    if field.type is float and kind == "int":
        return float(value.int), "copied"
    if field.type is list and kind == "array":
        return strings(value.array)
    if field.type is Json and kind in ("array", "kvlist"):
        return jsontext.text(value), "structured"
    return None, ""


def strings(array: bytes) -> tuple[str | None, str]:
    """The JSON text of an array if all its items are strings."""
    items = flat.ArrayValue.FromString(array).values
    if all(item.WhichOneof("kind") == "string" for item in items):
        return jsontext.array_text(array), "own"
    return None, ""


def of_resource(pairs: Iterable[Any]) -> dict[str, str]:
    """The fields that stand on the resource; its attributes all stay where they are."""
    texts = ((p.key, p.value.string) for p in pairs if p.value.WhichOneof("kind") == "string")
    last = {key: text for key, text in texts if len(text) <= LONGEST_NAME}
    found = {n: [last[a] for a in (f.attribute, *f.also) if a in last] for n, f in RESOURCE_FIELDS.items()}
    return {name: values[0] for name, values in found.items() if values}
