"""One poller for everything that runs in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.api.clock import Clock
from reconciler.api.jobs import (
    JobAnswer,
    OrderAnswer,
    Progress,
    judge_job,
    judge_order,
    poll_jobs,
    poll_order,
)
from reconciler.api.read import ReadClient
from reconciler.errors import ApiError, KeyRefusedError

_FIRST, _LONGEST, _GROWTH = 0.5, 10.0, 1.5
_FAILED_ROUNDS = 5


@dataclass(slots=True, eq=False)
class _Watched:
    id: str
    numbers: Mapping[str, str] | None
    """Numbers by id for a job, None for an order."""
    order: Sequence[str]
    until: float
    progress: Progress
    result: asyncio.Future[Progress]


class Poller:
    """Waits for jobs and messaging orders, all of them in one round of calls.

    `timeout` is how long one may take, in seconds, before it is given up as it stands.
    """

    def __init__(self, reader: ReadClient, clock: Clock, timeout: float) -> None:
        self._reader = reader
        self._clock = clock
        self._timeout = timeout
        self._watched: dict[str, _Watched] = {}
        self._pause = _FIRST
        self._failed_rounds = 0
        self._round = asyncio.Event()

    async def job(self, job: JobAnswer, numbers: Mapping[str, str]) -> Progress:
        """Wait for a job to end, or for its time to be up. `numbers` are E.164 by id.

        Raises the ApiError that made polling impossible.
        """
        return await self._watch(judge_job(job, numbers), numbers, ())

    async def order(self, order: OrderAnswer, numbers: Sequence[str]) -> Progress:
        """Wait for a messaging order likewise."""
        return await self._watch(judge_order(order, numbers), None, numbers)

    async def free_place(self) -> bool:
        """Wait for one of ours to end, or a while for somebody else's; False when that takes
        longer than a job may."""
        started = self._clock.monotonic()
        if not self._watched:
            await self._clock.sleep(_LONGEST)
        before = set(self._watched)
        while before and before <= self._watched.keys():
            if self._clock.monotonic() - started > self._timeout:
                return False
            await self._round.wait()
        return True

    async def _watch(
        self, progress: Progress, numbers: Mapping[str, str] | None, order: Sequence[str]
    ) -> Progress:
        if progress.ended or progress.strangers:
            return progress
        watched = _Watched(
            progress.id,
            numbers,
            order,
            self._clock.monotonic() + self._timeout,
            progress,
            asyncio.get_running_loop().create_future(),
        )
        self._watched[watched.id] = watched
        self._pause = _FIRST
        return await watched.result

    async def run(self) -> None:
        """Poll for as long as the task lives."""
        while True:
            await self._clock.sleep(self._pause)
            self._pause = min(self._pause * _GROWTH, _LONGEST)
            if self._watched:
                await self._poll()
            self._round.set()
            self._round.clear()

    async def _poll(self) -> None:
        try:
            await self._ask()
            self._failed_rounds = 0
        except KeyRefusedError as refused:
            self._give_up(refused)
            return
        except ApiError as error:
            # The jobs go on without us; a few more rounds before they count as out of sight.
            self._failed_rounds += 1
            if self._failed_rounds >= _FAILED_ROUNDS:
                self._give_up(error)
                return
        for watched in list(self._watched.values()):
            late = self._clock.monotonic() >= watched.until
            if watched.progress.ended or watched.progress.strangers or late:
                del self._watched[watched.id]
                watched.result.set_result(watched.progress)

    async def _ask(self) -> None:
        jobs = [watched for watched in self._watched.values() if watched.numbers is not None]
        answers = await poll_jobs(self._reader, [watched.id for watched in jobs]) if jobs else {}
        for watched in jobs:
            if watched.numbers is not None:
                watched.progress = judge_job(answers[watched.id], watched.numbers)
        for watched in self._watched.values():
            if watched.numbers is None:
                answer = await poll_order(self._reader, watched.id)
                watched.progress = judge_order(answer, watched.order)

    def _give_up(self, error: ApiError) -> None:
        for watched in self._watched.values():
            watched.result.set_exception(error)
        self._watched.clear()
