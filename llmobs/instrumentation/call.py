"""The one recorder of a model call: it owns the span, which begins once and ends once, whatever happens.

Families begin a call and hand it what comes back; the transport tells it of attempts and of the end of a
body. It keeps references and reads them at the end; content is rendered off the caller's path where possible.
A context is never held across a yield to the user: `enter` and `leave` frame one request, in one coroutine,
and use no tokens, because a coroutine that is thrown away may leave in another context than it entered.
"""

import functools
from contextvars import ContextVar
from time import perf_counter
from typing import Any, NamedTuple

from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode

from llmobs.instrumentation import content, context, export, fence
from llmobs.instrumentation.fence import fenced
from llmobs.signal import Json
from llmobs.signals.call import SIGNAL
from llmobs.signals.span import SIGNAL as SPAN

# What the conventions have beside our columns: our field name -> attribute.
EXTRA = {
    "stop_sequences": "gen_ai.request.stop_sequences",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "choice_count": "gen_ai.request.choice.count",
    "seed": "gen_ai.request.seed",
    "top_k": "gen_ai.request.top_k",
    "reasoning_level": "gen_ai.request.reasoning.level",
    "previous_response_id": "gen_ai.request.previous_response.id",
    "output_type": "gen_ai.output.type",
    "encoding_formats": "gen_ai.request.encoding_formats",
    "dimension_count": "gen_ai.embeddings.dimension.count",
    "service_tier_requested": "openai.request.service_tier",
    "system_fingerprint": "openai.response.system_fingerprint",
    "api_type": "openai.api.type",
    "tool_choice": "llmobs.request.tool_choice",
}
ATTRIBUTE = {**{name: field.attribute for name, field in SIGNAL.fields.items()}, **EXTRA}
CONTENT = tuple(name for name, field in SIGNAL.fields.items() if field.type is Json)

OPERATION = SPAN.fields["operation"].attribute
ERROR = SPAN.fields["error_type"].attribute
STOP = EXTRA["stop_sequences"]
PROVIDER, MODEL, STREAM = ATTRIBUTE["provider"], ATTRIBUTE["model"], ATTRIBUTE["stream"]
HOST, PORT = ATTRIBUTE["server_address"], ATTRIBUTE["server_port"]
INPUT_TOKENS, USAGE_SOURCE = ATTRIBUTE["input_tokens"], ATTRIBUTE["usage_source"]
ATTEMPTS, STATUS = ATTRIBUTE["attempts"], ATTRIBUTE["http_status"]
STREAM_END, FIRST_CONTENT = ATTRIBUTE["stream_end"], ATTRIBUTE["first_content_s"]
OUTPUT = ATTRIBUTE["output_messages"]
RESENT = "http.request.resend_count"
RETRIED = "llmobs.retry.duration"  # seconds that failed attempts and waiting took


class Address(NamedTuple):
    """Where a client's calls go."""

    provider: str
    host: str
    port: int


CURRENT: ContextVar["Call | None"] = ContextVar("llmobs_call", default=None)


@fenced
def begin(dialect: Any, address: Address, body: Any, stream: bool, http: Any = None) -> "Call | None":
    """A call that begins now; None where it is not ours to record: nothing started, inside another call,
    or suppressed by OpenTelemetry's own switch. `http`: the client that will carry it.
    """
    outer = CURRENT.get()
    if not export.started() or (outer is not None and outer.running):
        return None
    if otel.get_value("suppress_instrumentation"):
        return None
    attributes: dict[str, Any] = {**context.attributes()}
    attributes[OPERATION] = dialect.OPERATION
    attributes[PROVIDER] = address.provider
    for name, value in dialect.request(body).items():
        attributes[ATTRIBUTE[name]] = value
    if stream:
        attributes[STREAM] = True
    if address.host:
        attributes[HOST] = address.host
        attributes[PORT] = address.port
    if stops := attributes.pop(STOP, None):  # in the caller's own words
        attributes.update({STOP: [content.say(text) for text in stops]} if content.captured() else {})
    begun = Call(dialect, attributes, body, stream)
    begun.host, begun.http = address.host, http
    return begun


