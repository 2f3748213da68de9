"""The page Now: each number by hand, beside the one of the window before."""

import re
from datetime import UTC, datetime, timedelta

from tests.dashboard.shown import HOUR, at, call, figures, markup, run, words
from tests.dashboard.traffic import incident

FAILED = {"status": "error", "error_type": "429", "http_status": 429}
# 10:00 to 11:00: four calls, one of them refused. 09:00 to 10:00: two calls.
ROWS = [
    call(
        1,
        at(5),
        duration_s=1.0,
        input_tokens=1_000,
        output_tokens=200,
        cost_usd=0.5,
        user_id="a",
        first_content_s=0.2,
    ),
    call(
        2,
        at(15),
        duration_s=2.0,
        input_tokens=4_000,
        output_tokens=800,
        cost_usd=1.0,
        user_id="b",
        first_content_s=0.4,
    ),
    call(
        3,
        at(25),
        duration_s=3.0,
        input_tokens=600,
        output_tokens=0,
        user_id="a",
        model="m-two",
        cost_status="unpriced",
    ),
    call(4, at(35), duration_s=0.1, **FAILED, user_id="c"),
    call(5, at(10, 9), duration_s=4.0, input_tokens=2_000, output_tokens=1_000, cost_usd=3.0, user_id="a"),
    call(6, at(20, 9), duration_s=4.0, input_tokens=200, output_tokens=100, cost_usd=0.0, user_id="a"),
]


def test_numbers_of_the_window_stand_beside_those_of_the_window_before(store):
    store.append(ROWS)

    shown = run("operate/now", **HOUR)

    assert not shown.exception
    text = words(shown)
    # 1,200 + 4,800 + 600 = 6,600 tokens in 60 minutes: 110; before 3,300: 55, so twice as many.
    assert "Tokens / min 110 ▲ +100 % was 55 6,600 in all" in text
    assert "Cost $1.50 ▼ −50 % was $3.00 $1.50 an hour" in text
    # three of four answered; before two of two
    assert "Availability 75.0 % ▼ −25 pt was 100 % 1 of 4 calls failed" in text
    # a, b and c; before only a
    assert "Users 3 ▲ ×3.00 was 1" in text
    # of 1, 2 and 3 s (the refusal is left out): p50 = 2, p95 = 2.9, p99 = 2.98; before always 4
    assert "p50 2.00 s ▼ −50 % was 4.00 s p95 2.90 s ▼ −28 % was 4.00 s p99 2.98 s ▼ −26 %" in text
    # of 0.2 and 0.4 s: p50 = 0.3, p95 = 0.39; before nothing was streamed
    assert "Time to first content p50 300 ms was – p95 390 ms was –" in text


def test_a_window_before_that_is_half_without_data_is_no_comparison(store):
    half = [call(1, at(5), cost_usd=0.5), call(2, at(35, 9), cost_usd=4.0)]
    store.append(half)  # data begins in the middle of the window before

    text = words(run("operate/now", **HOUR))

    assert "p50 1.00 s was – p95" in text
    assert "Availability 100 % was –" in text
    assert "$4" not in text  # neither in the table of models


def test_users_that_nobody_named_are_unknown_not_zero(store):
    store.append([call(1, at(5))])

    assert "Users – was –" in words(run("operate/now", **HOUR))


def test_the_verdict_names_alerts_age_and_missing_prices(store):
    now = datetime.now(UTC)
    store.append([{**row, "received_at": now} for row in ROWS])
    store.put_incidents([incident(now, "firing"), incident(now, "resolved"), incident(now, "pending")])

    shown = run("operate/now", **HOUR)

    text = words(shown)
    assert "✕ availability · gpt-4o-mini 31 of 214 calls failed (14.5 %), 0.9 % expected" in text
    assert 'href="/alerts?from=' in markup(shown)
    assert re.search(r"✓ Newest data \d+s ago", text)
    # one of the three answered calls has no price
    assert "! 33.3 % of calls unpriced" in text


def test_old_data_is_said_with_what_to_look_at(store):
    store.append([call(1, at(5), received_at=datetime.now(UTC) - timedelta(hours=3))])

    assert "! Newest data 3h 00m ago no traffic? else run llmobs doctor" in words(run("operate/now", **HOUR))


