"""Wire formats as pure functions over JSON, and how they read it: dicts and SDK objects alike.

A dialect changes nothing it is given, consumes no iterator, and leaves out what it does not know: a field
that is missing or of the wrong type has no key. Its functions are those of `Dialect`; the optional
`system_instructions(body)`, `tool_definitions(body)` and `failure(answer)` (code and message of a failure
that comes as an answer) stand beside them where the format has such things.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

Table = dict[str, tuple[str, Callable[[Any], Any]]]  # name on the wire -> our field, how its value is read
INT64 = 1 << 63  # OTLP knows no larger integer, and one such value would cost the whole batch
NOTHING: dict[str, Any] = {}
DEPTH = 100  # levels of JSON that are copied; what lies deeper is passed on as it is


class Dialect(Protocol):
    """What each module of this folder offers. Field names are those of `signals/call.py`."""

    OPERATION: str
    METHOD: str
    PATH: str  # how the path of its URL ends

    def request(self, body: Any) -> dict[str, Any]:
        """What was asked for, by field name."""

    def response(self, answer: Any) -> dict[str, Any]:
        """What came back, by field name; `answer` is the SDK's object, its JSON, or what `fold` made."""

    def fold(self, answer: dict[str, Any], event: Any) -> bool:
        """Adds a streamed event to `answer`, in constant time. True where the event carries content."""

    def input_messages(self, body: Any) -> list[dict[str, Any]]:
        """What was said to the model, in the convention's message schema."""

    def output_messages(self, answer: Any) -> list[dict[str, Any]]:
        """What the model said: one message a choice."""


D = TypeVar("D", bound=Dialect)


def find(dialects: Iterable[D], method: str, path: str) -> D | None:
    """The dialect spoken at `path`; of two that fit the longer, as chat completions end like completions."""
    path = "/" + path.partition("?")[0].strip("/")
    fitting = [d for d in dialects if method == d.METHOD and path.endswith(d.PATH)]
    return max(fitting, key=lambda d: len(d.PATH), default=None)


def fields(value: Any) -> dict[str, Any]:
    """The fields of a dict or a pydantic object, not to be changed; {} for anything else.

    Straight from the object's dictionaries: `getattr` of a name that pydantic lacks is dear.
    """
    if isinstance(value, dict):
        return value
    if value is None:
        return NOTHING
    try:
        own: dict[str, Any] = value.__dict__
        extra = value.__pydantic_extra__
    except AttributeError:
        return getattr(value, "__dict__", NOTHING)
    return {**own, **extra} if extra else own


def at(value: Any, *path: str | int) -> Any:
    """The value at `path` (names or positions), None where the path ends early."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(step, int):
            value = value[step] if isinstance(value, (list, tuple)) and step < len(value) else None
        else:
            value = fields(value).get(step)
    return value


def each(value: Any) -> Sequence[Any]:
    """The items of a list or of `Slots`, not to be changed; () for anything else."""
    if isinstance(value, (list, tuple)):
        return value
    return [value[index] for index in sorted(value)] if isinstance(value, Slots) else ()


def plain(value: Any, depth: int = DEPTH) -> Any:
    """A copy of `value` as JSON has it: dicts of what is set, lists, scalars."""
    if value is None or isinstance(value, (str, int, float)) or not depth:
        return value
    if isinstance(value, Pieces):
        return joined(value)
    if isinstance(value, (list, tuple)):
        return [plain(item, depth - 1) for item in value]
    if isinstance(value, dict) or hasattr(value, "__pydantic_fields_set__"):
        known = fields(value).items()
        return {str(name): plain(item, depth - 1) for name, item in known if item is not None}
    return value  # bytes, dates, generators: the recorder knows how to show them


def read(value: Any, table: Table) -> dict[str, Any]:
    """Our fields out of `value`: those that are set and of the right type."""
    known = fields(value)
    found: dict[str, Any] = {}
    for name, (field, cast) in table.items():
        if (raw := known.get(name)) is not None and (cooked := cast(raw)) is not None:
            found[field] = cooked
    return found


def word(value: Any) -> str | None:
    """A text that says something, as UTF-8 can carry it; an enumeration's by its value."""
    if not isinstance(value, str) or not value:
        return None
    text: str = value if type(value) is str else str.__str__(value)
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def words(value: Any) -> list[str] | None:
    """A list of texts; one alone counts as a list of one."""
    if isinstance(value, str):
        return [value]
    return [v for v in each(value) if isinstance(v, str)] or None


def whole(value: Any) -> int | None:
    """A whole number, also one written as 12.0."""
    if type(value) is float and value.is_integer():
        value = int(value)
    return value if type(value) is int and -INT64 <= value < INT64 else None


def some(value: Any) -> int | None:
    """A count of what is rare: none of it says nothing."""
    return whole(value) or None


def real(value: Any) -> float | None:
    """A number."""
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def joined(value: Any) -> str:
    """A text, whether whole or in pieces; "" for anything else."""
    if isinstance(value, str):
        return value
    return "".join([p for p in value if isinstance(p, str)]) if isinstance(value, Pieces) else ""


class Pieces(list[Any]):
    """A text that arrives in pieces: appended to while it streams, joined when it is read."""


class Slots(dict[int, Any]):
    """A list that arrives in pieces: items by their index, which may come late, twice or with gaps."""
