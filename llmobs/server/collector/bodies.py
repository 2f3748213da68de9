"""Reads a request's body: bounded in size before and after gunzip, in time, and in their sum."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from llmobs.server.collector import refusal
from llmobs.server.collector.limits import BODY_S, SLOWEST, Gunzip, Identity, Share

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Headers = dict[bytes, bytes]


class Gone(Exception):
    """The client closed the connection; there is nobody to answer."""


def opener(headers: Headers, limit: int) -> Identity:
    """What takes the pieces of a body with these headers. Refusal (415) for an unknown encoding."""
    encoding = headers.get(b"content-encoding", b"").strip().lower()
    if encoding in (b"", b"identity"):
        return Identity(limit)
    if encoding in (b"gzip", b"x-gzip"):
        return Gunzip(limit)
    raise refusal.unsupported(
        f"Content-Encoding {encoding.decode('latin-1')!r} is not read here. Send gzip or identity."
    )


async def read(receive: Receive, headers: Headers, limit: int, held: Share) -> bytes:
    """The whole body, opened. Refusal where it is too large, too slow or no gzip; Gone where it broke off."""
    body = opener(headers, limit)
    if int(headers.get(b"content-length", b"0")) > limit:
        raise body.too_large()
    started = asyncio.get_running_loop().time()
    received = 0
    while True:
        try:
            async with asyncio.timeout_at(started + BODY_S + received / SLOWEST):
                message = await receive()
        except TimeoutError:
            raise refusal.too_slow(
                f"The body came too slowly: {received:,} bytes in {BODY_S:.0f} s."
            ) from None
        if message["type"] == "http.disconnect":
            raise Gone
        piece = message.get("body", b"")
        received += len(piece)
        if received > limit:
            raise body.too_large()
        if piece:
            held.take(body.feed(piece))
        if not message.get("more_body", False):
            return body.finish()
