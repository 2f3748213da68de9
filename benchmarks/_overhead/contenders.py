"""The contenders of `overhead.py`: how each is switched on, giving a function that waits for its spans."""

import json
import os
from collections.abc import Callable
from typing import Any

Flush = Callable[[], object]


def bare(capture: bool) -> Flush:
    """The SDK with nothing around it."""
    return lambda: None


def provider() -> Any:
    """OpenTelemetry's, with its batch processor before an exporter that drops."""
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

    class Dropping(SpanExporter):
        def export(self, spans: Any) -> SpanExportResult:
            return SpanExportResult.SUCCESS

    made = TracerProvider()
    made.add_span_processor(BatchSpanProcessor(Dropping(), max_queue_size=65_536, schedule_delay_millis=500))
    trace.set_tracer_provider(made)
    return made


def floor(capture: bool) -> Flush:
    """The least that a wrapper could do: one span, 14 attributes, no stream unless read to its end."""
    import wrapt
    from opentelemetry.trace import SpanKind

    made = provider()
    tracer = made.get_tracer("floor")

    def begin(kwargs: Any) -> Any:
        attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": kwargs["model"],
            "server.address": "api.openai.com",
            "server.port": 443,
        }
        if capture:
            attributes["gen_ai.input.messages"] = json.dumps(kwargs["messages"])
        return tracer.start_span("chat " + kwargs["model"], kind=SpanKind.CLIENT, attributes=attributes)

    def create(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        span = begin(kwargs)
        answer = wrapped(*args, **kwargs)
        if kwargs.get("stream"):
            return streamed(span, answer, capture)
        end(span, answer, answer.choices[0].message.content, capture)
        return answer

    async def acreate(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        span = begin(kwargs)
        answer = await wrapped(*args, **kwargs)
        end(span, answer, answer.choices[0].message.content, capture)
        return answer

    module = "openai.resources.chat.completions"
    wrapt.wrap_function_wrapper(module, "Completions.create", create)
    wrapt.wrap_function_wrapper(module, "AsyncCompletions.create", acreate)
    return made.force_flush


def streamed(span: Any, chunks: Any, capture: bool) -> Any:
    """The chunks of one answer; the floor's span ends after the last."""
    text, last = [], None
    for last in chunks:
        if last.choices and (piece := last.choices[0].delta.content):
            text.append(piece)
        yield last
    end(span, last, "".join(text), capture)


def end(span: Any, answer: Any, text: str | None, capture: bool) -> None:
    """Ends the floor's span with what the answer says."""
    usage = answer.usage
    attributes = {
        "gen_ai.response.id": answer.id,
        "gen_ai.response.model": answer.model,
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": usage.prompt_tokens,
        "gen_ai.usage.output_tokens": usage.completion_tokens,
        "gen_ai.usage.cache_read.input_tokens": usage.prompt_tokens_details.cached_tokens,
        "gen_ai.usage.reasoning.output_tokens": usage.completion_tokens_details.reasoning_tokens,
    }
    if capture:
        attributes["gen_ai.output.messages"] = json.dumps([text])
    span.set_attributes(attributes)
    span.end()


def otel(capture: bool) -> Flush:
    """The official instrumentation of OpenTelemetry."""
    mode = "span_only" if capture else "no_content"
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = mode
    from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor

    made = provider()
    OpenAIInstrumentor().instrument(tracer_provider=made)
    return made.force_flush


def llmobs(capture: bool) -> Flush:
    """Ours, in a program that has a provider."""
    import llmobs

    made = provider()
    llmobs.instrument("bench", tracer_provider=made, capture_content=capture)
    return made.force_flush


def llmobs_own(capture: bool) -> Flush:
    """Ours, in a program that has none: our outbox, with nobody to send to."""
    import llmobs
    from llmobs.instrumentation.otlp import Sender, Sent

    Sender.send = lambda self, spans, timeout_s=None: Sent(True)
    llmobs.instrument("bench", capture_content=capture)
    return llmobs.flush


ALL = {
    "bare": bare,
    "floor-span": floor,
    "otel-genai-openai": otel,
    "llmobs": llmobs,
    "llmobs-own": llmobs_own,
}
