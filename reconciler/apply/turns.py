"""Moments at which several do the same thing together, so that one call serves them all."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.api.clock import Clock

_GATHER_SECONDS = 0.05


class Turns:
    """Waits that end together. `give_up` ends them all."""

    def __init__(self, clock: Clock, give_up: Callable[[], bool]) -> None:
        self._clock = clock
        self._give_up = give_up
        self._due: list[float] = []

    async def wait(self, seconds: float, slack: float) -> None:
        """Wait `seconds`, and up to `slack` more where somebody else's wait ends by then."""
        if seconds <= 0:
            return
        own = self._clock.monotonic() + seconds
        self._due.append(own)
        try:
            while not self._give_up():
                last = max(due for due in self._due if due <= own + slack)
                if (left := last - self._clock.monotonic()) <= 0:
                    return
                await self._clock.sleep(left)
        finally:
            self._due.remove(own)


async def gather(clock: Clock) -> None:
    """Wait just so long that whoever is about to ask for the same can."""
    await clock.sleep(_GATHER_SECONDS)
