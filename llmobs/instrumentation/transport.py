"""What httpx and httpx2 see of a call: attempts, rate limits, and the true end of a body that is streamed.

Inside a running call `Client.send` only takes notes. An answer whose body is yet unread carries its call in
`response.extensions["llmobs"]`, and a thin body around the SDK's own tells when it is read or closed.
Raw bytes are kept only where the caller reads them itself (`with_streaming_response`): nobody else will tell
what was in them. Read from httpx 0.28.1 and httpx2 2.16.2 on 2026-11-22.
"""

import json
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

from llmobs.instrumentation.call import CURRENT, ERROR, STATUS, Call
from llmobs.instrumentation.fence import fenced
from llmobs.instrumentation.patch import Target

LIBRARIES = ("httpx", "httpx2")
KEY = "llmobs"
KEPT_BYTES = 16_777_216  # of a raw body; past it the answer stays unread
HEADERS = {  # answer's header -> attribute, and whether it is a number
    b"x-request-id": ("llmobs.request.id", False),
    b"request-id": ("llmobs.request.id", False),
    b"retry-after": ("llmobs.retry_after", True),
    b"x-ratelimit-limit-requests": ("llmobs.ratelimit.limit_requests", True),
    b"x-ratelimit-limit-tokens": ("llmobs.ratelimit.limit_tokens", True),
    b"x-ratelimit-remaining-requests": ("llmobs.ratelimit.remaining_requests", True),
    b"x-ratelimit-remaining-tokens": ("llmobs.ratelimit.remaining_tokens", True),
    b"anthropic-ratelimit-requests-limit": ("llmobs.ratelimit.limit_requests", True),
    b"anthropic-ratelimit-tokens-limit": ("llmobs.ratelimit.limit_tokens", True),
    b"anthropic-ratelimit-requests-remaining": ("llmobs.ratelimit.remaining_requests", True),
    b"anthropic-ratelimit-tokens-remaining": ("llmobs.ratelimit.remaining_tokens", True),
}


def targets(library: ModuleType) -> list[Target]:
    """What to patch in httpx or httpx2."""
    sync, asynchronous = body(library), async_body(library)

    def send(wrapped: Callable[..., Any], client: Any, args: Any, kwargs: Any) -> Any:
        call = carried(client, args, kwargs)
        if call is None:
            return wrapped(*args, **kwargs)
        call.attempting()
        try:
            response = wrapped(*args, **kwargs)
        except BaseException as error:
            unanswered(call, error)
            raise
        answered(call, response, sync)
        return response

    async def asend(wrapped: Callable[..., Awaitable[Any]], client: Any, args: Any, kwargs: Any) -> Any:
        call = carried(client, args, kwargs)
        if call is None:
            return await wrapped(*args, **kwargs)
        call.attempting()
        try:
            response = await wrapped(*args, **kwargs)
        except BaseException as error:
            unanswered(call, error)
            raise
        answered(call, response, asynchronous)
        return response

    name = library.__name__
    shape = ((object(),), {"stream": True})
    return [Target(name, "Client.send", send, shape), Target(name, "AsyncClient.send", asend, shape)]


@fenced
def carried(client: Any, args: Any, kwargs: Any) -> Call | None:
    """The running call, where this request is an attempt of it and not, say, one for a token."""
    call = CURRENT.get()
    if call is None or not call.running:
        return None
    if call.http is client:
        return call
    request = args[0] if args else kwargs["request"]
    return call if request.url.host == call.host else None


@fenced
def unanswered(call: Call, error: BaseException) -> None:
    call.attempted({ERROR: type(error).__qualname__}, failed=isinstance(error, Exception))


@fenced
def answered(call: Call, response: Any, around: Callable[..., Any]) -> None:
    status = response.status_code
    call.attempted({STATUS: status, **said(response.headers)}, failed=status >= 400)
    call.received = response if status < 400 else None
    if status < 400 and not call.ended and (call.stream or not response.is_closed):
        observe(call, response)
        if not response.is_closed:
            response.stream = around(response.stream, call, response)


