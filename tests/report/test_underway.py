"""The line that is shown while an apply is under way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from reconciler.core.fields import Listing
from reconciler.core.forecast import Standing
from reconciler.report.underway import reading_line, standing_line

NOW = datetime(2026, 7, 1, 14, 30, 0, tzinfo=UTC)


def standing(seconds: float | None, *, calls: int = 58, reading_back: int = 0) -> Standing:
    return Standing(29, 12, 340, calls, reading_back, seconds)


@pytest.mark.parametrize(
    ("seconds", "ending"),
    [
        (None, ""),
        (0.2, "; ends about 14:30:00 UTC, in 1 s"),
        (82.0, "; ends about 14:31:22 UTC, in 1 min 30 s"),
        (3000.0, "; ends about 15:20 UTC, in 50 min"),
        (90_000.0, "; ends about 2026-07-02 15:30 UTC, in 25 h"),
    ],
)
def test_what_is_left_and_when_it_ends_as_finely_as_it_can_be_known(
    seconds: float | None, ending: str
) -> None:
    left = "Applying: 12 of 29 operations left, on 340 numbers, about 58 calls"
    assert standing_line(standing(seconds), NOW) == left + ending


def test_the_time_is_that_of_the_zone_it_is_asked_in() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=2), "CEST"))
    assert "16:31:00 CEST" in standing_line(standing(60.0), there)


def test_reading_back_says_what_it_waits_for() -> None:
    reading = standing(2.0, calls=8, reading_back=61)
    assert standing_line(reading, NOW) == (
        "Reading 61 numbers back: about 8 calls left; ends about 14:30:02 UTC, in 2 s"
    )
    waiting = standing(None, calls=0, reading_back=1)
    assert standing_line(waiting, NOW) == (
        "Reading 1 number back: waiting for what does not show yet"
    )


def test_reading_a_list_tells_its_rows() -> None:
    assert reading_line(Listing.VOICE, 12_000, 100_000) == (
        "Reading the voice list: 12,000 of 100,000 rows"
    )