def test_a_filter_of_the_url_holds_for_every_number_and_chart(store):
    store.append(ROWS)

    shown = run("operate/now", **HOUR, model="m-two")

    text = words(shown)
    assert "0 of 1 calls failed" in text
    assert "Tokens / min 10 was – 600 in all" in text
    assert "Cost – was –" in text  # unknown, not zero
    assert {t["name"] for t in figures(shown)[0]["data"]} == {"m-two"}


def test_every_filter_reaches_the_queries(store):
    store.append(ROWS)

    for name, value in {"service": "shop", "provider": "openai", "environment": "production"}.items():
        assert "1 of 4 calls failed" in words(run("operate/now", **HOUR, **{name: value}))
        elsewhere = run("operate/now", **HOUR, **{name: "elsewhere"})
        assert f"with {name} = elsewhere" in elsewhere.info[0].value
        assert "0 of 0 calls failed" in words(elsewhere)
        assert "Cost – was –" in words(elsewhere)


def test_models_are_listed_by_cost_and_lead_to_their_traces(store):
    store.append(ROWS)

    shown = run("operate/now", **HOUR)

    # m-one: 3 calls, 1 refused; cost 1.5, before 3
    assert "m-one openai 3 1 · 33.3 % 1.95 s 390 ms 6,000 $1.50 $3.00 m-two openai 1 0 3.00 s" in words(shown)
    assert "model=m-one&amp;provider=openai&amp;status=error" in markup(shown)
    assert "1 unpriced" in words(shown)


def test_four_charts_over_the_same_hour(store):
    store.append(ROWS)

    tokens, failures, latency, cost = figures(run("operate/now", **HOUR))

    ranges = [figure["layout"]["xaxis"]["range"] for figure in (tokens, failures, latency, cost)]
    assert ranges == [["2026-11-22T10:00:00", "2026-11-22T11:00:00"]] * 4
    assert [t["name"] for t in failures["data"]] == ["calls", "rate limit (429)"]
    assert [t["name"] for t in latency["data"]] == ["p50", "p95", "p99", "first content p95"]


def test_an_empty_store_says_how_to_fill_it(store):
    shown = run("operate/now")

    assert not shown.exception
    assert "examples/hello.py" in shown.info[0].value
    assert "llmobs doctor" in shown.info[0].value


def test_an_empty_window_says_so_and_how_old_the_newest_call_is(store):
    store.append([call(1, datetime.now(UTC) - timedelta(hours=5))])

    shown = run("operate/now", range="1h")

    assert "No calls between" in shown.info[0].value
    assert "5h 00m ago" in shown.info[0].value
    assert "examples/hello.py" not in shown.info[0].value


def test_a_range_that_nobody_knows_is_the_last_hour(store):
    store.append([call(1, datetime.now(UTC) - timedelta(minutes=50))])

    assert "0 of 1 calls failed" in words(run("operate/now", range="lots"))


def test_a_cancelled_call_is_not_one_that_has_a_price(store):
    store.append([call(1, at(10), status="cancelled", cost_status="unpriced")])

    assert "Every call has a price" not in words(run("operate/now", **HOUR))


def test_a_model_that_fails_is_listed_however_many_cost_more(store):
    store.append([call(n, at(10), model=f"m{n:02}", cost_usd=n) for n in range(1, 60)])
    store.append([call(90, at(11), model="down", status="error", error_type="500", cost_status="unpriced")])

    text = words(run("operate/now", **HOUR))

    assert "down openai 1 1 · 100 %" in text
    assert " models, those that cost most" not in text


def test_models_that_are_not_listed_are_counted(store):
    store.append([call(n, at(10), model=f"m{n:03}", cost_usd=n) for n in range(1, 121)])

    assert "100 of 120 models, those that cost most" in words(run("operate/now", **HOUR))


def test_a_model_of_two_providers_leads_to_the_traces_of_that_one(store):
    store.append([call(1, at(10), model="m", provider="azure"), call(2, at(11), model="m", status="error")])
    store.append([call(3, at(12), model=None, provider=None)])

    page = run("operate/now", **HOUR)

    assert "model=m&amp;provider=azure" in markup(page)
    assert "model=m&amp;provider=openai&amp;status=error" in markup(page)
    assert "model=unknown" not in markup(page)  # no call says that, so that no trace would fit
    assert "nan" not in words(page)


def test_a_filter_of_the_url_is_words_not_markdown(store):
    store.append([call(1, at(10))])

    page = run("operate/now", **HOUR, model="![x](http://elsewhere/a.png)")

    assert "with model = \\!\\[x\\]\\(http\\://elsewhere/a\\.png\\)" in page.info[0].value
