"""A job whose answer was lost: found again in the jobs of the account, or known not to be there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta

from reconciler.api.clock import Clock
from reconciler.api.jobs import JobAnswer, created_at, jobs_of_type
from reconciler.api.read import ReadClient
from reconciler.core.fields import Channel
from reconciler.errors import ApiError, KeyRefusedError

UNLISTED_SECONDS = 60.0
"""A job that is not listed so long after it was sent was not taken."""

_TOLERANCE = timedelta(seconds=120)
"""How far the clocks of this machine and of the API may be apart."""

_PAUSES = (3.0, 12.0, 45.0)

_TYPES = {
    Channel.UPDATE_JOB: "update_phone_numbers",
    Channel.EMERGENCY_JOB: "update_emergency_settings",
    Channel.DELETE_JOB: "delete_phone_numbers",
}


async def find_job(
    reader: ReadClient,
    clock: Clock,
    call: Channel,
    numbers: Mapping[str, str],
    sent_at: datetime,
    claimed: Collection[str],
    give_up: Callable[[], bool],
) -> JobAnswer | None:
    """The job of a `call` sent at `sent_at` for exactly `numbers` (E.164 by id), which no other
    operation has `claimed`; None where it is not listed in time.

    Raises the ApiError for which the jobs could not be listed in the end.
    """
    pauses = iter(_PAUSES)
    last: ApiError | None = None
    while True:
        try:
            jobs = await jobs_of_type(reader, _TYPES[call], since=sent_at - _TOLERANCE)
            last = None
        except KeyRefusedError:
            raise
        except ApiError as error:
            jobs, last = [], error
        for job in jobs:
            if job.id not in claimed and _is_for(job, numbers) and _is_since(job, sent_at):
                return job
        left = UNLISTED_SECONDS - (clock.now() - sent_at).total_seconds()
        if left <= 0 or give_up():
            if last:
                raise last
            return None
        await clock.sleep(min(next(pauses, _PAUSES[-1]), left))


def _is_for(job: JobAnswer, numbers: Mapping[str, str]) -> bool:
    """Whether a job lists exactly these numbers, by id or in E.164."""
    listed = {
        numbers.get(each.id, each.phone_number) if isinstance(each.id, str) else each.phone_number
        for each in job.phone_numbers or ()
    }
    return listed == set(numbers.values())


def _is_since(job: JobAnswer, sent_at: datetime) -> bool:
    created = created_at(job)
    return created is not None and created >= sent_at - _TOLERANCE
