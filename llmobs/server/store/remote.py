"""The store of a running collector, read over HTTP: SQL there, Arrow back. Append goes through OTLP instead.

Connections are kept open: a question costs one round trip. One that the collector closed meanwhile is
tried once more on a new connection; reading twice does no harm.
"""

import http.client
import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from queue import Empty, LifoQueue
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

import pyarrow as pa

from llmobs.server.store import bound

if TYPE_CHECKING:
    import pandas as pd

GRACE_S = 5.0  # the collector says itself when a question takes too long


class RemoteStore:
    """See llmobs.server.store.Store. Reads and puts incidents; the rest is the collector's."""

    def __init__(self, url: str, *, query_timeout: float = 30.0, **_: Any) -> None:
        found = urlsplit(url)
        self.url = f"{found.scheme}://{found.netloc}"
        self._prefix = found.path.rstrip("/")
        self._open = http.client.HTTPSConnection if found.scheme == "https" else http.client.HTTPConnection
        self._address = found.netloc
        self._timeout_s = query_timeout + GRACE_S
        self._idle: LifoQueue[http.client.HTTPConnection] = LifoQueue()

    def read(self, query: str, **parameters: Any) -> list[dict[str, Any]]:
        """Rows of a named query."""
        rows: list[dict[str, Any]] = self.sql(*bound(query, parameters)).to_pylist()
        return rows

    def frame(self, query: str, **parameters: Any) -> "pd.DataFrame":
        """Rows of a named query as a data frame."""
        frame: pd.DataFrame = self.sql(*bound(query, parameters)).to_pandas()
        return frame

    def sql(self, text: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        """The result of one read-only statement."""
        given = {name: _json(value) for name, value in (parameters or {}).items()}
        answer = self._post("/api/sql", {"sql": text, "parameters": given})
        with pa.ipc.open_stream(answer) as reader:
            return reader.read_all()

    def put_incidents(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Adds incidents or replaces those with the same id."""
        self._post("/api/incidents", [{n: _plain(v) for n, v in row.items()} for row in rows])

    def counts(self) -> dict[str, Any]:
        """What the collector says of itself."""
        found = json.loads(self._ask("GET", "/api/status", None))
        return dict(found)

    def unjudged(self) -> str:
        """What the collector says of its alert engine."""
        return str(json.loads(self._ask("GET", "/api/unjudged", None))["unjudged"])

    def append(self, spans: Any, resources: Any = None, segment: int | None = None) -> NoReturn:
        """Not over this road."""
        raise io.UnsupportedOperation(f"Spans go to {self.url}/v1/traces as OTLP; this store only reads.")

    def seal(self, upto: int | None = None) -> NoReturn:
        """Not over this road."""
        raise io.UnsupportedOperation(f"The collector at {self.url} seals its own store.")

    def position(self) -> NoReturn:
        """Not over this road."""
        raise io.UnsupportedOperation(f"The collector at {self.url} keeps its own journal.")

    def expire(self, now: datetime) -> NoReturn:
        """Not over this road."""
        raise io.UnsupportedOperation(f"The collector at {self.url} expires its own store.")

    def close(self) -> None:
        """Closes the connections."""
        while not self._idle.empty():
            self._idle.get_nowait().close()

    def _post(self, path: str, body: Any) -> bytes:
        return self._ask("POST", path, json.dumps(body).encode())

    def _ask(self, method: str, path: str, body: bytes | None) -> bytes:
        try:
            status, answer = self._exchange(method, self._prefix + path, body)
        except TimeoutError:
            raise TimeoutError(
                f"The collector at {self.url} gave no answer in {self._timeout_s:g} s."
            ) from None
        except (OSError, http.client.HTTPException) as wrong:
            raise ConnectionError(
                f"No collector answers at {self.url}: {wrong!r}. Start one with: llmobs up"
            ) from wrong
        if status == 200:
            return answer
        says = _error(answer)
        if status == 400:
            raise ValueError(says)
        if status == 504:
            raise TimeoutError(says)
        raise ConnectionError(f"The collector at {self.url} answered {status} to {path}: {says}")

    def _exchange(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        headers = {"content-type": "application/json"}
        try:
            connection, fresh = self._idle.get_nowait(), False
        except Empty:
            connection, fresh = self._open(self._address, timeout=self._timeout_s), True
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            answer = response.read()
        except BaseException as wrong:
            connection.close()
            if fresh or not isinstance(wrong, (ConnectionError, http.client.HTTPException)):
                raise
            return self._exchange(method, path, body)
        if response.will_close:
            connection.close()
        else:
            self._idle.put(connection)
        return response.status, answer


def _json(value: Any) -> Any:
    return {"$time": _iso(value)} if isinstance(value, datetime) else value


def _plain(value: Any) -> Any:
    return _iso(value) if isinstance(value, datetime) else value


def _iso(value: datetime) -> str:
    naive = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    return f"{naive.isoformat()}Z"


def _error(answer: bytes) -> str:
    try:
        return str(json.loads(answer)["error"])
    except (ValueError, KeyError, TypeError):
        return answer[:200].decode(errors="replace")
