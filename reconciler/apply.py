"""Carrying out a plan: the only room that writes.

Every write goes through `Applier._send`, once. What became of a number is first what the answer
or the job says, and then what reading it back says: only a value that was read back counts as
applied.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from reconciler.api.clock import Clock
from reconciler.api.confirm import Expected, Reading, confirm
from reconciler.api.gate import ShutError
from reconciler.api.http import decode
from reconciler.api.jobs import JobData, OrderData, Progress
from reconciler.api.polling import Poller
from reconciler.api.read import ReadClient
from reconciler.api.requests import request_for
from reconciler.api.settings import Limits
from reconciler.api.together import together
from reconciler.api.write import Answered, NotSent, Refused, Sent, Unknown, WriteClient
from reconciler.core.catalogue import BY_PATH
from reconciler.core.changes import RELEASE, Change
from reconciler.core.fields import Channel
from reconciler.core.operations import Operation
from reconciler.core.outcome import Left, Outcome
from reconciler.core.plan import JOB_CALLS, Plan
from reconciler.core.rules import FORWARDING_ENABLED, FORWARDS_TO
from reconciler.core.text import Redactor
from reconciler.core.values import UNKNOWN, LiveValue, Value
from reconciler.core.verdict import Confirmation, Record, judge, records_by_path
from reconciler.errors import (
    ApiError,
    ApiErrorItem,
    ForbiddenError,
    KeyRefusedError,
)

_QUEUE_FACTOR = 4


class Watcher(Protocol):
    """Told how an apply goes, for a progress bar."""

    def planned(self, channel: Channel, numbers: int) -> None:
        """So many numbers are to be written by `channel`."""

    def advanced(self, channel: Channel, numbers: int) -> None:
        """So many more are settled."""

    def confirming(self, numbers: int) -> None:
        """So many numbers are being read back."""


@dataclass(slots=True)
class Stop:
    """Whether to go on writing; set once, by a refused key, a wrong job or the user.

    The writer's `Gate` looks at it too: a write that still waits for its turn does not go.
    """

    reason: str = ""
    key_refused: bool = False
    interrupted: bool = False

    def now(self, reason: str, *, key_refused: bool = False, interrupted: bool = False) -> None:
        """Start no new write. The first reason stands."""
        if not self.reason:
            self.reason = reason
            self.key_refused = key_refused
            self.interrupted = interrupted


class Applier:
    """One run of one plan.

    `secrets` are PINs by ref; `redactor` takes them, and the key, out of what the API says.
    `connections` is the connection_id, before, of every number whose forwarding is switched on;
    those in `pinned` declare it.
    """

    def __init__(
        self,
        plan: Plan,
        writer: WriteClient,
        reader: ReadClient,
        *,
        secrets: Mapping[str, str],
        limits: Limits,
        clock: Clock,
        watcher: Watcher,
        stop: Stop,
        connections: Mapping[str, LiveValue],
        pinned: Collection[str],
        redactor: Redactor,
    ) -> None:
        self._plan = plan
        self._writer = writer
        self._reader = reader
        self._secrets = secrets
        self._limits = limits
        self._clock = clock
        self._watcher = watcher
        self._stop = stop
        self._changes = {change.phone_number: change for change in plan.difference.changes}
        self._ids = {number: change.id for number, change in self._changes.items()}
        self._records = {each.id: Record(each) for each in plan.operations}
        self._finished = {each.id: asyncio.Event() for each in plan.operations}
        self._calls: Counter[Channel] = Counter()
        self._places = asyncio.Semaphore(limits.jobs_in_flight)
        # More than can be in flight, so that the pace is never held back; but no more than that
        # queue for their turn, so that a stop is not long in coming.
        self._turns = asyncio.Semaphore(_QUEUE_FACTOR * limits.concurrency)
        self._poller = Poller(reader, clock, limits.job_timeout_seconds, self._in_a_hurry, redactor)
        self._by_path = records_by_path(plan, self._records)
        self._connections = connections
        self._pinned = pinned
        self._redact = redactor.redact
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

        Raises the ApiError for which not a single write reached the API.
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
        not_sent = [record.not_sent for record in self._records.values()]
        if not_sent and not_sent[0] and all(not_sent):
            raise not_sent[0]
        confirmation = await self._confirm()
        return self._outcome(
            confirmation, self._reader.reads - reads, self._clock.monotonic() - started
        )

    # ---- writing ------------------------------------------------------------------------------

    async def _operate(self, operation: Operation) -> None:
        record = self._records[operation.id]
        try:
            for id_ in operation.depends_on:
                await self._finished[id_].wait()
            if operation.call in JOB_CALLS:
                async with self._places:
                    await self._background(record)
            else:
                async with self._turns:
                    self._settle(record, await self._send(record))
        except Exception as bug:
            # Not hidden: it stops all writing, is told with the operation, and ends in exit 5.
            record.doubt = f"an error of this program: {type(bug).__name__}: {bug}"
            self._stop.now(record.doubt)
            raise
        finally:
            self._watcher.advanced(operation.call, len(operation.numbers))
            self._finished[operation.id].set()

    async def _send(self, record: Record) -> Sent | None:
        """The one seam that every write passes; None where writing has stopped."""
        record.sent = False
        if self._stop.reason:
            record.skipped = self._stop.reason
            return None
        request = request_for(record.operation, self._ids, self._secrets)
        self._calls[record.operation.call] += 1
        record.sent = True
        try:
            return await self._writer.send_once(request.method, request.path, request.body)
        except ShutError:
            self._calls[record.operation.call] -= 1
            record.sent = False
            record.skipped = self._stop.reason
            return None

    def _settle(self, record: Record, sent: Sent | None) -> None:
        """What an answer means for the numbers of an operation."""
        match sent:
            case Refused(error) | NotSent(error):
                if isinstance(error, KeyRefusedError | ForbiddenError):
                    self._stop.now(f"the key was refused: {error}", key_refused=True)
                items = error.items or (ApiErrorItem(_code(error), "", error.reason, ""),)
                record.failures = dict.fromkeys(record.operation.numbers, items)
                if isinstance(sent, NotSent):
                    record.sent, record.not_sent = False, error
            case Unknown(error):
                record.doubt = f"the answer was lost: {error}"
            case _:
                pass

    async def _background(self, record: Record) -> None:
        """Send a job or an order and wait for its end."""
        until = self._clock.monotonic() + self._limits.job_timeout_seconds
        sent = await self._send(record)
        while isinstance(sent, Refused) and _is_cap(sent.error):
            # Too many jobs are pending, perhaps somebody else's: the request was not carried
            # out, so it goes again when there is a free place.
            if not await self._poller.free_place(until):
                break
            sent = await self._send(record)
        self._settle(record, sent)
        if not isinstance(sent, Answered):
            return
        numbers = {self._ids[number]: number for number in record.operation.numbers}
        try:
            progress = await self._wait(record.operation, sent, numbers)
        except ApiError as error:
            if isinstance(error, KeyRefusedError):
                self._stop.now(f"the key was refused: {error}", key_refused=True)
            record.doubt = f"it was sent, but not followed to its end: {error}"
            return
        if progress.strangers:
            self._stop.now(
                f"job {progress.id} lists numbers that were not sent: "
                + ", ".join(sorted(progress.strangers)[:5])
            )
        record.failures = dict(progress.failed)
        record.given_up = frozenset(numbers.values()) - progress.done - progress.failed.keys()
        if not progress.ended:
            when = "it was interrupted" if self._in_a_hurry() else "its time was up"
            record.doubt = f"job {progress.id} was still {progress.status} when {when}"
        elif unsettled := len(numbers) - len(progress.done) - len(progress.failed):
            record.doubt = (
                f"job {progress.id} is {progress.status} and says nothing of {unsettled} numbers"
            )

    def _in_a_hurry(self) -> bool:
        """Whether the user wants out: then nothing is waited for but the calls in flight."""
        return self._stop.interrupted

    async def _wait(
        self, operation: Operation, sent: Answered, numbers: Mapping[str, str]
    ) -> Progress:
        if operation.call is Channel.MESSAGING_BULK:
            order = decode(sent.answer, OrderData).data
            return await self._poller.order(order, operation.numbers)
        job = decode(sent.answer, JobData).data
        return await self._poller.job(job, numbers)

    # ---- confirming ---------------------------------------------------------------------------

    async def _confirm(self) -> Confirmation:
        """Read back everything that was sent and not refused."""
        expected = [
            Expected(number, change.id, after, patient, change.kind)
            for number, change in self._changes.items()
            for patient in (True, False)
            if (after := self._to_confirm(change, patient))
        ]
        released = {
            number: self._ids[number]
            for number, records in self._by_path.items()
            if (record := records.get(RELEASE)) and record.sent
        }
        self._watcher.confirming(len(expected) + len(released))
        try:
            return await confirm(
                self._reading,
                expected,
                released,
                secrets=self._secrets,
                also=dict.fromkeys(self._connections, ("connection_id",)),
                refused=[n for n in released if n in self._by_path[n][RELEASE].failures],
            )
        except KeyRefusedError as error:
            self._stop.now(f"the key was refused: {error}", key_refused=True)
            return Confirmation()

    def _to_confirm(self, change: Change, patient: bool) -> dict[str, Value]:
        """The fields to read back: with patience what should show, without it what a job lists
        as failed or left open (a refused PATCH has nothing to show)."""
        number = change.phone_number
        rows = BY_PATH[change.kind]
        after = {
            field.path: field.after
            for field in change.fields
            if not rows[field.path].write_only or field.before is not UNKNOWN
        }
        return {
            path: after[path]
            for path, record in self._by_path[number].items()
            if path in after
            and record.sent
            and (number in record.failures or number in record.given_up) is not patient
            and (patient or record.operation.call in JOB_CALLS)
        }

    def _outcome(self, back: Confirmation, reads: int, seconds: float) -> Outcome:
        fates = judge(self._plan, self._by_path, back, self._redact)
        moved = dict(self._moved_connections(back))
        fates.unconfirmed += [
            Left(number, "connection_id", self._forwarding_operation(number), how)
            for number, how in moved.items()
            if number in self._pinned
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
            stopped=self._redact(self._stop.reason),
            key_refused=self._stop.key_refused,
            interrupted=self._stop.interrupted,
            notes=tuple(f"{number}: {how}" for number, how in moved.items()),
        )

    def _forwarding_operation(self, number: str) -> str:
        records = self._by_path[number]
        paths = (FORWARDING_ENABLED, FORWARDS_TO)
        return next(records[path].operation.id for path in paths if path in records)

    def _moved_connections(self, back: Confirmation) -> Iterator[tuple[str, str]]:
        """Switching forwarding on may attach a connection of the provider's own."""
        for number, before in self._connections.items():
            after = back.values.get(number, {}).get("connection_id", UNKNOWN)
            if UNKNOWN not in (before, after) and after != before:
                way = f"from {before or 'none'} to {after or 'none'}"
                yield (
                    number,
                    f"the provider moved connection_id {way} when forwarding was switched on",
                )


def _code(error: ApiError) -> str:
    return str(error.status) if error.status else ""


_CAP = re.compile(r"at most \d+ pending", re.IGNORECASE)


def _is_cap(error: ApiError) -> bool:
    """422/10015 at /base: 'You can have at most 20 pending or in progress jobs'."""
    return any(item.code == "10015" and _CAP.search(item.detail) for item in error.items)
