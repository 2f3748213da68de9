"""The network behind real SDKs: answers by script, nothing leaves the process.

`Net(answer, ...)` gives its answers one after the other, the last one again and again. Bodies are streams
that have to be read, as on a real network; `closed` counts those that were given back.
"""

import json
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

import httpx2

if TYPE_CHECKING:  # the SDKs take a second each to import, and most programs need one of them
    import anthropic as anthropic_sdk
    import openai as openai_sdk

MESSAGES: Any = [{"role": "user", "content": "Where is the mill?"}]
ASK: dict[str, Any] = {"model": "gpt-4o-mini", "messages": MESSAGES}
ASK_CLAUDE: dict[str, Any] = {"model": "claude-haiku-4-5", "max_tokens": 100, "messages": MESSAGES}

CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1764000000,
    "model": "gpt-4o-mini-2024-07-18",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "By the river."},
            "finish_reason": "stop",
        }
    ],
    "usage": {
        "prompt_tokens": 1234,
        "completion_tokens": 57,
        "total_tokens": 1291,
        "prompt_tokens_details": {"cached_tokens": 1024},
        "completion_tokens_details": {"reasoning_tokens": 19},
    },
}
CLAUDE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-4-5-20251001",
    "content": [{"type": "text", "text": "By the river."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 10,
        "cache_read_input_tokens": 200,
        "cache_creation_input_tokens": 30,
        "output_tokens": 7,
    },
}
RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1764000000,
    "status": "completed",
    "model": "gpt-4o-mini-2024-07-18",
    "output": [
        {
            "type": "message",
            "id": "msg_1",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "By the river.", "annotations": []}],
        }
    ],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "usage": {
        "input_tokens": 1234,
        "input_tokens_details": {"cached_tokens": 1024},
        "output_tokens": 57,
        "output_tokens_details": {"reasoning_tokens": 19},
        "total_tokens": 1291,
    },
}
EMBEDDING = {
    "object": "list",
    "model": "text-embedding-3-small",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}],
    "usage": {"prompt_tokens": 321, "total_tokens": 321},
}
REFUSED = {"error": {"message": "Slow down.", "type": "requests", "code": "rate_limit_exceeded"}}


def sse(*events: dict[str, Any], done: bool = False) -> list[bytes]:
    """Events as bytes on the wire, one piece each; `type` names the event where there is one."""
    head = [f"event: {event['type']}\n" if "type" in event else "" for event in events]
    pieces = [f"{h}data: {json.dumps(e)}\n\n".encode() for h, e in zip(head, events, strict=True)]
    return [*pieces, b"data: [DONE]\n\n"] if done else pieces


def chunk(delta: dict[str, Any] | None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": CHAT["model"]}
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return {**head, "choices": choices, **more}


CHAT_STREAM = sse(
    chunk({"role": "assistant", "content": ""}),
    chunk({"content": "By "}),
    chunk({"content": "the "}),
    chunk({"content": "river."}),
    chunk({}, "stop"),
    chunk(None, usage=CHAT["usage"]),
    done=True,
)
CLAUDE_STREAM = sse(
    {
        "type": "message_start",
        "message": {
            **CLAUDE,
            "content": [],
            "stop_reason": None,
            "usage": {**CLAUDE["usage"], "output_tokens": 1},
        },
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "By "}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "the river."}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 7}},
    {"type": "message_stop"},
)
RESPONSE_STREAM = sse(
    {
        "type": "response.created",
        "sequence_number": 0,
        "response": {**RESPONSE, "status": "in_progress", "output": [], "usage": None},
    },
    {
        "type": "response.output_item.added",
        "sequence_number": 1,
        "output_index": 0,
        "item": {
            "type": "message",
            "id": "msg_1",
            "status": "in_progress",
            "role": "assistant",
            "content": [],
        },
    },
    {
        "type": "response.content_part.added",
        "sequence_number": 2,
        "item_id": "msg_1",
        "output_index": 0,
        "content_index": 0,
        "part": {"type": "output_text", "text": "", "annotations": []},
    },
    {
        "type": "response.output_text.delta",
        "sequence_number": 3,
        "item_id": "msg_1",
        "output_index": 0,
        "content_index": 0,
        "delta": "By the river.",
        "logprobs": [],
    },
    {"type": "response.completed", "sequence_number": 4, "response": RESPONSE},
)


class Body(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """Pieces of a body; an exception among them is raised in its turn."""

    def __init__(self, pieces: list[Any], net: "Net") -> None:
        self.pieces = pieces
        self.net = net

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, BaseException):
                raise piece
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            if callable(piece):
                await piece()
            elif isinstance(piece, BaseException):
                raise piece
            else:
                yield piece

    def close(self) -> None:
        self.net.closed += 1

    async def aclose(self) -> None:
        self.net.closed += 1


class Answer:
    """`body`: a dict as JSON, a list as pieces of a stream."""

    def __init__(self, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.body, self.status, self.headers = body, status, headers or {}


class Net:
    """`requests`: what was asked. An answer may be an exception, or an async function to wait for."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[httpx2.Request] = []
        self.closed = 0

    @property
    def asked(self) -> list[Any]:
        return [json.loads(request.content) for request in self.requests]

    def next(self, request: httpx2.Request) -> Any:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def response(self, answer: Any) -> httpx2.Response:
        told = answer if isinstance(answer, Answer) else Answer(answer)
        streamed = isinstance(told.body, list)
        kind = "text/event-stream" if streamed else "application/json"
        pieces = told.body if streamed else [json.dumps(told.body).encode()]
        headers = {"content-type": kind, **told.headers}
        return httpx2.Response(told.status, headers=headers, stream=Body(pieces, self))

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        return self.response(self.next(request))

    async def answer_async(self, request: httpx2.Request) -> httpx2.Response:
        answer = self.next(request)
        return self.response(await answer() if callable(answer) else answer)

    def http(self) -> httpx2.Client:
        return httpx2.Client(transport=httpx2.MockTransport(self.answer))

    def ahttp(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self.answer_async))

    def openai(self, **more: Any) -> "openai_sdk.OpenAI":
        import openai

        return openai.OpenAI(api_key="sk-none", http_client=self.http(), **more)

    def aopenai(self, **more: Any) -> "openai_sdk.AsyncOpenAI":
        import openai

        return openai.AsyncOpenAI(api_key="sk-none", http_client=self.ahttp(), **more)

    def anthropic(self, **more: Any) -> "anthropic_sdk.Anthropic":
        import anthropic

        return anthropic.Anthropic(api_key="sk-none", http_client=self.http(), **more)

    def aanthropic(self, **more: Any) -> "anthropic_sdk.AsyncAnthropic":
        import anthropic

        return anthropic.AsyncAnthropic(api_key="sk-none", http_client=self.ahttp(), **more)
