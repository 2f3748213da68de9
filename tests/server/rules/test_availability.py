"""The rule on calls in a real store: what it counts as failed, and when that is an outage."""

import pytest

from llmobs.server.alerts import run
from llmobs.server.judging import SETTLE
from llmobs.server.rules import availability
from tests.server.conftest import call
from tests.server.rules.traffic import FAILED, NOW, burst, healthy, minutes_ago


def test_availability_counts_windows_causes_and_the_day_before(store):
    store.append(
        [
            *healthy(hours=27),  # 60 an hour
            *burst(5_000, 6, 4.0, **FAILED),
            *burst(6_000, 2, 20.0, **{**FAILED, "http_status": 429}),  # 5 and 15 minutes ago
            *burst(7_000, 1, 100.0, **{**FAILED, "http_status": 400}),  # 50 minutes ago
            call(8_000, minutes_ago(10 * 60), **FAILED),
            call(8_001, minutes_ago(1), status="cancelled"),
        ]
    )

    [found] = store.read("availability", since=minutes_ago(180), until=NOW - SETTLE)

    # 5 healthy calls in five minutes, 30 in thirty, 180 in three hours, 1,440 in the day before
    assert (found["calls_5m"], found["failed_5m"]) == (5 + 6 + 1, 6 + 1)
    assert (found["calls_30m"], found["failed_30m"]) == (30 + 8, 8)
    assert (found["calls"], found["failed"]) == (180 + 9, 9)
    assert (found["limited"], found["refused"], found["unavailable"]) == (2, 1, 6)
    assert (found["calls_before"], found["failed_before"], found["buckets_before"]) == (1_441, 1, 48)
    assert found["spread_before"] == pytest.approx(1 / 31)  # one failed of 31 calls in its half hour


def test_an_outage_is_one_alert_for_the_provider_with_its_newest_traces(store):
    outage = [*burst(5_000, 20, model="a", **FAILED), *burst(6_000, 20, model="b", **FAILED)]
    store.append([*healthy(), *outage, *healthy(30_000, provider="anthropic", model="claude")])

    [alert] = run(availability, store, NOW)

    assert (alert.rule, alert.subject, alert.severity, alert.unit) == (
        "availability",
        "openai",
        "page",
        "share",
    )
    # 40 failed, 5 healthy in the last five minutes
    assert alert.value == pytest.approx(40 / 45)
    assert alert.calls == 45
    assert alert.expected == 0.005
    assert alert.says.startswith(
        "40 of 45 calls to openai failed (88.9%) in the last 5 minutes, usual are 0.5%."
    )
    assert len(alert.traces) == 5
    assert alert.traces[0] in {outage[0]["trace_id"], outage[20]["trace_id"]}


def test_cancelled_calls_are_no_failures(store):
    store.append([*healthy(), *burst(5_000, 60, status="cancelled")])

    assert run(availability, store, NOW) == []


@pytest.mark.parametrize("count", [1, 5, 13])
def test_a_handful_of_failed_calls_alarms_nobody(count, store):
    store.append(burst(0, count, **FAILED))

    assert run(availability, store, NOW) == []


def test_a_provider_that_always_fails_as_often_is_as_usual(store):
    often = [call(n, minutes_ago(n + 0.5), **(FAILED if n % 5 == 0 else {})) for n in range(27 * 60)]
    store.append(often)

    assert run(availability, store, NOW) == []


def test_yesterdays_outage_does_not_make_todays_usual_where_it_was_an_incident(store):
    yesterday = [
        call(50_000 + n, minutes_ago(15 * 60 + n / 10), **FAILED) for n in range(3_000)
    ]  # five hours
    store.append([*healthy(), *yesterday, *burst(5_000, 6, **FAILED)])
    began, ended = minutes_ago(20 * 60 + 5), minutes_ago(15 * 60 - 5)

    blind = run(availability, store, NOW)
    store.put_incidents([incident("availability", "openai", began, ended)])
    seeing = run(availability, store, NOW)

    assert blind == []
    assert [alert.expected for alert in seeing] == [0.005]


def test_what_lasts_longer_than_half_a_day_becomes_the_usual(store):
    sick = [call(n, minutes_ago(n + 0.5), **(FAILED if n % 3 == 0 else {})) for n in range(27 * 60)]
    store.append(sick)
    store.put_incidents([incident("availability", "openai", minutes_ago(27 * 60), None)])

    assert run(availability, store, NOW) == []


def incident(rule, subject, began, ended):
    return {
        "id": f"{rule}-{subject}",
        "fingerprint": "f",
        "rule": rule,
        "subject": subject,
        "state": "resolved" if ended else "firing",
        "pending_since": began,
        "firing_since": began,
        "resolved_at": ended,
        "updated_at": ended or began,
    }
