"""Headers about pace, read without trust."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.api.headers import (
    LONGEST_PAUSE,
    NO_HINT,
    hint_from,
    limit_rate,
    reset_in,
    retry_after,
    seconds,
)

NOW = datetime(2026, 7, 1, 12, 0, 0, tzinfo=UTC)

odd = st.one_of(
    st.text(max_size=250),
    st.text("0123456789.,;=w -+eE%", max_size=40),
    st.integers().map(str),
    st.floats().map(str),
    st.datetimes().map(format_datetime),
    st.sampled_from(["nan", "inf", "-1", "1e308", "9" * 5000, "0", "2000, 2000;w=1", "5;w=0", ""]),
)
NAMES = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after", "date"]


@given(st.dictionaries(st.sampled_from(NAMES), odd))
def test_any_header_values_give_a_bounded_pause_and_rate_or_none(headers: dict[str, str]) -> None:
    hint = hint_from(headers, NOW)
    assert hint.pause is None or 0 < hint.pause <= LONGEST_PAUSE
    assert hint.rate is None or 0 < hint.rate <= 100_000


@given(odd, odd)
def test_any_single_value_is_a_bounded_number_that_is_not_negative_or_none(
    text: str, date: str
) -> None:
    for value in (seconds(text), retry_after(text, date, NOW), limit_rate(text)[0]):
        assert value is None or (0 <= value < 1e10 and math.isfinite(value))


def test_no_headers_are_no_hint() -> None:
    assert hint_from({}, NOW) is NO_HINT


@pytest.mark.parametrize(
    ("text", "rate", "window"),
    [
        ("2000", 2000, None),
        ("2000, 2000;w=1", 2000, 1),
        ("2000,2000;w=1,3600;w=60", 60, 60),
        (' 100 ; w="10" ', 10, 10),
        ("10;w=60;burst=5;comment=x", 10 / 60, 60),
        ("1;w=86400", 0.05, 86400),
        ("0", None, None),
        ("-5", None, None),
        ("5;w=0", None, None),
        ("five", None, None),
        ("5.5", None, None),
        ("", None, None),
    ],
)
def test_a_limit_is_read_in_every_form_seen(
    text: str, rate: float | None, window: int | None
) -> None:
    assert limit_rate(text) == (rate, window)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", (7, False)),
        ("10000000", (None, False)),
        (str(int(NOW.timestamp()) + 9), (9, True)),
        (f"{NOW.timestamp() + 9.5:.3f}", (9.5, True)),
        (str(int(NOW.timestamp()) * 1000 + 9500), (9.5, True)),
        (str(int(NOW.timestamp())), (None, True)),
        (str(int(NOW.timestamp()) - 9), (None, True)),
        (str(int(NOW.timestamp()) + 90_000), (LONGEST_PAUSE, True)),
        ("99999999999", (None, True)),
        ("999999999999999", (None, False)),
        ("-1", (None, False)),
    ],
)
def test_a_reset_is_seconds_or_a_moment_and_nothing_that_is_past(
    text: str, expected: tuple[float | None, bool]
) -> None:
    told, moment = reset_in(text, "", NOW)
    assert (told if told is None else round(told, 3), moment) == expected


def test_a_reset_at_a_moment_counts_from_the_servers_clock() -> None:
    theirs = NOW - timedelta(days=400)
    headers = {
        "date": format_datetime(theirs),
        "x-ratelimit-reset": str(int(theirs.timestamp()) + 7),
    }
    assert hint_from(headers, NOW).pause == 7


@pytest.mark.parametrize("reset", ["2", str(int(NOW.timestamp()) + 2)])
def test_what_remains_of_a_window_that_was_told_to_be_a_second_says_nothing(reset: str) -> None:
    headers = {
        "x-ratelimit-limit": "50, 50;w=1",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": reset,
    }
    assert hint_from(headers, NOW).rate == 50


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", 7),
        (" 1.5 ", 1.5),
        ("0", 0),
        ("9999999", LONGEST_PAUSE),
        ("10000000", None),
        ("1783000000", None),  # an epoch
        ("-7", None),
        ("NaN", None),
        ("1e9", None),
        ("٣", None),
        ("Wed, 01 Jul 2026 12:00:30 GMT", 30),
        ("Wed, 01 Jul 2026 14:00:30 +0200", 30),
        ("Wed, 01 Jul 2026 12:00:30 -0000", 30),
        ("Wed, 01 Jul 2026 11:59:59 GMT", None),
        ("Wed, 08 Jul 2026 12:00:00 GMT", LONGEST_PAUSE),
        ("Wed, 01 Jul 9999 23:59:59 GMT", None),
        ("Wed, 01 Jul 2026 12:00:30 +9999999999", None),
        ("Wed, 99 Foo 2026", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_nothing_that_is_past(
    text: str, expected: float | None
) -> None:
    assert retry_after(text, "", NOW) == expected


def test_a_date_counts_from_the_servers_clock_so_a_wrong_one_here_changes_nothing() -> None:
    theirs = NOW - timedelta(days=400)
    date, until = format_datetime(theirs), format_datetime(theirs + timedelta(seconds=9))
    assert retry_after(until, date, NOW) == 9
    assert retry_after(until, "no date", NOW) is None


def test_retry_after_goes_before_the_reset_and_zero_says_nothing() -> None:
    assert hint_from({"retry-after": "3", "x-ratelimit-reset": "9"}, NOW).pause == 3
    assert hint_from({"retry-after": "0", "x-ratelimit-reset": "9"}, NOW).pause == 9
    assert hint_from({"retry-after": "0", "x-ratelimit-reset": "0"}, NOW).pause is None


def test_in_a_long_window_what_remains_must_last_until_the_reset() -> None:
    headers = {
        "x-ratelimit-limit": "300",
        "x-ratelimit-remaining": "100",
        "x-ratelimit-reset": "50",
    }
    assert hint_from(headers, NOW).rate == 2
    told = headers | {"x-ratelimit-limit": "300, 300;w=60", "x-ratelimit-remaining": "290"}
    assert hint_from(told, NOW).rate == 5
    empty = headers | {"x-ratelimit-remaining": "0"}
    assert hint_from(empty, NOW).rate == 0.5


def test_what_remains_counts_for_more_than_a_limit_without_a_window() -> None:
    headers = {
        "x-ratelimit-limit": "5",
        "x-ratelimit-remaining": "1000",
        "x-ratelimit-reset": "10",
    }
    assert hint_from(headers, NOW).rate == 100


def test_in_a_window_that_was_not_told_a_reset_within_a_second_says_nothing_of_what_remains() -> (
    None
):
    headers = {
        "x-ratelimit-limit": "50",
        "x-ratelimit-remaining": "1",
        "x-ratelimit-reset": "1",
    }
    assert hint_from(headers, NOW).rate == 50


@pytest.mark.parametrize(
    ("headers", "trusted"),
    [
        ({"x-ratelimit-limit": "50"}, False),
        ({"x-ratelimit-limit": "50, 50;w=1"}, True),
        ({"x-ratelimit-limit": "50", "x-ratelimit-reset": "1"}, True),
        ({"retry-after": "3"}, False),
    ],
)
def test_a_limit_is_trusted_where_something_tells_of_its_window(
    headers: dict[str, str], trusted: bool
) -> None:
    assert hint_from(headers, NOW).trusted is trusted


def test_a_limit_without_end_is_capped() -> None:
    assert hint_from({"x-ratelimit-limit": "999999999"}, NOW).rate == 100_000
    assert hint_from({"x-ratelimit-limit": "9" * 5000}, NOW).rate is None


def test_in_a_window_of_a_second_what_remains_says_nothing() -> None:
    headers = {
        "x-ratelimit-limit": "50, 50;w=1",
        "x-ratelimit-remaining": "1",
        "x-ratelimit-reset": "1",
    }
    assert hint_from(headers, NOW).rate == 50
