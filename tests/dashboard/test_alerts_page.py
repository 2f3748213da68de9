"""The table of alerts."""

import html
import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.dashboard.shown import call, markup, run, words
from tests.dashboard.traffic import incident


@pytest.fixture
def rows(store):
    now = datetime.now(UTC)
    store.append([call(1, now)])
    store.put_incidents(
        [
            incident(now, "resolved", rule="truncated_answers", subject="gpt-4o"),
            incident(now, "firing"),
            incident(
                now, "pending", rule="cost_spike", value=4.1, expected=1.2, unit="USD", severity="ticket"
            ),
        ]
    )


def test_what_fires_is_on_top_with_value_and_expectation(rows):
    text = words(run("operate/alerts"))

    assert text.index("✕ firing") < text.index("! pending") < text.index("✓ resolved")
    assert (
        "✕ firing availability · gpt-4o-mini page 31 of 214 calls failed (14.5 %), 0.9 % expected 14.5 % 0.9"
        in text
    )
    assert (
        "cost spike · gpt-4o-mini ticket 31 of 214 calls failed (14.5 %), 0.9 % expected $4.10 $1.20" in text
    )


def test_since_when_and_for_how_long(rows):
    text = words(run("operate/alerts"))

    # firing for nine minutes, and as long as the tests before this one took
    assert re.search(r"(9|1\d)m \d\ds", text)
    assert "for 7m 00s 214" in text  # resolved two minutes ago, had fired nine ago


def test_each_alert_leads_to_its_traces(rows):
    found = markup(run("operate/alerts"))

    assert f"/trace?id={'ab' * 16}" in found
    assert f"/trace?id={'cd' * 16}" in found


@pytest.mark.parametrize("state", ["firing", "pending", "resolved"])
def test_the_state_of_the_url_filters(rows, state):
    text = words(run("operate/alerts", state=state))

    assert [s for s in ("firing", "pending", "resolved") if f" {s} " in f" {text} "] == [state]


def test_the_chosen_alert_shows_its_runbook_and_where_it_was_told(rows):
    assert "fallback model" not in words(run("operate/alerts"))

    text = words(run("operate/alerts", incident="inc-firing"))

    assert "Switch to the fallback model." in text
    assert "Told webhook: sent" in text


def test_what_was_resolved_before_the_window_is_left_out(store):
    now = datetime.now(UTC)
    store.append([call(1, now)])
    store.put_incidents([incident(now, "resolved", resolved_at=now - timedelta(hours=2))])

    assert "No alert was open" in run("operate/alerts", range="1h").success[0].value
    assert "✓ resolved" in words(run("operate/alerts", range="6h"))


def test_all_quiet_names_the_last_alert_with_a_window_that_shows_it(store):
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    store.append([call(1, now)])
    over = {"firing_since": now - timedelta(hours=4), "resolved_at": now - timedelta(hours=3)}
    older = {"resolved_at": now - timedelta(hours=9), "firing_since": now - timedelta(hours=10)}
    store.put_incidents(
        [
            incident(now, "resolved", rule="cost_spike", severity="ticket", **over),
            incident(now, "resolved", id="inc-older", fingerprint="fp-older", **older),
        ]
    )

    shown = run("operate/alerts", **{"from": "2026-11-22T11:00:00Z", "to": "2026-11-22T12:00:00Z"})

    assert "The last one was cost spike · gpt-4o-mini , over since 22 Nov 09:00:00 UTC." in words(shown)
    link = "/alerts?from=2026-11-22T07%3A30%3A00Z&to=2026-11-22T09%3A30%3A00Z&incident=inc-resolved"
    assert link in html.unescape(markup(shown))


def test_all_quiet_says_so(store):
    store.append([call(1, datetime.now(UTC))])

    shown = run("operate/alerts")

    assert "No alert was open" in shown.success[0].value
    assert not shown.exception


def test_an_empty_store_says_how_to_fill_it(store):
    assert "examples/hello.py" in run("operate/alerts").info[0].value
