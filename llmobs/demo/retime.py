"""Real recorded traces as templates for many: other times, ids, users and token counts, the same structure.

A recording is a trace as the SDKs and the instrumentation made it, only that the stand-in answered at once.
A copy lays its spans out anew: model calls take as long as the model does, what ran one after the other still
does, what ran together still begins together, and a parent lasts as long as its children need.
Works on OTLP's own messages, because copying one costs microseconds and a span of the SDK tens of them.
"""

import json
import math
import random
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import ReadableSpan

from llmobs.demo import models
from llmobs.demo.shape import Visitor
from llmobs.signals.call import SIGNAL as CALL
from llmobs.signals.retrieval import SIGNAL as RETRIEVAL
from llmobs.signals.span import SIGNAL as SPAN

OPERATION, USER, SESSION, TAGS = (
    SPAN.fields[name].attribute for name in ("operation", "user_id", "session_id", "tags")
)
MODEL, FIRST, FINISH, ATTEMPTS, RESPONSE_ID, OUTPUT = (
    CALL.fields[name].attribute
    for name in ("model", "first_content_s", "finish_reasons", "attempts", "response_id", "output_tokens")
)
INPUTS = tuple(CALL.fields[n].attribute for n in ("input_tokens", "cached_tokens", "cache_written_tokens"))
OUTPUTS = tuple(CALL.fields[n].attribute for n in ("output_tokens", "reasoning_tokens"))
INDEX_AGE = RETRIEVAL.fields["index_age_s"].attribute
TIMEOUT_S, BACKOFF_S = 20.0, 0.7
# Median seconds of what is no model call, by operation: what the database or the warehouse takes.
OWN_S = {"execute_tool": 0.14, "retrieval": 0.035, "assemble_prompt": 0.0012, "task": 0.02}
ELSE_S = 0.006
GAP_NS = 2_000_000  # between one child and the next


class Node(NamedTuple):
    """A span of a recording and what is inside it. `together`: it began before the one before it ended."""

    span: Span
    places: dict[str, int]  # attribute -> its place in the span
    children: tuple["Node", ...]
    together: bool

    def value(self, attribute: str) -> AnyValue | None:
        place = self.places.get(attribute)
        return None if place is None else self.span.attributes[place].value


