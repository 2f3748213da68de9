"""The demo keeps to a folder of its own and starts its parts in an order that shows something soon."""

import pytest

from llmobs.config_file import load
from llmobs.demo import incidents
from llmobs.demo.run import MARK, Options, parts, prepared


def test_the_folder_is_made_and_bears_its_mark(tmp_path):
    folder = prepared(tmp_path / "data-demo", fresh=False)

    assert (folder / MARK).exists()


def test_fresh_clears_the_demos_folder_and_no_other(tmp_path):
    folder = prepared(tmp_path / "data-demo", fresh=False)
    (folder / "llmobs.duckdb").touch()
    real = tmp_path / "data"
    real.mkdir()
    (real / "llmobs.duckdb").touch()

    prepared(folder, fresh=False)
    assert (folder / "llmobs.duckdb").exists()

    prepared(folder, fresh=True)
    assert [found.name for found in folder.iterdir()] == [MARK]
    assert (real / "llmobs.duckdb").exists()


@pytest.mark.parametrize("fresh", [False, True])
def test_a_folder_that_is_not_the_demos_is_refused_and_left_alone(tmp_path, fresh):
    folder = tmp_path / "data-demo"
    folder.mkdir()
    (folder / "thesis.txt").touch()

    with pytest.raises(ValueError, match="holds something else than data of the demo"):
        prepared(folder, fresh)

    assert (folder / "thesis.txt").exists()


def test_what_can_wait_starts_after_the_first_trace():
    found = {part.name: part for part in parts(settings(), Options(), 0.0, 8099)}

    assert list(found) == ["provider", "traffic", "traffic-2", "traffic-3", "history"]
    assert found["traffic"].after == ()  # its imports take longest
    assert {found[name].after for name in ("traffic-2", "traffic-3", "history")} == {("traffic",)}
    assert found["history"].once


def test_the_services_go_by_their_own_names():
    found = [part.settings for part in parts(settings(), Options(), 0.0, 8099) if part.settings]

    assert found == [
        {"service_name": "inbox", "environment": "production"},
        {"service_name": "support-desk", "environment": "production"},
        {"service_name": "support-desk", "environment": "staging"},
    ]


def test_no_history_and_a_duration_are_heard():
    found = {part.name: part for part in parts(settings(), Options(history=False, duration_s=30), 0.0, 8099)}

    assert "history" not in found
    assert found["traffic"].ends_all
    assert found["traffic"].command[-2:] == ("--duration", "30")
    assert not found["traffic-2"].ends_all


def test_one_incident_at_a_time_and_each_kind_each_round():
    seen = [incidents.kind(second) for second in range(int(incidents.ROUND_S))]

    assert seen[0] == ""
    assert set(seen) == {"", "outage", "truncated", "costly", "empty"}
    assert seen[80] == "outage"
    assert incidents.kind(incidents.ROUND_S + 80) == "outage"
    # 5, 4, 7 and 4 minutes
    assert [seen.count(kind) for kind in ("outage", "truncated", "costly", "empty")] == [300, 240, 420, 240]


def test_incidents_lie_in_the_two_days_before_too():
    assert incidents.kind(-33 * 3_600) == "outage"
    assert incidents.choices(-10 * 3_600 + 1).answer_version == "3"
    assert incidents.kind(-1) == ""


def settings():
    return {**load(), "endpoint": "http://127.0.0.1:4318"}
