"""OTLP over HTTP: `POST /v1/traces` as protobuf or JSON, and the doors beside it. Bare ASGI.

A request that small servers would parse on the event loop for seconds goes to a thread; the rest, nearly all,
costs less here than the hop. Paths, types and statuses as OTLP 1.9 asks (read on 2026-11-22).
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from llmobs.server.collector import bodies, otlp, otlp_json, refusal, replies
from llmobs.server.collector.bodies import Receive
from llmobs.server.collector.intake import Taker
from llmobs.server.collector.limits import AFTER_ANSWER, BODY_S, PIECE, Room, share
from llmobs.server.collector.metrics import Metrics
from llmobs.server.collector.refusal import Refusal
from llmobs.server.collector.replies import JSON, PROTOBUF, Reply
from llmobs.server.collector.salvage import salvage
from llmobs.server.collector.verdict import Checked

log = logging.getLogger(__name__)

TRACES = "/v1/traces"
JSON_IN_LOOP = 16_384  # bytes; 1 ms of conversion
PROTOBUF_IN_LOOP = 262_144  # bytes; 2 to 10 ms of spans, and 0.2 s of resources without any
ENCODINGS = {b"application/x-protobuf": PROTOBUF, b"application/json": JSON}
CHARSETS = (b"", b"utf-8", b"utf8", b"us-ascii")

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Request:
    """What a door needs of a request."""

    def __init__(self, scope: Mapping[str, Any], receive: Receive) -> None:
        self.path: str = scope["path"]
        self.method: str = scope["method"]
        self.headers = dict(scope["headers"])
        self._receive = receive
        self.unread = b"content-length" in self.headers or b"transfer-encoding" in self.headers

    async def receive(self) -> MutableMapping[str, Any]:
        message = await self._receive()
        self.unread = bool(message.get("more_body", False))
        return message

    @property
    def waits_for_leave(self) -> bool:
        """Whether the client has not sent the body yet, and will not once it reads our answer."""
        return self.unread and b"expect" in self.headers

    async def run_out(self) -> None:
        """Reads the rest of a refused body: whoever sends it looks for our answer only afterwards."""
        if self.waits_for_leave:
            return
        size = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(BODY_S):
                while self.unread and size < AFTER_ANSWER:
                    size += len((await self.receive()).get("body", b""))

    @property
    def encoding(self) -> bytes:
        """PROTOBUF or JSON, for the answer; JSON, which people can read, where the type is unknown."""
        return ENCODINGS.get(self.content_type()[0], JSON)

    def content_type(self) -> tuple[bytes, bytes]:
        """Media type and charset, in lower case."""
        kind, *parameters = self.headers.get(b"content-type", b"").lower().split(b";")
        named = dict(parameter.strip().partition(b"=")[::2] for parameter in parameters)
        return kind.strip(), named.get(b"charset", b"").strip(b'" ')


Door = Callable[[Request], Awaitable[Reply]]


class Front:
    """The ASGI application. `doors`: path -> method -> what answers, beside the spans' own."""

    def __init__(
        self, intake: Taker, max_body: int, metrics: Metrics, doors: Mapping[str, Mapping[str, Door]]
    ) -> None:
        self._intake = intake
        self._max_body = max_body
        self._metrics = metrics
        self._doors = {**doors, TRACES: {"POST": self._traces}}
        self._room = Room(2 * max_body, "Too much is being received at once")
        self._threads = ThreadPoolExecutor(2, "check")

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        try:
            reply = await self._answer(request)
        except bodies.Gone:
            return
        headers = [
            (b"content-type", reply.content_type),
            (b"content-length", b"%d" % len(reply.body)),
            *reply.headers,
            *(((b"connection", b"close"),) if request.waits_for_leave else ()),
        ]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        body = b"" if request.method == "HEAD" else reply.body
        while len(body) > PIECE:  # piece by piece, at the client's pace
            await send({"type": "http.response.body", "body": body[:PIECE], "more_body": True})
            body = body[PIECE:]
        await send({"type": "http.response.body", "body": body, "more_body": request.unread})
        if request.unread:
            await request.run_out()
            await send({"type": "http.response.body", "body": b""})

    async def _answer(self, request: Request) -> Reply:
        try:
            return await self._door(request)(request)
        except Refusal as why:
            self._metrics.refused("http", why.http)
            return replies.refused(why, request.encoding)
        except bodies.Gone:
            raise
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            self._metrics.refused("http", 500)
            return replies.refused(
                refusal.broken("The collector failed; its log says why."), request.encoding
            )

    def _door(self, request: Request) -> Door:
        """Refusal (404, 405) where there is none."""
        methods = self._doors.get(request.path)
        if methods is None:
            raise refusal.unknown_path(request.path, sorted(self._doors))
        door = methods.get("GET" if request.method == "HEAD" else request.method)
        if door is None:
            raise refusal.wrong_method(request.method, request.path, list(methods))
        return door

    async def _traces(self, request: Request) -> Reply:
        kind, charset = request.content_type()
        if kind not in ENCODINGS or charset not in CHARSETS:
            raise refusal.unsupported(
                f"Content-Type {request.headers.get(b'content-type', b'').decode('latin-1')!r} is not read "
                "here. Send application/x-protobuf, or application/json in UTF-8."
            )
        self._intake.admit()
        with share(self._room) as held:
            body = await bodies.read(request.receive, request.headers, self._max_body, held)
            began = time.perf_counter()
            checked = await self._check(body, ENCODINGS[kind])
            del body
            await asyncio.wrap_future(self._intake.submit(checked))
        self._metrics.acknowledged(time.perf_counter() - began)
        return replies.accepted(checked, ENCODINGS[kind])

    async def _check(self, body: bytes, encoding: bytes) -> Checked:
        in_thread = asyncio.get_running_loop().run_in_executor
        if encoding == JSON:
            if len(body) > JSON_IN_LOOP:
                return await in_thread(self._threads, otlp_json.check, body)
            return otlp_json.check(body)
        if len(body) > PROTOBUF_IN_LOOP:
            return await in_thread(self._threads, otlp.check, body)
        if quick := otlp.whole(body):
            return quick
        return await in_thread(self._threads, salvage, body)
