"""The rule on calls in a real store: when a service spends more than usual, and what is usual."""

import pytest

from llmobs.server.alerts import run
from llmobs.server.rules import cost_spike
from tests.server.conftest import call
from tests.server.rules.traffic import NOW, burst, healthy, minutes_ago


def test_a_service_that_spends_ten_times_as_much_alarms(store):
    # 60 calls an hour of 0.03 USD: 1.80 USD an hour. Then 100 calls of 0.10 in ten minutes.
    dear = burst(50_000, 100, 10.0, cost_usd=0.10)
    store.append([*healthy(cost_usd=0.03), *dear])
    store.seal()

    [alert] = run(cost_spike, store, NOW)

    assert (alert.subject, alert.unit) == ("shop", "USD/h")
    # 100 x 0.10 + 15 x 0.03 in a quarter of an hour
    assert alert.value == pytest.approx(4 * 10.45)
    assert alert.expected == pytest.approx(1.8 + 3 * (60 * 0.03**2) ** 0.5)
    assert alert.calls == 115
    assert set(alert.traces) <= {row["trace_id"] for row in dear}


def test_one_dear_call_alarms_nobody(store):
    store.append([*healthy(cost_usd=0.03), *burst(50_000, 1, cost_usd=200.0)])
    store.seal()

    assert run(cost_spike, store, NOW) == []


def test_a_morning_like_every_morning_alarms_nobody(store):
    mornings = [
        call(50_000 + 1_000 * day + n, minutes_ago(day * 1_440 + n / 4 + 0.1), cost_usd=0.10)
        for day in range(3)
        for n in range(200)
    ]
    store.append([*healthy(cost_usd=0.03), *mornings])
    store.seal()

    assert run(cost_spike, store, NOW) == []


def test_calls_without_a_price_are_not_free_in_the_past(store):
    # the whole past is unpriced, the last hour is priced: nothing to compare with
    past = healthy(hours=27, cost_usd=None, cost_status="unpriced")[120:]
    store.append([*past, *burst(50_000, 100, 10.0, cost_usd=0.10)])
    store.seal()

    assert run(cost_spike, store, NOW) == []


def test_what_calls_without_a_price_would_have_cost_is_made_up_for_in_the_past(store):
    # 60 calls an hour of 0.03 USD, every second one unpriced: 0.90 known, 1.80 spent
    unpriced = {"cost_usd": None, "cost_status": "unpriced"}
    past = [row if n % 2 else {**row, **unpriced} for n, row in enumerate(healthy(cost_usd=0.03))]
    store.append(past)
    store.seal()

    [found] = store.read("cost_spike", since=minutes_ago(60), until=minutes_ago(0))

    assert found["cost_usd"] == pytest.approx(0.9)
    assert found["unpriced"] == 30
    assert found["before_usd"] == pytest.approx(1.8)
    assert found["day_usd"] == pytest.approx(1.8)
    assert found["same_hour_usd"] == pytest.approx(1.8)


def test_half_an_hour_before_is_no_hour_to_compare_with(store):
    store.append([*healthy(hours=1.5, per_hour=240, cost_usd=0.03), *burst(50_000, 100, 10.0, cost_usd=0.10)])

    assert run(cost_spike, store, NOW) == []


def test_calls_without_a_price_now_are_counted_and_named(store):
    unpriced = burst(60_000, 7, 10.0, cost_usd=None, cost_status="unpriced")
    store.append([*healthy(cost_usd=0.03), *burst(50_000, 100, 10.0, cost_usd=0.10), *unpriced])
    store.seal()

    [alert] = run(cost_spike, store, NOW)

    assert alert.says.endswith("7 calls without a price are not in it.")
