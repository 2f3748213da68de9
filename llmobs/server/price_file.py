"""`prices.yaml`: your own prices, for deployments, contracts and models that you run yourself.

A mistake in it must not price calls wrongly in silence: every error names line, key and expectation.
Numbers are read as decimals from their text, because 0.1 as a float is not 0.1.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import yaml

LARGEST = Decimal(1_000_000)  # USD per million tokens; more is a slip of the unit
RATES = (
    *("input", "cached", "cache_written", "cache_written_1h", "output"),
    *("input_audio", "output_audio", "web_search"),
)
KEYS = ("model", "provider", *RATES, "from", "until")


class OwnPrice(NamedTuple):
    """One entry. Rates in USD per million tokens, `web_search` in USD per thousand.

    Days are UTC; `until` is the first that no longer counts.
    """

    models: tuple[str, ...]
    provider: str | None = None
    input: Decimal | None = None
    cached: Decimal | None = None
    cache_written: Decimal | None = None
    output: Decimal | None = None
    cache_written_1h: Decimal | None = None
    input_audio: Decimal | None = None
    output_audio: Decimal | None = None
    web_search: Decimal | None = None
    since: date | None = None
    until: date | None = None

    def fits(self, provider: str | None, models: Sequence[str | None], day: date) -> bool:
        if (self.since and day < self.since) or (self.until and day >= self.until):
            return False
        if self.provider and not fnmatchcase((provider or "").lower(), self.provider.lower()):
            return False
        names = [name.lower() for name in models if name]
        return any(fnmatchcase(name, pattern.lower()) for name in names for pattern in self.models)


class Wrong(ValueError):
    """A mistake in the file, with its place."""

    def __init__(self, path: Path, node: yaml.Node, says: str) -> None:
        super().__init__(f"{path}, line {node.start_mark.line + 1}: {says}")


def read(path: str | Path) -> list[OwnPrice]:
    """The entries in the order of the file. ValueError with line, key and expectation where it is wrong."""
    file = Path(path).expanduser()
    try:
        root = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except FileNotFoundError:
        raise ValueError(
            f"prices: {str(file)!r} does not exist. Write that file or leave the setting `prices` empty."
        ) from None
    except yaml.YAMLError as wrong:
        raise ValueError(f"{file} is no YAML: {wrong}") from wrong
    if root is None:
        return []
    pairs = dict(fields(file, root))
    for key, node in pairs.items():
        if key != "prices":
            raise Wrong(file, node, f"unknown key `{key}`. Known: prices.")
    if "prices" not in pairs:
        raise Wrong(file, root, "no key `prices`. Expected: prices, with a list of entries.")
    entries = pairs["prices"]
    if entries.tag == "tag:yaml.org,2002:null":
        return []
    if not isinstance(entries, yaml.SequenceNode):
        raise Wrong(file, entries, "`prices` is no list. Expected entries that begin with `- model: ...`.")
    return [entry(file, node) for node in entries.value]


def fields(file: Path, node: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
    """The keys of a mapping; one that stands twice is an error: the first would be lost in silence."""
    if not isinstance(node, yaml.MappingNode):
        raise Wrong(file, node, f"found {text(node)!r} where `key: value` was expected.")
    seen = set()
    for key, value in node.value:
        if key.value in seen:
            raise Wrong(file, key, f"key `{key.value}` stands twice in one entry.")
        seen.add(key.value)
        yield key.value, value


def entry(file: Path, node: yaml.Node) -> OwnPrice:
    found = dict(fields(file, node))
    for key in found:
        if key not in KEYS:
            raise Wrong(file, found[key], f"unknown key `{key}`. Known: {', '.join(KEYS)}.")
    if "model" not in found:
        raise Wrong(
            file, node, "an entry without `model`. Expected a name, a pattern such as gpt-4o*, or a list."
        )
    rates = {key: rate(file, key, found[key]) for key in RATES if key in found}
    if not rates:
        raise Wrong(
            file, node, "an entry without a price. Expected at least `input`, in USD per million tokens."
        )
    since, until = (day(file, key, found.get(key)) for key in ("from", "until"))
    if since and until and since >= until:
        raise Wrong(file, found["until"], f"`until` {until} is not after `from` {since}.")
    provider = word(file, "provider", found["provider"]) if "provider" in found else None
    return OwnPrice(names(file, found["model"]), provider, since=since, until=until, **rates)


def names(file: Path, node: yaml.Node) -> tuple[str, ...]:
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    found = tuple(word(file, "model", item) for item in nodes)
    if not found:
        raise Wrong(file, node, "`model` is an empty list. Expected at least one name or pattern.")
    return found


def word(file: Path, key: str, node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
        raise Wrong(file, node, f"`{key}` is {text(node)!r}. Expected a name or a pattern like gpt-4o*.")
    return str(node.value).strip()


def rate(file: Path, key: str, node: yaml.Node) -> Decimal:
    try:
        found = Decimal(node.value) if isinstance(node, yaml.ScalarNode) else Decimal("NaN")
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or not 0 <= found <= LARGEST:
        expected = f"USD per million tokens, from 0 to {LARGEST}, such as 2.50"
        raise Wrong(file, node, f"`{key}` is {text(node)!r}. Expected {expected}.")
    return found


def day(file: Path, key: str, node: yaml.Node | None) -> date | None:
    if node is None:
        return None
    try:
        return date.fromisoformat(node.value)
    except (TypeError, ValueError):
        raise Wrong(file, node, f"`{key}` is {text(node)!r}. Expected a day such as 2026-01-31.") from None


def text(node: yaml.Node) -> str:
    return (
        node.value if isinstance(node, yaml.ScalarNode) else "a list" if isinstance(node.value, list) else "?"
    )
