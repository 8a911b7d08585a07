"""The account's background jobs: list, show, wait."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.api.clock import SystemClock
from reconciler.api.jobs import as_job, list_jobs, one_job
from reconciler.api.read import open_reader
from reconciler.core.hints import quoted
from reconciler.core.jobs import Job
from reconciler.core.live import USABLE_ID
from reconciler.errors import ForbiddenError, UsageError
from reconciler.workflow.common import Options, account, account_here, key_refused

_FIRST, _LONGEST, _GROWTH = 1.0, 10.0, 1.5


async def jobs_list(options: Options, most: int) -> list[Job]:
    """The newest `most` jobs of the account, newest first."""
    endpoint, limits = account(account_here(), options)
    async with open_reader(endpoint, limits, SystemClock()) as reader:
        with _needed():
            return [as_job(job, reader.redactor) for job in await list_jobs(reader, most)]


async def jobs_show(options: Options, job_id: str) -> Job:
    """One job, with what became of each number. NotFoundError where there is none."""
    endpoint, limits = account(account_here(), options)
    async with open_reader(endpoint, limits, SystemClock()) as reader:
        with _needed():
            return as_job(await one_job(reader, usable(job_id)), reader.redactor)


async def jobs_wait(options: Options, job_id: str) -> Job:
    """The job as it stands when it has ended, or when --job-timeout is over."""
    endpoint, limits = account(account_here(), options)
    clock = SystemClock()
    until = clock.monotonic() + limits.job_timeout_seconds
    pause = _FIRST
    async with open_reader(endpoint, limits, clock) as reader:
        while True:
            with _needed():
                job = as_job(await one_job(reader, usable(job_id)), reader.redactor)
            left = until - clock.monotonic()
            if job.ended or left <= 0:
                return job
            await clock.sleep(min(pause, left))
            pause = min(pause * _GROWTH, _LONGEST)


@contextmanager
def _needed() -> Iterator[None]:
    """A refusal leaves nothing to tell, so here it is the key that was refused."""
    try:
        yield
    except ForbiddenError as refusal:
        raise key_refused(refusal) from None


def usable(job_id: str) -> str:
    """The id as the user gave it. UsageError for what can be none."""
    if not USABLE_ID.match(job_id):
        raise UsageError(f"{quoted(job_id)} is not the id of a job: `jobs list` shows them")
    return job_id
