"""Telemetry never breaks the call: what stands behind a fence may fail, and the caller does not notice.

Tests set `strict`, so that errors come through there.
"""

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

EXIT_S = 2.0  # how long a dead collector may hold up the end of the program

log = logging.getLogger("llmobs")
strict = False


def fenced(function: Callable[P, T]) -> Callable[P, T | None]:
    """`function`, giving None where it raises."""

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T | None:
        try:
            return function(*args, **kwargs)
        except Exception:
            failed(function.__qualname__)
            return None

    return guarded


def failed(what: str) -> None:
    """Called in an `except`: the error is logged at debug, or goes on under `strict`."""
    if strict:
        raise
    log.debug("llmobs: %s failed.", what, exc_info=True)