class Call:
    """One model call. `running`: the request is under way, and what happens inside belongs to it.
    `reading`: the SDK pulls the next event, so that a body which closes now is no early close.
    `observed`: id of the response in whose body it goes on; `received`: what answered last, while running.
    """

    __slots__ = (
        "__weakref__",
        "answer",
        "attempts",
        "began",
        "body",
        "context",
        "dialect",
        "ended",
        "facts",
        "first_s",
        "host",
        "http",
        "observed",
        "outer",
        "reading",
        "received",
        "retried_s",
        "running",
        "span",
        "stream",
        "typed",
    )

    def __init__(self, dialect: Any, attributes: dict[str, Any], body: Any, stream: bool) -> None:
        self.dialect = dialect
        self.host = ""
        self.http: Any = None
        self.stream = stream
        self.answer: Any = {}
        self.facts: dict[str, Any] = {}  # what the transport learned: status, headroom
        self.attempts = 0
        self.first_s: float | None = None
        self.retried_s = 0.0
        self.running = self.reading = self.typed = False
        self.observed = 0
        self.received: Any = None
        model = attributes.get(MODEL)
        name = f"{dialect.OPERATION} {model}" if model else dialect.OPERATION
        self.outer = otel.get_current()
        self.span = export.tracer().start_span(name, self.outer, SpanKind.CLIENT, attributes)
        self.context = trace.set_span_in_context(self.span, self.outer)
        self.ended = not self.span.is_recording()  # sampled out: it parents what is inside, and that is all
        keeps = content.captured() and not self.ended and isinstance(body, dict)
        # the caller may change its lists before they are rendered
        self.body = {k: list(v) if type(v) is list else v for k, v in body.items()} if keeps else None
        self.began = perf_counter()

    def enter(self) -> None:
        """The request begins: spans in it are children, calls in it are not counted again."""
        self.running = True
        CURRENT.set(self)
        otel.attach(self.context)

    def leave(self) -> None:
        """The request is over; the body of its answer may not be."""
        self.running = False
        self.received = None
        if CURRENT.get() is self:
            CURRENT.set(None)
        if otel.get_current() is self.context:
            otel.attach(self.outer)

    def item(self, event: Any) -> None:
        """A streamed event, before the caller sees it."""
        try:
            if self.dialect.fold(self.answer, event) and self.first_s is None:
                self.first_s = perf_counter() - self.began
        except Exception:
            fence.failed("fold")

    def attempting(self) -> None:
        """A request goes out."""
        if self.attempts:
            self.retried_s = perf_counter() - self.began

    def attempted(self, facts: dict[str, Any], failed: bool) -> None:
        """It came to this."""
        self.attempts += 1
        if failed:
            self.span.add_event("llmobs.attempt", {"llmobs.attempt": self.attempts, **facts})
        self.facts = facts

    def over(self, response_id: int, error: BaseException | None = None, how: str = "complete") -> None:
        """The body of a response is over, and so is the call, if it is the one that the caller reads.

        A middleware of the SDK may look into one response and hand out another.
        """
        if self.observed == response_id and not self.running:
            self.end(error=error, how=how)

    @fenced
    def end(self, answer: Any = None, error: BaseException | None = None, how: str = "complete") -> None:
        """The call is over; only the first end counts. `answer`: what came back in one piece."""
        if self.ended:
            return
        self.ended = True
        if answer is not None:
            self.answer = answer
        facts = self.facts
        facts.pop(ERROR, None)  # of the last attempt, not of the call
        if error is not None:
            facts[ERROR] = error_type(error)
        if isinstance(error, Exception):  # a cancelled call is none that failed
            how = "error"
            self.span.set_status(Status(StatusCode.ERROR, description(error)))
        elif error is not None:
            how = "closed"
        elif fault := failure(self.dialect, self.answer):
            how, facts[ERROR] = "error", fault[0]
            self.span.set_status(Status(StatusCode.ERROR, ": ".join(filter(None, map(content.say, fault)))))
        if self.stream:
            facts[STREAM_END] = how
        export.finish(self.span, self.outcome)

    @fenced
    def outcome(self) -> dict[str, Any]:
        """All that is known at the end, as attributes; may run later and in another thread."""
        attributes = {}
        if self.answer:
            for name, value in (said(self.dialect, self.answer) or {}).items():
                attributes[ATTRIBUTE[name]] = value
        attributes[USAGE_SOURCE] = "provider" if INPUT_TOKENS in attributes else "unknown"
        attributes.update(self.facts)
        if self.attempts:
            attributes[ATTEMPTS] = self.attempts
        if self.attempts > 1:
            attributes[RESENT] = self.attempts - 1
            attributes[RETRIED] = self.retried_s
        if self.first_s is not None:
            attributes[FIRST_CONTENT] = self.first_s
        if self.body is not None:
            for name, read in contents(self.dialect):
                text = rendered(read, self.answer if name == OUTPUT else self.body)
                if text is not None:
                    attributes[name] = text
        self.body, self.answer = None, {}
        return attributes


@fenced
def failure(dialect: Any, answer: Any) -> tuple[str, str] | None:
    """Code and message of a failure that the answer tells of and the SDK does not raise."""
    read = telling(dialect)
    found: tuple[str, str] | None = read(answer) if read is not None else None
    return found


@functools.cache
def telling(dialect: Any) -> Any:
    """What of a dialect reads failures; a module that lacks a name takes its time to say so."""
    return getattr(dialect, "failure", None)


@fenced
def said(dialect: Any, answer: Any) -> dict[str, Any]:
    """What came back, by field name; behind a fence of its own, so that an odd answer costs only itself."""
    found: dict[str, Any] = dialect.response(answer)
    return found


@functools.cache
def contents(dialect: Any) -> list[tuple[str, Any]]:
    """What of a dialect's reads content, and the attribute that it goes into."""
    return [(ATTRIBUTE[name], getattr(dialect, name)) for name in CONTENT if hasattr(dialect, name)]


@fenced
def rendered(read: Any, source: Any) -> str | None:
    return content.render(read(source) or None) if source else None


def error_type(error: BaseException) -> str:
    """The HTTP status, or the name of the exception's class where no answer came.

    An error inside a stream comes under a good status: there the provider's own word counts.
    """
    status = getattr(error, "status_code", None)
    if not isinstance(status, int):
        return type(error).__qualname__
    word = getattr(error, "type", None)
    return str(status) if status >= 400 else word if isinstance(word, str) else type(error).__qualname__


def description(error: Exception) -> str:
    """The exception's class, and its message where content may go out: providers quote the prompt in it."""
    says = content.say(content.shown(error))
    return f"{type(error).__qualname__}: {says}" if says else type(error).__qualname__
