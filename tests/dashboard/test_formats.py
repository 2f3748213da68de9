"""Numbers as people read them."""

from datetime import UTC, datetime

import formats
import pytest

NONE = [None, float("nan")]


@pytest.mark.parametrize("how", [formats.count, formats.usd, formats.seconds, formats.span, formats.share])
@pytest.mark.parametrize("value", NONE)
def test_unknown_is_a_dash_and_never_zero(how, value):
    assert how(value) == "–"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (7, "7"),
        (2.5, "2.5"),
        (24.4, "24"),
        (9_999, "9,999"),
        (12_345, "12.3k"),
        (123_456, "123k"),
        (4_560_000, "4.56M"),
        (7.2e9, "7.20B"),
        (3e12, "3.00T"),
    ],
)
def test_counts(value, text):
    assert formats.count(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "$0"),
        (0.000034, "$0.000034"),
        (0.0000003, "<$0.000001"),
        (0.0042, "$0.0042"),
        (0.42, "$0.42"),
        (12.345, "$12.35"),
        (1_234.5, "$1,234"),
        (2_340_000, "$2.34M"),
        (0.5, "$0.50"),
    ],
)
def test_a_call_never_costs_a_rounded_nothing(value, text):
    assert formats.usd(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 ms"),
        (0.0034, "3.4 ms"),
        (0.84, "840 ms"),
        (0.9999, "1.00 s"),
        (1.239, "1.24 s"),
        (12.4, "12.4 s"),
        (185, "3m 05s"),
        (7_800, "2h 10m"),
    ],
)
def test_durations_change_their_unit(value, text):
    assert formats.seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 %"),
        (1, "100 %"),
        (0.5, "50.0 %"),
        (0.99441, "99.44 %"),
        (0.99999, ">99.99 %"),
        (0.00001, "<0.01 %"),
        (0.0042, "0.42 %"),
    ],
)
def test_a_share_is_never_rounded_to_all_or_nothing(value, text):
    assert formats.share(value) == text


def test_changes():
    assert formats.change(110, 100) == pytest.approx(0.1)
    assert formats.change(5, 0) is None  # nothing to compare with
    assert formats.change(5, None) is None
    assert [formats.percent(v) for v in (0.12, -0.034, 3.2)] == ["+12 %", "−3.4 %", "×4.20"]
    assert formats.points(0.0035) == "+0.35 pt"


def test_ages_take_times_with_and_without_zone():
    now = datetime(2026, 11, 22, 12, 0, 5, tzinfo=UTC)

    assert formats.ago(datetime(2026, 11, 22, 12, 0, 0), now) == "5s ago"
    assert formats.ago(datetime(2026, 11, 22, 9, 58, 0, tzinfo=UTC), now) == "2h 02m ago"
    assert formats.ago(datetime(2026, 11, 22, 12, 1), now) == "0s ago"  # clocks differ


def test_lists_of_words_leave_out_the_unknown():
    assert formats.names(["b", None, "a"]) == "a, b"
    assert formats.names(float("nan")) == ""
    assert [formats.many(n, "trace") for n in (1, 2)] == ["1 trace", "2 traces"]
