"""The one limiter that all workers of a run share: it holds each call back until its turn."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from reconciler.api.clock import Clock
from reconciler.api.headers import hint_from
from reconciler.api.pace import Pace
from reconciler.api.settings import Limits
from reconciler.errors import RateLimitedError

_TOO_MANY_REQUESTS = 429


@dataclass(frozen=True, slots=True)
class Slot:
    """The turn of one call; `sent_at` in seconds of the monotonic clock."""

    sent_at: float


class Limiter:
    """Hands out turns, first come first served, at the pace that `Pace` finds.

    Only the first in the queue looks at the pace; the rest wait behind it, so a change of rate
    or a pause holds for all of them at once.
    """

    def __init__(
        self,
        limits: Limits,
        clock: Clock,
        rng: random.Random | None = None,
        connections: float = math.inf,
    ) -> None:
        """`connections`: calls in flight that this machine can hold."""
        self._limits = limits
        self._clock = clock
        self._pace = Pace(
            limits.rate_per_second, limits.concurrency, rng or random.SystemRandom(), connections
        )
        self._gate = asyncio.Lock()
        self._freed = asyncio.Event()
        self._in_flight = 0

    @property
    def rate(self) -> float:
        """Calls a second at which they go now."""
        return self._pace.rate

    @property
    def at_work(self) -> int:
        """How many there is work for side by side, each with one call at a time."""
        return self._pace.at_work()

    @asynccontextmanager
    async def slot(self, call: str, patience: float | None = None) -> AsyncIterator[Slot]:
        """Wait for a turn and hold a place in flight until the block ends.

        `patience`: seconds of a shared pause this call is ready to wait (default: max_wait).
        Raises RateLimitedError with `gave_up`, nothing sent, when the pause is longer, or when
        answers have been 429 and nothing else for longer than max_wait.
        """
        await self._enter(call, self._limits.max_wait_seconds if patience is None else patience)
        try:
            yield Slot(self._clock.monotonic())
        finally:
            self._in_flight -= 1
            self._freed.set()

    def answered(self, slot: Slot, status: int, headers: Mapping[str, str]) -> float:
        """Learn from an answer as soon as its head is there; a 429 gives the pause in seconds."""
        now = self._clock.monotonic()
        hint = hint_from(headers, self._clock.now())
        if status == _TOO_MANY_REQUESTS:
            return self._pace.refused(now, slot.sent_at, hint)
        self._pace.answered(now, slot.sent_at, hint)
        return 0.0

    def pause(self, seconds: float) -> None:
        """Hold every call back for `seconds`, as a 503 with Retry-After asks."""
        self._pace.pause(self._clock.monotonic(), seconds)

    async def _enter(self, call: str, patience: float) -> None:
        async with self._gate:
            while self._in_flight >= self._pace.room():
                self._freed.clear()
                await self._freed.wait()
            while (delay := self._pace.wait(self._clock.monotonic())) > 0:
                self._check_patience(call, patience)
                await self._clock.sleep(delay)
            self._pace.sent(self._clock.monotonic())
            self._in_flight += 1

    def _check_patience(self, call: str, patience: float) -> None:
        now = self._clock.monotonic()
        left = self._pace.pause_left(now)
        longest = self._limits.max_wait_seconds
        stalled = self._pace.stalled(now)
        if left <= 0 or (left <= patience and left + stalled <= longest):
            return
        until = self._clock.now() + timedelta(seconds=left)
        so_far = f", after {stalled:.0f} s of nothing but 429" if stalled >= 1 else ""
        raise RateLimitedError(
            call,
            f"the API asks to wait until {until:%Y-%m-%d %H:%M:%S} UTC ({left:.0f} s){so_far}; "
            f"--max-wait is {longest:.0f} s",
            wait_seconds=left,
            gave_up=True,
        )
