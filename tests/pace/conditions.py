"""What the servers of the simulation are like, by name: for the tests, and for the long form."""

from __future__ import annotations

from collections.abc import Callable

from tests.api.pacing import (
    Bucket,
    FixedWindows,
    Headers,
    Server,
    Shared,
    SlidingWindow,
    retry_after_only,
    retry_at_only,
    silent,
    telling,
    telling_the_hour,
    telling_when_refused,
)

SERVERS: dict[str, Callable[[int], Server]] = {
    "fixed windows": FixedWindows,
    "a sliding window": SlidingWindow,
    "a bucket of a second": lambda allowed: Bucket(allowed, allowed),
    "a small bucket": lambda allowed: Bucket(allowed, max(2, allowed / 10)),
    "fixed windows, shared": lambda allowed: Shared(FixedWindows(allowed), 0.3),
    "a bucket, shared": lambda allowed: Shared(Bucket(allowed, allowed), 0.3),
}
"""By how many calls a second they allow; of the shared ones a stranger takes three in ten."""

HEADERS: dict[str, Headers] = {
    "nothing": silent,
    "limit and reset in seconds": telling,
    "limit and reset at a moment": telling_the_hour,
    "limit and reset on 429 only": telling_when_refused,
    "Retry-After in seconds": retry_after_only,
    "Retry-After as a date": retry_at_only,
}

LATENCIES = (0.02, 0.1, 0.3)
RATES = (5, 50, 2000)

LEAST_REACHED = 0.85


def most_refused(server: str, allowed: int) -> float:
    """The largest share of 429 there may be: where a stranger takes one or two of the five calls
    of a second, by turns, what is left for us is no steady number."""
    return 0.015 if allowed == 5 and "shared" in server else 0.01
