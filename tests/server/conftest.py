"""Rows, stores and rules for the server's tests."""

import shutil
import uuid
from datetime import datetime
from typing import Any

import pytest

from llmobs.server.alerts import Alert
from llmobs.server.store import Store, open_store


def call(number: int, started_at: datetime, **said: Any) -> dict[str, Any]:
    """One model call as a row of the views: 1,500,000 + 500,000 tokens of `small` for 3 USD, in one second.

    `number` makes the ids: the same number is the same span.
    """
    ids = uuid.uuid5(uuid.NAMESPACE_OID, str(number))
    row = {
        "trace_id": ids.hex,
        "span_id": ids.hex[:16],
        "parent_span_id": None,
        "started_at": started_at,
        "duration_s": 1.0,
        "name": f"chat {said.get('model', 'small')}",
        "operation": "chat",
        "service": "shop",
        "environment": "prod",
        "provider": "openai",
        "model": "small",
        "answered_by": "small-2026",
        "input_tokens": 1_500_000,
        "output_tokens": 500_000,
        "usage_source": "provider",
        "cost_usd": 3.0,
        "cost_status": "exact",
        "finish": "stop",
        "text": "Yes.",
        "status": "ok",
    }
    if said.get("model", "small") != "small" and "cost_usd" not in said:
        said = {"cost_usd": None, "cost_status": "unpriced", **said}
    return {**row, **said}


@pytest.fixture
def store(empty, tmp_path) -> Store:
    """An empty store in a folder of its own."""
    shutil.copytree(empty, tmp_path / "rows")
    opened = open_store(f"duckdb://{tmp_path / 'rows'}")
    yield opened
    opened.close()


@pytest.fixture
def play(monkeypatch):
    """Rules say what their `says` gives, without a query: the engine is what is tested."""

    def judged(each, store, now):
        return [Alert(each.name, subject, f"{subject} is bad", severity="page") for subject in each.says()]

    monkeypatch.setattr("llmobs.server.engine.run", judged)
