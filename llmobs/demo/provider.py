"""A local stand-in for OpenAI and Anthropic, so that the demo and the tests need no key and no network.

    python -m llmobs.demo.provider --port 8099 --pace 1

Speaks `/v1/chat/completions`, `/v1/responses`, `/v1/embeddings` and `/v1/messages`, whole and streamed, with
each provider's own errors. `pace` scales every wait: 1 is lifelike, 0 answers at once. The same request and
seed give the same answer and the same error. `PUT /faults` makes it fail on purpose: {model or "*": fault}.
"""

import argparse
import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from llmobs.demo import faults, incidents, models, wire_anthropic, wire_openai
from llmobs.demo.answers import Asked, Reply, reply
from llmobs.demo.faults import Faults
from llmobs.demo.wire_openai import Event

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
MAX_BODY = 16 * 1024 * 1024


class Wire(NamedTuple):
    """One API: who offers it, how a request is read and an answer written."""

    provider: str
    asked: Callable[[dict[str, Any], int], Asked]
    whole: Callable[[Asked, Reply, str], dict[str, Any]]
    events: Callable[[dict[str, Any], Asked, Reply, str], Iterator[Event]]


WIRES: dict[str, Wire] = {
    "/v1/chat/completions": Wire(
        "openai",
        wire_openai.asked_chat,
        wire_openai.chat,
        lambda body, asked, said, name: wire_openai.chat_events(
            asked, said, name, bool((body.get("stream_options") or {}).get("include_usage"))
        ),
    ),
    "/v1/responses": Wire(
        "openai",
        wire_openai.asked_responses,
        wire_openai.responses,
        lambda body, asked, said, name: wire_openai.responses_events(asked, said, name),
    ),
    "/v1/messages": Wire(
        "anthropic",
        wire_anthropic.asked_messages,
        wire_anthropic.message,
        lambda body, asked, said, name: wire_anthropic.events(asked, said, name),
    ),
}
EMBEDDINGS = "/v1/embeddings"


