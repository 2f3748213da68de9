"""The window and the filters of the URL."""

from datetime import UTC, datetime

import pytest
import scope

NOW = datetime(2026, 11, 22, 10, 17, 23, 500_000, tzinfo=UTC)


def utc(*parts):
    return datetime(2026, 11, *parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "since", "until", "step_s"),
    [
        ("15m", utc(22, 10, 2, 30), utc(22, 10, 17, 25), 15),
        ("1h", utc(22, 9, 18), utc(22, 10, 17, 25), 60),
        ("24h", utc(21, 10, 30), utc(22, 10, 17, 30), 900),
        ("7d", utc(15, 12), utc(22, 10, 18), 7_200),
    ],
)
def test_a_moving_window_ends_on_a_tick_and_begins_on_a_bucket(name, since, until, step_s):
    with scope.given({"range": name}):
        found = scope.window(NOW)

    assert (found.since, found.until, found.step_s) == (since, until, step_s)


def test_a_call_of_this_moment_is_in_the_window():
    with scope.given({}):
        assert scope.window(NOW).until > NOW


def test_two_sessions_within_a_tick_ask_the_same():
    with scope.given({}):
        assert scope.window(NOW) == scope.window(NOW.replace(second=24))
        assert scope.window(NOW) != scope.window(NOW.replace(second=26))


def test_moments_in_the_url_make_a_window_that_stands_still():
    with scope.given({"from": "2026-11-22T10:00:00Z", "to": "2026-11-22T12:00:00+01:00"}):
        found = scope.window(NOW)

    assert (found.since, found.until) == (utc(22, 10), utc(22, 11))
    assert found.refresh_s is None
    assert found.step_s == 60


def test_an_end_alone_ends_the_range():
    with scope.given({"range": "6h", "to": "2026-11-22T10:00:00Z"}):
        found = scope.window(NOW)

    assert (found.since, found.until, found.refresh_s) == (utc(22, 4), utc(22, 10), None)


def test_moments_in_the_wrong_order_are_swapped_and_nonsense_is_the_default():
    with scope.given({"from": "2026-11-22T12:00:00Z", "to": "2026-11-22T10:00:00Z"}):
        assert scope.window(NOW).since == utc(22, 10)
    with scope.given({"from": "yesterday"}):
        assert scope.window(NOW).step_s == 60


def test_a_link_takes_the_window_and_the_filters_along():
    with scope.given({"range": "6h", "model": "a b&c", "id": "left behind"}):
        assert scope.link("traces", status="error") == "/traces?range=6h&model=a+b%26c&status=error"
        assert scope.link("", model=None) == "/?range=6h"
    with scope.given({}):
        assert scope.link("alerts") == "/alerts"


@pytest.mark.parametrize("moment", ["0001-01-01", "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"])
def test_a_moment_that_no_call_can_have_is_as_good_as_none(moment):
    assert scope.parse(moment) is None


def test_a_window_of_many_years_has_no_more_bars_than_any_other():
    found = scope.fixed(utc(22).replace(year=2000), utc(22))

    assert found.step_s == 95 * 86_400  # 26 years are 9,496 days; a hundredth, in whole days
