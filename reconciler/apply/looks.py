"""Looks at live numbers that are taken together, so that one reading serves several operations."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

from reconciler.api.clock import Clock
from reconciler.apply.turns import gather

Q = TypeVar("Q")
A = TypeVar("A")


class Looks(Generic[Q, A]):
    """`read` answers several questions in one go, when `is_time` says so: it is asked every now
    and then, and given how many questions wait and how many are being answered."""

    def __init__(
        self,
        clock: Clock,
        read: Callable[[Sequence[Q]], Awaitable[A]],
        is_time: Callable[[int, int], bool],
    ) -> None:
        self._clock = clock
        self._read = read
        self._is_time = is_time
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._in_reading = 0
        self._gathering: asyncio.Task[None] | None = None
        self._readings: set[asyncio.Task[None]] = set()

    async def ask(self, question: Q) -> A:
        """What `read` says of this and of those who ask at about the same time."""
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if self._gathering is None:
            self._gathering = asyncio.ensure_future(self._gather())
        return await answer

    async def _gather(self) -> None:
        try:
            while self._waiting:
                await gather(self._clock)
                if self._is_time(len(self._waiting), self._in_reading):
                    reading = asyncio.ensure_future(self._answer(self._waiting))
                    self._in_reading += len(self._waiting)
                    self._waiting = []
                    self._readings.add(reading)
                    reading.add_done_callback(self._readings.discard)
        except Exception as error:  # noqa: BLE001 - as below: a wait may end in an error, too
            waiting, self._waiting = self._waiting, []
            _refuse(waiting, error)
        finally:
            self._gathering = None

    async def _answer(self, batch: Sequence[tuple[Q, asyncio.Future[A]]]) -> None:
        try:
            found = await self._read([question for question, _ in batch])
        except Exception as error:  # noqa: BLE001 - it is handed to everybody who waits
            _refuse(batch, error)
        else:
            for _, answer in batch:
                if not answer.done():
                    answer.set_result(found)
        finally:
            self._in_reading -= len(batch)


def _refuse(asked: Sequence[tuple[Any, asyncio.Future[Any]]], error: Exception) -> None:
    """Hand `error` to everybody who waits for an answer."""
    for _, answer in asked:
        if not answer.done():
            answer.set_exception(error)
