"""One poller for everything that runs in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
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
from reconciler.api.settings import segment
from reconciler.core.text import Redactor
from reconciler.errors import ApiError, KeyRefusedError, UnavailableError

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
    clean: Redactor
    failed_rounds: int = 0

    def judge(self, answer: JobAnswer | OrderAnswer) -> Progress:
        if isinstance(answer, JobAnswer):
            return judge_job(answer, self.numbers or {}, self.clean)
        return judge_order(answer, self.order)


class Poller:
    """Waits for jobs and messaging orders, all of them in one round of calls.

    `timeout` is how long one may take, in seconds, before it is given up as it stands. With
    `hurry` all of them are, after one more look. `clean` takes secrets out of what jobs say.
    """

    def __init__(
        self,
        reader: ReadClient,
        clock: Clock,
        timeout: float,
        hurry: Callable[[], bool],
        clean: Redactor,
    ) -> None:
        self._reader = reader
        self._clock = clock
        self._timeout = timeout
        self._hurry = hurry
        self._clean = clean
        self._watched: dict[str, _Watched] = {}
        self._pause = _FIRST
        self._round = asyncio.Event()
        self._ended = False

    def judge_job(self, job: JobAnswer, numbers: Mapping[str, str]) -> Progress:
        """What a job says of `numbers`, which are E.164 by id."""
        return judge_job(job, numbers, self._clean)

    def judge_order(self, order: OrderAnswer, numbers: Sequence[str]) -> Progress:
        """What a messaging order says of `numbers`."""
        return judge_order(order, numbers)

    async def job(self, job: Progress, numbers: Mapping[str, str]) -> Progress:
        """Wait for a job to end, or for its time to be up. `numbers` are E.164 by id.

        Raises the ApiError that made polling impossible.
        """
        return await self._watch(job, numbers, ())

    async def order(self, order: Progress, numbers: Sequence[str]) -> Progress:
        """Wait for a messaging order likewise."""
        return await self._watch(order, None, numbers)

    async def free_place(self, until: float) -> bool:
        """Wait for one of ours to end, or a while for somebody else's; False at `until`, a
        moment of the clock."""
        if not self._watched:
            await self._clock.sleep(_LONGEST)
        before = set(self._watched)
        while before and before <= self._watched.keys() and self._clock.monotonic() < until:
            await self._round.wait()
        return self._clock.monotonic() < until

    async def _watch(
        self, progress: Progress, numbers: Mapping[str, str] | None, order: Sequence[str]
    ) -> Progress:
        if progress.ended or progress.strangers:
            return progress
        segment(progress.id)
        if progress.id in self._watched or self._ended:
            raise UnavailableError("poll", f"{progress.id} is already waited for, or nothing is")
        watched = _Watched(
            progress.id,
            numbers,
            order,
            self._clock.monotonic() + self._timeout,
            progress,
            asyncio.get_running_loop().create_future(),
            self._clean,
        )
        self._watched[watched.id] = watched
        self._pause = _FIRST
        return await watched.result

    async def run(self) -> None:
        """Poll for as long as the task lives. Whatever ends it, nobody is left waiting."""
        try:
            while True:
                await self._clock.sleep(self._pause)
                self._pause = min(self._pause * _GROWTH, _LONGEST)
                if self._watched:
                    await self._poll()
                self._round.set()
                self._round.clear()
        finally:
            self._ended = True
            self._give_up(UnavailableError("poll", "polling has ended"))
            self._round.set()

    async def _poll(self) -> None:
        watched = list(self._watched.values())  # more can come while we ask
        try:
            answers = await self._ask(watched)
        except KeyRefusedError as refused:
            self._give_up(refused)
            return
        for each in watched:
            self._settle(each, answers[each.id])

    async def _ask(
        self, watched: Sequence[_Watched]
    ) -> Mapping[str, JobAnswer | OrderAnswer | ApiError]:
        jobs = [each.id for each in watched if each.numbers is not None]
        answers: dict[str, JobAnswer | OrderAnswer | ApiError] = {}
        if jobs:
            answers |= await poll_jobs(self._reader, jobs)
        for each in watched:
            if each.numbers is None:
                answers[each.id] = await poll_order(self._reader, each.id)
        return answers

    def _settle(self, watched: _Watched, answer: JobAnswer | OrderAnswer | ApiError) -> None:
        if isinstance(answer, ApiError):
            # The job goes on without us; a few more rounds before it counts as out of sight.
            watched.failed_rounds += 1
            if watched.failed_rounds >= _FAILED_ROUNDS:
                self._end(watched, answer)
                return
        else:
            watched.failed_rounds = 0
            watched.progress = watched.judge(answer)
        progress = watched.progress
        late = self._clock.monotonic() >= watched.until or self._hurry()
        if progress.ended or progress.strangers or late:
            self._end(watched, progress)

    def _end(self, watched: _Watched, how: Progress | ApiError) -> None:
        del self._watched[watched.id]
        if watched.result.done():  # whoever waited was cancelled
            return
        if isinstance(how, ApiError):
            watched.result.set_exception(how)
        else:
            watched.result.set_result(how)

    def _give_up(self, error: ApiError) -> None:
        for watched in list(self._watched.values()):
            self._end(watched, error)
