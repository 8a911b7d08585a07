"""A job whose answer was lost: found again in the jobs of the account, or known not to be there.

All that are sought at a time are looked for in the same listings, and on every page of jobs that
is read for another reason; and what is listed for them is told to those who poll.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from reconciler.api.clock import Clock
from reconciler.api.jobs import TERMINAL, JobAnswer, created_at, jobs_of_type
from reconciler.api.polling import Poller
from reconciler.api.read import ReadClient
from reconciler.api.together import together
from reconciler.apply.turns import Turns, gather
from reconciler.core.fields import Channel
from reconciler.errors import ApiError, KeyRefusedError

UNLISTED_SECONDS = 60.0
"""A job that is not listed so long after it was sent was not taken."""

_TOLERANCE = timedelta(seconds=120)
"""How far the clocks of this machine and of the API may be apart."""

_SOON = 2.0
_SOON_SLACK, _LATE_SLACK = 2.0, 20.0
"""How long a look waits for other lost jobs to be looked for with it, in seconds."""

_TYPES = {
    Channel.UPDATE_JOB: "update_phone_numbers",
    Channel.EMERGENCY_JOB: "update_emergency_settings",
    Channel.DELETE_JOB: "delete_phone_numbers",
}
CREATED = frozenset(_TYPES)
"""The calls that make a job which is listed."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A job that was sent at `sent_at`, `age` seconds ago, for exactly `numbers` (E.164 by id)."""

    call: Channel
    numbers: Mapping[str, str]
    sent_at: datetime
    age: float

    @property
    def type(self) -> str:
        """What the API calls such a job."""
        return _TYPES[self.call]

    def may_be(self, job: JobAnswer) -> bool:
        """Whether it may be this one."""
        return job.type == self.type and _is_since(job, self.sent_at) and _is_for(job, self.numbers)


@dataclass(slots=True, eq=False)
class _Sought:
    what: Lost
    found: asyncio.Future[JobAnswer]


class Finder:
    """Looks for lost jobs. What it finds is `claimed`, so that no other operation takes it."""

    def __init__(
        self,
        reader: ReadClient,
        clock: Clock,
        claimed: set[str],
        give_up: Callable[[], bool],
        poller: Poller,
    ) -> None:
        self._reader = reader
        self._clock = clock
        self._soon, self._late = Turns(clock, give_up), Turns(clock, give_up)
        self._claimed = claimed
        self._give_up = give_up
        self._poller = poller
        self._saw_at = -math.inf
        self._sought: list[_Sought] = []
        self._listings: dict[str, asyncio.Task[None]] = {}

    async def find(self, what: Lost) -> JobAnswer | None:
        """The job that was lost, and that no other operation has claimed; None where it is not
        listed UNLISTED_SECONDS after it was sent.

        Raises the ApiError for which the jobs could not be listed in the end.
        """
        sought = _Sought(what, asyncio.get_running_loop().create_future())
        self._sought.append(sought)
        ends = self._clock.monotonic() + UNLISTED_SECONDS - what.age
        try:
            if what.age < UNLISTED_SECONDS:
                await self._look_soon(sought, ends)
                await self._wait(
                    sought, self._late.wait(ends - self._clock.monotonic(), _LATE_SLACK)
                )
            if not sought.found.done():
                await self._list_once(what.type)
        finally:
            self._sought.remove(sought)
        return sought.found.result() if sought.found.done() else None

    def seeks(self) -> bool:
        """Whether any job is looked for."""
        return bool(self._sought)

    async def _look_soon(self, sought: _Sought, ends: float) -> None:
        """Most lost jobs are listed at once; where that is not so, or cannot be told, a later
        look will tell. When jobs are listed meanwhile, or will be, it is looked for there."""
        begun = self._clock.monotonic()
        while True:
            await self._wait(sought, self._soon.wait(_SOON, _SOON_SLACK))
            await gather(self._clock)
            if sought.found.done() or self._saw_at > begun + _SOON / 2 or self._give_up():
                return
            if self._clock.monotonic() >= ends:
                return
            if not self._poller.follows_jobs():
                break
        try:
            await self._list_once(sought.what.type)
        except KeyRefusedError:
            raise
        except ApiError:
            return

    async def _wait(self, sought: _Sought, wait: Coroutine[Any, Any, None]) -> None:
        async with together([wait]) as (waiting,):
            ends: list[asyncio.Future[Any]] = [waiting, sought.found]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)

    def saw(self, jobs: Iterable[JobAnswer]) -> None:
        """The newest jobs of the account, or of a type: what is sought may be among them."""
        self._saw_at = self._clock.monotonic()
        for job in jobs:
            for sought in self._sought:
                is_free = not sought.found.done() and job.id not in self._claimed
                if is_free and sought.what.may_be(job):
                    self._claimed.add(job.id)
                    sought.found.set_result(job)

    async def _list_once(self, type_: str) -> None:
        """See the jobs of a type; who asks before the listing has begun shares it."""
        if type_ not in self._listings:
            self._listings[type_] = asyncio.ensure_future(self._list(type_))
        await asyncio.shield(self._listings[type_])

    async def _list(self, type_: str) -> None:
        try:
            await gather(self._clock)
        finally:
            del self._listings[type_]
        sent = [each.what.sent_at for each in self._sought if each.what.type == type_]
        if not sent:
            return
        jobs = await jobs_of_type(self._reader, type_, since=min(sent) - _TOLERANCE)
        self.saw(jobs)
        self._poller.saw(jobs)


def _is_for(job: JobAnswer, numbers: Mapping[str, str]) -> bool:
    """Whether a job lists exactly these numbers, by id or in E.164."""
    listed = {
        numbers.get(each.id, each.phone_number) if isinstance(each.id, str) else each.phone_number
        for each in job.phone_numbers or ()
    }
    return listed == set(numbers.values())


def _is_since(job: JobAnswer, sent_at: datetime) -> bool:
    """Whether a job may have been made by a call at `sent_at`. However far the clocks are apart,
    one that has not ended may: if it is not ours, waiting for it does no harm."""
    created = created_at(job)
    if created is not None and created >= sent_at - _TOLERANCE:
        return True
    return job.status.replace("-", "_") not in TERMINAL
