"""Incidents: the newest state of each, with its times, its traces and where it was told."""

import json
from datetime import UTC, datetime

import pytest

from llmobs.server.store import open_store

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
INCIDENT = {
    "id": "availability/all/1",
    "fingerprint": "availability/all",
    "rule": "availability",
    "subject": "all",
    "severity": "page",
    "state": "firing",
    "pending_since": NOW,
    "firing_since": NOW,
    "resolved_at": None,
    "updated_at": NOW,
    "says": "9 % of 100 calls failed",
    "value": 0.09,
    "expected": 0.01,
    "unit": "1",
    "calls": 100,
    "traces": ["ab" * 16],
    "runbook": "docs",
    "delivered": {"stdout": "ok"},
}


def test_an_incident_comes_back_as_it_was_put(store):
    store.put_incidents([INCIDENT])

    [row] = store.sql("SELECT * FROM incidents").to_pylist()

    assert list(row) == list(INCIDENT)
    assert (json.loads(row.pop("traces")), json.loads(row.pop("delivered"))) == (
        ["ab" * 16],
        {"stdout": "ok"},
    )
    times = {"pending_since", "firing_since", "updated_at"}
    assert {row[n] for n in times} == {datetime(2026, 11, 22, 12)}
    assert {n: v for n, v in row.items() if n not in times} == {n: INCIDENT[n] for n in row if n not in times}


def test_the_same_id_again_replaces_it(store):
    store.put_incidents([INCIDENT, {**INCIDENT, "id": "other"}])
    store.put_incidents([{**INCIDENT, "state": "pending"}, {**INCIDENT, "state": "resolved"}])

    rows = store.sql("SELECT id, state FROM incidents ORDER BY id").to_pylist()
    assert rows == [{"id": "availability/all/1", "state": "resolved"}, {"id": "other", "state": "firing"}]


def test_incidents_survive_a_restart(tmp_path):
    store = open_store(f"duckdb://{tmp_path}")
    store.put_incidents([INCIDENT])
    store.close()

    store = open_store(f"duckdb://{tmp_path}")
    assert store.counts()["incidents"] == 1
    store.close()


def test_an_unknown_column_is_named_and_nothing_is_put(store):
    with pytest.raises(ValueError, match=r"no \['colour'\]. Known: id, fingerprint"):
        store.put_incidents([INCIDENT, {**INCIDENT, "id": "2", "colour": "red"}])
    store.put_incidents([])

    assert store.counts()["incidents"] == 0