def observe(call: Call, response: Any) -> None:
    """From here on the call ends with the body of `response`, at the latest when nobody holds it any more."""
    if call.observed:  # what another response said until now is not what the caller gets
        call.answer, call.typed = {}, False
    call.observed = id(response)
    response.extensions[KEY] = call
    weakref.finalize(response, call.over, id(response), how="dropped").atexit = False


def observed(response: Any) -> Call | None:
    """The call that goes on in the body of `response`; stand-ins for a response may lack anything."""
    extensions = getattr(response, "extensions", None)
    call = extensions.get(KEY) if isinstance(extensions, dict) else None
    current = isinstance(call, Call) and call.observed == id(response) and not call.ended
    return call if current else None


def said(headers: Any) -> dict[str, Any]:
    """What the answer's headers say about limits. One pass: each look-up by name costs a pass of its own."""
    facts: dict[str, Any] = {}
    for name, value in headers.raw:
        if (known := HEADERS.get(name.lower())) is not None:
            attribute, number = known
            text = value.decode("ascii", "replace")
            if not number:
                facts[attribute] = text
            elif text.isdigit():
                facts[attribute] = int(text)
    return facts


class Observed:
    """What both kinds of body are: around the SDK's own, and telling their call how it ends."""

    def __init__(self, inner: Any, call: Call, response: Any) -> None:
        self._llmobs = Reading(call, response)
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def body(library: ModuleType) -> type:
    """The body of a response of `library`, known only when that is."""

    class Body(Observed, library.SyncByteStream):  # type: ignore[misc, name-defined]
        def __iter__(self) -> Iterator[bytes]:
            return iter(self._inner) if self._llmobs.call.typed else self._read()

        def _read(self) -> Iterator[bytes]:
            for piece in self._inner:
                self._llmobs.keep(piece)
                yield piece
            self._llmobs.whole = True

        def close(self) -> None:
            try:
                self._inner.close()
            finally:
                self._llmobs.close()

    return Body


def async_body(library: ModuleType) -> type:
    class AsyncBody(Observed, library.AsyncByteStream):  # type: ignore[misc, name-defined]
        def __aiter__(self) -> AsyncIterator[bytes]:
            return aiter(self._inner) if self._llmobs.call.typed else self._read()

        async def _read(self) -> AsyncIterator[bytes]:
            async for piece in self._inner:
                self._llmobs.keep(piece)
                yield piece
            self._llmobs.whole = True

        async def aclose(self) -> None:
            try:
                await self._inner.aclose()
            finally:
                self._llmobs.close()

    return AsyncBody


class Reading:
    """What came of a body so far. `whole`: it was read to its end."""

    __slots__ = ("call", "headers", "kept", "make", "response_id", "size", "whole")

    def __init__(self, call: Call, response: Any) -> None:
        self.call = call
        self.response_id = id(response)
        self.make = type(response)  # never the response itself: it has to be free to go
        self.headers = response.headers
        self.kept: list[bytes] = []
        self.size = 0
        self.whole = False

    def keep(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size <= KEPT_BYTES:
            self.kept.append(piece)

    def close(self) -> None:
        """The body was closed, by its reader or from outside."""
        call = self.call
        if call.ended or call.reading or call.running or call.observed != self.response_id:
            return  # the reader of events knows better how that came; and this may not be the answer
        how = "complete" if self.whole else "closed"
        if not call.typed and 0 < self.size <= KEPT_BYTES:
            self.read_back()
        call.end(how=how)

    @fenced
    def read_back(self) -> None:
        """What was in raw bytes that the caller read itself; httpx unpacks them."""
        raw, call = b"".join(self.kept), self.call
        self.kept = []
        headers: Mapping[str, str] = self.headers
        if "event-stream" in headers.get("content-type", ""):
            # lines of bytes: a text would also be cut at the separators of Unicode, which JSON may hold
            for line in self.make(200, headers=headers, content=raw).content.splitlines():
                data = line.removeprefix(b"data:").strip() if line.startswith(b"data:") else b""
                if data.startswith(b"{"):
                    call.item(json.loads(data))
        elif self.whole:
            call.answer = self.make(200, headers=headers, content=raw).json()
