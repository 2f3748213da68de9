"""What a search found, as the convention writes it: id, score, content.

Reads dicts, objects (LangChain, LlamaIndex, clients of vector stores) and pairs (document, score), by the
names that they use for the same thing. Distances are no scores: less is better there.
"""

import math
from collections.abc import Iterable
from numbers import Real
from typing import Any

ID = ("id", "document_id", "doc_id", "node_id", "_id", "key")
SCORE = ("score", "similarity", "relevance_score", "_score")
CONTENT = ("content", "text", "page_content", "document", "chunk")
LISTS = ("documents", "matches", "results", "hits", "points", "nodes")


def documents(found: Any) -> list[dict[str, Any]] | None:
    """One dict a document, with those of id, score and content that it has; None where `found` is no list."""
    items = listed(found)
    return None if items is None else [document(item) for item in items]


def listed(found: Any) -> list[Any] | None:
    """The items of `found`, which is a list or has one; iterators stay untouched."""
    if isinstance(found, list | tuple):
        return list(found)
    inner = first(found, LISTS, list | tuple)
    return None if inner is None else list(inner)


def document(item: Any) -> dict[str, Any]:
    if isinstance(item, tuple) and len(item) == 2 and score(item[1]) is not None:
        return {**document(item[0]), "score": score(item[1])}
    if isinstance(item, str):
        return {"content": item}
    number = first(item, SCORE, Real)
    facts = {
        "id": identity(first(item, ID, str | int)),
        "score": score(number),
        "content": first(item, CONTENT, str),
    }
    return {name: value for name, value in facts.items() if value is not None}


def best(found: Iterable[dict[str, Any]]) -> float | None:
    """The highest score; None where no document has one."""
    return max((each["score"] for each in found if "score" in each), default=None)


def identity(value: str | int | None) -> str | None:
    return None if value is None else str(value)


def score(value: Any) -> float | None:
    if not isinstance(value, Real) or isinstance(value, bool):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def first(item: Any, names: Iterable[str], kind: Any) -> Any:
    """The first of `names` that `item` has with a value of `kind`."""
    for name in names:
        value = item.get(name) if isinstance(item, dict) else getattr(item, name, None)
        if isinstance(value, kind) and not isinstance(value, bool):
            return value
    return None
