"""The rules on calls in a real store: what their queries count, and when they fire."""

from datetime import UTC, datetime, timedelta

import pytest

from llmobs.server.alerts import rules, run
from llmobs.server.judging import SETTLE
from tests.server.conftest import call

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
RULES = rules()


NOON_ISH = NOW - SETTLE


def minutes_ago(minutes):
    return NOW - SETTLE - timedelta(minutes=minutes)


def healthy(first=0, hours=27, per_hour=60, **said):
    """Good calls, evenly over the hours before now; `first` makes their ids."""
    step = 60 / per_hour
    return [call(first + n, minutes_ago((n + 0.5) * step), **said) for n in range(int(hours * per_hour))]


def burst(first, count, minutes=4.0, **said):
    """Calls evenly over the last minutes."""
    return [call(first + n, minutes_ago((n + 0.5) * minutes / count), **said) for n in range(count)]


FAILED = {"status": "error", "http_status": 503, "error_type": "503", "text": None, "finish": None}


def test_a_rule_reads_the_columns_that_its_query_gives(store):
    store.append([*healthy(hours=3), *burst(10_000, 3, **FAILED)])
    for name, rule in RULES.items():
        [found] = store.read(rule.QUERY, since=NOW - SETTLE - rule.WINDOW, until=NOW - SETTLE)
        assert set(rule.FIRES_ON[0]) <= set(found), name


@pytest.mark.parametrize("name", RULES)
def test_an_empty_store_alarms_nobody(name, store):
    assert run(RULES[name], store, NOW) == []


@pytest.mark.parametrize("name", RULES)
def test_healthy_calls_alarm_nobody(name, store):
    store.append(healthy())

    assert run(RULES[name], store, NOW) == []


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

    [alert] = run(RULES["availability"], store, NOW)

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

    assert run(RULES["availability"], store, NOW) == []


@pytest.mark.parametrize("count", [1, 5, 13])
def test_a_handful_of_failed_calls_alarms_nobody(count, store):
    store.append(burst(0, count, **FAILED))

    assert run(RULES["availability"], store, NOW) == []


def test_a_provider_that_always_fails_as_often_is_as_usual(store):
    often = [call(n, minutes_ago(n + 0.5), **(FAILED if n % 5 == 0 else {})) for n in range(27 * 60)]
    store.append(often)

    assert run(RULES["availability"], store, NOW) == []


def test_yesterdays_outage_does_not_make_todays_usual_where_it_was_an_incident(store):
    yesterday = [
        call(50_000 + n, minutes_ago(15 * 60 + n / 10), **FAILED) for n in range(3_000)
    ]  # five hours
    store.append([*healthy(), *yesterday, *burst(5_000, 6, **FAILED)])
    began, ended = minutes_ago(20 * 60 + 5), minutes_ago(15 * 60 - 5)

    blind = run(RULES["availability"], store, NOW)
    store.put_incidents([incident("availability", "openai", began, ended)])
    seeing = run(RULES["availability"], store, NOW)

    assert blind == []
    assert [alert.expected for alert in seeing] == [0.005]


def test_what_lasts_longer_than_half_a_day_becomes_the_usual(store):
    sick = [call(n, minutes_ago(n + 0.5), **(FAILED if n % 3 == 0 else {})) for n in range(27 * 60)]
    store.append(sick)
    store.put_incidents([incident("availability", "openai", minutes_ago(27 * 60), None)])

    assert run(RULES["availability"], store, NOW) == []


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


def test_answers_cut_at_the_limit_alarm_for_their_model(store):
    cut = [*burst(5_000, 12, finish="length", model="a"), *burst(6_000, 12, finish="max_tokens", model="a")]
    store.append([*healthy(model="a"), *healthy(30_000, model="b"), *cut])

    [alert] = run(RULES["cut_short"], store, NOW)

    assert (alert.subject, alert.severity) == ("a", "ticket")
    # 24 cut and 5 healthy
    assert alert.says.startswith(
        "24 of 29 answers of a were cut at the token limit (82.8%) in the last 5 minutes"
    )
    assert set(alert.traces) <= {row["trace_id"] for row in cut}


def test_a_classifier_that_asks_for_one_token_is_always_cut_and_stays_quiet(store):
    store.append(healthy(finish="length"))

    assert run(RULES["cut_short"], store, NOW) == []


def test_empty_answers_alarm_for_their_model(store):
    store.append([*healthy(model="a"), *burst(5_000, 30, text="  ", output_tokens=2, model="a")])

    [alert] = run(RULES["empty_answers"], store, NOW)

    assert alert.subject == "a"
    assert alert.says.startswith("30 of 35 answers of a were empty (85.7%) in the last 5 minutes")


