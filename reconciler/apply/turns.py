"""Moments at which several do the same thing together, so that one call serves them all."""

from __future__ import annotations

import math

from reconciler.api.clock import Clock

_GATHER_SECONDS = 0.05


class Turns:
    """Moments of a clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def next(self, seconds: float, every: float) -> float:
        """Seconds, at least `seconds`, until the clock shows a multiple of `every` seconds."""
        if seconds <= 0:
            return 0.0
        now = self._clock.monotonic()
        return math.ceil((now + seconds) / every) * every - now

    async def gather(self) -> None:
        """Wait just so long that whoever is about to ask for the same can."""
        await self._clock.sleep(_GATHER_SECONDS)
