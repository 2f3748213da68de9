"""Workflow, agent, tool, retrieval, task: what a program does around its model calls.

Each is a decorator, with and without arguments, and a `with` block, sync and async:

    @llmobs.tool
    def search(query: str) -> list[str]: ...

    with llmobs.tool("search", arguments={"query": query}) as tool:
        return tool.result(find(query))
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar, overload

from llmobs.instrumentation.fence import fenced
from llmobs.instrumentation.kinds import AGENTS, RETRIEVALS, TASKS, TOOLS, WORKFLOWS
from llmobs.instrumentation.span import Span
from llmobs.signals.agent import SIGNAL as AGENT
from llmobs.signals.call import SIGNAL as CALL
from llmobs.signals.retrieval import SIGNAL as RETRIEVAL
from llmobs.signals.tool import SIGNAL as TOOL

F = TypeVar("F", bound=Callable[..., Any])
Moment = datetime | float
INDEX_AGE = RETRIEVAL.fields["index_age_s"].attribute


class Search(Span):
    """One search. In a `with` block its documents are recorded by `documents` (or `result`, the same)."""

    def documents(self, value: Any) -> Any:
        """Records what was found, and gives it back: dicts, objects or pairs (document, score)."""
        return self.result(value)

    @fenced
    def index_updated(self, at: Moment) -> None:
        """When the index was last brought up to date: Unix seconds, or a datetime (UTC if it has no zone)."""
        self.attribute(INDEX_AGE, age_s(at))


def age_s(updated_at: Moment) -> float:
    """Seconds since `updated_at`, never negative: clocks differ."""
    if isinstance(updated_at, datetime):
        zoned = updated_at if updated_at.tzinfo else updated_at.replace(tzinfo=UTC)
        updated_at = zoned.timestamp()
    return max(0.0, time.time() - updated_at)


@overload
def workflow(name: F, /) -> F: ...
@overload
def workflow(name: str | None = None, *, arguments: object = None) -> Span: ...
def workflow(name: Any = None, *, arguments: object = None) -> Any:
    """The outermost thing that a user waits for. Its name stands on every span inside."""
    return used(name, lambda named: Span(WORKFLOWS, named, {}, arguments))


@overload
def agent(name: F, /) -> F: ...
@overload
def agent(
    name: str | None = None,
    *,
    arguments: object = None,
    agent_id: str | None = None,
    version: str | None = None,
    description: str | None = None,
) -> Span: ...
def agent(
    name: Any = None,
    *,
    arguments: object = None,
    agent_id: str | None = None,
    version: str | None = None,
    description: str | None = None,
) -> Any:
    """One turn of an agent. `agent_id`: of a hosted agent only, as the conventions ask."""
    facts = {
        AGENT.fields["agent_id"].attribute: agent_id,
        AGENT.fields["agent_version"].attribute: version,
        "gen_ai.agent.description": description,
    }
    return used(name, lambda named: Span(AGENTS, named, facts, arguments))


@overload
def tool(name: F, /) -> F: ...
@overload
def tool(
    name: str | None = None,
    *,
    arguments: object = None,
    call_id: str | None = None,
    tool_type: str = "function",
    description: str | None = None,
) -> Span: ...
def tool(
    name: Any = None,
    *,
    arguments: object = None,
    call_id: str | None = None,
    tool_type: str = "function",
    description: str | None = None,
) -> Any:
    """One execution of a tool. `call_id`: what the model named its call; `tool_type`: function, extension
    or datastore."""
    facts = {
        TOOL.fields["tool_call_id"].attribute: call_id,
        TOOL.fields["tool_type"].attribute: tool_type,
        "gen_ai.tool.description": description,
    }
    return used(name, lambda named: Span(TOOLS, named, facts, arguments))


@overload
def retrieval(name: F, /) -> F: ...
@overload
def retrieval(
    name: str | None = None,
    *,
    query: str | None = None,
    top_k: int | None = None,
    provider: str | None = None,
    index_updated_at: Moment | Callable[[], Moment] | None = None,
    index_age_s: float | None = None,
) -> Search: ...
def retrieval(
    name: Any = None,
    *,
    query: str | None = None,
    top_k: int | None = None,
    provider: str | None = None,
    index_updated_at: Moment | Callable[[], Moment] | None = None,
    index_age_s: float | None = None,
) -> Any:
    """One search in the index `name`. As a decorator it takes the query and `top_k` from the arguments of the
    function and the documents from what it returns; `index_updated_at` may be a function that says it."""
    facts: dict[str, Any] = {
        RETRIEVAL.fields["top_k"].attribute: top_k,
        CALL.fields["provider"].attribute: provider,
        INDEX_AGE: index_age_s,
    }
    if index_updated_at is not None:  # read when the span begins: a decorator stands for calls to come
        facts[INDEX_AGE] = lambda: age_s(
            index_updated_at() if callable(index_updated_at) else index_updated_at
        )
    return used(name, lambda named: Search(RETRIEVALS, named, facts, query))


@overload
def task(name: F, /) -> F: ...
@overload
def task(name: str | None = None, *, arguments: object = None) -> Span: ...
def task(name: Any = None, *, arguments: object = None) -> Any:
    """Any other step that deserves a line of its own in the trace."""
    return used(name, lambda named: Span(TASKS, named, {}, arguments))


def used(name: Any, made: Callable[[str | None], Span]) -> Any:
    """A span for `with` and for decorating; the decorated function where `name` is one: `@llmobs.tool`."""
    return made(None)(name) if callable(name) or isinstance(name, classmethod | property) else made(name)
