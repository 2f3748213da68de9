"""The one choke point for content: prompts, answers and tool data come onto a span through `render` only.

Capture off gives None and touches nothing. Otherwise: secrets masked, the user's own redaction, bytes
replaced by what they are (hash and size), long texts cut inside the structure, so that the JSON stays valid.
A redaction that fails hides its text: better nothing than what should have been hidden.
"""

import base64
import binascii
import hashlib
import logging
import re
from collections.abc import Callable, Iterable
from json.encoder import encode_basestring
from typing import Any, NamedTuple

from llmobs.instrumentation.dialects import fields
from llmobs.instrumentation.secrets import MASK, SHORTEST, masked, names_a_secret

log = logging.getLogger("llmobs")
Redact = Callable[[str], str]

DEPTH = 100  # levels of JSON; deeper only with cycles and mischief
BLOB_CHARACTERS = 1_024  # base64 shorter than this is left as it is
MARGIN = 512  # characters read past the limit, so that a secret across the cut is still seen whole
BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
VARIETY = 32  # different characters that bytes have in base64; a model that loops on "haha" has fewer
FAILED = "[hidden: redaction failed]"
ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
PLAIN = bytes(
    b" "[0] if b < 32 and chr(b) not in ESCAPES else b for b in range(256)
)  # other controls blanked
TOO_DEEP = '"[too deep]"'


def quote(text: str) -> str:
    """`text` as JSON: what `json` does in two walks over it, for long texts in half of the instructions."""
    if len(text) < 200:
        return encode_basestring(text)
    data = text.encode("utf-8", "replace")
    if data.translate(PLAIN) != data:
        return encode_basestring(text)
    for character, escaped in ESCAPES.items():  # the backslash first
        if character in text:
            text = text.replace(character, escaped)
    return f'"{text}"'


# Names of the message schema: they are no content, and come with every part of every message.
COMMON = {
    name: quote(name) + ":"
    for name in (
        "type",
        "content",
        "role",
        "parts",
        "finish_reason",
        "name",
        "id",
        "arguments",
        "response",
        "mime_type",
        "modality",
        "uri",
        "file_id",
        "server_tool_call",
        "server_tool_call_response",
        "description",
        "parameters",
    )
}


class Policy(NamedTuple):
    """What may go out. `limit`: characters of text in one attribute."""

    capture: bool = True
    limit: int = 262_144
    redact: tuple[Redact, ...] = ()


_policy = Policy()


def configure(capture: bool, limit: int, redact: Iterable[str | re.Pattern[str] | Redact] = ()) -> None:
    """Sets what may go out. `redact`: expressions, whose matches are masked, or functions text -> text."""
    global _policy
    _policy = Policy(capture, limit, tuple(_redaction(rule) for rule in redact))


def captured() -> bool:
    """Whether content goes out at all."""
    return _policy.capture


def render(value: Any) -> str | None:
    """`value` as JSON text for a span; None where there is nothing or content is off."""
    policy = _policy
    if value is None or not policy.capture:
        return None
    walk = Walk(policy.redact, policy.limit)
    written = walk.write(value, DEPTH)
    if sum(walk.lengths) > policy.limit:
        written = Walk(policy.redact, level(walk.lengths, policy.limit)).write(value, DEPTH)
    return encodable(written)


def say(text: str, limit: int = 200) -> str:
    """A short text, such as the message of an error, fit to go out; "" with content off."""
    policy = _policy
    if not policy.capture:
        return ""
    return encodable(Walk(policy.redact, limit).text(text))


def level(lengths: list[int], limit: int) -> int:
    """The cap on each text at which all together keep `limit` characters: the longest are cut first."""
    left = limit
    for position, length in enumerate(sorted(lengths)):
        share = left // (len(lengths) - position)
        if length > share:
            return share
        left -= length
    return limit


