"""An event loop whose time is virtual: when nothing else is left to do, it jumps to the next timer.

Everything that asyncio does with time (sleep, timeout, call_later) then takes none, so the real
code can be run for minutes of its own time in a moment, and always in the same order. For what
waits for no socket: a wait that no timer ends is an error at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import TypeVar

T = TypeVar("T")

START = datetime(2026, 7, 1, 12, 0, 0, tzinfo=UTC)


class _Timers(selectors.DefaultSelector):
    """Passes the time that it is asked to wait."""

    def __init__(self, start: float) -> None:
        super().__init__()
        self.time = start

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("everything waits, and for nothing that will come")
        self.time += max(timeout, 0.0)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Starts at `start`, in seconds."""

    def __init__(self, start: float = 0.0) -> None:
        self._timers = _Timers(start)
        super().__init__(self._timers)

    def time(self) -> float:
        return self._timers.time


class VirtualClock:
    """The clock of the loops that it runs, one after the other, as `api.clock.Clock` has it."""

    def __init__(self) -> None:
        self.time = 0.0

    def monotonic(self) -> float:
        with contextlib.suppress(RuntimeError):  # between two loops it stands
            self.time = asyncio.get_running_loop().time()
        return self.time

    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic())

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0.0))

    def run(self, work: Coroutine[object, object, T]) -> T:
        """`asyncio.run`, in virtual time."""

        async def timed() -> T:
            try:
                return await work
            finally:
                self.monotonic()

        with asyncio.Runner(loop_factory=lambda: VirtualLoop(self.time)) as runner:
            return runner.run(timed())
