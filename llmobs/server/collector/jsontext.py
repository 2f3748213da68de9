"""An attribute's value as JSON text that says its type: 1 is an int, 1.0 a double.

What JSON has no word for: bytes are `{"$bytes": "<base64>"}`; an empty value is null; NaN and Infinity are
written as these words, which DuckDB (2.0) and Python read and strict JSON does not know. A key that comes
twice is written twice: DuckDB lets the last one win.
"""

import base64
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import orjson

from llmobs.server.collector import flat

MAX_DEPTH = 256  # deeper lists stay the bytes they came as: a level takes two of Python's 1,000 frames


def quoted(text: str) -> str:
    """`text` as a JSON string."""
    return orjson.dumps(text).decode()


@lru_cache(4_096)
def key(name: str) -> str:
    """The same for an attribute's name, of which there are few."""
    return quoted(name)


def number(value: float) -> str:
    """A double, so that it reads back as the same double."""
    text = repr(value)
    return _WORDS.get(text, text)


_WORDS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def bytes_text(value: bytes) -> str:
    """Bytes as an object with one key."""
    return f'{{"$bytes":"{base64.b64encode(value).decode()}"}}'


def text(value: Any, depth: int = 0) -> str:
    """A flat AnyValue as JSON text. ValueError where the bytes inside are no message."""
    kind = value.WhichOneof("kind")
    if kind == "string":
        return quoted(value.string)
    if kind == "int":
        return str(value.int)
    if kind == "bool":
        return "true" if value.bool else "false"
    if kind == "double":
        return number(value.double)
    if kind == "array":
        return array_text(value.array, depth)
    if kind == "kvlist":
        return kvlist_text(value.kvlist, depth)
    return "null" if kind is None else bytes_text(value.bytes)


def array_text(value: bytes, depth: int = 0) -> str:
    """The bytes of an ArrayValue as a JSON array."""
    if depth >= MAX_DEPTH:
        return bytes_text(value)
    said = []
    for item in flat.ArrayValue.FromString(value).values:  # no comprehension: it would be a frame a level
        said.append(text(item, depth + 1))
    return f"[{','.join(said)}]"


def kvlist_text(value: bytes, depth: int = 0) -> str:
    """The bytes of a KeyValueList as a JSON object."""
    if depth >= MAX_DEPTH:
        return bytes_text(value)
    said = []
    for pair in flat.KeyValueList.FromString(value).values:
        said.append(f"{key(pair.key)}:{text(pair.value, depth + 1)}")
    return f"{{{','.join(said)}}}"


def object_text(pairs: Iterable[Any]) -> str:
    """Flat KeyValues as a JSON object."""
    return f"{{{','.join([f'{key(p.key)}:{text(p.value)}' for p in pairs])}}}"


def any_value(value: object) -> Any:
    """A Python value as a flat AnyValue."""
    if value is None:
        return flat.AnyValue()
    if isinstance(value, bool):
        return flat.AnyValue(bool=value)
    if isinstance(value, int):
        return flat.AnyValue(int=value)
    if isinstance(value, float):
        return flat.AnyValue(double=value)
    if isinstance(value, str):
        return flat.AnyValue(string=value)
    if isinstance(value, bytes):
        return flat.AnyValue(bytes=value)
    if isinstance(value, Mapping):
        inside = flat.KeyValueList(values=key_values(value))
        return flat.AnyValue(kvlist=inside.SerializeToString())
    if isinstance(value, (list, tuple)):
        items = flat.ArrayValue(values=[any_value(item) for item in value])
        return flat.AnyValue(array=items.SerializeToString())
    raise ValueError(
        f"{value!r} is no attribute value. Known: str, bool, int, float, bytes, list, dict, None."
    )


def key_values(values: Mapping[str, object]) -> list[Any]:
    """A mapping as flat KeyValues."""
    return [flat.KeyValue(key=key, value=any_value(value)) for key, value in values.items()]
