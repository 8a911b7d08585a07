"""What the API does on its own once it has accepted it: jobs and messaging orders, to their end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from reconciler.api.http import decode
from reconciler.api.jobs import JobAnswer, JobData, OrderData, Progress, one_job, one_order
from reconciler.api.polling import Poller
from reconciler.api.together import together
from reconciler.api.write import Answered
from reconciler.apply.desk import Desk
from reconciler.apply.lost import Finder
from reconciler.core.fields import Channel
from reconciler.core.verdict import Record
from reconciler.errors import ApiError, KeyRefusedError, NotFoundError


class Background:
    """Follows jobs and orders, and takes down what they say of each number."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        limits = desk.context.limits
        self._poller = Poller(
            desk.reader,
            desk.clock,
            limits.job_timeout_seconds,
            desk.in_a_hurry,
            desk.context.redactor,
        )
        self.finder = Finder(desk.reader, desk.clock, desk.claimed, desk.in_a_hurry, self._poller)
        self._poller.others = self.finder
        self._seen: dict[str, Progress | ApiError] = {}
        self.places = asyncio.Semaphore(limits.jobs_in_flight)
        """One for each job or order that may run at a time."""
        self.queue = asyncio.Lock()
        """Held by the one that waits for the API to have a free place."""

    async def run(self) -> None:
        """Poll for as long as the task lives."""
        await self._poller.run()

    async def free_place(self, until: float) -> bool:
        """Wait for a place in the queue of the API, full with whosever jobs; False when it is
        `until`."""
        return await self._poller.free_place(until)

    def first_look(self, record: Record, sent: Answered) -> Progress:
        """What the answer says of the job or order it made. ApiError where it does not say."""
        if record.operation.call is Channel.MESSAGING_BULK:
            return self._poller.judge_order(decode(sent.answer, OrderData).data, record.numbers)
        job = decode(sent.answer, JobData).data
        return self._poller.judge_job(job, self._desk.numbers_by_id(record))

    async def look_at_all(self, known: Iterable[tuple[Record, str]]) -> None:
        """Look once at what an earlier run left, before anything is sent: a job that lists other
        numbers than were sent stops all writing. KeyRefusedError passes."""

        async def look(record: Record, background: str) -> None:
            try:
                progress = await self._look_at(record, background)
            except KeyRefusedError:
                raise
            except ApiError as error:
                self._seen[background] = error
            else:
                self._seen[background] = progress
                self._stop_for_strangers(progress)

        async with together(look(*each) for each in known) as tasks:
            await asyncio.gather(*tasks)

    async def follow(self, record: Record, background: str) -> bool:
        """Take up a job or an order that is known by its id. False where the API does not know
        it, or not any more."""
        record.is_open = True
        async with self.places:
            seen = self._seen.pop(background, None)
            try:
                if isinstance(seen, ApiError):
                    raise seen
                progress = seen or await self._look_at(record, background)
            except NotFoundError:
                record.doubt = f"{background} is not among the jobs of the account any more"
                return False
            except KeyRefusedError as error:
                self._desk.refused(error)
                record.doubt = f"it was sent, but not followed to its end: {error}"
            except ApiError as error:
                record.doubt = f"it was sent, but not followed to its end: {error}"
            else:
                await self.wait(record, progress)
        return True

    async def take_up(self, record: Record, job: JobAnswer) -> None:
        """Follow a job that was found in a listing."""
        progress = self._poller.judge_job(job, self._desk.numbers_by_id(record))
        await self.wait(record, progress, self._desk.notes.age(record.operation.id))

    async def wait(self, record: Record, progress: Progress, waited: float = 0.0) -> None:
        """Wait for the end of a job or an order, and take down what it says of each number.
        `waited` is how many seconds it already took to have it running."""
        record.is_open = True
        now = self._desk.clock.monotonic()
        self._desk.forecast.runs(record.operation.id, now, progress.estimate)
        try:
            if record.operation.call is Channel.MESSAGING_BULK:
                progress = await self._poller.order(progress, record.numbers, waited)
            else:
                numbers = self._desk.numbers_by_id(record)
                progress = await self._poller.job(progress, numbers, waited)
        except ApiError as error:
            if isinstance(error, KeyRefusedError):
                self._desk.refused(error)
            record.doubt = f"it was sent, but not followed to its end: {error}"
            return
        self._stop_for_strangers(progress)
        sent = frozenset(record.numbers)
        record.failures |= {n: why for n, why in progress.failed.items() if n in sent}
        record.given_up |= sent - progress.done - progress.failed.keys()
        record.is_open = not progress.ended or bool(record.unread)
        record.doubt = ""
        if progress.strangers:
            record.doubt = self._desk.stop.reason
        elif not progress.ended:
            when = "it was interrupted" if self._desk.in_a_hurry() else "its time was up"
            record.doubt = f"job {progress.id} was still {progress.status} when {when}"
        elif unsettled := len(record.given_up & sent):
            record.doubt = (
                f"job {progress.id} is {progress.status} and says nothing of {unsettled} numbers"
            )

    async def _look_at(self, record: Record, background: str) -> Progress:
        if record.operation.call is Channel.MESSAGING_BULK:
            order = await one_order(self._desk.reader, background)
            return self._poller.judge_order(order, record.numbers)
        job = await one_job(self._desk.reader, background)
        return self._poller.judge_job(job, self._desk.numbers_by_id(record))

    def _stop_for_strangers(self, progress: Progress) -> None:
        if progress.strangers:
            self._desk.stop.now(
                f"job {progress.id} lists numbers that were not sent: "
                + ", ".join(sorted(progress.strangers)[:5])
            )
