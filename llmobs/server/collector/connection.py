"""uvicorn's HTTP connection with the limits that it lacks: size and time of a head, and how many there are.

httptools hands on headers as they come, for ever, and uvicorn (0.54, read on 2026-11-22) times only the wait
between two requests. Bytes that are no body count as head: headers, trailers, chunk
sizes and their extensions.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from llmobs.server.collector.limits import AFTER_ANSWER, CONNECTIONS, HEAD_BYTES, HEAD_S, SEND_S

FRAMING = 8  # bytes around each byte of a body that we bear: chunks of one byte need 5


class Connection(HttpToolsProtocol):
    """One client."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._head_bytes = 0  # of the request that is coming in
        self._body_bytes = 0
        self._ignored_bytes = 0
        self._in_head = False
        self._quiet_since = self.loop.time()
        self._reading_late: asyncio.TimerHandle | None = None
        self._timer: asyncio.TimerHandle | None = self.loop.call_later(HEAD_S, self._end_slow_head)
        if len(self.connections) > CONNECTIONS:
            self._end_the_quietest()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        if self._reading_late:
            self._reading_late.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._quiet_since = self.loop.time()
        self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes > HEAD_BYTES + FRAMING * self._body_bytes:
            self._end(431, f"The head of a request may have {HEAD_BYTES:,} bytes.")
        elif self._in_head and self._timer is None:
            self._timer = self.loop.call_later(HEAD_S, self._end_slow_head)

    def pause_writing(self) -> None:
        """A client that reads nothing of its answer for so long keeps that answer in our memory."""
        self._reading_late = self.loop.call_later(SEND_S, self.transport.abort)
        super().pause_writing()

    def resume_writing(self) -> None:
        if self._reading_late:
            self._reading_late.cancel()
        super().resume_writing()

    def eof_received(self) -> bool:  # type: ignore[override]  # uvicorn gives None, which closes
        """A client that sent all it will may still read its answers; whether to wait with closing."""
        pending = [self.cycle, *(cycle for cycle, _ in self.pipeline)] if self.cycle else []
        open_ = [cycle for cycle in pending if not cycle.response_complete]
        if not open_ or self.cycle.more_body:
            return False
        self.cycle.keep_alive = False
        return True

    def on_message_begin(self) -> None:
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._stop_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._head_bytes -= len(body)
        self._body_bytes += len(body)
        if self.cycle.response_complete:
            self._ignored_bytes += len(body)
            if self._ignored_bytes > AFTER_ANSWER:
                self.transport.abort()
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._head_bytes = self._body_bytes = 0
        super().on_message_complete()

    def _end_slow_head(self) -> None:
        self._timer = None
        self._end(408, f"The head of a request may take {HEAD_S:.0f} s.")

    def _end(self, status: int, says: str) -> None:
        """Closes, with a word where no answer is under way."""
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            head = f"content-type: text/plain\r\ncontent-length: {len(says)}\r\nconnection: close\r\n\r\n"
            self.transport.write(STATUS_LINE[status] + head.encode() + says.encode())
            self.transport.close()
        else:
            self.transport.abort()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end_the_quietest(self) -> None:
        """So that a thousand half-sent requests lock nobody out. The clock stands while many are accepted, so
        that the newest, this one, may be as quiet as the others: it goes only where all others are busy."""
        quiet = [
            c
            for c in self.connections
            if isinstance(c, Connection) and c is not self and (c.cycle is None or c.cycle.response_complete)
        ]
        min(quiet or [self], key=lambda c: c._quiet_since).transport.abort()