def recordings(spans: Sequence[ReadableSpan]) -> list[Node]:
    """The traces in `spans`, by their roots, in the order in which they began."""
    encoded = [
        span
        for resource in encode_spans(spans).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    inside: dict[bytes, list[Span]] = {}
    for span in sorted(encoded, key=lambda each: each.start_time_unix_nano):
        inside.setdefault(span.parent_span_id, []).append(span)
    return nodes(inside.get(b"", ()), inside)


def nodes(spans: Iterable[Span], inside: dict[bytes, list[Span]]) -> list[Node]:
    found: list[Node] = []
    ended = 0
    for span in spans:
        places = {pair.key: place for place, pair in enumerate(span.attributes)}
        children = tuple(nodes(inside.get(span.span_id, ()), inside))
        found.append(Node(span, places, children, span.start_time_unix_nano < ended))
        ended = max(ended, span.end_time_unix_nano)
    return found


def copy(root: Node, at: float, visitor: Visitor, index_built_at: float, chance: random.Random) -> list[Span]:
    """A trace like `root` that begins at `at` (Unix seconds), parents before children."""
    made: list[Span] = []
    facts = {
        USER: visitor.user,
        SESSION: visitor.session,
        TAGS: json.dumps({"channel": visitor.channel, "plan": visitor.plan}),
    }
    trace_id = chance.getrandbits(128).to_bytes(16, "big")
    place(root, int(at * 1e9), trace_id, b"", facts, at - index_built_at, chance, made)
    return made


def place(
    node: Node,
    start_ns: int,
    trace_id: bytes,
    parent: bytes,
    facts: dict[str, str],
    index_age_s: float,
    chance: random.Random,
    made: list[Span],
) -> int:
    """Appends the copy of `node` and of what is inside it to `made`; when it ends, in nanoseconds."""
    span = Span()
    span.CopyFrom(node.span)
    span.trace_id, span.parent_span_id = trace_id, parent
    span.span_id = chance.getrandbits(64).to_bytes(8, "big")
    made.append(span)
    for attribute, text in facts.items():
        if attribute in node.places:
            span.attributes[node.places[attribute]].value.string_value = text
    if INDEX_AGE in node.places:
        span.attributes[node.places[INDEX_AGE]].value.double_value = max(0.0, index_age_s)
    own_ns = int(1e9 * (called_s(node, span, chance) if MODEL in node.places else worked_s(node, chance)))
    end_ns = begun_ns = start_ns + (own_ns // 2 if node.children else own_ns)
    for child in node.children:
        begun_ns = begun_ns if child.together else end_ns + GAP_NS
        child_end = place(child, begun_ns, trace_id, span.span_id, facts, index_age_s, chance, made)
        end_ns = max(end_ns, child_end)
    if node.children:
        end_ns += own_ns - own_ns // 2
    move(span, node.span, start_ns, end_ns)
    return end_ns


def worked_s(node: Node, chance: random.Random) -> float:
    operation = node.value(OPERATION)
    median = OWN_S.get(operation.string_value, ELSE_S) if operation else ELSE_S
    return median * math.exp(chance.gauss(0, 0.5))


def called_s(node: Node, span: Span, chance: random.Random) -> float:
    """How long the model call takes; writes the varied token counts and the time to first content."""
    name = span.attributes[node.places[MODEL]].value.string_value
    first_s = models.first_s(name, chance)
    attempts = node.value(ATTEMPTS)
    waited_s = BACKOFF_S * ((attempts.int_value if attempts else 1) - 1)
    if OUTPUT not in node.places and INPUTS[0] not in node.places:  # it failed
        timed_out = "Timeout" in span.status.message
        return TIMEOUT_S if timed_out else waited_s + 0.3 * first_s
    scale(span, node, INPUTS, 1 + 0.35 * chance.random())
    if not fixed_length(node):
        scale(span, node, OUTPUTS, math.exp(chance.gauss(0, 0.18)))
    if RESPONSE_ID in node.places:
        name_value = span.attributes[node.places[RESPONSE_ID]].value
        name_value.string_value = f"{name_value.string_value[:-16]}{chance.getrandbits(64):016x}"
    if FIRST in node.places:
        span.attributes[node.places[FIRST]].value.double_value = waited_s + first_s
    written = span.attributes[node.places[OUTPUT]].value.int_value if OUTPUT in node.places else 0
    return waited_s + first_s + models.writing_s(name, written, chance)


def fixed_length(node: Node) -> bool:
    """Whether the answer was cut: then its length is max_tokens, not more and not less."""
    finish = node.value(FINISH)
    words = {each.string_value for each in finish.array_value.values} if finish else set()
    return bool(words & {"length", "max_tokens", "max_output_tokens", "incomplete"})


def scale(span: Span, node: Node, attributes: Iterable[str], factor: float) -> None:
    for attribute in attributes:
        if attribute in node.places:
            value = span.attributes[node.places[attribute]].value
            value.int_value = round(value.int_value * factor)


def move(span: Span, recorded: Span, start_ns: int, end_ns: int) -> None:
    """Sets the times; events keep their place between beginning and end."""
    span.start_time_unix_nano, span.end_time_unix_nano = start_ns, end_ns
    lasted = max(1, recorded.end_time_unix_nano - recorded.start_time_unix_nano)
    for event, before in zip(span.events, recorded.events, strict=True):
        share = min(1.0, max(0.0, (before.time_unix_nano - recorded.start_time_unix_nano) / lasted))
        event.time_unix_nano = start_ns + int(share * (end_ns - start_ns))
