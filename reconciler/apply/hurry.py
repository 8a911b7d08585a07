"""What Ctrl-C does to waiting: calls in flight finish, nothing else is waited for.

Whoever waits gets a moment more, so that what is there can still be read back and written down.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

from reconciler.api.clock import Clock
from reconciler.api.message import Reply, Request, Transport
from reconciler.apply.control import Stop
from reconciler.errors import FatalNetworkError

MOMENT = 2.0
"""Seconds after an interrupt during which calls that take their turn at once may still be made."""

_SHORT = 0.5
"""A wait so short is not worth cutting."""


class Haste:
    """A clock whose `sleep` ends early once the user wants out: for whoever looks at the stop
    after it. The rest is that of `clock`."""

    def __init__(self, clock: Clock, stop: Stop) -> None:
        self._clock = clock
        self._stop = stop

    def monotonic(self) -> float:
        """That of the clock."""
        return self._clock.monotonic()

    def now(self) -> datetime:
        """That of the clock."""
        return self._clock.now()

    async def sleep(self, seconds: float) -> None:
        """Wait, but no longer than until an interrupt."""
        if seconds <= _SHORT or self._stop.interrupted:
            await self._clock.sleep(min(seconds, _SHORT))
            return
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        with self._stop.noticed() as interrupted:
            try:
                await asyncio.wait({sleeping, interrupted}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                sleeping.cancel()


class LastCalls(Haste):
    """The same for what makes calls: there a wait that is cut short must not end in a call, so it
    ends in an error that says that nothing was sent."""

    def __init__(self, clock: Clock, stop: Stop) -> None:
        super().__init__(clock, stop)
        self._until: float | None = None

    def check(self) -> None:
        """Raise when the moment after an interrupt is over."""
        if not self._stop.interrupted:
            return
        now = self.monotonic()
        if self._until is None:
            self._until = now + MOMENT
        if now >= self._until:
            raise FatalNetworkError("interrupted", "it was not sent any more")

    async def sleep(self, seconds: float) -> None:
        """Wait to the end, or raise FatalNetworkError, status 0, when there is an interrupt."""
        until = self.monotonic() + seconds
        await super().sleep(seconds)
        while (left := until - self.monotonic()) > 0 and self._stop.interrupted:
            self.check()
            await self._clock.sleep(min(left, _SHORT))


class Door(Transport):
    """The way to the API, closed a moment after an interrupt."""

    def __init__(self, inner: Transport, calls: LastCalls) -> None:
        self._inner = inner
        self._calls = calls

    async def send(self, request: Request) -> Reply:
        """Pass the request on, or raise FatalNetworkError: nothing of it was sent."""
        self._calls.check()
        return await self._inner.send(request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()
