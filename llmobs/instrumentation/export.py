"""Where spans go: the provider, the one tracer, the outbox, flush, and the end of the program.

A program that has a provider keeps it: the outbox is added to it, and content is rendered as a call ends, so
that its other processors see whole spans. With a provider of ours and nobody else listening, rendering waits
for the outbox's thread. OpenTelemetry's SDK is imported by `start`, not with this module.
"""

import atexit
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from opentelemetry import trace

import llmobs
from llmobs.instrumentation import fence

if TYPE_CHECKING:
    from llmobs.instrumentation.outbox import Late, Outbox
    from llmobs.instrumentation.provider import Provider

TIMEOUT_S = 5.0  # of one request to the collector
NOTHING = trace.NoOpTracer()

_tracer: trace.Tracer | None = None
_provider: Any = None  # what spans are made with
_own: "Provider | None" = None  # the same, where it is ours
_outbox: "Outbox | None" = None


def started() -> bool:
    """Whether spans go anywhere."""
    return _tracer is not None


def tracer() -> trace.Tracer:
    """The one tracer of ours; one that records nothing where nothing was started."""
    return _tracer if _tracer is not None else NOTHING


def start(settings: Mapping[str, Any], given: trace.TracerProvider | None = None) -> trace.TracerProvider:
    """Makes spans go out to `settings["endpoint"]`; with a provider `given`, only to where that sends them
    unless the endpoint was named too (`settings["send"]`).
    """
    global _tracer, _provider, _own, _outbox
    from llmobs.instrumentation.provider import Provider, current

    found: Any = given or current()
    sends = given is None or settings["send"]
    if sends and found is not None and not hasattr(found, "add_span_processor"):
        raise ValueError(
            f"tracer_provider={found!r} takes no span processors, so nothing can be sent to "
            f"{settings['endpoint']}. Give one of opentelemetry.sdk, or no endpoint."
        )
    _outbox = new_outbox(settings) if sends else None
    if found is None or isinstance(found, Provider):
        _own = Provider(settings)
        _own.relay.outbox = _outbox
        if isinstance(found, Provider):  # of an earlier `start`: it stays the global one, and hands on
            found.relay.outbox = _outbox
        else:
            trace.set_tracer_provider(_own)
        found = _own
    elif _outbox is not None:
        found.add_span_processor(_outbox)
    _provider = found
    _tracer = found.get_tracer("llmobs", llmobs.__version__)
    atexit.register(stop)
    return _provider  # type: ignore[no-any-return]


def new_outbox(settings: Mapping[str, Any]) -> "Outbox":
    from llmobs.instrumentation.otlp import Sender
    from llmobs.instrumentation.outbox import Outbox

    sender = Sender(
        settings["endpoint"],
        settings["headers"],
        TIMEOUT_S,
        settings["compression"] == "gzip",
        settings["certificate"],
    )
    return Outbox(sender, settings["queue_spans"], settings["queue_bytes"], settings["flush_interval"])


def finish(span: trace.Span, late: "Late") -> None:
    """Ends `span`. `late` gives the attributes that take time to make: made now only if somebody looks on."""
    if _own is not None and _outbox is not None and not _own.shared:
        _outbox.late[span.get_span_context().span_id] = late
    else:
        span.set_attributes(late() or {})
    span.end()


def flush(timeout_s: float = 5.0) -> bool:
    """Sends what is finished; False where something was left after `timeout_s`."""
    sent = _outbox is None or _outbox.flush(timeout_s)
    if _own is None and _provider is not None and hasattr(_provider, "force_flush"):
        return bool(_provider.force_flush(int(timeout_s * 1_000))) and sent
    return sent


def stop(timeout_s: float = fence.EXIT_S) -> None:
    """Sends what can be sent in time, then nothing more."""
    global _tracer, _provider, _own, _outbox
    atexit.unregister(stop)
    if _outbox is not None:
        _outbox.close(timeout_s)
    _tracer = _provider = _own = _outbox = None


def counters() -> dict[str, int]:
    """Spans of this process: sent, dropped (no room), failed (refused), queued."""
    if _outbox is None:
        return {"sent": 0, "dropped": 0, "failed": 0, "queued": 0}
    return {**vars(_outbox.counters), "queued": _outbox.queued()}
