"""Arize Phoenix fed with the same spans, in the same run. It acknowledges before it stores."""

import contextlib
import sqlite3
import time
from pathlib import Path

from _ingest import load
from _ingest.process import Server, free_port

REQUESTS = 6  # it stores about a hundred spans a second


def measure(venv: Path, folder: Path) -> dict[str, float]:
    """Figures by name."""
    port, grpc_port = free_port(), free_port()
    settings = {
        "PHOENIX_WORKING_DIR": str(folder),
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(grpc_port),
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_TELEMETRY_ENABLED": "false",
        "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
        "DO_NOT_TRACK": "1",
    }
    command = [str(venv / "bin" / "phoenix"), "serve"]
    server = Server(command, folder, settings, f"http://127.0.0.1:{port}/healthz")
    try:
        cpu, disk = server.cpu_s(), server.disk()
        sending = load.Load(port, 1e9, REQUESTS)
        sending.begin()
        begun = time.monotonic()
        sent = sending.result()
        spans = sent.acked[-1][1] if sent.acked else 0
        stored_at = wait(folder / "phoenix.db", spans)
        took = sorted(sent.latencies_s)
        return {
            "spans": spans,
            "stored spans/s": spans / (stored_at - begun),
            "ack p50 ms": took[len(took) // 2] * 1e3 if took else float("nan"),
            "CPU s per 1,000 spans": (server.cpu_s() - cpu) / max(spans, 1) * 1e3,
            "bytes per span": (server.disk() - disk) / max(spans, 1),
            "peak MiB": server.peak_mib(),
        }
    finally:
        server.stop()


def wait(file: Path, spans: int) -> float:
    """When all spans were in its database; after a minute without a new one it is given up."""
    last, changed = -1, time.monotonic()
    while time.monotonic() - changed < 60:
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as database:
            [(count,)] = database.execute("SELECT count(*) FROM spans").fetchall()
        if count >= spans:
            return time.monotonic()
        if count != last:
            last, changed = count, time.monotonic()
        time.sleep(0.1)
    return float("inf")
