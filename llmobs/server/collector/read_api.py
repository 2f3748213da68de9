"""What the collector answers besides taking spans: SQL as Arrow, incidents, its state.

A web page must not reach this through a visitor's browser: questions come as application/json, for which a
browser asks leave first (and gets none), and on loopback under a local name only, against DNS rebinding.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

import orjson
import pyarrow as pa

from llmobs.server.collector import bodies, refusal, replies
from llmobs.server.collector.front import Door, Request
from llmobs.server.collector.limits import API_BODY, Room, share
from llmobs.server.collector.refusal import Refusal
from llmobs.server.collector.replies import Reply
from llmobs.server.ports import is_loopback

T = TypeVar("T")

ARROW = b"application/vnd.apache.arrow.stream"
LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]", "")


class Readable(Protocol):
    """What of the store is asked here."""

    def sql(self, text: str, parameters: Mapping[str, Any] | None = None) -> pa.Table: ...

    def put_incidents(self, rows: Sequence[Mapping[str, Any]]) -> None: ...


class ReadApi:
    """The doors under /api. `judged_at` (UTC): when the alert engine wrote last; it does after each look."""

    def __init__(
        self, store: Readable, status: Callable[[], dict[str, Any]], unjudged: Callable[[], str], host: str
    ) -> None:
        self._store = store
        self._status = status
        self._unjudged = unjudged
        self._local_only = is_loopback(host)
        self.judged_at = datetime.now(UTC)  # at first: from now on it may be missed
        self._room = Room(8 * API_BODY, "Too many questions are coming in at once")
        self._threads = ThreadPoolExecutor(8, "query")

    def doors(self) -> dict[str, dict[str, Door]]:
        return {
            "/api/sql": {"POST": self._guarded(self._sql)},
            "/api/incidents": {"POST": self._guarded(self._incidents)},
            "/api/status": {"GET": self._guarded(self._state)},
            "/api/unjudged": {"GET": self._guarded(self._gap)},
        }

    def _guarded(self, door: Door) -> Door:
        """`door`, behind the checks, and with every refusal as {"error": ...}."""

        async def guarded(request: Request) -> Reply:
            try:
                self._check_host(request)
                return await door(request)
            except Refusal as why:
                return replies.json(why.http, {"error": why.says})._replace(headers=why.headers)
            except TimeoutError as why:
                return replies.json(504, {"error": str(why)})
            except (ValueError, TypeError, LookupError) as why:
                return replies.json(400, {"error": str(why)})

        return guarded

    def _check_host(self, request: Request) -> None:
        host = request.headers.get(b"host", b"").decode("latin-1").lower()
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        if self._local_only and name not in LOCAL_NAMES and not name.endswith(".localhost"):
            raise refusal.forbidden(f"This collector answers at localhost only, not as {name!r}.")

    async def _sql(self, request: Request) -> Reply:
        asked = await self._json(request)
        if not isinstance(asked, dict) or not isinstance(asked.get("sql"), str):
            raise ValueError('Expected {"sql": "SELECT ...", "parameters": {...}}.')
        given = asked.get("parameters") or {}
        if not isinstance(given, dict):
            raise ValueError('"parameters" is no object.')
        parameters = {name: _value(value) for name, value in given.items()}
        return Reply(200, await self._in_thread(self._arrow, asked["sql"], parameters), ARROW)

    def _arrow(self, text: str, parameters: dict[str, Any]) -> memoryview:
        table = self._store.sql(text, parameters)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return memoryview(sink.getvalue())

    async def _incidents(self, request: Request) -> Reply:
        rows = await self._json(request)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ValueError("Expected a list of incidents.")
        await self._in_thread(self._store.put_incidents, rows)
        self.judged_at = datetime.now(UTC)
        return replies.json(200, {})

    async def _state(self, request: Request) -> Reply:
        return replies.json(200, await self._in_thread(self._status))

    async def _gap(self, request: Request) -> Reply:
        """Of the state what every page asks for; it costs no question to the store."""
        return replies.json(200, {"unjudged": self._unjudged()})

    async def _json(self, request: Request) -> Any:
        kind, _ = request.content_type()
        if kind != replies.JSON:
            raise refusal.unsupported("Send it as Content-Type: application/json.")
        with share(self._room) as held:
            return orjson.loads(await bodies.read(request.receive, request.headers, API_BODY, held))

    def _in_thread(self, ask: Callable[..., T], *given: Any) -> Awaitable[T]:
        return asyncio.get_running_loop().run_in_executor(self._threads, ask, *given)


def _value(given: Any) -> Any:
    """A parameter; times come as {"$time": "2026-11-22T10:00:00Z"}."""
    if isinstance(given, dict) and set(given) == {"$time"}:
        return datetime.fromisoformat(given["$time"])
    return given
