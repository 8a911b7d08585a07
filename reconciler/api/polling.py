"""One poller for everything that runs in the background.

Each job and order is looked at after half a second, then at moments that grow apart, to ten
seconds; a job that says how long it will take is left alone for longer, to half a minute: what
it says is an estimate. A look that fails is not repeated by itself: there is a next one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

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
from reconciler.api.together import together
from reconciler.core.text import Redactor
from reconciler.errors import ApiError, KeyRefusedError, UnavailableError

_FIRST, _LONGEST = 0.5, 10.0
_FIRST_BY_ESTIMATE, _LONGEST_BY_ESTIMATE = 2.0, 30.0
"""The same for a job that says itself that it takes so long."""
_FAILED_ROUNDS, _UNSEEN_SECONDS = 6, 60.0
"""What could not be seen so often in a row, and for so long, is out of sight."""
_FULL_SECONDS = 60.0
"""After so long somebody else's job may have made room, though none of ours has ended."""


class Others(Protocol):
    """Who else wants to see the jobs of the account."""

    def seeks(self) -> bool:
        """Whether there is a job that may be among them."""

    def saw(self, jobs: Sequence[JobAnswer]) -> None:
        """These were listed."""


@dataclass(slots=True, eq=False)
class _Watched:
    id: str
    numbers: Mapping[str, str] | None
    """Numbers by id for a job, None for an order."""
    order: Sequence[str]
    since: float
    until: float
    progress: Progress
    result: asyncio.Future[Progress]
    clean: Redactor
    waited: float
    """Seconds spent on it before: whoever waited for so long can be told a little later, too."""
    seen: float
    """When it was seen last; like `since`, `until` and `due` a moment of the clock."""
    due: float = 0.0
    """When it is to be looked at next."""
    failed_rounds: int = 0

    def judge(self, answer: JobAnswer | OrderAnswer) -> Progress:
        if isinstance(answer, JobAnswer):
            return judge_job(answer, self.numbers or {}, self.clean)
        return judge_order(answer, self.order, self.clean)

    def put_off(self, now: float) -> None:
        """Set the next look: when its age has doubled, or the job says that it will be done."""
        age = now - self.since
        pause = min(age + self.waited + _FIRST, _LONGEST)
        if (left := self.progress.estimate - age) > pause:
            pause = min(left, age + self.waited + _FIRST_BY_ESTIMATE, _LONGEST_BY_ESTIMATE)
        self.due = min(now + pause, max(self.until, now + _FIRST))


