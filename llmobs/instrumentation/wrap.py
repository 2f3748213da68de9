"""Runs a function inside a span and leaves it what it was.

A function stays a function, a coroutine function one, a generator function one: name, signature and docstring
too. Of generators, `send`, `throw`, `close` and the return value go through. The trap: between two steps a
generator's consumer runs, in the same context; so the span is current during each step only.
"""

import functools
import inspect
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import Any, NamedTuple, Protocol, TypeVar, cast

from llmobs.instrumentation import content, context
from llmobs.instrumentation.fence import fenced

F = TypeVar("F", bound=Callable[..., Any])
CACHE = ("cache_info", "cache_clear", "cache_parameters")  # of functools; `wraps` does not see them
MAX_SAID = 262_144  # characters of yielded text that are kept to be shown as the result


class Around(Protocol):
    """What a function is run inside of."""

    def begin(self) -> None: ...
    def end(self, error: BaseException | None = None) -> None: ...
    def result(self, value: Any) -> Any: ...


Make = Callable[[tuple[Any, ...], dict[str, Any]], Around]


def around(function: F, new: Callable[["Given"], Around]) -> F:
    """`function`, each call of it inside of what `new` makes of its arguments."""
    if isinstance(function, staticmethod | classmethod):
        return cast(F, type(function)(around(function.__func__, new)))
    if isinstance(function, property) and function.fget is not None:
        return cast(F, function.getter(around(function.fget, new)))
    arguments = Arguments(function)

    def make(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Around:
        return new(Given(arguments, args, kwargs))

    body: Any = function
    if not inspect.isroutine(function) and not isinstance(function, functools.partial | type):
        body = type(function).__call__  # an object that can be called does it in there
    if inspect.isasyncgenfunction(body):
        return cast(F, async_generator(function, make))
    if inspect.isgeneratorfunction(body):
        return cast(F, generator(function, make))
    if inspect.iscoroutinefunction(body):
        return cast(F, coroutine(function, make))
    return cast(F, plain(function, make))


def plain(function: Callable[..., Any], make: Make) -> Callable[..., Any]:
    @functools.wraps(function)
    def inside(*args: Any, **kwargs: Any) -> Any:
        span = make(args, kwargs)
        span.begin()
        try:
            value = function(*args, **kwargs)
        except BaseException as error:
            span.end(error)
            raise
        span.result(value)
        span.end()
        return value

    for name in CACHE:
        if hasattr(function, name):
            setattr(inside, name, getattr(function, name))
    return inside


def coroutine(function: Callable[..., Any], make: Make) -> Callable[..., Any]:
    @functools.wraps(function)
    async def inside(*args: Any, **kwargs: Any) -> Any:
        span = make(args, kwargs)
        span.begin()
        try:
            value = await function(*args, **kwargs)
        except BaseException as error:
            span.end(error)
            raise
        span.result(value)
        span.end()
        return value

    return inside


def generator(function: Callable[..., Any], make: Make) -> Callable[..., Any]:
    @functools.wraps(function)
    def inside(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        steps = function(*args, **kwargs)
        course = Course(make(args, kwargs))
        resume: Callable[[Any], Any] = steps.send
        sent: Any = None
        while True:
            course.enter()
            try:
                held = [resume(sent)]
            except StopIteration as stop:
                course.finish(stop.value)
                return stop.value
            except BaseException as error:
                course.span.end(error)
                raise
            finally:
                sent = None  # an error thrown in would otherwise hold this frame, and this frame the error
                course.leave()
            course.note(held[0])
            try:
                sent = yield held.pop()  # the consumer alone keeps the item alive
                resume = steps.send
            except BaseException as error:  # GeneratorExit too: `close` is a throw
                resume, sent = steps.throw, error

    return inside


def async_generator(function: Callable[..., Any], make: Make) -> Callable[..., Any]:
    @functools.wraps(function)
    async def inside(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        steps = function(*args, **kwargs)
        course = Course(make(args, kwargs))
        resume: Callable[[Any], Awaitable[Any]] = functools.partial(first, steps)
        sent: Any = None
        while True:
            course.enter()
            try:
                held = [await resume(sent)]
            except StopAsyncIteration:
                course.finish(None)
                return
            except BaseException as error:
                course.span.end(error)
                raise
            finally:
                sent = None
                course.leave()
            course.note(held[0])
            try:
                sent = yield held.pop()
                resume = steps.asend
            except BaseException as error:
                resume, sent = steps.athrow, error

    return inside


def first(steps: AsyncGenerator[Any, Any], sent: None) -> Awaitable[Any]:
    """The first step, hidden from the event loop.

    At its end the loop closes every async generator that it knows of, all at once; this one is closed by the
    one around it, and closing it twice at a time is an error.
    """
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(None, None)
    try:
        return steps.asend(sent)
    finally:
        sys.set_asyncgen_hooks(*hooks)


class Course:
    """The steps of one generator: its span is current during each, and what stood before it in between."""

    def __init__(self, span: Around) -> None:
        self.span = span
        self._within: context.Place | None = None
        self._outside = context.here()
        self._said: list[str] = []
        self._length = 0

    @fenced
    def enter(self) -> None:
        self._outside = context.here()
        if self._within is None:
            self.span.begin()
        else:
            context.go(self._within)

    @fenced
    def leave(self) -> None:
        self._within = context.here()
        context.go(self._outside)

    @fenced
    def note(self, item: object) -> None:
        """Keeps yielded text, to be shown as the result; nothing else, which might be large."""
        if isinstance(item, str) and self._length < MAX_SAID and content.captured():
            self._said.append(item)
            self._length += len(item)

    def finish(self, value: object) -> None:
        self.span.result("".join(self._said) or None if value is None else value)
        self.span.end()


class Arguments:
    """The arguments of one function by name; `self` and `cls` are none."""

    def __init__(self, function: Callable[..., Any]) -> None:
        try:
            self._signature: inspect.Signature | None = inspect.signature(function)
        except (TypeError, ValueError):  # some functions written in C have none
            self._signature = None

    def named(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        if self._signature is not None:
            try:
                found = dict(self._signature.bind(*args, **kwargs).arguments)
            except TypeError:  # the call itself is going to say so
                return dict(kwargs)
            if found and next(iter(found)) in ("self", "cls"):
                del found[next(iter(found))]
            return found
        return {**{str(position): value for position, value in enumerate(args)}, **kwargs}


class Given(NamedTuple):
    """The arguments of one call, named only where that is asked for: it takes as long as all else here."""

    of: Arguments
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def named(self) -> dict[str, Any]:
        return self.of.named(self.args, self.kwargs)


def name_of(function: Callable[..., Any]) -> str:
    """What people call `function`; partials and objects that can be called have no name of their own."""
    while isinstance(function, functools.partial):
        function = function.func
    if isinstance(function, property):
        return name_of(function.fget)
    return str(getattr(function, "__name__", type(function).__name__))
