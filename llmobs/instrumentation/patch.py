"""How a method of an SDK is wrapped, and put back. The only file that knows wrapt.

A method is wrapped only if it is there and takes the arguments that our wrapper expects: an SDK that changed
goes on unobserved, once said in the log and always in `llmobs doctor`.
SDKs are never imported by us: patches wait for the program to do that.
"""

import inspect
import logging
import sys
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any, NamedTuple

import wrapt

log = logging.getLogger("llmobs")
Shape = tuple[tuple[Any, ...], Mapping[str, Any]]  # arguments that the method has to take, after `self`


class Target(NamedTuple):
    """A method `path` ("Class.method") of a module, and what goes around it.

    `takes`: arguments it must accept; None for a property, which `wrapper` then replaces.
    """

    module: str
    path: str
    wrapper: Any
    takes: Shape | None

    @property
    def name(self) -> str:
        return f"{self.module}:{self.path}"


PATCHED = "patched"
states: dict[str, str] = {}  # target -> "patched", or why not
_undo: list[Callable[[], None]] = []
_waiting: set[str] = set()  # modules whose import is awaited
_on_import: dict[str, Callable[[ModuleType], Iterable[Target]]] = {}


def when_imported(module: str, targets: Callable[[ModuleType], Iterable[Target]]) -> None:
    """Patches what `targets` names once the program has imported `module`, at once if it has."""
    _on_import[module] = targets
    if module in sys.modules:
        _arrived(sys.modules[module])
    elif module not in _waiting:  # hooks cannot be taken back; this one looks whether it is still wanted
        _waiting.add(module)
        wrapt.register_post_import_hook(_arrived, module)


def _arrived(module: ModuleType) -> None:
    targets = _on_import.get(module.__name__)
    if targets is None:
        return
    try:
        for target in targets(module):
            apply(target)
    except Exception as error:
        states[module.__name__] = f"{type(error).__name__}: {error}"
        log.warning("llmobs: %s is not instrumented: %s. See `llmobs doctor`.", module.__name__, error)


def apply(target: Target) -> None:
    """Wraps one method, unless it is wrapped already."""
    if states.get(target.name) == PATCHED:
        return
    found = seat(target)
    if isinstance(found, str):
        states[target.name] = found
        log.warning("llmobs: %s is not instrumented: %s. See `llmobs doctor`.", target.name, found)
        return
    holder, name, original = found
    ours = target.wrapper if target.takes is None else wrapt.FunctionWrapper(original, target.wrapper)
    setattr(holder, name, ours)
    states[target.name] = PATCHED

    def undo() -> None:
        if vars(holder).get(name) is ours:  # somebody who wrapped it after us keeps what they wrapped
            setattr(holder, name, original)

    _undo.append(undo)


def seat(target: Target) -> tuple[Any, str, Any] | str:
    """Class, name and method that `target` is about; or why it cannot be patched."""
    holder: Any = sys.modules.get(target.module)
    *classes, name = target.path.split(".")
    for step in classes:
        holder = getattr(holder, step, None)
    original = vars(holder).get(name) if holder is not None else None
    if original is None:
        return "not there"
    if target.takes is not None:
        args, kwargs = target.takes
        try:
            inspect.signature(original).bind(object(), *args, **kwargs)
        except (TypeError, ValueError) as error:
            return f"takes other arguments: {error}"
    return holder, name, original


def undo_with(undo: Callable[[], None]) -> None:
    """Has `undo` called by `undo_all` as well."""
    _undo.append(undo)


def undo_all() -> None:
    """Puts everything back, last first."""
    _on_import.clear()
    states.clear()
    while _undo:
        _undo.pop()()
