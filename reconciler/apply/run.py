"""One run of one plan, from the first intent to the last value read back."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reconciler.api.clock import Clock
from reconciler.api.confirm import Reading, confirm
from reconciler.api.gate import ShutError
from reconciler.api.http import decode
from reconciler.api.jobs import JobData, OrderData, Progress, one_job, poll_order
from reconciler.api.polling import Poller
from reconciler.api.read import ReadClient
from reconciler.api.requests import request_for
from reconciler.api.settings import Limits
from reconciler.api.together import together
from reconciler.api.write import Answered, NotSent, Refused, Sent, Unknown, WriteClient
from reconciler.apply.checking import Checker, Request
from reconciler.apply.control import Log, Stop, Watcher
from reconciler.apply.lost import find_job
from reconciler.apply.notes import Notes
from reconciler.apply.readback import expected_of, moved_connections, released_of
from reconciler.core.changes import RELEASE
from reconciler.core.fields import Channel
from reconciler.core.freshness import Secrets, Standing, State
from reconciler.core.operations import Operation
from reconciler.core.outcome import Left, Outcome
from reconciler.core.plan import JOB_CALLS, Plan
from reconciler.core.replay import Came, Past
from reconciler.core.rules import EMERGENCY, FORWARDING_ENABLED, FORWARDS_TO
from reconciler.core.text import Redactor
from reconciler.core.values import LiveValue
from reconciler.core.verdict import Confirmation, Fates, Record, judge, records_by_path
from reconciler.errors import (
    ApiError,
    ApiErrorItem,
    FatalNetworkError,
    ForbiddenError,
    JournalError,
    KeyRefusedError,
    ReconcilerError,
)

_QUEUE_FACTOR = 4
_MOST_SENDS = 3
_GRACE_SECONDS = 8.0
"""How long after a lost answer the account is looked at before a call counts as not carried out:
a slow server may still be at it. (For jobs it is `lost.UNLISTED_SECONDS`.)"""
_FIRST_LOOK, _GROWTH = 0.5, 2.0


@dataclass(frozen=True, slots=True)
class Context:
    """What a run knows besides its plan.

    `secrets` are PINs by ref; `redactor` takes them, and the key, out of what the API says.
    `connections` is the connection_id, before, of every number whose forwarding is switched on;
    those in `pinned` declare it. `past` is what an earlier run did, by operation. `stale` are
    the numbers that had moved before this run, by operation, and how: they are left alone.
    """

    secrets: Secrets
    redactor: Redactor
    limits: Limits
    connections: Mapping[str, LiveValue] = field(default_factory=dict)
    pinned: frozenset[str] = frozenset()
    past: Mapping[str, Past] = field(default_factory=dict)
    stale: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class Applier:
    """One run of one plan."""

    def __init__(
        self,
        plan: Plan,
        writer: WriteClient,
        reader: ReadClient,
        context: Context,
        *,
        clock: Clock,
        watcher: Watcher,
        stop: Stop,
        log: Log,
    ) -> None:
        self._plan = plan
        self._writer = writer
        self._reader = reader
        self._context = context
        self._clock = clock
        self._watcher = watcher
        self._stop = stop
        self._notes = Notes(log, clock, context.redactor)
        limits = context.limits
        self._changes = {change.phone_number: change for change in plan.difference.changes}
        self._ids = {number: change.id for number, change in self._changes.items()}
        self._records = {each.id: Record(each) for each in plan.operations}
        self._finished = {each.id: asyncio.Event() for each in plan.operations}
        self._claimed = {past.background for past in context.past.values() if past.background}
        self._calls: Counter[Channel] = Counter()
        self._places = asyncio.Semaphore(limits.jobs_in_flight)
        # More than can be in flight, so that the pace is never held back; but no more than that
        # queue for their turn, so that a stop is not long in coming.
        self._turns = asyncio.Semaphore(_QUEUE_FACTOR * limits.concurrency)
        self._poller = Poller(
            reader, clock, limits.job_timeout_seconds, self._in_a_hurry, context.redactor
        )
        self._checker = Checker(plan, reader, context.secrets, page_size=limits.page_size)
        self._by_path = records_by_path(plan, self._records)
        self._reading = Reading(
            reader,
            clock,
            account_size=plan.live_numbers,
            page_size=limits.page_size,
            emergency_seconds=limits.job_timeout_seconds,
            hurry=self._in_a_hurry,
        )

    async def run(self) -> Outcome:
        """Send every operation, wait for the jobs, read everything back.

        Raises the ApiError, or JournalError, for which not a single write reached the API.
        """
        started, reads = self._clock.monotonic(), self._reader.reads
        totals: Counter[Channel] = Counter()
        for operation in self._plan.operations:
            totals[operation.call] += len(operation.numbers)
        for channel, numbers in totals.items():
            self._watcher.planned(channel, numbers)
        async with (
            together([self._poller.run()]),
            together(self._operate(each) for each in self._plan.operations) as work,
        ):
            # One that breaks says so in its record, and takes no other with it.
            await asyncio.gather(*work, return_exceptions=True)
        if error := self._why_nothing_was_written():
            await self._notes.nothing()
            raise error
        confirmation = await self._confirm()
        outcome = self._outcome(
            confirmation, self._reader.reads - reads, self._clock.monotonic() - started
        )
        broken = await self._notes.end(outcome, self._records)
        return replace(outcome, stopped=outcome.stopped or broken)

    def _why_nothing_was_written(self) -> ReconcilerError | None:
        """The error that kept every write from being sent, where there is one."""
        records = self._records.values()
        if not records or any(record.touched for record in records) or self._stop.key_refused:
            return None
        if self._notes.broken:
            return self._notes.broken
        not_sent = [record.not_sent for record in records if record.not_sent]
        if len(not_sent) == len(records):
            return not_sent[0]
        if all(record.unread for record in records):
            why = next(reason for record in records for reason in record.unread.values())
            return ReconcilerError(f"nothing was written: {why}")
        return None

    # ---- writing ------------------------------------------------------------------------------

    async def _operate(self, operation: Operation) -> None:
        record = self._records[operation.id]
        record.is_open = True
        try:
            for id_ in operation.depends_on:
                await self._finished[id_].wait()
            if not await self._take_up(record):
                await self._send_until_settled(record)
        except JournalError as error:
            self._stop.now(str(error))
            record.doubt = record.skipped = str(error)
        except KeyRefusedError as error:
            self._refused(error)
            record.doubt = record.skipped = f"the key was refused: {error}"
        except Exception as bug:
            # Not hidden: it stops all writing, is told with the operation, and ends in exit 5.
            record.doubt = f"an error of this program: {type(bug).__name__}: {bug}"
            self._stop.now(record.doubt)
            raise
        finally:
            self._watcher.advanced(operation.call, len(operation.numbers))
            self._finished[operation.id].set()

    async def _take_up(self, record: Record) -> bool:
        """Go on from where an earlier run left this operation; whether that settles it."""
        past = self._context.past.get(record.operation.id)
        if past is None:
            return False
        record.left_out |= past.skipped
        record.failures |= past.failed
        if past.intent_at is None or not past.numbers:
            return False
        record.numbers = past.numbers
        if past.came is not Came.NOT_SENT:
            record.touched.update(past.numbers)
        record.is_open = not past.settled
        if past.settled:
            record.doubt = "an earlier run could not confirm it"
        elif past.came is Came.REFUSED:
            record.is_open = False
            record.failures = dict.fromkeys(past.numbers, past.errors)
        elif past.came is Came.ACCEPTED and past.background:
            await self._follow(record, past.background)
        elif past.came is Came.ACCEPTED:
            record.is_open = False
        elif past.came is Came.NOT_SENT:
            return False
        else:
            record.doubt = "whether it was carried out is not known: the answer was lost"
            self._notes.sent_at[record.operation.id] = past.intent_at
            return await self._settle(record)
        return True

    async def _send_until_settled(self, record: Record) -> None:
        for _ in range(_MOST_SENDS):
            if not await self._send_and_follow(record) or await self._settle(record):
                return

    async def _send_and_follow(self, record: Record) -> bool:
        """Send, and wait for the end of what runs in the background; whether the answer was
        lost, so that only reading can tell."""
        if record.operation.call not in JOB_CALLS:
            async with self._turns:
                sent = await self._send(record)
            self._judge_answer(record, sent)
            return isinstance(sent, Unknown)
        until = self._clock.monotonic() + self._context.limits.job_timeout_seconds
        async with self._places:
            sent = await self._send(record)
            while sent is not None and _is_cap(sent):
                # Too many jobs are pending, perhaps somebody else's: the request was not carried
                # out, so it goes again when there is a free place.
                if not await self._poller.free_place(until):
                    break
                sent = await self._send(record)
            self._judge_answer(record, sent)
            if isinstance(sent, Answered):
                await self._wait(record, self._first_look(record, sent))
        return isinstance(sent, Unknown)

    async def _send(self, record: Record) -> Sent | None:
        """The one seam that every write passes; None where there is nothing to send."""
        stale = self._context.stale.get(record.operation.id, {})
        record.left_out |= stale
        record.closed |= stale.keys() | record.left_out.keys()
        numbers = tuple(n for n in record.operation.numbers if n not in record.closed)
        if not numbers:
            record.is_open = False
            return None
        if self._stop.reason:
            record.skipped = self._stop.reason
            return None
        await self._notes.intent(record.operation, numbers)
        fresh = await self._check(record, numbers)
        if not fresh:
            return None
        record.numbers = fresh
        active = replace(record.operation, numbers=fresh)
        request = request_for(active, self._ids, self._context.secrets.by_ref)
        self._calls[active.call] += 1
        try:
            sent = await self._writer.send_once(request.method, request.path, request.body)
        except ShutError:
            self._calls[active.call] -= 1
            record.skipped = self._stop.reason
            await self._notes.answer(active.id, Came.NOT_SENT)
            return None
        self._stop_if_refused(sent)
        sent = self._readable(record, sent)
        if not isinstance(sent, NotSent) and not _is_cap(sent):
            record.touched.update(fresh)
            self._checker.was_sent(Request(active, fresh))
        await self._note_answer(record, sent)
        return sent

    async def _check(self, record: Record, numbers: tuple[str, ...]) -> tuple[str, ...]:
        """The numbers for which the operation may go now; the others are noted, with the why."""
        found = await self._checker.check(Request(record.operation, numbers))
        fresh = tuple(number for number in numbers if _may_go(found[number], record, number))
        rest = {number: each for number, each in found.items() if number not in fresh}
        record.closed |= rest.keys()
        untouched = {n: each for n, each in rest.items() if n not in record.touched}
        record.already |= {n for n, each in untouched.items() if each.state is State.DONE}
        for_good = {n: _why(e) for n, e in untouched.items() if e.state is State.MOVED}
        unread = {n: _why(e) for n, e in untouched.items() if e.state is State.UNREAD}
        record.left_out |= for_good | unread
        record.unread = unread
        if rest:
            later = dict.fromkeys(rest.keys() - for_good.keys(), "")
            await self._notes.left_out(record.operation, for_good, for_good=True)
            await self._notes.left_out(record.operation, later, for_good=False)
        record.is_open = bool(fresh or unread)
        return fresh

    def _readable(self, record: Record, sent: Sent) -> Sent:
        """An answer to a job that does not say which job it is, is a lost one."""
        if isinstance(sent, Answered) and record.operation.call in JOB_CALLS:
            try:
                self._first_look(record, sent)
            except ApiError as error:
                return Unknown(error)
        return sent

    async def _note_answer(self, record: Record, sent: Sent) -> None:
        id_, call = record.operation.id, record.operation.call
        try:
            if isinstance(sent, Answered):
                background = self._first_look(record, sent).id if call in JOB_CALLS else ""
                self._claimed.add(background)
                await self._notes.answer(id_, Came.ACCEPTED, background=background)
            elif isinstance(sent, NotSent) or _is_cap(sent):
                await self._notes.answer(id_, Came.NOT_SENT)
            elif isinstance(sent, Refused):
                await self._notes.answer(id_, Came.REFUSED, errors=_items(sent.error))
            else:
                await self._notes.answer(id_, Came.LOST)
        except JournalError:
            # The disk is full, say: what came back is told here or nowhere.
            if isinstance(sent, Answered) and call in JOB_CALLS:
                self._watcher.said(f"{id_} went out as {self._first_look(record, sent).id}")
            raise

    def _judge_answer(self, record: Record, sent: Sent | None) -> None:
        """What an answer means for the numbers of an operation."""
        match sent:
            case Refused(error) | NotSent(error):
                record.is_open = isinstance(sent, NotSent)
                if isinstance(sent, NotSent):
                    record.not_sent = error
                    record.skipped = f"it could not be sent: {error}"
                else:
                    record.failures |= dict.fromkeys(record.numbers, _items(error))
            case Unknown(error):
                record.doubt = f"the answer was lost: {error}"
            case Answered():
                record.doubt = ""
                record.is_open = record.operation.call in JOB_CALLS
            case _:
                pass

    def _stop_if_refused(self, sent: Sent) -> None:
        """A refused key, or an address that sends elsewhere, is no matter of one operation."""
        if isinstance(sent, Answered):
            return
        if isinstance(sent.error, KeyRefusedError | ForbiddenError):
            self._refused(sent.error)
        elif isinstance(sent.error, FatalNetworkError):
            self._stop.now(str(sent.error))

    def _refused(self, error: ApiError) -> None:
        self._stop.now(f"the key was refused: {error}", key_refused=True)

    # ---- what runs in the background ----------------------------------------------------------

    def _first_look(self, record: Record, sent: Answered) -> Progress:
        numbers = self._numbers_by_id(record)
        if record.operation.call is Channel.MESSAGING_BULK:
            return self._poller.judge_order(decode(sent.answer, OrderData).data, record.numbers)
        return self._poller.judge_job(decode(sent.answer, JobData).data, numbers)

    def _numbers_by_id(self, record: Record) -> dict[str, str]:
        return {self._ids[number]: number for number in record.numbers}

    async def _follow(self, record: Record, background: str) -> None:
        """Take up a job or an order that is known by its id."""
        async with self._places:
            try:
                progress = await self._look_at(record, background)
            except ApiError as error:
                record.doubt = f"it was sent, but not followed to its end: {error}"
                return
            await self._wait(record, progress)

    async def _look_at(self, record: Record, background: str) -> Progress:
        if record.operation.call is Channel.MESSAGING_BULK:
            order = await poll_order(self._reader, background)
            if isinstance(order, ApiError):
                raise order
            return self._poller.judge_order(order, record.numbers)
        job = await one_job(self._reader, background)
        return self._poller.judge_job(job, self._numbers_by_id(record))

    async def _wait(self, record: Record, progress: Progress) -> None:
        """Wait for the end of a job or an order, and take down what it says of each number."""
        try:
            if record.operation.call is Channel.MESSAGING_BULK:
                progress = await self._poller.order(progress, record.numbers)
            else:
                progress = await self._poller.job(progress, self._numbers_by_id(record))
        except ApiError as error:
            if isinstance(error, KeyRefusedError):
                self._refused(error)
            record.doubt = f"it was sent, but not followed to its end: {error}"
            return
        if progress.strangers:
            self._stop.now(
                f"job {progress.id} lists numbers that were not sent: "
                + ", ".join(sorted(progress.strangers)[:5])
            )
        sent = frozenset(record.numbers)
        record.failures |= progress.failed
        record.given_up = sent - progress.done - progress.failed.keys()
        record.is_open = not progress.ended
        if not progress.ended:
            when = "it was interrupted" if self._in_a_hurry() else "its time was up"
            record.doubt = f"job {progress.id} was still {progress.status} when {when}"
        elif unsettled := len(sent) - len(progress.done) - len(progress.failed):
            record.doubt = (
                f"job {progress.id} is {progress.status} and says nothing of {unsettled} numbers"
            )
        else:
            record.doubt = ""

    def _in_a_hurry(self) -> bool:
        """Whether the user wants out: then nothing is waited for but the calls in flight."""
        return self._stop.interrupted

    # ---- what was lost ------------------------------------------------------------------------

    async def _settle(self, record: Record) -> bool:
        """After a lost answer: find the job, or read until it shows whether the call was carried
        out. False where it surely was not, so that it may go again."""
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
        job = await find_job(
            self._reader,
            self._clock,
            record.operation.call,
            self._numbers_by_id(record),
            self._notes.sent_at[record.operation.id],
            self._claimed,
            self._in_a_hurry,
        )
        if job is not None:
            self._claimed.add(job.id)
            record.doubt = ""
            await self._notes.answer(record.operation.id, Came.ACCEPTED, background=job.id)
            await self._follow(record, job.id)
            return True
        return self._in_a_hurry() or not await self._is_undone(record)

    async def _settle_by_reading(self, record: Record) -> bool:
        pause = _FIRST_LOOK
        while True:
            if not await self._is_undone(record):
                return True
            sent_at = self._notes.sent_at[record.operation.id]
            left = _GRACE_SECONDS - (self._clock.now() - sent_at).total_seconds()
            if left <= 0:
                return False
            if self._in_a_hurry():
                return True
            await self._clock.sleep(min(pause, left))
            pause *= _GROWTH

    async def _is_undone(self, record: Record) -> bool:
        """Whether some number is still as it was before, so that the call has to go again. What
        can be told neither way stays in doubt, and is not sent again."""
        found = await self._checker.check(Request(record.operation, record.numbers))
        states = {each.state for each in found.values()}
        record.is_open = not states <= {State.DONE, State.MOVED}
        return State.FRESH in states

    # ---- confirming ---------------------------------------------------------------------------

    async def _confirm(self) -> Confirmation:
        """Read back everything that was sent and not refused."""
        expected = expected_of(self._changes.values(), self._by_path)
        released = released_of(self._ids, self._by_path)
        self._watcher.confirming(len(expected) + len(released))
        try:
            return await confirm(
                self._reading,
                expected,
                released,
                secrets=self._context.secrets.by_ref,
                also=dict.fromkeys(self._context.connections, ("connection_id",)),
                refused=[n for n in released if n in self._by_path[n][RELEASE].failures],
            )
        except KeyRefusedError as error:
            self._refused(error)
            return Confirmation()

    def _outcome(self, back: Confirmation, reads: int, seconds: float) -> Outcome:
        applied = {each for past in self._context.past.values() for each in past.applied}
        back = replace(back, seen=back.seen | applied)
        fates = judge(self._plan, self._by_path, back, self._context.redactor.redact)
        moved = dict(moved_connections(self._context.connections, back))
        fates.unconfirmed += [
            Left(number, "connection_id", self._forwarding_operation(number), how)
            for number, how in moved.items()
            if number in self._context.pinned
        ]
        difference = self._plan.difference
        return Outcome(
            applied=tuple(fates.applied),
            failed=tuple(fates.failed),
            unconfirmed=tuple(fates.unconfirmed),
            unverifiable=tuple(fates.unverifiable),
            skipped=tuple(fates.skipped),
            withheld=difference.withheld,
            not_owned=difference.not_owned,
            unknown=difference.unknown,
            calls=+self._calls,
            reads=reads,
            seconds=seconds,
            stopped=self._context.redactor.redact(self._stop.reason),
            key_refused=self._stop.key_refused,
            interrupted=self._stop.interrupted,
            notes=tuple(f"{number}: {how}" for number, how in moved.items()),
            already=tuple(fates.already),
            stale=frozenset(n for numbers in self._context.stale.values() for n in numbers),
            open=self._still_open(fates),
        )

    def _still_open(self, fates: Fates) -> tuple[str, ...]:
        """What a resume can bring to an end: operations that are not over, and those of which
        something is still on its way, or was not looked at for long."""
        waiting = {
            each.operation
            for each in fates.unconfirmed
            if self._stop.reason or each.path in EMERGENCY
        }
        return tuple(id_ for id_, r in self._records.items() if r.is_open or id_ in waiting)

    def _forwarding_operation(self, number: str) -> str:
        records = self._by_path[number]
        paths = (FORWARDING_ENABLED, FORWARDS_TO)
        return next(records[path].operation.id for path in paths if path in records)


def _may_go(standing: Standing, record: Record, number: str) -> bool:
    """What cannot be seen is sent once, and never again."""
    return standing.state is State.FRESH or (
        standing.state is State.BLIND and number not in record.touched
    )


def _why(standing: Standing) -> str:
    if standing.state is State.MOVED:
        return f"it has moved since the plan: {standing.reason}"
    return f"not written without looking first: {standing.reason}"


def _items(error: ApiError) -> tuple[ApiErrorItem, ...]:
    code = str(error.status) if error.status else ""
    return error.items or (ApiErrorItem(code, "", error.reason, ""),)


_CAP = re.compile(r"at most \d+ pending", re.IGNORECASE)


def _is_cap(sent: Sent) -> bool:
    """422/10015 at /base: 'You can have at most 20 pending or in progress jobs'."""
    return isinstance(sent, Refused) and any(
        item.code == "10015" and _CAP.search(item.detail) for item in sent.error.items
    )
