"""How many may be at work side by side: as many as the pace has use for, whatever it is by now.

Each at work has one call in flight, or waits for its turn, or thinks. Twice as many as may be in
flight keep the pace from ever being held back, and no more than that are there to be stopped.
Where one at work first waits for what is read for many, there is room for what is sent meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterable
from contextlib import aclosing, asynccontextmanager
from itertools import islice
from typing import Any, TypeVar

from reconciler.api.limiter import Limiter

T = TypeVar("T")


class Places:
    """Each who has one gives it back; first come first served."""

    def __init__(self, limiter: Limiter, seconds: float = 0.0) -> None:
        """`seconds`: at least as many places as calls go out in that time."""
        self._limiter = limiter
        self._seconds = seconds
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def taken(self) -> int:
        """How many are at work."""
        return self._taken

    @property
    def most(self) -> int:
        """How many there are places for now."""
        return max(self._limiter.at_work, int(self._limiter.rate * self._seconds))

    async def take(self) -> None:
        """Wait for a place."""
        if self._taken < self.most and not self._waiting:
            self._taken += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it was given the place in the same moment
                self.free()
            elif turn in self._waiting:
                self._waiting.remove(turn)
            raise

    def free(self) -> None:
        """Give a place back."""
        self._taken -= 1
        # There may be more places by now than when they were taken: then several go on.
        while self._waiting and self._taken < self.most:
            turn = self._waiting.popleft()
            if not turn.done():
                self._taken += 1
                turn.set_result(None)


@asynccontextmanager
async def in_places(
    limiter: Limiter, work: Iterable[Coroutine[Any, Any, T]]
) -> AsyncIterator[AsyncIterator[T]]:
    """What `work` gives, as it comes, each begun when there is a place for it.

    The first that raises ends the iteration; on the way out, whatever is not done is cancelled
    and waited for.
    """
    running: set[asyncio.Task[T]] = set()

    async def results() -> AsyncGenerator[T, None]:
        done: asyncio.Queue[asyncio.Task[T]] = asyncio.Queue()
        todo = iter(work)
        while True:
            for each in islice(todo, max(limiter.at_work - len(running), 0)):
                task = asyncio.ensure_future(each)
                task.add_done_callback(done.put_nowait)
                running.add(task)
            if not running:
                return
            task = await done.get()
            running.discard(task)
            yield await task

    try:
        async with aclosing(results()) as coming:
            yield coming
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
