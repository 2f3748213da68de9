"""Attributes as JSON texts, a column at a time; the same texts as jsontext.py makes one at a time.

Python runs only for what is rare or repeats: keys, doubles, lists and maps, each distinct value once.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from llmobs.server.collector import jsontext

Places = npt.NDArray[np.int64]
# What a JSON string may not hold as it is; other control characters than these it may.
ESCAPED = '["\\\\\x00-\x1f]'
BY_VALUE: dict[str, Callable[[Any], str]] = {
    "double": jsontext.number,
    "array": jsontext.array_text,
    "kvlist": jsontext.kvlist_text,
    "bytes": jsontext.bytes_text,
}


def values(any_values: pa.StructArray) -> pa.StringArray:
    """A column of flat AnyValues as JSON texts; an empty value is null."""
    found = [quoted(any_values.field("string"))]
    for kind in ("int", "bool"):
        if has(any_values.field(kind)):
            found.append(any_values.field(kind).cast(pa.string()))
    for kind, text in BY_VALUE.items():
        if has(any_values.field(kind)):
            found.append(distinct(any_values.field(kind), text))
    return pc.coalesce(*found, pa.scalar("null"))


def check_kinds(any_values: pa.StructArray) -> None:
    """ValueError where a value has two kinds: the last one counts, and columns do not say which that was."""
    kinds = [np.asarray(c.is_valid(), np.int8) for c in any_values.flatten() if has(c)]
    if len(kinds) > 1 and int(np.sum(kinds, axis=0).max()) > 1:
        raise ValueError("An attribute has two values.")


def quoted(strings: pa.StringArray) -> pa.StringArray:
    """Strings as JSON strings; NULL stays."""
    plain = join('"', strings, '"')
    special = pc.fill_null(pc.match_substring_regex(strings, ESCAPED), False)
    if not pc.any(special).as_py():
        return plain
    texts = [jsontext.quoted(s) for s in strings.filter(special).to_pylist()]
    return pc.replace_with_mask(plain, special, pa.array(texts, pa.string()))


def distinct(column: pa.Array, text: Callable[[Any], str | None]) -> pa.StringArray:
    """`text` of each value, called once for each distinct one; NULL stays."""
    coded = column.dictionary_encode()
    made = pa.array([text(v) for v in coded.dictionary.to_pylist()], pa.string())
    return made.take(coded.indices)


def objects(offsets: Places, keys: pa.StringArray, any_values: pa.StructArray) -> pa.StringArray:
    """KeyValues as JSON objects; object i has the pairs from `offsets[i]` up to `offsets[i + 1]`."""
    pairs = join(distinct(keys, jsontext.key), ":", values(any_values))
    return join("{", lists(offsets, pairs), "}")


def of_list(pairs: pa.ListArray) -> pa.StringArray:
    """A column of lists of KeyValues as JSON objects."""
    inside = pairs.flatten()
    check_kinds(inside.field("value"))
    return objects(starts(pairs), inside.field("key"), inside.field("value"))


def lists(offsets: Places, texts: pa.StringArray) -> pa.StringArray:
    """The texts of each list with commas between them."""
    return pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), texts), ",")


def starts(column: pa.ListArray) -> Places:
    """Where each list begins in `column.flatten()`, and the end."""
    lengths = np.asarray(pc.fill_null(pc.list_value_length(column), 0), np.int64)
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])


def join(*parts: Any) -> pa.StringArray:
    """Texts side by side, NULL where one of them is."""
    return pc.binary_join_element_wise(*parts, "")


def has(column: pa.Array) -> bool:
    """Whether anything is there."""
    return bool(column.null_count < len(column))
