"""One value of OTLP's JSON, as protobuf: text, numbers, lists and maps nested in each other.

64-bit integers come as text or as numbers, bytes as base64, and NaN and Infinity as text.
"""

import base64
import re
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from llmobs.server.collector.wire import FIXED64, VARINT, delimited, tag, varint

_HEX = re.compile("([0-9a-fA-F]{2})*")


class Wrong(ValueError):
    """A value that its field cannot hold; the words say which."""


def snake(camel: str) -> str:
    """`boolValue` as protobuf's own files spell it: `bool_value`."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in camel)


def utf8(value: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def string(value: Any) -> bytes:
    if isinstance(value, str):
        return utf8(value)
    raise Wrong(f"{value!r:.60} is no string")


def integer(value: Any, low: int, high: int) -> int:
    """A whole number, also as text or as 1e3."""
    number = value
    if isinstance(value, str):
        try:
            number = int(value) if value.strip().lstrip("-").isdigit() else float(value)
        except ValueError:
            raise Wrong(f"{value!r:.60} is no whole number") from None
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    if isinstance(number, bool) or not isinstance(number, int):
        raise Wrong(f"{value!r:.60} is no whole number")
    if not low <= number <= high:
        raise Wrong(f"{value!r:.60} is not between {low} and {high}")
    return number


def double(value: Any) -> bytes:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Wrong(f"{value!r:.60} is no number")
    try:
        return struct.pack("<d", float(value))
    except (ValueError, OverflowError):
        raise Wrong(f"{value!r:.60} is no double") from None


def boolean(value: Any) -> bytes:
    if value is True or value is False:
        return varint(value)
    raise Wrong(f"{value!r:.60} is neither true nor false")


def base64_bytes(value: Any) -> bytes:
    if not isinstance(value, str):
        raise Wrong(f"{value!r:.60} is no base64 text")
    plain = value.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except ValueError:
        raise Wrong(f"{value!r:.60} is no base64 text") from None


def hexadecimal(value: Any) -> bytes:
    """An id; upper and lower case."""
    if isinstance(value, str) and _HEX.fullmatch(value):
        return bytes.fromhex(value)
    raise Wrong(f"{value!r:.60} is no id in hex")


@lru_cache(4_096)
def _key(name: str) -> bytes:
    """A short key, of which there are few."""
    return delimited(1, string(name))


def key_value(item: Any) -> bytes:
    if not isinstance(item, dict):
        raise Wrong("an attribute is no object")
    name, value = item.get("key") or "", item.get("value")
    try:
        key = _key(name) if isinstance(name, str) and len(name) < 100 else delimited(1, string(name))
        return key if value is None else key + delimited(2, any_value(value))
    except Wrong as wrong:
        raise Wrong(f"{name!s:.60}: {wrong}") from None


_SIMPLE: dict[str, Callable[[Any], bytes]] = {
    "stringValue": lambda value: delimited(1, string(value)),
    "boolValue": lambda value: tag(2, VARINT) + boolean(value),
    "intValue": lambda value: tag(3, VARINT) + varint(integer(value, -(2**63), 2**63 - 1)),
    "doubleValue": lambda value: tag(4, FIXED64) + double(value),
    "bytesValue": lambda value: delimited(7, base64_bytes(value)),
}


_SIMPLE |= {snake(key): write for key, write in _SIMPLE.items()}


def any_value(value: Any) -> bytes:
    """An AnyValue; empty where no kind of value is given."""
    if value is None:
        return b""
    if not isinstance(value, dict):
        raise Wrong("a value is no object such as {stringValue: ...}")
    for key, content in value.items():
        if content is None:
            continue
        if write := _SIMPLE.get(key):
            return write(content)
        if key in ("arrayValue", "array_value"):
            return delimited(5, b"".join([delimited(1, any_value(item)) for item in _values(content)]))
        if key in ("kvlistValue", "kvlist_value"):
            return delimited(6, b"".join([delimited(1, key_value(item)) for item in _values(content)]))
    return b""


def _values(content: Any) -> list[Any]:
    values = content.get("values") if isinstance(content, dict) else content
    if values is None and isinstance(content, dict):
        return []
    if isinstance(values, list):
        return values
    raise Wrong("values is no list")
