"""`llmobs alerts` and `llmobs rules` as one types them."""

import json
from datetime import timedelta

import pytest

from llmobs import cli
from llmobs.server.rules import cut_short
from llmobs.server.store import open_store
from tests.commands import NEWEST, fill, llmobs
from tests.processes import free_ports
from tests.server.services import service


@pytest.fixture
def collector(tmp_path):
    """A collector on free ports over a folder with data."""
    fill(tmp_path)
    with service(tmp_path) as made:
        yield made


def test_alerts_says_so_where_none_is_open_and_lists_those_that_are(collector):
    port = collector.http_port
    done = llmobs("alerts", http_port=port)
    assert (done.stdout, done.stderr) == ("No alert is open.\n", "")
    collector.api.judged_at -= timedelta(hours=1)
    assert "No alert rule has been judged for 60 min" in llmobs("alerts", http_port=port).stderr
    store = open_store(f"http://127.0.0.1:{port}")
    store.put_incidents([incident("a", "firing", None), incident("b", "resolved", NEWEST)])
    store.close()

    table = llmobs("alerts", http_port=port).stdout.splitlines()
    everything = json.loads(llmobs("alerts", "--all", "--format", "json", http_port=port).stdout)

    assert len(table) == 3
    assert table[2].split() == [
        "firing", "page", "availability", "a", "2026-11-22", "10:30", "UTC", "40", "half", "of", "it", "fails"
    ]  # fmt: skip
    assert [(row["subject"], row["resolved_at"]) for row in everything] == [
        ("a", None),
        ("b", "2026-11-22T10:30:00.250000Z"),
    ]


def test_without_a_collector_it_says_that_nobody_judges(tmp_path):
    fill(tmp_path)

    done = llmobs("alerts", data=tmp_path, http_port=free_ports(1)[0])

    assert done.stdout == "No alert is open.\n"
    assert "No collector runs" in done.stderr


def incident(subject, state, resolved_at):
    return {
        "id": f"id-{subject}",
        "fingerprint": subject,
        "rule": "availability",
        "subject": subject,
        "severity": "page",
        "state": state,
        "pending_since": NEWEST,
        "firing_since": NEWEST,
        "resolved_at": resolved_at,
        "updated_at": NEWEST,
        "says": "half of it fails",
        "value": 0.5,
        "expected": 0.01,
        "unit": "share",
        "calls": 40,
        "traces": [],
        "runbook": "",
        "delivered": {},
    }


def test_rules_lists_each_with_its_examples():
    done = llmobs("rules")

    assert done.returncode == 0
    assert "availability  (page, judged over 3 h, must hold for 30 s)" in done.stdout
    assert "FAILS" not in done.stdout


def test_a_rule_that_fails_its_own_examples_is_an_error(monkeypatch, capsys):
    monkeypatch.setattr(cut_short, "check", lambda row: None)

    assert cli.main(["rules"]) == 1
    assert "FAILS: stays quiet on" in capsys.readouterr().out


def test_a_test_message_is_shown_without_being_sent():
    done = llmobs("alerts", "--dry-run", "--webhook", "http://127.0.0.1:1/hook")

    assert done.returncode == 0
    assert "This is a test" in done.stdout
    assert "webhook:" in done.stdout


def test_a_test_message_that_does_not_arrive_is_an_error():
    done = llmobs("alerts", "--test", "--webhook", "http://127.0.0.1:1/hook")

    assert done.returncode == 1
    assert "webhook: failed:" in done.stdout