class Poller:
    """Waits for jobs and messaging orders; all jobs are looked at in one call.

    `timeout` is how long one may take, in seconds, before it is given up as it stands. With
    `hurry` all of them are, after one more look. `clean` takes secrets out of what jobs say.
    `others` see all jobs, ours or not, that are listed on the way.
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
        self.others: Others | None = None
        self._watched: dict[str, _Watched] = {}
        self._added = asyncio.Event()
        self._round = asyncio.Event()
        self._ended = False

    def judge_job(self, job: JobAnswer, numbers: Mapping[str, str]) -> Progress:
        """What a job says of `numbers`, which are E.164 by id."""
        return judge_job(job, numbers, self._clean)

    def judge_order(self, order: OrderAnswer, numbers: Sequence[str]) -> Progress:
        """What a messaging order says of `numbers`."""
        return judge_order(order, numbers, self._clean)

    async def job(self, job: Progress, numbers: Mapping[str, str], waited: float = 0.0) -> Progress:
        """Wait for a job to end, or for its time to be up. `numbers` are E.164 by id, `waited` is
        how many seconds were spent on it before.

        Raises the ApiError that made polling impossible.
        """
        return await self._watch(job, numbers, (), waited)

    async def order(self, order: Progress, numbers: Sequence[str], waited: float = 0.0) -> Progress:
        """Wait for a messaging order likewise."""
        return await self._watch(order, None, numbers, waited)

    def follows_jobs(self) -> bool:
        """Whether jobs are looked at every now and then."""
        return any(each.numbers is not None for each in self._watched.values())

    def saw(self, jobs: Sequence[JobAnswer]) -> None:
        """These jobs were listed for another reason: those of ours need no look of their own."""
        for job in jobs:
            if watched := self._watched.get(job.id):
                self._settle(watched, job)
        self._tell()

    async def free_place(self, until: float) -> bool:
        """Wait for one of ours to end, or a while for somebody else's; False at `until`, a
        moment of the clock."""
        if not self._watched:
            await self._clock.sleep(_LONGEST)
        before = set(self._watched)
        again = min(until, self._clock.monotonic() + _FULL_SECONDS)
        while before and before <= self._watched.keys() and self._clock.monotonic() < again:
            await self._round.wait()
        return self._clock.monotonic() < until

    async def _watch(
        self,
        progress: Progress,
        numbers: Mapping[str, str] | None,
        order: Sequence[str],
        waited: float,
    ) -> Progress:
        if progress.ended or progress.strangers:
            return progress
        segment(progress.id)
        if progress.id in self._watched or self._ended:
            raise UnavailableError("poll", f"{progress.id} is already waited for, or nothing is")
        now = self._clock.monotonic()
        watched = _Watched(
            progress.id,
            numbers,
            order,
            now,
            now + self._timeout,
            progress,
            asyncio.get_running_loop().create_future(),
            self._clean,
            waited,
            now,
        )
        watched.put_off(now)
        self._watched[watched.id] = watched
        self._added.set()
        return await watched.result

    async def run(self) -> None:
        """Poll for as long as the task lives. Whatever ends it, nobody is left waiting."""
        try:
            while True:
                await self._until_due()
                await self._poll()
                self._tell()
        finally:
            self._ended = True
            self._give_up(UnavailableError("poll", "polling has ended"))
            self._round.set()

    def _tell(self) -> None:
        """Let those who wait for a free place see what has ended."""
        self._round.set()
        self._round.clear()

    async def _until_due(self) -> None:
        while True:
            self._added.clear()
            if not self._watched:
                await self._added.wait()
                continue
            left = min(each.due for each in self._watched.values()) - self._clock.monotonic()
            if left <= 0 or self._hurry():
                return
            async with together([self._clock.sleep(left), self._added.wait()]) as waits:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)

    async def _poll(self) -> None:
        now, everything = self._clock.monotonic(), self._hurry()
        due = [w for w in self._watched.values() if everything or w.due <= now + _FIRST / 2]
        if any(each.numbers is not None for each in due):
            # One call tells of all jobs, so those that are not due yet come along.
            due += [w for w in self._watched.values() if w.numbers is not None and w not in due]
        try:
            answers = await self._ask(due)
        except KeyRefusedError as refused:
            self._give_up(refused)
            return
        for each in due:
            if each.id in self._watched:  # and was not seen to end meanwhile
                self._settle(each, answers[each.id])

    async def _ask(
        self, watched: Sequence[_Watched]
    ) -> Mapping[str, JobAnswer | OrderAnswer | ApiError]:
        jobs = [each.id for each in watched if each.numbers is not None]
        orders = [each.id for each in watched if each.numbers is None]
        answers: dict[str, JobAnswer | OrderAnswer | ApiError] = {}
        if jobs:
            by_list = self.others is not None and self.others.seeks()
            answers |= await poll_jobs(self._reader, jobs, self._listed, by_list=by_list)
        async with together(poll_order(self._reader, each) for each in orders) as tasks:
            answers |= zip(orders, await asyncio.gather(*tasks), strict=True)
        return answers

    def _listed(self, jobs: Sequence[JobAnswer]) -> None:
        if self.others is not None:
            self.others.saw(jobs)

    def _settle(self, watched: _Watched, answer: JobAnswer | OrderAnswer | ApiError) -> None:
        now = self._clock.monotonic()
        if isinstance(answer, ApiError):
            # The job goes on without us; a few more rounds before it counts as out of sight.
            watched.failed_rounds += 1
            if watched.failed_rounds >= _FAILED_ROUNDS and now >= watched.seen + _UNSEEN_SECONDS:
                self._end(watched, answer)
                return
        else:
            watched.failed_rounds, watched.seen = 0, now
            watched.progress = watched.judge(answer)
        progress = watched.progress
        watched.put_off(now)
        late = now >= watched.until or self._hurry()
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
