"""What is said while something is under way: one line, which says nothing that is not known."""

from __future__ import annotations

from datetime import datetime, timedelta

from reconciler.core.fields import Listing
from reconciler.core.forecast import Standing
from reconciler.core.live import NAMES
from reconciler.report.words import count, roughly

_TO_THE_SECOND = 300.0
_TODAY = timedelta(hours=20)


def standing_line(standing: Standing, now: datetime) -> str:
    """How an apply stands at `now`, in the zone that its times are to be told in:
    `Applying: 12 of 29 operations left, on 340 numbers, about 58 calls; ends about 14:32:10 CET,
    in 1 min 20 s`."""
    left = _left(standing)
    if standing.seconds_left is None:
        return left
    return f"{left}; ends about {_ending(standing.seconds_left, now)}"


def reading_line(listing: Listing, done: int, total: int) -> str:
    """`Reading phone numbers: 12,000 of 100,000 rows`."""
    return f"Reading {NAMES[listing]}: {done:,} of {count(total, 'row')}"


def _left(standing: Standing) -> str:
    calls = count(standing.calls_left, "call")
    if standing.reading_back:
        back = f"Reading {count(standing.reading_back, 'number')} back"
        waiting = "waiting for what does not show yet"
        return f"{back}: {f'about {calls} left' if standing.calls_left else waiting}"
    all_of_them = count(standing.operations, "operation")
    numbers = count(standing.numbers_left, "number")
    of = f"{standing.operations_left:,} of {all_of_them} left"
    return f"Applying: {of}, on {numbers}, about {calls}"


def _ending(seconds: float, now: datetime) -> str:
    end = now + timedelta(seconds=seconds)
    day = "" if end - now < _TODAY else f"{end:%Y-%m-%d} "
    second = ":%S" if seconds < _TO_THE_SECOND else ""
    zone = f" {end:%Z}" if end.tzinfo else ""
    return f"{day}{end:%H:%M{second}}{zone}, in {roughly(seconds)}"
