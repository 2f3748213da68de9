"""A provider for programs that have none. OpenTelemetry's own, with one processor that never changes.

The global provider can be set once in a process; outboxes come and go with `instrument` and `uninstrument`.
So the processor is a relay, and a provider from before hands its spans on to the outbox of today.
"""

from collections.abc import Mapping
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from llmobs.instrumentation.outbox import Outbox


class Relay(SpanProcessor):
    """Hands finished spans to the outbox of the moment."""

    def __init__(self) -> None:
        self.outbox: Outbox | None = None

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        pass

    def on_end(self, span: ReadableSpan) -> None:
        if self.outbox is not None:
            self.outbox.on_end(span)

    def shutdown(self) -> None:
        if self.outbox is not None:
            self.outbox.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self.outbox is None or self.outbox.force_flush(timeout_millis)


class Provider(TracerProvider):
    """Made by `instrument`. `shared`: others listen too, so spans have to be whole when they end."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        share = settings["sample"]
        super().__init__(
            resource=resource(settings),
            # OTEL_TRACES_SAMPLER is read by the SDK where we name no sampler
            sampler=None if share == 1 else ParentBased(TraceIdRatioBased(share)),
        )
        self.relay = Relay()
        self.shared = False
        super().add_span_processor(self.relay)

    def add_span_processor(self, span_processor: SpanProcessor) -> None:
        self.shared = True
        super().add_span_processor(span_processor)


def resource(settings: Mapping[str, Any]) -> Resource:
    """Who sends. OTEL_RESOURCE_ATTRIBUTES count too, below what is said here."""
    facts = {"service.name": settings["service_name"]} if settings["service_name"] else {}
    if settings["environment"]:
        facts["deployment.environment.name"] = settings["environment"]
    return Resource.create(facts)


def current() -> TracerProvider | None:
    """The program's own provider; None where there is none, or one that takes no processors."""
    found = trace.get_tracer_provider()
    return found if isinstance(found, TracerProvider) else None
