"""Carries the current span, user, session and tags into threads, where Python itself starts from nothing.

Only OpenTelemetry's context and ours go along. A copy of the whole context would hand on variables of others
as well, such as `decimal`'s precision, and change what a program computes.
The trap: a thread that lives on keeps the request that happened to start it as its parent.
"""

import concurrent.futures
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry import context as otel
from opentelemetry.context import Context

from llmobs.instrumentation.context import CURRENT, NOTHING, State
from llmobs.instrumentation.patch import Target, apply


def carry() -> None:
    """Patches what starts work in other threads."""
    pool = concurrent.futures.ThreadPoolExecutor.__module__
    apply(Target(threading.__name__, "Thread.start", start, ((), {})))
    apply(Target(pool, "ThreadPoolExecutor.submit", submit, ((print,), {})))


def start(wrapped: Callable[..., Any], thread: threading.Thread, args: Any, kwargs: Any) -> Any:
    here = otel.get_current(), CURRENT.get()
    if here[0] or here[1] is not NOTHING:
        run = thread.run

        def carried() -> None:
            del thread.run  # once is enough, and it would keep the thread alive
            with within(*here):
                run()

        thread.run = carried  # type: ignore[method-assign]
    return wrapped(*args, **kwargs)


def submit(wrapped: Callable[..., Any], pool: Any, args: Any, kwargs: Any) -> Any:
    here = otel.get_current(), CURRENT.get()
    if not args or not (here[0] or here[1] is not NOTHING):
        return wrapped(*args, **kwargs)
    function, *rest = args

    def carried(*given: Any, **named: Any) -> Any:
        with within(*here):
            return function(*given, **named)

    with within(Context(), NOTHING):  # a thread that the pool starts now serves others later
        return wrapped(carried, *rest, **kwargs)


@contextmanager
def within(spans: Context, state: State) -> Iterator[None]:
    """In this context; entered and left by one function of one thread."""
    token, ours = otel.attach(spans), CURRENT.set(state)
    try:
        yield
    finally:
        CURRENT.reset(ours)
        otel.detach(token)
