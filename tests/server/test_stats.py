"""The arithmetic under the alert rules, against sums done by hand and exact fractions."""

from fractions import Fraction
from math import comb, exp, log

import pytest

from llmobs.server.stats import RHO, Count, Expected, Past, expected, log_tail, rho, rise, surprise


def exact_tail(k, n, a, b):
    """P(K >= k) as a fraction; a and b whole numbers. Beta functions of whole numbers are factorials."""

    def beta(x, y):  # 1 / ((x + y - 1) * C(x + y - 2, x - 1))
        return Fraction(1, (x + y - 1) * comb(x + y - 2, x - 1))

    return sum((comb(n, i) * beta(i + a, n - i + b) / beta(a, b) for i in range(k, n + 1)), Fraction(0))


@pytest.mark.parametrize(
    ("k", "n", "a", "b"),
    [(3, 3, 1, 1), (5, 20, 1, 30), (20, 20, 2, 98), (40, 60, 5, 495), (300, 400, 10, 990), (8, 9, 7, 3)],
)
def test_the_tail_is_that_of_the_exact_sum(k, n, a, b):
    exact = exact_tail(k, n, a, b)

    assert log_tail(k, n, a, b) == pytest.approx(
        log(exact.numerator) - log(exact.denominator), rel=1e-9, abs=1e-9
    )


def test_with_a_flat_prior_every_count_is_as_likely_as_any_other():
    # a = b = 1: K is uniform on 0..9, so P(K >= 8) = 2/10
    assert exp(log_tail(8, 9, 1, 1)) == pytest.approx(0.2)


def test_a_large_certainty_is_plain_binomial():
    # P(K >= 2), n = 3, p = 0.5: 4 of 8
    normal = Expected(share=0.5, certainty=1e6)

    assert surprise(Count(3, 2), normal) == pytest.approx(-log(0.5), rel=1e-5)


def test_no_more_than_expected_is_no_surprise():
    assert surprise(Count(100, 5), Expected(0.05, 1000)) == 0.0
    assert surprise(Count(0, 0), Expected(0.05, 1000)) == 0.0


def test_the_same_share_of_more_calls_is_more_surprising():
    few, many = (surprise(Count(n, n // 10), Expected(0.01, 500)) for n in (20, 200))

    assert few < many


def test_without_a_past_little_is_certain():
    # the guesses alone: share 0.02, rho 0.02, so 1 / 0.02 - 1 calls' worth
    assert expected(Past()) == Expected(0.02, 49.0)


def test_a_past_drowns_the_guess():
    # share 0.01: chi squared (2.5 - 2) / 0.0099 = 50.505, found (50.505 - 47) / 19,952 = 0.0001757
    # rho (2 * 0.0001757 * 48 + 0.02 * 4) / 52 = 0.0018628, so 1 / 0.0018628 - 1 calls' worth
    normal = expected(Past(20_000, 200, 48, 2.5))

    assert normal.share == pytest.approx(201 / 20_050)
    assert normal.certainty == pytest.approx(535.8, abs=0.5)


def test_a_spotless_past_does_not_promise_that_nothing_will_fail():
    assert expected(Past(1_000_000, 0, 48, 0.0)).share == 0.005


def test_a_restless_past_takes_certainty_away():
    # 2 buckets of 100 calls: all of one failed, none of the other. share 0.5, spread 100^2/100 = 100;
    # chi squared (100 - 50) / 0.25 = 200, found (200 - 1) / (200 - 2) > 1, so its ceiling
    assert rho(Past(200, 100, 2, 100.0)) == RHO[1]


def test_an_even_past_of_many_days_gives_the_floor():
    # 10,000 buckets of 10 calls, 5 failed in each: chi squared is 0; the guess alone: 0.02 * 4 / 10,004
    assert rho(Past(100_000, 50_000, 10_000, 25_000.0)) == RHO[0]


def test_a_short_past_is_mostly_the_guess():
    # 2 buckets, as even as can be: 0.02 * 4 / 6
    assert rho(Past(200, 100, 2, 50.0)) == pytest.approx(0.02 * 4 / 6)


def test_rho_is_the_moment_estimate_with_its_margin():
    # 4 buckets of 100 calls with 8, 12, 6 and 14 failed: share 0.1, spread (64 + 144 + 36 + 196) / 100 = 4.4
    # chi squared (4.4 - 4) / 0.09 = 4.444; found (4.444 - 3) / 396 = 0.003648, with margin and guess
    # (2 * 0.003648 * 4 + 0.02 * 4) / 8
    assert rho(Past(400, 40, 4, 4.4)) == pytest.approx((8 * (0.4 / 0.09 - 3) / 396 + 0.08) / 8)


def row(five, thirty, three_hours, past=(20_000, 200, 48, 2.5)):
    names = ("calls_before", "bad_before", "buckets_before", "spread_before")
    counts = {"_5m": five, "_30m": thirty, "": three_hours}
    return {
        **{f"calls{end}": calls for end, (calls, _) in counts.items()},
        **{f"bad{end}": bad for end, (_, bad) in counts.items()},
        **dict(zip(names, past, strict=True)),
    }


def test_the_shortest_unusual_window_is_told():
    found = rise(row((60, 30), (400, 32), (2_400, 60)), "bad")

    assert found is not None
    assert (found.window, found.seen) == ("5 minutes", Count(60, 30))
    assert found.expected == pytest.approx(201 / 20_050)


def test_without_a_past_nothing_is_said_of_what_is_usual():
    found = rise(row((60, 30), (60, 30), (60, 30), (None, None, None, None)), "bad")

    assert found is not None
    assert found.expected is None
    assert found.usual == "there is no day before to compare with"


def test_what_is_over_is_no_alarm():
    assert rise(row((60, 0), (400, 80), (2_400, 100)), "bad") is None


def test_where_five_minutes_hold_too_few_calls_the_half_hour_says_whether_it_lasts():
    found = rise(row((15, 0), (90, 30), (540, 40)), "bad")

    assert found is not None
    assert found.window == "30 minutes"


def test_a_window_of_few_calls_is_not_the_one_that_is_told():
    found = rise(row((10, 7), (60, 30), (540, 40)), "bad")

    assert found is not None
    assert found.window == "30 minutes"


@pytest.mark.parametrize(
    ("five", "thirty", "three_hours"),
    [
        ((19, 19), (19, 19), (19, 19)),  # too few calls
        ((50, 4), (50, 4), (50, 4)),  # too few bad ones
        ((5_000, 200), (30_000, 1_200), (180_000, 7_200)),  # certain, but 4 %
    ],
)
def test_a_handful_and_a_trifle_are_no_alarm(five, thirty, three_hours):
    assert rise(row(five, thirty, three_hours), "bad") is None


def test_four_bad_calls_are_too_few_after_the_best_of_pasts():
    spotless = (10**6, 0, 10_000, 0.0)

    assert rise(row((20, 4), (20, 4), (20, 4), spotless), "bad") is None
    assert rise(row((20, 5), (20, 5), (20, 5), spotless), "bad") is not None


def test_less_than_twice_the_usual_is_no_alarm():
    # 6 % usual, 11 % now, of very many calls
    assert (
        rise(row((5_000, 550), (30_000, 3_300), (180_000, 19_800), (10**6, 60_000, 48, 3_600.0)), "bad")
        is None
    )
