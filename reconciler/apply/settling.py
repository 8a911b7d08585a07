"""After a lost answer: was the call carried out? Told by reading, never guessed."""

from __future__ import annotations

from reconciler.api.jobs import created_at
from reconciler.apply.background import Background
from reconciler.apply.checking import Request
from reconciler.apply.desk import Desk
from reconciler.apply.lost import find_job
from reconciler.core.fields import Channel
from reconciler.core.freshness import State
from reconciler.core.plan import JOB_CALLS
from reconciler.core.replay import Came
from reconciler.core.verdict import Record
from reconciler.errors import ApiError, JournalError, KeyRefusedError

_GRACE_SECONDS = 8.0
"""How long after a lost answer the account is looked at before a call counts as not carried out:
a slow server may still be at it. (For jobs it is `lost.UNLISTED_SECONDS`.)"""
_FIRST_LOOK, _GROWTH = 1.0, 3.0


class Settling:
    """Settles operations whose answer was lost."""

    def __init__(self, desk: Desk, background: Background) -> None:
        self._desk = desk
        self._background = background

    async def settle(self, record: Record) -> bool:
        """Find the job, or read until it shows whether the call was carried out. False where it
        surely was not, so that it may go again. KeyRefusedError and JournalError pass."""
        record.is_open = True
        try:
            if record.operation.call in JOB_CALLS - {Channel.MESSAGING_BULK}:
                return await self._settle_job(record)
            return await self._settle_by_reading(record)
        except KeyRefusedError:
            raise
        except ApiError as error:
            record.doubt += f"; and it could not be looked for: {error}"
            return True

    async def _settle_job(self, record: Record) -> bool:
        desk, operation = self._desk, record.operation
        sent_at = desk.notes.sent_at[operation.id]
        while job := await find_job(
            desk.reader,
            desk.clock,
            operation.call,
            desk.numbers_by_id(record),
            sent_at,
            desk.claimed,
            desk.in_a_hurry,
        ):
            desk.claimed.add(job.id)
            made = created_at(job)
            if made is not None and made >= sent_at:
                await self._adopt(record, job.id)
                await self._background.follow(record, job.id)
                return True
            if await self._was_it(record, job.id):
                await self._adopt(record, job.id)
                return True
        return desk.in_a_hurry() or not await self._is_undone(record)

    async def _was_it(self, record: Record, job: str) -> bool:
        """Whether a job that was made before the call, if the clocks agree, is nevertheless its
        own, and not that of an apply just before this one: what it did shows when it has ended."""
        failures = record.failures
        record.failures = {}
        await self._background.follow(record, job)
        done = tuple(n for n in record.numbers if n not in record.failures.keys() | record.given_up)
        if record.is_open or not done or not await self._is_undone(record, done):
            record.failures = failures | record.failures
            return True
        record.failures, record.given_up = failures, frozenset()
        return False

    async def _adopt(self, record: Record, job: str) -> None:
        try:
            await self._desk.notes.answer(record.operation.id, Came.ACCEPTED, background=job)
        except JournalError:
            self._desk.watcher.said(f"{record.operation.id} went out as {job}")
            raise

    async def _settle_by_reading(self, record: Record) -> bool:
        desk, pause = self._desk, _FIRST_LOOK
        while True:
            if not await self._is_undone(record):
                return True
            sent_at = desk.notes.sent_at[record.operation.id]
            left = _GRACE_SECONDS - (desk.clock.now() - sent_at).total_seconds()
            if left <= 0:
                return False
            if desk.in_a_hurry():
                return True
            await desk.clock.sleep(min(pause, left))
            pause *= _GROWTH

    async def _is_undone(self, record: Record, numbers: tuple[str, ...] = ()) -> bool:
        """Whether some number is still as it was before, so that the call has to go again. What
        can be told neither way stays in doubt, and is not sent again."""
        request = Request(record.operation, numbers or record.numbers)
        found = await self._desk.checker.check(request)
        states = {each.state for each in found.values()}
        record.is_open = bool(states & {State.FRESH, State.UNREAD} or record.unread)
        return State.FRESH in states
