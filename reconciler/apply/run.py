"""One run of one plan, from the first intent to the last value read back."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from dataclasses import replace

from reconciler.api.clock import Clock
from reconciler.api.gate import ShutError
from reconciler.api.places import Places
from reconciler.api.read import ReadClient
from reconciler.api.requests import request_for
from reconciler.api.together import together
from reconciler.api.write import Answered, NotSent, Refused, Sent, Unknown, WriteClient
from reconciler.apply.answers import because, is_cap, is_key_refused, items_of, may_go, why
from reconciler.apply.background import Background
from reconciler.apply.checking import Checker, Request
from reconciler.apply.control import Log, Stop, Watcher
from reconciler.apply.desk import Context, Desk
from reconciler.apply.earlier import Earlier
from reconciler.apply.ending import outcome_of, read_back
from reconciler.apply.lineup import LineUp
from reconciler.apply.notes import Notes
from reconciler.apply.settling import Settling
from reconciler.core.fields import Channel
from reconciler.core.forecast import Standing, forecast_of
from reconciler.core.freshness import State
from reconciler.core.operations import Operation
from reconciler.core.outcome import Outcome
from reconciler.core.plan import JOB_CALLS, Plan
from reconciler.core.replay import Because, Came
from reconciler.core.verdict import Record, records_by_path
from reconciler.errors import (
    ApiError,
    BugError,
    FatalNetworkError,
    JournalError,
    KeyRefusedError,
    ReconcilerError,
)

_MOST_SENDS = 3
_LOOKED_AHEAD_SECONDS = 4.0
"""No look is much older than that when the call goes out, unless the pace is so slow that a
handful of calls take longer; and half of it is more than a reading takes, far away."""
_SCOUT_NUMBERS = 100
"""To look at more than these would cost calls that the others would have to make again."""


def _scout_of(plan: Plan, context: Context) -> str:
    """The operation that goes before all others look at their numbers: the smallest, if it is
    small; "" where there is none, or an earlier run has begun.

    So a key that may not write is known after one call, and what somebody changes on seeing the
    first write is seen before the second.
    """
    ready = [each for each in plan.operations if not each.depends_on]
    small = [each for each in ready if len(each.numbers) <= _SCOUT_NUMBERS]
    if context.past or not small:
        return ""
    return min(small, key=lambda each: len(each.numbers)).id


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
        # No more are at work than the pace has use for, so a stop is not long in coming.
        places = Places(reader.limiter, _LOOKED_AHEAD_SECONDS)
        self._plan = plan
        self._writer = writer
        self._reader = reader
        self._context = context
        self._clock = clock
        self._watcher = watcher
        self._stop = stop
        self._notes = Notes(log, clock, context.redactor)
        self._checker = Checker(
            plan, reader, context.secrets, page_size=context.limits.page_size, places=places
        )
        self._forecast = forecast_of(
            plan,
            page_size=context.limits.page_size,
            jobs_in_flight=context.limits.jobs_in_flight,
            over={id_ for id_, past in context.past.items() if past.settled},
        )
        self._ids = {change.phone_number: change.id for change in plan.difference.changes}
        self._records = {each.id: Record(each) for each in plan.operations}
        self._by_path = records_by_path(plan, self._records)
        self._calls: Counter[Channel] = Counter()
        self._scout = _scout_of(plan, context)
        self._line = LineUp(plan.operations, places, self._is_at_once, self._scout)
        self._desk = self._set_up_desk()
        self._background = Background(self._desk)
        self._settling = Settling(self._desk, self._background)
        self._earlier = Earlier(self._desk, self._background, self._settling, self._records)

    def _is_at_once(self, operation: Operation) -> bool:
        return operation.call in JOB_CALLS or operation.id in self._context.past

    def _set_up_desk(self) -> Desk:
        known = {past.background for past in self._context.past.values() if past.background}
        return Desk(
            self._reader,
            self._clock,
            self._watcher,
            self._stop,
            self._notes,
            self._checker,
            self._context,
            self._ids,
            known,
            self._forecast,
        )

    async def run(self) -> Outcome:
        """Send every operation, wait for the jobs, read everything back.

        Raises the ApiError, or JournalError, for which not a single write reached the API.
        """
        started, reads = self._clock.monotonic(), self._reader.reads
        self._watcher.follow(self._standing)
        await self._earlier.look_at_known_jobs()
        async with together([self._background.run()]):
            await self._line.run(self._operate)
        if error := self._why_nothing_was_written():
            await self._notes.nothing()
            raise error
        back = await read_back(self._plan, self._desk, self._by_path)
        outcome = replace(
            outcome_of(self._plan, self._desk, self._records, self._by_path, back),
            calls=+self._calls,
            reads=self._reader.reads - reads,
            seconds=self._clock.monotonic() - started,
        )
        broken = await self._notes.end(outcome, self._records)
        return replace(outcome, stopped=outcome.stopped or broken)

    def _standing(self) -> Standing:
        reads, rate = self._reader.reads, self._reader.limiter.rate
        return self._forecast.standing(self._clock.monotonic(), reads=reads, rate=rate)

    def _why_nothing_was_written(self) -> ReconcilerError | None:
        """The error that kept every write from being sent, where there is one."""
        records = self._records.values()
        if not records or self._stop.key_refused or self._stop.interrupted:
            return None
        if any(record.touched for record in records):
            return None
        if self._notes.broken:
            return self._notes.broken
        if not all(record.not_sent or record.unread for record in records):
            return None
        # A pause that one call was told of keeps the others from being looked at: it is the cause.
        if error := next((record.not_sent for record in records if record.not_sent), None):
            return error
        why = next(reason for record in records for reason in record.unread.values())
        return ReconcilerError(f"nothing was written: {why}")

    # ---- one operation ------------------------------------------------------------------------

    async def _operate(self, operation: Operation) -> None:
        record = self._records[operation.id]
        record.is_open = True
        try:
            if await self._earlier.take_up(record) and not self._is_in_vain(record):
                await self._send_until_settled(record)
        except JournalError as error:
            self._stop.now(str(error))
            record.doubt = record.skipped = str(error)
        except KeyRefusedError as error:
            self._desk.refused(error)
            record.doubt = record.skipped = f"the key was refused: {error}"
        except Exception as bug:
            # Anything at all, for what was sent must still be read back and told. Not hidden: it
            # stops all writing, is told with the operation, and ends in exit 5. Its text is not
            # told: it could hold the key or a PIN.
            record.doubt = str(BugError(bug))
            self._stop.now(record.doubt)
            raise
        finally:
            try:
                self._forecast.settled(operation.id, self._clock.monotonic())
            finally:
                # Whatever else breaks: those who wait for this one must not wait for ever.
                self._line.ended(operation)
                if operation.id == self._scout:
                    self._line.scouted()

    def _is_in_vain(self, record: Record) -> bool:
        """Whether it is the second of the two calls that move a number to another bundle, and
        the first was refused: then that is why."""
        first = self._checker.first_half(record.operation)
        if not first or not (failures := self._records[first].failures):
            return False
        record.failures |= failures
        record.is_open = False
        return True

    async def _send_until_settled(self, record: Record) -> None:
        """Send, and wait for the end of what runs in the background; after a lost answer settle
        what became of it, and send again what was not carried out."""
        in_background = record.operation.call in JOB_CALLS
        # A job whose answer was lost may be there, and keeps its place until that is settled.
        async with self._background.places if in_background else nullcontext():
            begun = self._clock.monotonic()
            for attempt in range(_MOST_SENDS):
                if in_background:
                    waited = self._clock.monotonic() - begun if attempt else 0.0
                    sent = await self._send_job(record, waited)
                else:
                    sent = await self._send_call(record)
                if not isinstance(sent, Unknown) or await self._settling.settle(record):
                    return
        record.given_up |= frozenset(record.numbers)

    async def _send_call(self, record: Record) -> Sent | None:
        await self._line.take(record.operation)
        try:
            sent = await self._send(record)
        finally:
            self._line.leave(record.operation)
        self._judge_answer(record, sent)
        return sent

    async def _send_job(self, record: Record, waited: float) -> Sent | None:
        """Send it, and wait for its end. `waited` is how long it already took to have it sent."""
        until = self._clock.monotonic() + self._context.limits.job_timeout_seconds
        sent = await self._send(record)
        if sent is not None and is_cap(sent):
            sent = await self._send_into_a_free_place(record, sent, until)
        self._judge_answer(record, sent)
        if isinstance(sent, Answered):
            progress = self._background.first_look(record, sent)
            await self._background.wait(record, progress, waited)
        return sent

    async def _send_into_a_free_place(
        self, record: Record, sent: Sent, until: float
    ) -> Sent | None:
        """Too many jobs are pending, perhaps somebody else's: the request was not carried out, so
        it goes again when there is a free place. One at a time asks: of all who wait, most would
        only be refused again."""
        behind_another = self._background.queue.locked()
        async with self._background.queue:
            again = await self._send(record) if behind_another else sent
            while again is not None and is_cap(again):
                if not await self._background.free_place(until):
                    break
                again = await self._send(record)
        return again

    # ---- one call -----------------------------------------------------------------------------

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
            record.is_open = True
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
        self._forecast.sent(active.id, self._clock.monotonic())
        try:
            sent = await self._writer.send_once(request.method, request.path, request.body)
        except (ShutError, FatalNetworkError):
            # Writing stopped before it left, or before it could be tried again.
            self._calls[active.call] -= 1
            record.skipped = self._stop.reason
            await self._notes.answer(active.id, Came.NOT_SENT)
            return None
        self._stop_if_refused(sent)
        sent = self._readable(record, sent)
        if not isinstance(sent, NotSent) and not is_cap(sent):
            record.touched.update(fresh)
            record.failures = {n: e for n, e in record.failures.items() if n not in fresh}
            self._checker.was_sent(Request(active, fresh))
        await self._note_answer(record, sent)
        if active.id == self._scout:
            self._line.scouted()
        return sent

    async def _check(self, record: Record, numbers: tuple[str, ...]) -> tuple[str, ...]:
        """The numbers for which the operation may go now; the others are noted, with the why."""
        found = await self._checker.check(Request(record.operation, numbers))
        unread = any(each.state is State.UNREAD for each in found.values())
        if unread and self._stop.interrupted and not record.touched:
            # There was no time to look: that, and not the reading, is what went wrong.
            record.is_open = True
            record.skipped = self._stop.reason
            await self._notes.answer(record.operation.id, Came.NOT_SENT)
            return ()
        fresh = tuple(number for number in numbers if may_go(found[number], record, number))
        out: dict[Because, dict[str, str]] = {each: {} for each in Because}
        for number in numbers:
            if number not in fresh:
                left_for = because(found[number], was_sent=number in record.touched)
                out[left_for][number] = why(found[number])
        record.closed |= found.keys() - set(fresh)
        record.already |= out[Because.ALREADY].keys()
        record.unread = out[Because.UNREAD]
        record.left_out |= out[Because.MOVED] | out[Because.UNREAD]
        for each, left in out.items():
            await self._notes.left_out(record.operation, left, each)
        unsure = record.touched & {n for n in numbers if found[n].state is State.UNREAD}
        record.is_open = bool(fresh or record.unread or unsure)
        return fresh

    def _readable(self, record: Record, sent: Sent) -> Sent:
        """An answer to a job that does not say which job it is, is a lost one."""
        if isinstance(sent, Answered) and record.operation.call in JOB_CALLS:
            try:
                self._background.first_look(record, sent)
            except ApiError as error:
                return Unknown(error)
        return sent

    async def _note_answer(self, record: Record, sent: Sent) -> None:
        id_, background = record.operation.id, ""
        if isinstance(sent, Answered) and record.operation.call in JOB_CALLS:
            background = self._background.first_look(record, sent).id
            self._desk.claimed.add(background)
        try:
            if isinstance(sent, Answered):
                await self._notes.answer(id_, Came.ACCEPTED, background=background)
            elif isinstance(sent, NotSent) or is_cap(sent) or is_key_refused(sent):
                await self._notes.answer(id_, Came.NOT_SENT)
            elif isinstance(sent, Refused):
                await self._notes.answer(id_, Came.REFUSED, errors=items_of(sent.error))
            else:
                await self._notes.answer(id_, Came.LOST)
        except JournalError:
            # The disk is full, say: what came back is told here or nowhere.
            if background:
                self._watcher.said(f"{id_} went out as {background}")
            raise

    def _judge_answer(self, record: Record, sent: Sent | None) -> None:
        """What an answer means for the numbers of an operation."""
        match sent:
            case NotSent(error):
                record.is_open = True
                record.not_sent = error
                record.skipped = f"it could not be sent: {error}"
            case Refused(error) if is_cap(sent):
                record.is_open = True
                record.skipped = f"no place became free among the jobs of the account: {error}"
            case Refused(error):
                # With another key it can still be brought to an end.
                record.is_open = is_key_refused(sent) or bool(record.unread)
                record.failures |= dict.fromkeys(record.numbers, items_of(error))
            case Unknown(error):
                record.doubt = f"the answer was lost: {error}"
            case Answered():
                record.doubt = ""
                record.is_open = record.operation.call in JOB_CALLS or bool(record.unread)
            case _:
                pass

    def _stop_if_refused(self, sent: Sent) -> None:
        """A refused key, or an address that sends elsewhere, is no matter of one operation."""
        if isinstance(sent, Answered):
            return
        if is_key_refused(sent):
            self._desk.refused(sent.error)
        elif isinstance(sent.error, FatalNetworkError):
            self._stop.now(str(sent.error))
