"""How often, and how soon again: full jitter, and a budget that all calls of a run share."""

from __future__ import annotations

import random

_FIRST_SECONDS = 0.5
_LONGEST_SECONDS = 30.0


def backoff(attempt: int, rng: random.Random) -> float:
    """Seconds to wait after failed try number `attempt` (from 1): anything up to 0.5, 1, 2 … 30."""
    return rng.uniform(0.0, min(_FIRST_SECONDS * 2.0 ** (attempt - 1), _LONGEST_SECONDS))


class RetryBudget:
    """10 retries at the start and one more for every two calls: a dead server is known soon.

    One in five calls failing takes 0.25 retries a call, which this outlasts for ever; with all of
    them failing it is used up within the first few calls, however many are in the queue.
    """

    __slots__ = ("_left", "_share")

    def __init__(self, start: float = 10.0, share: float = 0.5) -> None:
        self._left = start
        self._share = share

    def earn(self) -> None:
        """A call was made for the first time."""
        self._left += self._share

    def spend(self) -> bool:
        """Take one retry; False when there is none left."""
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
