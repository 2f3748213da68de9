"""One contender of `overhead.py` in a process of its own: reads "scenario calls" lines, answers when done."""

import asyncio
import gc
import json
import os
import sys
from typing import Any

import httpx2
import openai

MODEL = "gpt-4o-mini"
USAGE = {
    "prompt_tokens": 1234,
    "completion_tokens": 57,
    "total_tokens": 1291,
    "prompt_tokens_details": {"cached_tokens": 1024, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 19, "audio_tokens": 0},
}
TEXT = (
    "The quick brown fox jumps over the lazy dog and then writes a short note about it, "
    "listing what it saw on the way: a river, two bridges, a mill and nine small boats. "
) * 3
ASKED = "Summarise what the report says on supply, demand and price, in three points. "
HEAD = {
    "id": "chatcmpl-1",
    "created": 1764000000,
    "model": "gpt-4o-mini-2024-07-18",
    "service_tier": "default",
}
TOOLS: Any = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": "A tool used by the bench.",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}, "k": {"type": "integer"}},
            },
        },
    }
    for name in ("get_weather", "search_docs", "book_table")
]
ARGUMENTS = {"get_weather": '{"city": "Oslo"}', "search_docs": '{"k": 5}'}
CALLED = [
    {"id": f"call_{name}", "type": "function", "function": {"name": name, "arguments": given}}
    for name, given in ARGUMENTS.items()
]


def messages(size: int) -> Any:
    return [
        {"role": "system", "content": "You answer questions about the documents you were given. "},
        {"role": "user", "content": (ASKED * (size // 70 + 1))[:size]},
    ]


def answer(tool: bool) -> bytes:
    said = {"role": "assistant", "content": None if tool else TEXT, "refusal": None}
    if tool:
        said["tool_calls"] = CALLED
    choice = {
        "index": 0,
        "message": said,
        "logprobs": None,
        "finish_reason": "tool_calls" if tool else "stop",
    }
    body = {**HEAD, "object": "chat.completion", "choices": [choice], "usage": USAGE}
    return json.dumps(body).encode()


def events(chunks: int) -> list[bytes]:
    def event(delta: dict[str, str] | None, finish: str | None = None, **more: Any) -> bytes:
        choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
        body = {**HEAD, "object": "chat.completion.chunk", "choices": choices, **more}
        return b"data: " + json.dumps(body).encode() + b"\n\n"

    words = TEXT.split(" ")
    spoken = [event({"content": words[i % len(words)] + " "}) for i in range(chunks)]
    opened = event({"role": "assistant", "content": ""})
    return [opened, *spoken, event({}, "stop"), event(None, usage=USAGE), b"data: [DONE]\n\n"]


class Pieces(httpx2.SyncByteStream):
    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces

    def __iter__(self) -> Any:
        return iter(self.pieces)


class Calls:
    """The scenarios: each method makes one call."""

    def __init__(self) -> None:
        known = {"plain": answer(False), "tool": answer(True)}
        streams = {str(n): events(n) for n in (50, 500)}

        def answered(request: httpx2.Request) -> httpx2.Response:
            asked = request.headers["x-answer"]
            if asked in streams:
                head = {"content-type": "text/event-stream", "x-request-id": "req_1"}
                return httpx2.Response(200, headers=head, stream=Pieces(streams[asked]))
            head = {"content-type": "application/json", "x-request-id": "req_1"}
            return httpx2.Response(200, headers=head, content=known[asked])

        net = httpx2.MockTransport(answered)
        base: Any = {"api_key": "sk-none", "base_url": "http://model.test/v1"}
        self.client = openai.OpenAI(**base, http_client=httpx2.Client(transport=net))
        self.aclient = openai.AsyncOpenAI(**base, http_client=httpx2.AsyncClient(transport=net))
        self.loop = asyncio.new_event_loop()
        self.small, self.big = messages(800), messages(100_000)

    def create(self, answered: str, messages: Any, **more: Any) -> Any:
        headers = {"x-answer": answered}
        return self.client.chat.completions.create(
            model=MODEL, messages=messages, extra_headers=headers, **more
        )

    def plain(self) -> None:
        self.create("plain", self.small, temperature=0.2, max_tokens=256)

    def tool(self) -> None:
        self.create("tool", self.small, tools=TOOLS)

    def prompt_100k(self) -> None:
        self.create("plain", self.big)

    def stream(self, chunks: int) -> None:
        for _ in self.create(str(chunks), self.small, stream=True, stream_options={"include_usage": True}):
            pass

    def stream_50(self) -> None:
        self.stream(50)

    def stream_500(self) -> None:
        self.stream(500)

    async def aplain(self, calls: int) -> None:
        create = self.aclient.chat.completions.create
        for _ in range(calls):
            await create(
                model=MODEL,
                messages=self.small,
                temperature=0.2,
                max_tokens=256,
                extra_headers={"x-answer": "plain"},
            )

    def block(self, scenario: str, calls: int) -> None:
        gc.collect()
        if scenario == "async_plain":
            self.loop.run_until_complete(self.aplain(calls))
        else:
            for _ in range(calls):
                getattr(self, scenario)()


def main() -> None:
    from contenders import ALL

    name, capture = sys.argv[1], sys.argv[2] == "on"
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    flush = ALL[name](capture)
    calls = Calls()
    print("{}", file=answers, flush=True)  # ready
    for line in sys.stdin:
        scenario, count = line.split()
        calls.block(scenario, int(count))
        flush()
        print("{}", file=answers, flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
