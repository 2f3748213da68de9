"""Which attributes a workflow, an agent, a tool, a retrieval and a task carry.

Names are those of the GenAI conventions (1.42-dev, read on 2026-11-22). They know no task: that operation is
ours. Arguments and result of a workflow, agent or task are written as the messages that began and ended it.
"""

from collections.abc import Mapping
from typing import Any

from opentelemetry.trace import SpanKind

from llmobs.instrumentation import content
from llmobs.instrumentation.context import WORKFLOW
from llmobs.instrumentation.documents import best, documents
from llmobs.instrumentation.span import Facts, Kind
from llmobs.signals.agent import SIGNAL as AGENT
from llmobs.signals.call import SIGNAL as CALL
from llmobs.signals.retrieval import SIGNAL as RETRIEVAL
from llmobs.signals.tool import SIGNAL as TOOL

QUERY_NAMES = ("query", "question", "text", "q", "search", "prompt")
TOP_K_NAMES = ("top_k", "k", "limit", "n_results", "n")
QUERY_CHARACTERS = 8_192


def asked(arguments: Any) -> Facts:
    """Arguments as the message that began it; a single text stands as it is."""
    values = list(arguments.values()) if isinstance(arguments, Mapping) else [arguments]
    text = values[0] if len(values) == 1 and isinstance(values[0], str) else content.render(arguments)
    message = {"role": "user", "parts": [{"type": "text", "content": text}]}
    return rendered(CALL.fields["input_messages"].attribute, [message] if values else None)


def answered(value: Any) -> Facts:
    text = value if isinstance(value, str) else content.render(value)
    message = {"role": "assistant", "parts": [{"type": "text", "content": text}], "finish_reason": "stop"}
    return rendered(CALL.fields["output_messages"].attribute, [message])


def tool_asked(arguments: Any) -> Facts:
    return rendered(TOOL.fields["tool_arguments"].attribute, arguments)


def tool_answered(value: Any) -> Facts:
    return rendered(TOOL.fields["tool_result"].attribute, value)


def searched(arguments: Any) -> Facts:
    """The query and the number of documents wanted, where a search function's arguments say them."""
    named = arguments if isinstance(arguments, Mapping) else {"query": arguments}
    texts = [named[name] for name in QUERY_NAMES if isinstance(named.get(name), str)]
    texts += [value for value in named.values() if isinstance(value, str)]
    numbers = [named[name] for name in TOP_K_NAMES if type(named.get(name)) is int]
    facts: dict[str, Any] = {}
    if texts and content.captured():
        facts[RETRIEVAL.fields["query"].attribute] = content.say(texts[0], QUERY_CHARACTERS)
    if numbers:
        facts[RETRIEVAL.fields["top_k"].attribute] = numbers[0]
    return facts


def found(value: Any) -> Facts:
    """How many documents came back and how good the best is; the documents where content is captured."""
    listed = documents(value)
    if listed is None:
        return {}
    facts: dict[str, Any] = {RETRIEVAL.fields["documents"].attribute: len(listed)}
    score = best(listed)
    if score is not None:
        facts[RETRIEVAL.fields["best_score"].attribute] = score
    return {**facts, **rendered(RETRIEVAL.fields["retrieved"].attribute, listed)}


def rendered(attribute: str, value: Any) -> Facts:
    text = content.render(value)
    return {} if text is None else {attribute: text}


WORKFLOWS = Kind("invoke_workflow", WORKFLOW, asked, answered)
AGENTS = Kind("invoke_agent", AGENT.fields["agent"].attribute, asked, answered)
TASKS = Kind("task", "llmobs.task.name", asked, answered)
TOOLS = Kind(
    "execute_tool",
    TOOL.fields["tool"].attribute,
    tool_asked,
    tool_answered,
    keeps_prompt=False,
    names_agent=True,
)
RETRIEVALS = Kind(
    "retrieval", RETRIEVAL.fields["index"].attribute, searched, found, SpanKind.CLIENT, keeps_prompt=False
)