def encodable(text: str) -> str:
    """`text` without lone surrogates, which UTF-8 cannot hold and which would cost the whole batch."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


class Walk:
    """One pass over a value, which writes it as JSON: a copy of it first would cost as much again.

    `cap`: the longest text that is kept; `lengths`: of the texts that were kept.
    """

    __slots__ = ("cap", "lengths", "redact")

    def __init__(self, redact: tuple[Redact, ...], cap: int) -> None:
        self.redact = redact
        self.cap = cap
        self.lengths: list[int] = []

    def write(self, value: Any, depth: int) -> str:
        """`value` as JSON text, with what may not go out replaced."""
        kind = type(value)
        if kind is dict:
            return self.mapping(value, depth - 1)
        if kind is str:
            return quote(self.text(value))
        if kind is list or kind is tuple:
            if not depth:
                return TOO_DEEP
            return "[" + ",".join([self.write(item, depth - 1) for item in value]) + "]"
        if value is None:
            return "null"
        if kind is bool:
            return "true" if value else "false"
        return str(value) if kind is int else self.stranger(value, depth)

    def mapping(self, value: dict[Any, Any], depth: int) -> str:
        if depth < 0:
            return TOO_DEEP
        if "content" in value and value.get("type") == "blob":
            value = {**value, **blob(value["content"])}
        short = 0 if self.redact else SHORTEST
        pieces = []
        for key, item in value.items():
            if (name := COMMON.get(key)) is None:
                name = self.name(key)
                if type(item) is str and names_a_secret(key, item):
                    item = MASK
            if type(item) is str:
                pieces.append(name + quote(item if len(item) < short else self.text(item)))
            else:
                pieces.append(name + self.write(item, depth))
        return "{" + ",".join(pieces) + "}"

    def name(self, key: Any) -> str:
        """The name of a field: in tool arguments it may be content too."""
        return quote(self.text(key if type(key) is str else shown(key))) + ":"

    def text(self, text: str) -> str:
        length = len(text)
        if length >= BLOB_CHARACTERS and (stub := encoded(text)):
            return stub
        kept = masked(text if length <= self.cap + MARGIN else text[: self.cap + MARGIN])
        for redact in self.redact:
            kept = redacted(redact, kept)
        if length > self.cap:
            kept = f"{kept[: self.cap]}… [{length - self.cap} characters cut]"
        self.lengths.append(min(length, self.cap))
        return kept

    def stranger(self, value: Any, depth: int) -> str:
        """What JSON does not know: infinity, bytes, SDK objects, dates; nothing is consumed."""
        if isinstance(value, float):
            return repr(value) if value - value == 0 else quote(str(value))
        if isinstance(value, bytes | bytearray | memoryview):
            return self.mapping({"type": "blob", "modality": "document", "content": bytes(value)}, depth)
        if isinstance(value, str):  # an enumeration of texts
            return quote(self.text(str(value)))
        if isinstance(value, dict):
            return self.mapping(dict(value), depth - 1)
        if isinstance(value, list | tuple | set | frozenset):
            return self.write(list(value), depth)
        if hasattr(value, "__pydantic_fields_set__"):
            return self.mapping({k: v for k, v in fields(value).items() if v is not None}, depth - 1)
        if hasattr(value, "__next__") or hasattr(value, "__anext__"):
            return quote(f"[{type(value).__name__}: not read]")
        return quote(self.text(shown(value)))


def shown(value: object) -> str:
    try:
        return str(value)
    except Exception:  # a stranger's __str__ may raise anything
        return f"[{type(value).__qualname__}]"


def encoded(text: str) -> str | None:
    """What stands for `text` where it is bytes in base64; None where it is not."""
    head, data = "", text
    if text.startswith("data:"):
        head, found, data = text.partition(";base64,")
        if not found or len(head) > 200:
            return None
    if not BASE64.fullmatch(data, 0, 256) or not BASE64.fullmatch(data):
        return None
    if not head and len(set(data[:256] + data[-256:])) < VARIETY:
        return None
    facts = blob(data)["llmobs"]
    return f"[{head}{', ' if head else ''}{facts['bytes']} bytes, sha256 {facts['sha256']}]"


def blob(content: Any) -> dict[str, Any]:
    """Size and hash in place of bytes, as they are or in base64."""
    try:
        data = content if isinstance(content, bytes) else base64.b64decode(content)
    except (binascii.Error, ValueError, TypeError):
        data = shown(content).encode("utf-8", "replace")
    return {"content": "", "llmobs": {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}}


def redacted(redact: Redact, text: str) -> str:
    """`text` as the user's function leaves it; hidden where that fails."""
    try:
        changed = redact(text)
    except Exception:  # the user's function may raise anything
        log.warning("llmobs: redact function %r raised; its text is hidden.", redact)
        return FAILED
    return changed if isinstance(changed, str) else FAILED


def _redaction(rule: str | re.Pattern[str] | Redact) -> Redact:
    if isinstance(rule, str):
        try:
            rule = re.compile(rule)
        except re.error as wrong:
            raise ValueError(f"redact={rule!r} is not a regular expression: {wrong}.") from wrong
    if isinstance(rule, re.Pattern):
        pattern = rule
        return lambda text: pattern.sub(MASK, text)
    if not callable(rule):
        raise TypeError(f"redact holds {rule!r}. Expected regular expressions or functions text -> text.")
    return rule
