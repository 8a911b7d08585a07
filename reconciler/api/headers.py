"""What an answer's headers say about pace, read without trust. Pure.

Any header value at all gives None or a bounded number that is zero or more: a header that is
negative, NaN, huge, past or garbage is as good as absent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

# No pause that the API asks for is taken to be longer.
LONGEST_PAUSE = 86_400.0

# A reset, or a window, below this is one of a second: servers round up, a moment in time more so.
_LONG_WINDOW = 2.0
_LONG_UNTIL_A_MOMENT = 3.0
# The slowest pace that a policy, and that a quota which is used up, can ask for.
_SLOWEST = 0.05
_SLOWEST_ON_EMPTY = 0.5
_FASTEST = 100_000.0
_LONGEST_HEADER = 200

# What is longer than four months is a moment in time, or nonsense, and no pause.
_BELIEVED = 1e7
# Moments from 2001 on, as seconds since 1970, and as milliseconds.
_MOMENTS = ((1e9, 1e11, 1.0), (1e12, 1e14, 1000.0))
_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?", re.ASCII)
_POLICY = re.compile(r"\s*([0-9]{1,9})\s*((?:;[^,]*)?)", re.ASCII)
_WINDOW = re.compile(r";\s*w\s*=\s*\"?([0-9]{1,9})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Hint:
    """What one answer's headers tell.

    `rate`: calls a second that may go on, all things told; `trusted`: the length of the window
    was told too, not guessed. `pause`: seconds to wait after a 429.
    """

    rate: float | None = None
    trusted: bool = False
    pause: float | None = None


NO_HINT = Hint()


def hint_from(headers: Mapping[str, str], now: datetime) -> Hint:
    """Read `x-ratelimit-*` and `Retry-After`; `headers` finds names in lower case, `now` in UTC."""
    limit, date = headers.get("x-ratelimit-limit", ""), headers.get("date", "")
    reset, at_a_moment = reset_in(headers.get("x-ratelimit-reset", ""), date, now)
    after = retry_after(headers.get("retry-after", ""), date, now)
    if not limit and reset is None and after is None:
        return NO_HINT
    rate, window = limit_rate(limit)
    trusted = window is not None
    long = _LONG_UNTIL_A_MOMENT if at_a_moment else _LONG_WINDOW
    if reset is not None and reset >= long and (window is None or window >= _LONG_WINDOW):
        left = seconds(headers.get("x-ratelimit-remaining", ""))
        if left is not None:
            lasting = max(left / reset, _SLOWEST_ON_EMPTY)
            rate = lasting if rate is None or not trusted else min(rate, lasting)
    rate = None if rate is None else min(rate, _FASTEST)
    return Hint(rate, trusted or reset is not None, after or reset or None)


def seconds(text: str) -> float | None:
    """Seconds as a plain decimal, capped at a day; anything else, and four months, is None."""
    number = _number(text)
    return None if number is None else _bounded(number)


def reset_in(text: str, date: str, now: datetime) -> tuple[float | None, bool]:
    """Seconds until the reset, and whether it was told as a moment: seconds, or milliseconds,
    since 1970. Such a one is counted as the date of `retry_after` is; one that is past is None."""
    number = _number(text)
    for first, last, unit in _MOMENTS:
        if number is not None and first <= number < last:
            wait = number / unit - (_http_date(date) or now).timestamp()
            return (_bounded(wait) if wait > 0 else None), True
    return (None if number is None else _bounded(number)), False


def _number(text: str) -> float | None:
    text = text.strip()
    if len(text) > _LONGEST_HEADER or not _NUMBER.fullmatch(text):
        return None
    return float(text)


def _bounded(wait: float) -> float | None:
    return min(wait, LONGEST_PAUSE) if wait < _BELIEVED else None


def retry_after(text: str, date: str, now: datetime) -> float | None:
    """`Retry-After` in seconds from now, as a count or an HTTP date; a day at most.

    A date is counted from the answer's own `Date`, so that a clock that is wrong here or there
    changes nothing; without one, from `now`. A date that is past is None.
    """
    plain = seconds(text)
    if plain is not None:
        return plain
    until = _http_date(text)
    if until is None:
        return None
    wait = (until - (_http_date(date) or now)).total_seconds()
    return _bounded(wait) if wait > 0 else None


@lru_cache(maxsize=64)  # the same text comes with every answer
def limit_rate(text: str) -> tuple[float | None, int | None]:
    """Calls a second out of `2000` or `2000, 2000;w=1, 90000;w=3600`, and the longest `w`.

    Of several policies the slowest counts. Without `w` the limit is taken to be for a second.
    """
    if len(text) > _LONGEST_HEADER:
        return None, None
    told: list[tuple[float, int]] = []
    bare: list[float] = []
    for part in text.split(","):
        policy = _POLICY.fullmatch(part)
        if policy is None or not int(policy[1]):
            continue
        window = _WINDOW.search(policy[2])
        if window is None:
            bare.append(float(policy[1]))
        elif int(window[1]):
            told.append((max(int(policy[1]) / int(window[1]), _SLOWEST), int(window[1])))
    if told:
        return min(rate for rate, _ in told), max(window for _, window in told)
    return (min(bare) if bare else None), None


def _http_date(text: str) -> datetime | None:
    if not text or len(text) > _LONGEST_HEADER:
        return None
    from email.utils import parsedate_to_datetime  # few servers tell time so

    try:
        date = parsedate_to_datetime(text)
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
