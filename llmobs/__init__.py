"""Observability for LLM calls: one line in a program, and every call of a model is on the record.

    import llmobs
    llmobs.instrument("my-service")

Importing this costs next to nothing: what the functions need is imported when they are first used.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

    from llmobs.instrumentation.context import context
    from llmobs.instrumentation.prompts import assemble, prompt
    from llmobs.instrumentation.spans import agent, retrieval, task, tool, workflow

__all__ = [
    "agent",
    "assemble",
    "context",
    "flush",
    "instrument",
    "prompt",
    "retrieval",
    "task",
    "tool",
    "uninstrument",
    "workflow",
]

_LAZY = {
    "agent": "spans",
    "assemble": "prompts",
    "context": "context",
    "prompt": "prompts",
    "retrieval": "spans",
    "task": "spans",
    "tool": "spans",
    "workflow": "spans",
}


def instrument(
    service_name: str | None = None,
    *,
    endpoint: str | None = None,
    headers: Mapping[str, str] | None = None,
    sdks: Iterable[str] | None = None,
    capture_content: bool | None = None,
    redact: Iterable[str | re.Pattern[str] | Callable[[str], str]] = (),
    sample: float | None = None,
    tracer_provider: "TracerProvider | None" = None,
    threads: bool = True,
) -> None:
    """Records every model call of this program from now on; calling it again does nothing.

    What is not given comes from `LLMOBS_*`, then `OTEL_*` variables, then the defaults.

    service_name: name of your program on every span.
    endpoint: the collector; http://127.0.0.1:4318 by default.
    headers: sent with every export, such as a key.
    sdks: names of SDKs; all that are known by default, whether imported yet or not.
    capture_content: whether prompts, answers and tool data go out (they do; secrets in them are masked).
    redact: regular expressions whose matches are masked, or functions text -> text.
    sample: share of traces that are sent, 0 to 1; a provider of your own samples by itself.
    tracer_provider: OpenTelemetry's, to be used as it is; spans go to `endpoint` too only if that is given.
        A global provider that is there already is used and gets our exporter; otherwise one is made.
    threads: whether threads and thread pools belong to the span that starts work in them.
    """
    from llmobs.instrumentation import switch

    arguments = {
        "service_name": service_name,
        "endpoint": endpoint,
        "headers": headers,
        "capture_content": capture_content,
        "sample": sample,
    }
    switch.on(arguments, sdks, redact, tracer_provider, threads)


def uninstrument() -> None:
    """Stops recording: SDKs are as they were, finished spans are sent."""
    from llmobs.instrumentation import switch

    switch.off()


def flush(timeout_s: float = 5.0) -> bool:
    """Sends the spans that are finished, as at the end of a short job; False where some were left."""
    from llmobs.instrumentation import export

    return export.flush(timeout_s)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib import metadata

        try:
            return metadata.version("llmobs")
        except metadata.PackageNotFoundError:  # runs from a folder
            return "0"
    if name not in _LAZY:
        raise AttributeError(f"module 'llmobs' has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(f"llmobs.instrumentation.{_LAZY[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
