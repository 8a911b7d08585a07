"""The words that all reports share."""

from __future__ import annotations

import pytest

from reconciler.core.eta import Eta
from reconciler.core.fields import Channel
from reconciler.core.values import LIVE_SECRET, Secret
from reconciler.report.words import calls, count, duration, shown, time_range


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 numbers"), (1, "1 number"), (2, "2 numbers"), (12_400, "12,400 numbers")],
)
def test_a_count_is_singular_for_one(number: int, text: str) -> None:
    assert count(number, "number") == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (-3, "0 s"),
    ],
)
def test_a_duration_is_short(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_calls_are_added_up() -> None:
    made = {Channel.PATCH_NUMBER: 41, Channel.UPDATE_JOB: 13, Channel.MESSAGING_BULK: 1}
    assert calls(made) == "13 update jobs + 1 messaging bulk update + 41 PATCH number"


def test_no_calls_are_said_to_be_none() -> None:
    assert calls({Channel.PATCH_NUMBER: 0}) == "no write calls"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        ("a", '"a"'),
        ("", '""'),
        (("a", "b"), '["a", "b"]'),
        ((), "[]"),
        (LIVE_SECRET, "(secret)"),
        (Secret("env:PIN"), "(secret env:PIN)"),
        ("\x1b[31m", '"\\u001b[31m"'),
    ],
)
def test_a_value_is_shown_on_one_line(value: object, text: str) -> None:
    assert shown(value) == text  # type: ignore[arg-type]


def test_a_long_value_is_cut() -> None:
    assert len(shown("x" * 10_000)) == 200


@pytest.mark.parametrize(
    ("soonest", "latest", "text"),
    [
        (0, 1, "about 1 s"),
        (2, 5, "about 2 to 5 s"),
        (23, 118, "about 25 s to 2 min"),
        (72, 4000, "about 1 min to 1 h 10 min"),
    ],
)
def test_a_range_of_time_is_no_finer_than_anybody_can_know(
    soonest: int, latest: int, text: str
) -> None:
    assert time_range(Eta(soonest, soonest, latest)) == text
