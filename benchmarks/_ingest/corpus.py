"""Spans to send: traces of four (an agent, two chats, a tool), 25 attributes each, messages of 1 to 4 KB.

A request is made once and sent many times with other ids and the time of sending: their places in the bytes
are known by marks that no text can hold, because they are no UTF-8. So the generator costs next to nothing
beside the collector that it measures.
"""

import json
import random
import re
import struct
import time

import numpy as np
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

SPANS = 512  # in a request
TRACE_MARK, SPAN_MARK, TIME_MARK = b"\xf5\xf8\xfa\xfd", b"\xf6\xf9\xfb\xfe", b"\xf7\xfc\xf8\xf5"
MODELS = (
    ("openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18"),
    ("openai", "gpt-4o", "gpt-4o-2024-08-06"),
    ("anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929"),
    ("anthropic", "claude-haiku-4-5", "claude-haiku-4-5-20251001"),
)
SYLLABLES = re.findall("..", "kalomirentorelisantureingedprecontadeveralousmentionquexinoutber")


class Template:
    """One request; `stamped` gives its bytes with ids of its own."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.traces, self.spans, self.times = (
            np.array([[m.start() + i for i in range(4)] for m in re.finditer(re.escape(mark), body)])
            for mark in (TRACE_MARK, SPAN_MARK, TIME_MARK)
        )

    def stamped(self, number: int) -> bytes:
        """The request as the `number`th that is sent: no two have an id in common."""
        body = bytearray(self.body)
        view = np.frombuffer(body, np.uint8)
        ident = np.frombuffer(struct.pack(">I", number), np.uint8)
        view[self.traces] = ident
        view[self.spans] = ident
        view[self.times] = np.frombuffer(struct.pack("<I", time.time_ns() >> 32), np.uint8)
        return bytes(body)


def templates(count: int, seed: int = 7) -> list[Template]:
    """`count` requests of 512 spans."""
    made = Maker(seed)
    return [Template(made.request(number)) for number in range(1, count + 1)]  # an id of zeros is none


class Maker:
    """Text and numbers from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.words = [
            "".join(self.random.choices(SYLLABLES, k=self.random.randint(1, 4))) for _ in range(5_000)
        ]
        weights = 1 / np.arange(1, len(self.words) + 1) ** 1.05  # as words are in a language
        self.picks = np.random.default_rng(seed)
        self.weights = weights / weights.sum()

    def text(self, size: int) -> str:
        picked = self.picks.choice(len(self.words), size // 5 + 2, p=self.weights)
        return " ".join([self.words[i] for i in picked])[:size]

    def request(self, template: int) -> bytes:
        """One resource, one scope, 512 spans; the ids hold the marks."""
        request = ExportTraceServiceRequest()
        group = request.resource_spans.add()
        resource = {
            "service.name": self.random.choice(["shop", "support", "search"]),
            "service.instance.id": f"{self.random.getrandbits(64):016x}",
            "deployment.environment.name": "prod",
            "telemetry.sdk.language": "python",
        }
        put(group.resource.attributes, resource)
        scope = group.scope_spans.add()
        scope.scope.name, scope.scope.version = "llmobs", "0.1.0"
        for number in range(SPANS):
            self.span(scope.spans.add(), template, number)
        return request.SerializeToString()

    def span(self, span, template: int, number: int) -> None:
        trace, place = divmod(number, 4)
        ident = struct.pack(">HH", template, number)
        span.trace_id = struct.pack(">IHH", 0x11A0B5, template, trace) + TRACE_MARK + b"\x01\x02\x03\x04"
        span.span_id = ident + SPAN_MARK
        if place:
            span.parent_span_id = struct.pack(">HH", template, trace * 4) + SPAN_MARK
        start = self.random.randrange(1, 2**31)
        mark = int.from_bytes(TIME_MARK, "little") << 32
        span.start_time_unix_nano = mark | start
        span.end_time_unix_nano = mark | start + self.random.randrange(10**8, 2 * 10**9)
        kind = ("agent", "chat", "chat", "tool")[place]
        span.name = {"agent": "invoke_agent support", "tool": "execute_tool search"}.get(kind, "chat")
        span.kind = 3 if kind == "chat" else 1
        said = self.attributes(kind)
        if self.random.random() < 0.02:
            said["error.type"] = "RateLimitError"
            span.status.code = 2
        put(span.attributes, said)

    def attributes(self, kind: str) -> dict:
        """25 of them."""
        pick = self.random
        provider, model, answered = pick.choice(MODELS)
        common = {
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": model,
            "gen_ai.response.model": answered,
            "gen_ai.response.id": f"resp-{pick.getrandbits(96):024x}",
            "gen_ai.response.finish_reasons": ["stop"],
            "gen_ai.request.temperature": pick.choice([0.0, 0.2, 1.0]),
            "gen_ai.request.max_tokens": 1024,
            "gen_ai.conversation.id": f"conv-{pick.randrange(5_000):06d}",
            "gen_ai.agent.name": "support",
            "user.id": f"user-{pick.randrange(2_000):05d}",
            "server.address": "api.example.com",
            "server.port": 443,
            "app.tenant": f"team-{pick.randrange(7)}",
            "app.release": "canary",
            "app.line": pick.randrange(900),
            "app.share": pick.random(),
        }
        return common | getattr(self, kind)()

    def chat(self) -> dict:
        size, tokens = self.random.randrange(1_000, 4_000), self.random.randrange(80, 4_000)
        asked = [{"role": "user", "parts": [{"type": "text", "content": self.text(size * 3 // 4)}]}]
        answer = {"role": "assistant", "parts": [{"type": "text", "content": self.text(size // 4)}]}
        return {
            "gen_ai.operation.name": "chat",
            "gen_ai.usage.input_tokens": tokens,
            "gen_ai.usage.output_tokens": tokens // 4,
            "gen_ai.usage.cache_read.input_tokens": tokens // 2,
            "gen_ai.response.time_to_first_chunk": self.random.random(),
            "gen_ai.prompt.name": "support-answer",
            "gen_ai.prompt.version": str(self.random.randrange(1, 9)),
            "gen_ai.input.messages": json.dumps(asked),
            "gen_ai.output.messages": json.dumps([{**answer, "finish_reason": "stop"}]),
        }

    def tool(self) -> dict:
        return {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "search",
            "gen_ai.tool.type": "function",
            "gen_ai.tool.call.id": f"call-{self.random.getrandbits(64):016x}",
            "gen_ai.tool.call.arguments": json.dumps({"query": self.text(80)}),
            "gen_ai.tool.call.result": json.dumps({"found": self.text(self.random.randrange(500, 1_500))}),
            "app.rows": self.random.randrange(50),
            "app.cached": False,
            "app.source": "kb",
        }

    def agent(self) -> dict:
        return {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.id": "support-1",
            "input.value": self.text(self.random.randrange(300, 1_000)),
            "output.value": self.text(self.random.randrange(300, 1_000)),
            "app.steps": self.random.randrange(9),
            "app.attempt": 1,
            "app.region": "eu-north",
            "app.route": "/answer",
            "app.debug": False,
        }


def put(attributes, values: dict) -> None:
    """Python values as attributes."""
    for key, value in values.items():
        said = attributes.add(key=key).value
        if isinstance(value, bool):
            said.bool_value = value
        elif isinstance(value, int):
            said.int_value = value
        elif isinstance(value, float):
            said.double_value = value
        elif isinstance(value, list):
            for item in value:
                said.array_value.values.add().string_value = item
        else:
            said.string_value = value