@pytest.mark.parametrize(
    "said",
    [
        {
            "output_messages": [{"role": "assistant", "parts": [{"type": "tool_call", "name": "f"}]}],
            "finish": "stop",
        },
        {"text": "Yes.", "output_tokens": 1},
        {"text": "", "output_tokens": 0, "stream_end": "closed"},
        {"text": None, "output_tokens": 5},  # not captured, but there were tokens
        {"text": "", "status": "error", "output_tokens": 0},
        {"text": None, "output_tokens": 0, "operation": "embeddings"},
    ],
)
def test_what_says_something_or_calls_a_tool_or_was_given_up_is_not_empty(said, store):
    quiet = {"output_tokens": 3, **said}
    if "output_messages" in said:
        quiet["text"] = None
    store.append([*healthy(), *burst(5_000, 40, **quiet)])

    assert run(RULES["empty_answers"], store, NOW) == []


@pytest.mark.parametrize(
    "said",
    [
        {"text": None, "output_tokens": 0},  # not captured
        {"text": "", "output_tokens": 900, "reasoning_tokens": 900},  # thought, and said nothing
        {"text": "", "output_tokens": None},
    ],
)
def test_silence_is_found_without_text_and_behind_reasoning(said, store):
    store.append([*healthy(), *burst(5_000, 40, **said)])

    assert [alert.subject for alert in run(RULES["empty_answers"], store, NOW)] == ["small"]


def test_a_service_that_spends_ten_times_as_much_alarms(store):
    # 60 calls an hour of 0.03 USD: 1.80 USD an hour. Then 100 calls of 0.10 in ten minutes.
    dear = burst(50_000, 100, 10.0, cost_usd=0.10)
    store.append([*healthy(cost_usd=0.03), *dear])
    store.seal()

    [alert] = run(RULES["cost_spike"], store, NOW)

    assert (alert.subject, alert.unit) == ("shop", "USD/h")
    # 100 x 0.10 + 15 x 0.03 in a quarter of an hour
    assert alert.value == pytest.approx(4 * 10.45)
    assert alert.expected == pytest.approx(1.8 + 3 * (60 * 0.03**2) ** 0.5)
    assert alert.calls == 115
    assert set(alert.traces) <= {row["trace_id"] for row in dear}


def test_one_dear_call_alarms_nobody(store):
    store.append([*healthy(cost_usd=0.03), *burst(50_000, 1, cost_usd=200.0)])
    store.seal()

    assert run(RULES["cost_spike"], store, NOW) == []


def test_a_morning_like_every_morning_alarms_nobody(store):
    mornings = [
        call(50_000 + 1_000 * day + n, minutes_ago(day * 1_440 + n / 4 + 0.1), cost_usd=0.10)
        for day in range(3)
        for n in range(200)
    ]
    store.append([*healthy(cost_usd=0.03), *mornings])
    store.seal()

    assert run(RULES["cost_spike"], store, NOW) == []


def test_calls_without_a_price_are_not_free_in_the_past(store):
    # the whole past is unpriced, the last hour is priced: nothing to compare with
    past = healthy(hours=27, cost_usd=None, cost_status="unpriced")[120:]
    store.append([*past, *burst(50_000, 100, 10.0, cost_usd=0.10)])
    store.seal()

    assert run(RULES["cost_spike"], store, NOW) == []


def test_what_calls_without_a_price_would_have_cost_is_made_up_for_in_the_past(store):
    # 60 calls an hour of 0.03 USD, every second one unpriced: 0.90 known, 1.80 spent
    unpriced = {"cost_usd": None, "cost_status": "unpriced"}
    past = [row if n % 2 else {**row, **unpriced} for n, row in enumerate(healthy(cost_usd=0.03))]
    store.append(past)
    store.seal()

    [found] = store.read("cost_spike", since=minutes_ago(60), until=NOON_ISH)

    assert found["cost_usd"] == pytest.approx(0.9)
    assert found["unpriced"] == 30
    assert found["before_usd"] == pytest.approx(1.8)
    assert found["day_usd"] == pytest.approx(1.8)
    assert found["same_hour_usd"] == pytest.approx(1.8)


def test_half_an_hour_before_is_no_hour_to_compare_with(store):
    store.append([*healthy(hours=1.5, per_hour=240, cost_usd=0.03), *burst(50_000, 100, 10.0, cost_usd=0.10)])

    assert run(RULES["cost_spike"], store, NOW) == []


def test_calls_without_a_price_now_are_counted_and_named(store):
    unpriced = burst(60_000, 7, 10.0, cost_usd=None, cost_status="unpriced")
    store.append([*healthy(cost_usd=0.03), *burst(50_000, 100, 10.0, cost_usd=0.10), *unpriced])
    store.seal()

    [alert] = run(RULES["cost_spike"], store, NOW)

    assert alert.says.endswith("7 calls without a price are not in it.")


def test_more_subjects_than_a_query_may_give_are_an_error(store, monkeypatch):
    store.append(healthy(hours=1))
    monkeypatch.setattr("llmobs.server.judging.ROWS", 0)

    with pytest.raises(ValueError, match=r"availability\.sql gave 1 rows"):
        run(RULES["availability"], store, NOW)
