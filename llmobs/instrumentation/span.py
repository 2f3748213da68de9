"""One span around a piece of the caller's own program: begun once, ended once, whatever happens.

Serves `with`, `async with` and, through `wrap`, functions. Nothing of it raises into the caller.
A cancelled or closed piece has not failed: its status stays unset, `error.type` says what ended it.
"""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode

from llmobs.instrumentation import content, context, export, wrap
from llmobs.instrumentation.call import description, error_type
from llmobs.instrumentation.fence import fenced
from llmobs.signals.agent import SIGNAL as AGENT
from llmobs.signals.span import SIGNAL as SPAN

AGENT_NAME = AGENT.fields["agent"].attribute
OPERATION = SPAN.fields["operation"].attribute
ERROR_TYPE = SPAN.fields["error_type"].attribute

Facts = Mapping[str, Any]
Value = TypeVar("Value")


class Kind(NamedTuple):
    """A kind of span. `given` and `returned` turn arguments and result into attributes.

    `keeps_prompt`: model calls inside are made with the prompt assembled outside.
    `names_agent`: the span says which agent is at work.
    """

    operation: str
    name: str  # the attribute that the name goes into
    given: Callable[[Any], Facts]
    returned: Callable[[Any], Facts]
    side: SpanKind = SpanKind.INTERNAL
    keeps_prompt: bool = True
    names_agent: bool = False


class Span:
    """What `llmobs.tool("name")` and its sisters return: a `with` block, and a decorator."""

    def __init__(self, kind: Kind, name: str | None, facts: Facts, arguments: Any = None) -> None:
        self._kind = kind
        self._name = name
        self._facts = {
            key: context.text(value) if isinstance(value, str) else value
            for key, value in facts.items()
            if value is not None
        }
        self._arguments = arguments
        self._span: trace.Span = trace.INVALID_SPAN
        self._scope: context.Scope | None = None

    def result(self, value: Value) -> Value:
        """Records what came out, where content is captured; gives it back."""
        self._returned(value)
        return value

    @fenced
    def attribute(self, name: str, value: str | bool | int | float) -> None:
        """Puts an attribute of your own on the span."""
        self._span.set_attribute(name, context.text(value) if isinstance(value, str) else value)

    def __call__(self, function: wrap.F) -> wrap.F:
        """Each call of `function` becomes a span like this one, named after it where no name was given."""
        name = self._name or wrap.name_of(function)
        return wrap.around(function, lambda given: self.__class__(self._kind, name, self._facts, given))

    def __enter__(self) -> Self:
        self.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(error)

    async def __aenter__(self) -> Self:
        self.begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(error)

    @fenced
    def begin(self) -> None:
        """Starts the span and makes it the current one."""
        kind, name = self._kind, context.text(self._name or "")
        facts = context.attributes()
        facts.pop(context.PROMPT_NAME, None)  # of model calls
        facts.pop(context.PROMPT_VERSION, None)
        facts[OPERATION] = kind.operation
        if kind.names_agent and (agent := context.state().agent):
            facts[AGENT_NAME] = agent
        facts.update((key, value) for key, value in self._facts.items() if not callable(value))
        if name:
            facts[kind.name] = name
        title = f"{kind.operation} {name}".rstrip()
        outer = trace.get_current_span()
        self._span = export.tracer().start_span(title, kind=kind.side, attributes=facts)
        if self._span.get_span_context() == outer.get_span_context():
            return  # nothing records here, and what the caller's own tracing made current stays so
        inherited = {context.WORKFLOW: name} if kind.name == context.WORKFLOW and name else {}
        self._scope = context.begin(
            inherited,
            current=trace.set_span_in_context(self._span),
            keep_prompt=kind.keeps_prompt,
            agent=name if kind.name == AGENT_NAME else "",
        )
        if self._span.is_recording():
            self._later()

    @fenced
    def end(self, error: BaseException | None = None) -> None:
        """Ends the span and brings back what was current before it."""
        if self._scope is not None:
            context.end(self._scope)
            self._scope = None
        try:
            if error is not None and not isinstance(error, GeneratorExit):
                self._span.set_attribute(ERROR_TYPE, error_type(error))
                if isinstance(error, Exception):
                    self._span.set_status(Status(StatusCode.ERROR, description(error)))
        finally:
            self._span.end()

    def _later(self) -> None:
        """What may take time or fail; the span runs already."""
        given = self._arguments
        if isinstance(given, wrap.Given):
            given = given.named() if content.captured() else None
        if given is not None:
            self._span.set_attributes(self._kind.given(given))
        for name, value in self._facts.items():
            if callable(value):
                self._span.set_attribute(name, value())

    @fenced
    def _returned(self, value: Any) -> None:
        if value is not None and self._span.is_recording():
            self._span.set_attributes(self._kind.returned(value))
