"""Which operation begins when: what it depends on has come to its end, and there is a place for it.

A plan may hold hundreds of thousands of single calls. Only those that have a place are at work;
the others wait here, where each costs no more than its own line of the plan.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from reconciler.api.places import Places
from reconciler.api.together import together
from reconciler.core.operations import Operation

Begin = Callable[[Operation], Coroutine[Any, Any, None]]


class LineUp:
    """The operations of one run. `at_once` tells those that need no place to begin: what runs in
    the background, and what an earlier run has begun. With a `scout`, by its id, all others wait
    until it has been ahead."""

    def __init__(
        self,
        operations: Sequence[Operation],
        places: Places,
        at_once: Callable[[Operation], bool],
        scout: str,
    ) -> None:
        self._places = places
        self._is_at_once = at_once
        self._open = {each.id: len(each.depends_on) for each in operations}
        self._followers: defaultdict[str, list[Operation]] = defaultdict(list)
        for each in operations:
            for id_ in each.depends_on:
                self._followers[id_].append(each)
        self._at_once: asyncio.Queue[Operation] = asyncio.Queue()
        self._in_turn: asyncio.Queue[Operation] = asyncio.Queue()
        self._singles = sum(not at_once(each) for each in operations)
        self._running: set[asyncio.Task[None]] = set()
        self._placed: set[str] = set()
        self._held: list[Operation] = []
        self._is_held = bool(scout)
        for each in operations:
            if not each.depends_on:
                self._may_begin(each, ahead=each.id == scout)

    async def run(self, begin: Begin) -> None:
        """Begin every operation, and wait until all have come to their end.

        One that breaks takes no other with it: what became of it is for `begin` to note.
        """
        jobs = len(self._open) - self._singles
        try:
            async with together(
                (self._begin_at_once(jobs, begin), self._begin_in_turn(self._singles, begin))
            ) as beginning:
                await asyncio.gather(*beginning)
            while self._running:
                await asyncio.wait(self._running)
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    def scouted(self) -> None:
        """The scout has been ahead."""
        self._is_held = False
        held, self._held = self._held, []
        for each in held:
            self._may_begin(each)

    def ended(self, operation: Operation) -> None:
        """An operation has come to its end: what depends on it may begin."""
        self.leave(operation)
        for each in self._followers.pop(operation.id, ()):
            self._open[each.id] -= 1
            if not self._open[each.id]:
                self._may_begin(each)

    async def take(self, operation: Operation) -> None:
        """Wait for a place to make a call; the first time it is the one that it began with."""
        if operation.id not in self._placed:
            await self._places.take()
            self._placed.add(operation.id)

    def leave(self, operation: Operation) -> None:
        """Give the place back, if there is one."""
        if operation.id in self._placed:
            self._placed.remove(operation.id)
            self._places.free()

    def _may_begin(self, operation: Operation, *, ahead: bool = False) -> None:
        if self._is_held and not ahead:
            self._held.append(operation)
        else:
            queue = self._at_once if self._is_at_once(operation) else self._in_turn
            queue.put_nowait(operation)

    async def _begin_at_once(self, count: int, begin: Begin) -> None:
        for _ in range(count):
            self._start(begin(await self._at_once.get()))

    async def _begin_in_turn(self, count: int, begin: Begin) -> None:
        for _ in range(count):
            operation = await self._in_turn.get()
            await self.take(operation)
            self._start(begin(operation))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, so that asyncio does not tell of it once more
