"""The command as a process of its own, and a data folder for it to find."""

import os
import subprocess
import sys
import uuid
from datetime import datetime

from llmobs.server.store import open_store

NEWEST = datetime(2026, 11, 22, 10, 30, 0, 250_000)


def llmobs(*arguments, stdin="", **settings):
    """Runs `llmobs` as a process of its own."""
    environment = {**os.environ, **{f"LLMOBS_{name.upper()}": str(value) for name, value in settings.items()}}
    return subprocess.run(
        [sys.executable, "-m", "llmobs", *arguments],
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
    )


def fill(folder):
    """Two calls of `small` at 1.5 USD, one of `odd` without a price."""
    store = open_store(f"duckdb://{folder}")
    rows = [("small", 1.5), ("small", 1.5), ("odd", None)]
    store.append(
        [
            {
                "trace_id": uuid.UUID(int=number + 1).hex,
                "span_id": f"{number + 1:016x}",
                "parent_span_id": None,
                "started_at": NEWEST,
                "duration_s": 1.0,
                "name": "chat",
                "operation": "chat",
                "model": model,
                "cost_usd": cost,
                "status": "ok",
                "text": "Yes,\nof course.",
            }
            for number, (model, cost) in enumerate(rows)
        ]
    )
    store.close()
