"""What a prompt is made of: whose text each part is, how long, and a hash that tells whether it changed.

Tokens are estimated, and marked so: about four bytes of UTF-8 to a token, which for prose is right within a
fifth and needs no tokenizer. Parts do not overlap: their tokens add up to the prompt's.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from llmobs.instrumentation import content
from llmobs.instrumentation.context import text as as_text
from llmobs.instrumentation.promptfile import SUFFIX, Message, PromptFile

SYSTEM = frozenset({"system", "developer", "instructions"})
# Kinds whose text the prompt's author wrote; all others change from call to call.
WRITTEN = SYSTEM | {"template", "examples"}


class Part(NamedTuple):
    """`kind`: template, variable, history, or the word that the caller chose. `source`: where it is from."""

    name: str
    kind: str
    text: str
    source: str | None = None


def described(parts: Iterable[Part]) -> str:
    """JSON list: name, kind, tokens (estimated), hash, source; no text.

    With content off only parts that the author wrote have a hash: a short answer could be guessed from one.
    """
    found = []
    for part in parts:
        facts: dict[str, Any] = {"name": part.name, "kind": part.kind, "tokens": tokens(part.text)}
        facts["estimated"] = True
        if part.kind in WRITTEN or content.captured():
            facts["hash"] = digest([part.text])
        if part.source is not None:
            facts["source"] = part.source
        found.append(facts)
    return content.encodable(json.dumps(found, ensure_ascii=False, default=as_text))


def of_messages(
    file: PromptFile, messages: Iterable[Message], variables: Mapping[str, Any]
) -> Iterator[Part]:
    """The parts of a prompt from a file: of each message what the file says, then the variables in it."""
    for message in messages:
        if message.given is not None:
            yield Part(thread_of(file, variables, message.given), "history", said(message.given), "argument")
            continue
        left, from_variables = message.text, []
        for name, value in variables.items():
            own = [leaf for leaf in leaves(value) if leaf and leaf in left]
            for leaf in own:
                left = left.replace(leaf, "", 1)
            if own:
                from_variables.append(Part(name, "variable", "\n".join(own), "argument"))
        yield Part(message.role, "template", left, file.name + SUFFIX)
        yield from from_variables


def thread_of(file: PromptFile, variables: Mapping[str, Any], message: Any) -> str:
    named = (n for n in file.threads if any(each is message for each in variables.get(n, ())))
    return next(named, "history")


def said(message: Any) -> str:
    """The text of a caller's own message."""
    found = message.get("content") if isinstance(message, Mapping) else message
    return found if isinstance(found, str) else as_text(found)


def leaves(value: Any, depth: int = 8) -> Iterator[str]:
    """The texts in `value`."""
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, Mapping):
        yield from (leaf for each in value.values() for leaf in leaves(each, depth - 1))
    elif depth and isinstance(value, list | tuple):
        yield from (leaf for each in value for leaf in leaves(each, depth - 1))


def tokens(text: str) -> int:
    return (len(text.encode("utf-8", "replace")) + 3) // 4


def digest(texts: Iterable[str]) -> str:
    """Sixteen hex digits: the same for the same texts in the same order."""
    found = hashlib.sha256()
    for text in texts:
        found.update(text.encode("utf-8", "replace") + b"\0")
    return found.hexdigest()[:16]
