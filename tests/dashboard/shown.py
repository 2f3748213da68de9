"""Pages run without a browser, and what they show as text."""

import html
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import common
import pytest
from streamlit.testing.v1 import AppTest

DASHBOARD = Path(__file__).parents[2] / "dashboard"
HOUR = {"from": "2026-11-22T10:00:00Z", "to": "2026-11-22T11:00:00Z"}  # the window of the hand-made rows


def use(opened: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common, "store", lambda: opened)
    common.read.clear()
    common.gap.clear()


def run(page: str, /, **query: str) -> AppTest:
    """The page `page`, such as "operate/now", at the address with `query`."""
    test = AppTest.from_file(DASHBOARD / "pages" / f"{page}.py", default_timeout=30)
    for name, value in query.items():
        test.query_params[name] = value
    return test.run()


def markup(test: AppTest) -> str:
    """The markup that a page shows through common.view."""
    shown = [json.loads(each.proto.json) for each in test.get("bidi_component")]
    return "\n".join(data["html"] for data in shown if "html" in data)


def figures(test: AppTest) -> list[dict]:
    """The Plotly figures of a page."""
    shown = [json.loads(each.proto.json) for each in test.get("bidi_component")]
    return [json.loads(data["figure"]) for data in shown if "figure" in data]


def words(test: AppTest) -> str:
    """The text of that markup, one space between pieces."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", markup(test)))).strip()


def at(minute: float, hour: int = 10) -> datetime:
    """A moment on the day of the hand-made rows."""
    whole = int(minute)
    return datetime(2026, 11, 22, hour, whole, round((minute - whole) * 60), tzinfo=UTC)


def call(number: int, started_at: datetime, **more: object) -> dict:
    """A model call that went well."""
    return {
        "trace_id": f"{number:032x}",
        "span_id": f"{number:016x}",
        "started_at": started_at,
        "duration_s": 1.0,
        "name": "chat m-one",
        "operation": "chat",
        "service": "shop",
        "environment": "production",
        "provider": "openai",
        "model": "m-one",
        "status": "ok",
        "cost_status": "exact",
        **more,
    }
