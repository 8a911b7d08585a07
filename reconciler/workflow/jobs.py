"""The account's background jobs: list, show, wait."""

from __future__ import annotations

from reconciler.api.clock import SystemClock
from reconciler.api.jobs import TERMINAL, as_job, list_jobs, one_job
from reconciler.api.read import open_reader
from reconciler.core.jobs import Job
from reconciler.workflow.common import Options, account, account_here

_FIRST, _LONGEST, _GROWTH = 1.0, 10.0, 1.5


async def jobs_list(options: Options, most: int) -> list[Job]:
    """The newest `most` jobs of the account, newest first."""
    endpoint, limits = account(account_here(), options)
    async with open_reader(endpoint, limits, SystemClock()) as reader:
        return [as_job(job) for job in await list_jobs(reader, most)]


async def jobs_show(options: Options, job_id: str) -> Job:
    """One job, with what became of each number. NotFoundError where there is none."""
    endpoint, limits = account(account_here(), options)
    async with open_reader(endpoint, limits, SystemClock()) as reader:
        return as_job(await one_job(reader, job_id))


async def jobs_wait(options: Options, job_id: str) -> Job:
    """The job as it stands when it has ended, or when --job-timeout is over."""
    endpoint, limits = account(account_here(), options)
    clock = SystemClock()
    until = clock.monotonic() + limits.job_timeout_seconds
    pause = _FIRST
    async with open_reader(endpoint, limits, clock) as reader:
        while True:
            job = await one_job(reader, job_id)
            left = until - clock.monotonic()
            if job.status in TERMINAL or left <= 0:
                return as_job(job)
            await clock.sleep(min(pause, left))
            pause = min(pause * _GROWTH, _LONGEST)
