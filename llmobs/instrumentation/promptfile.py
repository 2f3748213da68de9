"""A `.prompty` file: found, read, checked, filled in. Needs the extra `prompts`.

prompty (2.1.0, read on 2026-11-22) loads and prepares; `promptparser` decides where messages begin.
"""

import functools
import hashlib
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from llmobs.config import value as setting
from llmobs.instrumentation.promptparser import prompty, use

SUFFIX = ".prompty"
GIVEN = "llmobs.given"  # metadata key: a message of the caller's own, to be passed on as it is
EXPECTED = "Expected settings in YAML between two lines `---`, then the text."
NOT_PASSED_ON = ("tools", "outputs")


class PromptFile(NamedTuple):
    """One file as read. `hash`: of its text; `needed`, `known`, `threads`: names of variables."""

    name: str
    path: Path
    agent: Any
    hash: str
    version: str
    needed: frozenset[str]
    known: frozenset[str]
    threads: frozenset[str]


class Message(NamedTuple):
    """One message. `parts`: prompty's. `given`: the caller's own, out of a thread, passed on as it is."""

    role: str
    parts: list[Any]
    given: Any = None

    @property
    def text(self) -> str:
        return "".join(part.value for part in self.parts if part.kind == "text")


def find(name: str) -> PromptFile:
    """The prompt `name` of the folder in setting `prompts`; read again where the file has changed."""
    folder = Path(setting("prompts"))
    if not name or Path(name).is_absolute() or ".." in Path(name).parts:
        raise ValueError(
            f"{name!r} names no prompt. Expected a file within {folder} without its ending: 'greet'."
        )
    path = folder / f"{name}{SUFFIX}"
    try:
        facts = path.stat()
    except OSError as missing:
        raise FileNotFoundError(nothing_there(name, folder)) from missing
    return read(name, path.resolve(), facts.st_mtime_ns, facts.st_size)


def nothing_there(name: str, folder: Path) -> str:
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob(f"*{SUFFIX}"))
    there = ", ".join(path.removesuffix(SUFFIX) for path in found[:20]) or "nothing"
    return (
        f"No prompt {name!r} in {folder.resolve()}. There is: {there}. Write {name}{SUFFIX} there, or say "
        f"where your prompts are: LLMOBS_PROMPTS=/path/to/prompts"
    )


@functools.lru_cache(maxsize=256)
def read(name: str, path: Path, changed_ns: int, size: int) -> PromptFile:
    """`changed_ns` and `size` are what the cache knows a changed file by."""
    library = prompty()
    try:
        agent = library.load(path)
        template = agent.instructions or ""
        used = variables_in(template, agent)
    except Exception as wrong:  # prompty's, YAML's or Jinja's own; whichever, the file is at fault
        says = f"{type(wrong).__name__}: {wrong}"
        raise ValueError(f"Prompt {path} cannot be read: {says}. {EXPECTED}") from wrong
    if not template.strip():
        raise ValueError(f"Prompt {path} has no text. {EXPECTED}")
    for key in NOT_PASSED_ON:
        if getattr(agent, key):
            raise ValueError(
                f"Prompt {path} has `{key}`, which are not passed on. Give them to the call itself."
            )
    inputs = agent.inputs or []
    threads = frozenset(each.name for each in inputs if each.kind == "thread")
    use(library, agent, threads)
    declared = {each.name for each in inputs}
    optional = {each.name for each in inputs if each.required is False or each.default is not None}
    digest = hashlib.sha256(template.encode("utf-8", "replace")).hexdigest()[:16]
    return PromptFile(
        name=name,
        path=path,
        agent=agent,
        hash=digest,
        version=str((agent.metadata or {}).get("version") or digest[:8]),
        needed=frozenset((used | declared) - optional),
        known=frozenset(used | declared),
        threads=threads,
    )


def variables_in(template: str, agent: Any) -> set[str]:
    """What a Jinja template reads. In Mustache only `inputs` say it."""
    kind = agent.template.format.kind if agent.template and agent.template.format else ""
    if kind not in ("", "*", "jinja2"):
        return set()
    environment = import_module("jinja2").Environment()
    found: set[str] = import_module("jinja2.meta").find_undeclared_variables(environment.parse(template))
    return found


def fill(file: PromptFile, variables: Mapping[str, Any]) -> list[Message]:
    """The messages of `file` with `variables` in their places; TypeError where one lacks or is unknown."""
    check(file, variables)
    library = prompty()
    inputs = {k: thread(library, v) if k in file.threads else v for k, v in variables.items()}
    try:
        prepared = library.prepare(file.agent, inputs)
    except Exception as wrong:  # Jinja's, prompty's, or raised by a variable that is read
        says = f"{type(wrong).__name__}: {wrong}"
        raise ValueError(f"Prompt {file.path} cannot be filled in: {says}") from wrong
    return [Message(each.role, each.parts, each.metadata.get(GIVEN)) for each in prepared]


def check(file: PromptFile, variables: Mapping[str, Any]) -> None:
    missing, unknown = sorted(file.needed - variables.keys()), sorted(variables.keys() - file.known)
    takes = f"It takes: {', '.join(sorted(file.known)) or 'nothing'}."
    if missing:
        raise TypeError(
            f"Prompt {file.name!r} lacks {', '.join(missing)}. {takes} Pass it, or give it a `default` or "
            f"`required: false` under `inputs` in {file.path}."
        )
    if unknown:
        raise TypeError(
            f"Prompt {file.name!r} knows no {', '.join(unknown)}. {takes} Leave it out, or use it in "
            f"{file.path}."
        )


def thread(library: Any, messages: Any) -> Any:
    """A conversation so far, each message wrapped so that prompty hands it on untouched."""
    if messages is None:
        return []
    if not isinstance(messages, list | tuple):
        raise TypeError(f"A thread is a list of messages, not {type(messages).__name__}.")
    return [library.Message(role="", parts=[], metadata={GIVEN: message}) for message in messages]
