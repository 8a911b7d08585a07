"""What an answer's headers say about pace, read without trust. Pure.

Any header value at all gives None or a bounded number that is zero or more: a header that is
negative, NaN, huge, past or garbage is as good as absent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

# No pause that the API asks for is taken to be longer.
LONGEST_PAUSE = 86_400.0

# A reset below this says nothing about how long the window is: servers round it up to 1.
_LONG_WINDOW = 2.0
# The slowest pace that a policy, and that a quota which is used up, can ask for.
_SLOWEST = 0.05
_SLOWEST_ON_EMPTY = 0.5
_FASTEST = 100_000.0
_LONGEST_HEADER = 200

# What is longer than four months is a moment in time, or nonsense, and no pause.
_BELIEVED = 1e7
_SECONDS = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?", re.ASCII)
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
    limit = headers.get("x-ratelimit-limit", "")
    reset = seconds(headers.get("x-ratelimit-reset", ""))
    after = retry_after(headers.get("retry-after", ""), headers.get("date", ""), now)
    if not limit and reset is None and after is None:
        return NO_HINT
    rate, trusted = limit_rate(limit)
    if reset is not None and reset >= _LONG_WINDOW:
        left = seconds(headers.get("x-ratelimit-remaining", ""))
        if left is not None:
            lasting = max(left / reset, _SLOWEST_ON_EMPTY)
            rate = lasting if rate is None or not trusted else min(rate, lasting)
            trusted = True
    rate = None if rate is None else min(rate, _FASTEST)
    return Hint(rate, trusted or reset is not None, after or reset or None)


def seconds(text: str) -> float | None:
    """Seconds as a plain decimal, capped at a day; anything else, and four months, is None."""
    text = text.strip()
    if len(text) > _LONGEST_HEADER or not _SECONDS.fullmatch(text):
        return None
    return _bounded(float(text))


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
def limit_rate(text: str) -> tuple[float | None, bool]:
    """Calls a second out of `2000` or `2000, 2000;w=1, 90000;w=3600`, and whether `w` was told.

    Of several policies the slowest counts. Without `w` the limit is taken to be for a second.
    """
    if len(text) > _LONGEST_HEADER:
        return None, False
    told: list[float] = []
    bare: list[float] = []
    for part in text.split(","):
        policy = _POLICY.fullmatch(part)
        if policy is None or not int(policy[1]):
            continue
        window = _WINDOW.search(policy[2])
        if window is None:
            bare.append(float(policy[1]))
        elif int(window[1]):
            told.append(max(int(policy[1]) / int(window[1]), _SLOWEST))
    if told:
        return min(told), True
    return (min(bare), False) if bare else (None, False)


def _http_date(text: str) -> datetime | None:
    if not text or len(text) > _LONGEST_HEADER:
        return None
    try:
        date = parsedate_to_datetime(text)
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
