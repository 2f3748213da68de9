"""A front on a free port that collects what it takes, and clients that are as rude as they like."""

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, NamedTuple

from google.rpc.status_pb2 import Status

from llmobs.server import ports
from llmobs.server.collector.front import Door, Front
from llmobs.server.collector.http_server import HttpServer
from llmobs.server.collector.metrics import Metrics
from llmobs.server.collector.refusal import Refusal
from llmobs.server.collector.verdict import Checked
from tests.server.collector.spans import names

Doors = Mapping[str, Mapping[str, Door]]
PROTOBUF, JSON = "application/x-protobuf", "application/json"
MAX_BODY = 1 << 20


class Collected:
    """Stands at the intake's place: keeps what passed the checks, or refuses it."""

    def __init__(self) -> None:
        self.taken: list[Checked] = []
        self.full: Refusal | None = None  # before the body is read
        self.refuses: Refusal | None = None
        self.later: Refusal | None = None  # in the future, as the journal does

    def admit(self) -> None:
        if self.full:
            raise self.full

    def submit(self, checked: Checked) -> "Future[bool]":
        if self.refuses:
            raise self.refuses
        done: Future[bool] = Future()
        if self.later:
            done.set_exception(self.later)
        else:
            self.taken.append(checked)
            done.set_result(True)
        return done


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def says(self) -> str:
        """The message of an error, from whichever encoding it is in."""
        if self.headers["content-type"] == PROTOBUF:
            return Status.FromString(self.body).message
        return str(json.loads(self.body)["message"])


class Running(NamedTuple):
    """A front that answers on `port`."""

    port: int
    collected: Collected
    metrics: Metrics
    server: HttpServer

    def post(
        self, body: Any, kind: str | None = PROTOBUF, path: str = "/v1/traces", **headers: str
    ) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("POST", path, body, ({"content-type": kind} if kind else {}) | named)

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def raw(self) -> socket.socket:
        """A bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def exchange(self, data: bytes) -> bytes:
        """Sends `data` as it is; everything that comes back until the other side closes."""
        with self.raw() as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            return until_closed(client)


def until_closed(client: socket.socket) -> bytes:
    parts = []
    try:
        while part := client.recv(65_536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def head(length: int | None, kind: str = PROTOBUF, *more: str) -> bytes:
    """The head of a POST of spans."""
    lines = ["POST /v1/traces HTTP/1.1", "host: localhost", f"content-type: {kind}", *more]
    if length is not None:
        lines.append(f"content-length: {length}")
    return "\r\n".join([*lines, "", ""]).encode()


@contextmanager
def running(max_body: int = MAX_BODY, doors: Doors | None = None) -> Iterator[Running]:
    collected, metrics = Collected(), Metrics()
    listening = ports.listen("127.0.0.1", 0, "http_port")
    port = listening.getsockname()[1]
    server = HttpServer(Front(collected, max_body, metrics, doors or {}), [listening])
    server.start()
    try:
        yield Running(port, collected, metrics, server)
    finally:
        server.stop()


def taken(front: Running) -> list[list[str]]:
    return [names(checked.payload) for checked in front.collected.taken]
