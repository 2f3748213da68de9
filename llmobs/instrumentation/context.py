"""What the calls around here have in common: user, session, tags, running workflow, assembled prompt.

One ContextVar holds it, ready as span attributes, so that reading it costs a lookup and a small copy.

The trap is leaving. A `with` block may lie in a generator, so it may end while a block that began later is
still open, or in another task than it began in (asyncio closes abandoned async generators in a task of
their own). Restoring by token alone raises there, or brings back what has ended; OpenTelemetry logs
"Failed to detach context". Hence a `Scope` knows what stood before it, hands that on to the blocks above
it, and is marked where it ends elsewhere, so that the context it began in drops it at the next look.

How long an assembled prompt holds: for the model calls that follow in the same context, until the next
assembly, or until the block or span ends in which it was assembled. Tools and retrievals begin without one:
what they ask a model is not this prompt.
"""

import json
import math
from collections.abc import Mapping
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, NamedTuple, Self

from opentelemetry import context as otel
from opentelemetry.context import Context

from llmobs.signals.call import SIGNAL as CALL
from llmobs.signals.span import SIGNAL as SPAN

USER = SPAN.fields["user_id"].attribute
SESSION = SPAN.fields["session_id"].attribute
WORKFLOW = SPAN.fields["workflow"].attribute
TAGS = SPAN.fields["tags"].attribute
PROMPT_NAME = CALL.fields["prompt_name"].attribute
PROMPT_VERSION = CALL.fields["prompt_version"].attribute


class Scope:
    """One open block.

    `before`: what applied outside. `current` and `outer`: the OpenTelemetry contexts inside and outside,
    None where it made none.
    """

    __slots__ = ("before", "current", "elsewhere", "outer", "token")

    def __init__(self, before: "State", current: Context | None) -> None:
        self.before = before
        self.current = current
        self.outer = None if current is None else otel.get_current()
        self.elsewhere = False  # ended in another context than it began in
        self.token: Token[State] | None = None


class State(NamedTuple):
    """What applies here: ready attributes, tags as given, the innermost open block, the agent at work."""

    attributes: dict[str, str]
    tags: dict[str, Any]
    scope: Scope | None
    agent: str = ""


NOTHING = State({}, {}, None)
CURRENT: ContextVar[State] = ContextVar("llmobs_context", default=NOTHING)


def attributes() -> dict[str, str]:
    """Attributes that every span begun here carries; a copy, free to be changed."""
    return state().attributes.copy()


def state() -> State:
    """What applies here, once blocks that ended elsewhere are dropped."""
    found = CURRENT.get()
    while found.scope is not None and found.scope.elsewhere:
        restore(found.scope)
        found = CURRENT.get()
    return found


def context(*, user: object = None, session: object = None, **tags: object) -> "Block":
    """Everything in the block belongs to this user, session and these tags; blocks nest, inner ones add.

        with llmobs.context(user="u-17", session="s-4", plan="free"):
            client.chat.completions.create(...)

    Serves `with` and `async with`; the same object may be entered again, also at the same time elsewhere.
    """
    named = {USER: user, SESSION: session}
    return Block({key: text(value) for key, value in named.items() if value is not None}, tags)


class Block:
    """What `llmobs.context(...)` returns."""

    def __init__(self, given: Mapping[str, str], tags: Mapping[str, object]) -> None:
        self._given = dict(given)
        self._tags = {text(key): plain(value) for key, value in tags.items() if value is not None}
        self._open: list[Scope] = []

    def __enter__(self) -> Self:
        self._open.append(begin(self._given, tags=self._tags))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        mine = next((scope for scope in chain(CURRENT.get()) if scope in self._open), self._open[-1])
        self._open.remove(mine)
        end(mine)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)


def begin(
    changes: Mapping[str, str],
    *,
    tags: Mapping[str, Any] | None = None,
    current: Context | None = None,
    keep_prompt: bool = True,
    agent: str = "",
) -> Scope:
    """Opens a block for `end`; makes `current` the OpenTelemetry context where given."""
    before = state()
    ready = {**before.attributes, **changes}
    if not keep_prompt:
        ready.pop(PROMPT_NAME, None)
        ready.pop(PROMPT_VERSION, None)
    merged = {**before.tags, **tags} if tags else before.tags
    if tags:
        ready[TAGS] = json.dumps(merged, ensure_ascii=False, sort_keys=True)
    scope = Scope(before, current)
    scope.token = CURRENT.set(State(ready, merged, scope, agent or before.agent))
    if current is not None:
        otel.attach(current)
    return scope


def end(scope: Scope) -> None:
    """Closes a block, wherever this is called."""
    now = CURRENT.get()
    above = []
    for each in chain(now):
        if each is scope:
            break
        above.append(each)
    else:
        scope.elsewhere = True
        return
    try:
        if scope.token is not None:
            CURRENT.reset(scope.token)  # asked only whether this is the context that it began in
    except ValueError:
        scope.elsewhere = True
    CURRENT.set(now)
    if above:  # they began later and stay open: what stood before this now stands before them
        above[-1].before = scope.before
        for each in above:
            if each.outer is not None and each.outer is scope.current:
                each.outer = scope.outer
    else:
        restore(scope)


def restore(scope: Scope) -> None:
    CURRENT.set(scope.before)
    if scope.outer is not None and otel.get_current() is scope.current:
        otel.attach(scope.outer)


def chain(found: State) -> list[Scope]:
    """The open blocks, innermost first."""
    scopes = []
    while found.scope is not None:
        scopes.append(found.scope)
        found = found.scope.before
    return scopes


class Place(NamedTuple):
    """Where a generator stands between two steps, or its consumer during one."""

    state: State
    current: Context


def here() -> Place:
    return Place(state(), otel.get_current())


def go(place: Place) -> None:
    CURRENT.set(place.state)
    otel.attach(place.current)


def assembled(name: str, version: str | None) -> None:
    """From here on model calls are made with this prompt; until when: see the module's docstring."""
    found = state()
    ready = {**found.attributes, PROMPT_NAME: text(name)}
    ready.pop(PROMPT_VERSION, None)
    if version is not None:
        ready[PROMPT_VERSION] = text(version)
    CURRENT.set(found._replace(attributes=ready))


def text(value: object) -> str:
    """`value` as text that UTF-8 can carry, whatever its `__str__` does."""
    try:
        found = str(value)
    except Exception:  # a stranger's __str__ may raise anything
        return type(value).__qualname__
    return found if found.isascii() else found.encode("utf-8", "replace").decode()


def plain(value: object) -> bool | int | float | str:
    """`value` as JSON can hold it."""
    if isinstance(value, bool | int):
        return value
    return value if isinstance(value, float) and math.isfinite(value) else text(value)
