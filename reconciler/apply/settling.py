"""After a lost answer: was the call carried out? Told by reading, never guessed."""

from __future__ import annotations

from reconciler.api.jobs import JobAnswer, created_at
from reconciler.apply.background import Background
from reconciler.apply.checking import Request
from reconciler.apply.desk import Desk
from reconciler.apply.lost import CREATED, UNLISTED_SECONDS, Lost
from reconciler.apply.turns import Turns
from reconciler.core.fields import Channel
from reconciler.core.freshness import State
from reconciler.core.replay import Came
from reconciler.core.verdict import Record
from reconciler.errors import ApiError, JournalError, KeyRefusedError

_GRACE_SECONDS = 8.0
"""How long after a lost answer a single call counts as not carried out, if the values are
unchanged: a slow server may still be at it. (For what runs in the background it is
`lost.UNLISTED_SECONDS`.)"""
_ORDER_LOOK = 4.0
_MANY = 200
"""To look at more numbers than these takes several calls."""
_SLACK, _ORDER_SLACK = 2.0, 20.0
"""How long one that was lost waits for others to be read with it, in seconds."""


class Settling:
    """Settles operations whose answer was lost."""

    def __init__(self, desk: Desk, background: Background) -> None:
        self._desk = desk
        self._background = background
        self._turns = Turns(desk.clock, desk.in_a_hurry)

    async def settle(self, record: Record) -> bool:
        """Find the job, or wait until reading tells whether the call was carried out. False where
        it may go again for every number that is then still as before: the look before each send
        tells. KeyRefusedError and JournalError pass."""
        record.is_open = True
        try:
            if record.operation.call in CREATED:
                found = await self._find_job(record)
            else:
                found = await self._is_seen_in_time(record)
        except KeyRefusedError:
            raise
        except ApiError as error:
            record.doubt += f"; and it could not be looked for: {error}"
            return True
        return found or self._desk.in_a_hurry()

    async def _find_job(self, record: Record) -> bool:
        desk, operation = self._desk, record.operation
        sent_at, numbers = desk.notes.sent_at[operation.id], desk.numbers_by_id(record)
        while True:
            what = Lost(operation.call, numbers, sent_at, desk.notes.age(operation.id))
            job = await self._background.finder.find(what)
            if job is None:
                return False
            made = created_at(job)
            is_it = made is not None and made >= sent_at
            if is_it:
                await self._adopt(record, job.id)
                await self._background.take_up(record, job)
            elif await self._was_it(record, job):
                await self._adopt(record, job.id)
                is_it = True
            if is_it:
                return True

    async def _is_seen_in_time(self, record: Record) -> bool:
        """An order cannot be found again, and a single call leaves nothing to be found."""
        desk, id_ = self._desk, record.operation.id
        if record.operation.call is not Channel.MESSAGING_BULK:
            await self._turns.wait(_GRACE_SECONDS - desk.notes.age(id_), _SLACK)
            return False
        if desk.notes.age(id_) < UNLISTED_SECONDS:
            await self._turns.wait(_ORDER_LOOK, _SLACK)
            if not desk.in_a_hurry() and await self._is_over(record):
                return True
        await self._turns.wait(UNLISTED_SECONDS - desk.notes.age(id_), _ORDER_SLACK)
        return False

    async def _was_it(self, record: Record, job: JobAnswer) -> bool:
        """Whether a job that was made before the call, if the clocks agree, is nevertheless its
        own, and not that of an apply just before this one: what it did shows when it has ended."""
        failures = record.failures
        record.failures = {}
        await self._background.take_up(record, job)
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

    async def _is_undone(self, record: Record, numbers: tuple[str, ...]) -> bool:
        """Whether some number is still as it was before."""
        return State.FRESH in await self._states(record, numbers)

    async def _is_over(self, record: Record) -> bool:
        """Whether no number is left for which it could have to go again."""
        # Most often none of it was carried out, and of many numbers the first tells that.
        first, all_ = record.numbers[:1], record.numbers
        for numbers in (first, all_) if len(all_) > _MANY else (all_,):
            if await self._states(record, numbers) & {State.FRESH, State.UNREAD}:
                return False
        record.is_open = bool(record.unread)
        return True

    async def _states(self, record: Record, numbers: tuple[str, ...]) -> set[State]:
        found = await self._desk.checker.check(Request(record.operation, numbers))
        return {each.state for each in found.values()}
