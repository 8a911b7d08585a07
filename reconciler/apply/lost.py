"""A job whose answer was lost: found again in the jobs of the account, or known not to be there.

All that are sought at a time are looked for in the same listings, and on every page of jobs that
is read for another reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from reconciler.api.clock import Clock
from reconciler.api.jobs import TERMINAL, JobAnswer, created_at, jobs_of_type
from reconciler.api.read import ReadClient
from reconciler.api.together import together
from reconciler.apply.turns import Turns
from reconciler.core.fields import Channel
from reconciler.errors import ApiError, KeyRefusedError

UNLISTED_SECONDS = 60.0
"""A job that is not listed so long after it was sent was not taken."""

_TOLERANCE = timedelta(seconds=120)
"""How far the clocks of this machine and of the API may be apart."""

_FIRST_LOOK = 2.0
_FIRST_TURN, _LAST_TURN = 4.0, 15.0
"""Looks fall on multiples of these, so that several lost jobs share them."""

_TYPES = {
    Channel.UPDATE_JOB: "update_phone_numbers",
    Channel.EMERGENCY_JOB: "update_emergency_settings",
    Channel.DELETE_JOB: "delete_phone_numbers",
}


@dataclass(slots=True, eq=False)
class _Sought:
    type: str
    numbers: Mapping[str, str]
    sent_at: datetime
    found: asyncio.Future[JobAnswer]

    def is_it(self, job: JobAnswer) -> bool:
        return job.type == self.type and _is_since(job, self.sent_at) and _is_for(job, self.numbers)


class Finder:
    """Looks for lost jobs. What it finds is `claimed`, so that no other operation takes it."""

    def __init__(
        self,
        reader: ReadClient,
        clock: Clock,
        claimed: set[str],
        give_up: Callable[[], bool],
    ) -> None:
        self._reader = reader
        self._clock = clock
        self._turns = Turns(clock)
        self._claimed = claimed
        self._give_up = give_up
        self._sought: list[_Sought] = []
        self._listings: dict[str, asyncio.Task[Sequence[JobAnswer]]] = {}

    async def find(
        self, call: Channel, numbers: Mapping[str, str], sent_at: datetime, age: float
    ) -> JobAnswer | None:
        """The job of a `call` sent at `sent_at`, `age` seconds ago, for exactly `numbers` (E.164
        by id), which no other operation has claimed; None where it is not listed in time.

        Raises the ApiError for which the jobs could not be listed in the end.
        """
        sought = _Sought(_TYPES[call], numbers, sent_at, asyncio.get_running_loop().create_future())
        self._sought.append(sought)
        try:
            since = self._clock.monotonic() - age
            if age < UNLISTED_SECONDS:
                await self._wait(sought, self._turns.next(_FIRST_LOOK, _FIRST_TURN))
                await self._look(sought, is_last=False)
                left = since + UNLISTED_SECONDS - self._clock.monotonic()
                await self._wait(sought, self._turns.next(left, _LAST_TURN))
            await self._look(sought, is_last=True)
        finally:
            self._sought.remove(sought)
        return sought.found.result() if sought.found.done() else None

    def saw(self, jobs: Iterable[JobAnswer]) -> None:
        """Some jobs of the account: what is sought may be among them."""
        for job in jobs:
            for sought in self._sought:
                if not sought.found.done() and job.id not in self._claimed and sought.is_it(job):
                    self._claimed.add(job.id)
                    sought.found.set_result(job)

    async def _wait(self, sought: _Sought, seconds: float) -> None:
        if seconds <= 0 or sought.found.done() or self._give_up():
            return
        async with together([self._clock.sleep(seconds)]) as (sleeping,):
            waits: list[asyncio.Future[Any]] = [sleeping, sought.found]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)

    async def _look(self, sought: _Sought, *, is_last: bool) -> None:
        if sought.found.done():
            return
        try:
            self.saw(await self._listed(sought.type))
        except KeyRefusedError:
            raise
        except ApiError:
            if is_last or self._give_up():
                raise

    async def _listed(self, type_: str) -> Sequence[JobAnswer]:
        """The jobs of a type; who asks before the listing has begun shares it."""
        if type_ not in self._listings:
            self._listings[type_] = asyncio.ensure_future(self._list(type_))
        return await asyncio.shield(self._listings[type_])

    async def _list(self, type_: str) -> Sequence[JobAnswer]:
        try:
            await self._turns.gather()
        finally:
            del self._listings[type_]
        since = min((each.sent_at for each in self._sought if each.type == type_), default=None)
        if since is None:
            return ()
        return await jobs_of_type(self._reader, type_, since=since - _TOLERANCE)


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