class Provider:
    """The stand-in as an ASGI application."""

    def __init__(self, seed: int = 7, pace: float = 1.0, noise: float = 1.0) -> None:
        """`noise` scales how often a call fails by itself; 0 for never."""
        self.seed, self.pace, self.noise = seed, pace, noise
        self.faults: Faults = {}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await read(receive)
        path, method = scope["path"], scope["method"]
        if path == "/healthz":
            await answer(send, 200, {"status": "ok"})
        elif path == "/faults" and method == "PUT":
            await self.set_faults(body, send)
        elif method == "POST" and (path in WIRES or path == EMBEDDINGS):
            await self.call(path, scope, body, receive, send)
        else:
            await answer(send, 404, faults.error("openai", 404, f"Unknown request URL: {method} {path}."))

    async def set_faults(self, body: bytes, send: Send) -> None:
        try:
            self.faults = faults.parse(body)
        except ValueError as wrong:
            await answer(send, 400, {"error": str(wrong)})
        else:
            await answer(send, 200, {model: fault._asdict() for model, fault in self.faults.items()})

    async def call(self, path: str, scope: Message, raw: bytes, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        provider = "anthropic" if path == "/v1/messages" else "openai"
        try:
            body = json.loads(raw)
            name = body["model"]
        except (ValueError, TypeError, KeyError) as wrong:
            await answer(send, 400, faults.error(provider, 400, f"We could not read the body: {wrong!r}."))
            return
        if name not in models.MODELS:
            await answer(send, 404, faults.error(provider, 404, f"The model `{name}` does not exist."))
            return
        attempt = int(headers.get(b"x-stainless-retry-count", b"0"))
        if path == EMBEDDINGS:
            texts = tuple(str(body.get("input")).split("\n"))
            asked = Asked(name, "", texts, "", attempt=attempt)
        else:
            asked = WIRES[path].asked(body, attempt)
        await self.serve(path, provider, body, asked, receive, send)

    async def serve(
        self, path: str, provider: str, body: dict[str, Any], asked: Asked, receive: Receive, send: Send
    ) -> None:
        chance = asked.chance(self.seed, "serve")
        fault = faults.drawn(self.faults, asked.model, chance) or faults.noise(self.noise, chance)
        kind = fault.kind if fault else ""
        slower = fault.factor if fault and kind == "slow" else 1.0
        wait = models.first_s(asked.model, chance) * self.pace * slower
        if kind == "timeout":
            await until_gone(receive)
            return
        if fault and (status := faults.STATUS.get(kind)):
            await asyncio.sleep(wait * 0.3)
            headers = faults.headers(kind, self.pace)
            await answer(send, status, faults.error(provider, status, faults.SAYS[kind]), headers)
            return
        request_id = f"{chance.getrandbits(96):024x}"
        await asyncio.sleep(wait)
        if path == EMBEDDINGS:
            await answer(send, 200, wire_openai.embeddings(body), limits(request_id))
            return
        said = reply(asked, self.seed, empty=kind == "empty")
        writing = models.writing_s(asked.model, said.output_tokens, chance) * self.pace * slower
        if not body.get("stream"):
            await asyncio.sleep(writing)
            await answer(send, 200, WIRES[path].whole(asked, said, request_id), limits(request_id))
            return
        events = WIRES[path].events(body, asked, said, request_id)
        await stream(send, events, writing / max(1, said.output_tokens), request_id, broken=kind == "broken")


async def read(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body") or len(body) > MAX_BODY:
            return body


async def until_gone(receive: Receive) -> None:
    """Says nothing until the caller hangs up: what a timeout looks like from outside."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def answer(send: Send, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
    raw = json.dumps(body, ensure_ascii=False).encode()
    await start(
        send, status, {"content-type": "application/json", "content-length": str(len(raw)), **(headers or {})}
    )
    await send({"type": "http.response.body", "body": raw})


async def start(send: Send, status: int, headers: dict[str, str]) -> None:
    pairs = [(name.encode(), text.encode()) for name, text in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})


async def stream(send: Send, events: Iterator[Event], token_s: float, request_id: str, broken: bool) -> None:
    """Server-sent events at the pace of the model; `broken` stops half way without an end."""
    await start(send, 200, {"content-type": "text/event-stream", **limits(request_id)})
    for sent, (tokens, event) in enumerate(events):
        if broken and sent == 6:
            raise ConnectionAbortedError("the stream breaks off, as asked for")
        if tokens and token_s:
            await asyncio.sleep(tokens * token_s)
        line = f"event: {event['type']}\n" if "type" in event else ""
        data = f"{line}data: {json.dumps(event, ensure_ascii=False)}\n\n"
        await send({"type": "http.response.body", "body": data.encode(), "more_body": True})
    await send({"type": "http.response.body", "body": b"data: [DONE]\n\n" if not line else b""})


def limits(request_id: str) -> dict[str, str]:
    """The headers by which both providers name the request and what is left of the quota."""
    return {
        "x-request-id": f"req_{request_id}",
        "request-id": f"req_{request_id}",
        "x-ratelimit-limit-requests": "10000",
        "x-ratelimit-remaining-requests": "9990",
        "x-ratelimit-limit-tokens": "2000000",
        "x-ratelimit-remaining-tokens": "1950000",
    }


def server(app: Provider, host: str, port: int) -> Any:
    """A uvicorn server for `app` that says nothing by itself."""
    import uvicorn

    return uvicorn.Server(
        uvicorn.Config(app, host=host, port=port, log_level="critical", access_log=False, lifespan="off")
    )


@contextmanager
def running(app: Provider) -> Iterator[str]:
    """The stand-in in a thread on a free port, for recordings and tests; gives its address."""
    import socket

    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    uvicorn_server = server(app, "127.0.0.1", 0)
    thread = threading.Thread(
        target=uvicorn_server.run, kwargs={"sockets": [sock]}, name="demo-provider", daemon=True
    )
    thread.start()
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        uvicorn_server.should_exit = True
        thread.join(timeout=5)
        sock.close()


def main(argv: list[str] | None = None) -> int:
    """Serves until it is told to stop."""
    parser = argparse.ArgumentParser(prog="python -m llmobs.demo.provider", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8099)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--pace", type=float, default=1.0, help="scales every wait; 0 answers at once")
    parser.add_argument("--with-parent", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(argv)
    if given.with_parent:
        from llmobs.server.tree import end_with_parent

        end_with_parent()
    app = Provider(given.seed, given.pace)
    app.faults = dict(incidents.USUAL)
    server(app, given.host, given.port).run()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
