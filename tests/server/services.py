"""A whole collector on free ports: in this process, or as a process of its own."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from llmobs.config import SETTINGS
from llmobs.server.service import Service

T = TypeVar("T")

PROCESS = "import json, sys; from llmobs.server.service import serve; serve(json.loads(sys.argv[1]))"


def settings(folder: Path, **changed: Any) -> dict[str, Any]:
    defaults = {name: setting.default for name, setting in SETTINGS.items() if setting.half == "server"}
    return {**defaults, "data": str(folder), "http_port": 0, "grpc_port": 0, **changed}


@contextmanager
def service(folder: Path, **changed: Any) -> Iterator[Service]:
    made = Service(settings(folder, **changed))
    made.start()
    try:
        yield made
    finally:
        made.stop()


def process(folder: Path, **changed: Any) -> "subprocess.Popen[str]":
    """A collector that starts; its first line of output says where it listens."""
    given = json.dumps(settings(folder, **changed))
    return subprocess.Popen(
        [sys.executable, "-c", PROCESS, given], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def eventually(look: Callable[[], T], within_s: float = 20.0) -> T:
    """What `look` gives once that is true; the last of it when the time is over."""
    until = time.monotonic() + within_s
    while not (found := look()) and time.monotonic() < until:
        time.sleep(0.02)
    return found


def ask(port: int, path: str, body: bytes | None = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body; also of errors."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, named)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def post_spans(port: int, body: bytes, kind: str = "application/x-protobuf") -> int:
    return ask(port, "/v1/traces", body, content_type=kind)[0]


def rows(collector: Service, sql: str = "SELECT * FROM spans ORDER BY name") -> list[dict[str, Any]]:
    return collector.store.sql(sql).to_pylist()


def count(collector: Service) -> int:
    """Spans that can be read."""
    return rows(collector, "SELECT count(*) AS n FROM spans")[0]["n"]
