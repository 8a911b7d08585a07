"""The account's rate limit: a fixed window of one second, and the headers that tell of it."""

from __future__ import annotations

from email.utils import formatdate
from math import ceil
from typing import Literal

import msgspec

from reconciler.sandbox.problems import Problem, RefusedError


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`per_second` None refuses nothing. `retry_after` is how a 429 says when to come back."""

    per_second: int | None = None
    retry_after: Literal["none", "seconds", "date"] = "none"


UNLIMITED = 2000
"""What the headers say while nothing is refused."""


class Meter:
    """Counts the requests of the current second."""

    def __init__(self) -> None:
        self.limit = Limit()
        self.refused = 0
        self._opened = 0.0
        self._used = 0

    def admit(self, now: float, wall: float) -> None:
        """Count a request. Raises 429 when the second is full."""
        if now - self._opened >= 1.0:
            self._opened, self._used = now, 0
        most = self.limit.per_second
        if most is not None and self._used >= most:
            self.refused += 1
            raise RefusedError(
                429,
                [Problem("10011", "You have exceeded the maximum number of allowed requests.")],
                headers=self._retry_after(now, wall),
            )
        self._used += 1

    def headers(self, now: float, *, window: bool) -> dict[str, str]:
        """`x-ratelimit-...`, as the window stands."""
        most = UNLIMITED if self.limit.per_second is None else self.limit.per_second
        shown = f"{most}, {most};w=1" if window else str(most)
        return {
            "x-ratelimit-limit": shown,
            "x-ratelimit-remaining": str(max(0, most - self._used)),
            "x-ratelimit-reset": str(self._wait(now)),
        }

    def _wait(self, now: float) -> int:
        return max(1, ceil(self._opened + 1.0 - now))

    def _retry_after(self, now: float, wall: float) -> dict[str, str]:
        if self.limit.retry_after == "none":
            return {}
        if self.limit.retry_after == "seconds":
            return {"retry-after": str(self._wait(now))}
        return {"retry-after": formatdate(ceil(wall + self._wait(now)), usegmt=True)}
