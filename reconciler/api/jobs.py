"""Background work: jobs and messaging orders, and what they say became of each number.

All jobs are polled together, one page of the jobs list a round; a job that the page lacks is
asked for by its id. A number is judged by the operation lists it stands in, whatever the status
of the job says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from reconciler.api.failures import items_of
from reconciler.api.read import ReadClient
from reconciler.api.settings import segment
from reconciler.core.jobs import ENDED, Job
from reconciler.core.text import Redactor
from reconciler.errors import ApiError, ApiErrorItem, KeyRefusedError

TERMINAL = ENDED
_JOBS = "/phone_numbers/jobs"
_PAGE = 50
_LARGEST_PAGE = 250
_MORE_PAGES = 20
"""How many further pages are read where jobs that cannot be read, or repeat, take up places."""


class _Number(msgspec.Struct, frozen=True):
    id: Any = None
    phone_number: Any = None
    errors: Any = None


class JobAnswer(msgspec.Struct, frozen=True):
    """A job as the API shows it. Its echo of the settings, which can hold a PIN, is not read."""

    id: str
    status: str = ""
    type: Any = None
    created_at: Any = None
    etc: Any = None
    phone_numbers: list[_Number] | None = None
    successful_operations: list[_Number] | None = None
    failed_operations: list[_Number] | None = None
    pending_operations: list[_Number] | None = None


class JobData(msgspec.Struct, frozen=True):
    """The answer to creating or asking for one job."""

    data: JobAnswer


class _JobsData(msgspec.Struct, frozen=True):
    data: list[msgspec.Raw]
    """Everybody's jobs, of every type: an odd one among them is no reason to lose sight of ours."""


class OrderAnswer(msgspec.Struct, frozen=True):
    """A messaging bulk order as the API shows it."""

    order_id: str
    success: list[str] | None = None
    failed: list[str] | None = None
    pending: list[str] | None = None


class OrderData(msgspec.Struct, frozen=True):
    """The answer to creating or asking for one order."""

    data: OrderAnswer


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known of the numbers (E.164) of one job or order."""

    id: str
    status: str
    done: frozenset[str] = frozenset()
    failed: Mapping[str, tuple[ApiErrorItem, ...]] = field(default_factory=dict)
    strangers: frozenset[str] = frozenset()
    """Numbers or ids it lists that nobody sent: then nothing about it can be trusted."""
    estimate: float = 0.0
    """How many seconds it says that it takes from its start to its end; 0 where it does not."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.status in TERMINAL


async def poll_jobs(
    reader: ReadClient,
    ids: Iterable[str],
    listed: Callable[[Sequence[JobAnswer]], None],
    *,
    by_list: bool,
) -> dict[str, JobAnswer | ApiError]:
    """The present state of the jobs `ids`, or why it cannot be told; as few calls as there are.

    Each is tried once, for there is a next round. `listed` is told of every job on the page that
    was read for it; with `by_list` one is read for a single job, too. KeyRefusedError passes.
    """
    wanted = set(ids)
    found: dict[str, JobAnswer | ApiError] = {}
    if len(wanted) > 1 or by_list:
        try:
            page = await _first_page(reader)
        except KeyRefusedError:
            raise
        except ApiError as error:
            return dict.fromkeys(wanted, error)
        found |= {job.id: job for job in page if job.id in wanted}
        listed(page)
    for id_ in sorted(wanted - found.keys()):
        try:
            found[id_] = (await reader.read_once(_job_path(id_), JobData)).data
        except KeyRefusedError:
            raise
        except ApiError as error:
            found[id_] = error
    return found


async def list_jobs(reader: ReadClient, most: int) -> list[JobAnswer]:
    """The newest `most` jobs of the account, the newest first, each once."""
    found: dict[str, JobAnswer] = {}
    size = min(most, _LARGEST_PAGE)
    for page in range(1, -(-most // size) + _MORE_PAGES):
        query = {"page[number]": str(page), "page[size]": str(size)}
        rows = (await reader.read(_JOBS, _JobsData, query)).data
        for job in _readable(rows):
            found.setdefault(job.id, job)
        if len(rows) < size or len(found) >= most:
            break
    return list(found.values())[:most]


async def jobs_of_type(reader: ReadClient, type_: str, *, since: datetime) -> list[JobAnswer]:
    """The jobs of one type, newest first, as far as they may have been made after `since`."""
    found: list[JobAnswer] = []
    for page in range(1, _MORE_PAGES + 1):
        query = {
            "filter[type]": type_,
            "page[number]": str(page),
            "page[size]": str(_LARGEST_PAGE),
        }
        rows = (await reader.read(_JOBS, _JobsData, query)).data
        jobs = list(_readable(rows))
        found += [job for job in jobs if job.type == type_]
        oldest = min((made for job in jobs if (made := created_at(job))), default=None)
        if len(rows) < _LARGEST_PAGE or (oldest is not None and oldest < since):
            break
    return found


def created_at(job: JobAnswer) -> datetime | None:
    """When a job was made; None where it does not say so in a way that can be read."""
    return _moment(job.created_at)


def _moment(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _estimate(job: JobAnswer) -> float:
    """By its own clock, so that it is right though the clocks are apart."""
    start, end = created_at(job), _moment(job.etc)
    return max((end - start).total_seconds(), 0.0) if start and end else 0.0


def _readable(rows: Iterable[msgspec.Raw]) -> Iterator[JobAnswer]:
    for raw in rows:
        try:
            yield msgspec.json.decode(raw, type=JobAnswer)
        except msgspec.ValidationError:
            continue


async def one_job(reader: ReadClient, job_id: str) -> JobAnswer:
    """One job as it stands. Raises the ApiError for which it cannot be told."""
    return (await reader.read(_job_path(job_id), JobData)).data


def _job_path(job_id: str) -> str:
    return f"{_JOBS}/{segment(job_id)}"


async def _first_page(reader: ReadClient) -> list[JobAnswer]:
    query = {"page[number]": "1", "page[size]": str(_PAGE)}
    return list(_readable((await reader.read_once(_JOBS, _JobsData, query)).data))


async def one_order(reader: ReadClient, order_id: str) -> OrderAnswer:
    """One messaging order as it stands. Raises the ApiError for which it cannot be told."""
    return (await reader.read(_order_path(order_id), OrderData)).data


def _order_path(order_id: str) -> str:
    return f"/messaging_numbers_bulk_updates/{segment(order_id)}"


async def poll_order(reader: ReadClient, order_id: str) -> OrderAnswer | ApiError:
    """The present state of one messaging order, or why it cannot be told: tried once, for there
    is a next round."""
    try:
        return (await reader.read_once(_order_path(order_id), OrderData)).data
    except KeyRefusedError:
        raise
    except ApiError as error:
        return error


def as_job(job: JobAnswer, clean: Redactor) -> Job:
    """A job for a report: its numbers as the API names them, its texts by way of `clean`."""

    def name(each: _Number) -> str:
        return clean.clean(str(each.phone_number or each.id or ""), 80)

    def text(value: object) -> str:
        return clean.clean(value, 80) if isinstance(value, str) else ""

    failed = {name(each): _errors(each.errors, clean) for each in job.failed_operations or ()}
    done = tuple(n for each in job.successful_operations or () if (n := name(each)) not in failed)
    pending = tuple(name(each) for each in job.pending_operations or ())
    return Job(
        id=clean.clean(job.id, 200),
        type=text(job.type),
        status=text(job.status).replace("-", "_"),
        created_at=text(job.created_at),
        etc=text(job.etc),
        numbers=len(job.phone_numbers or ()) or len(done) + len(failed) + len(pending),
        done=done,
        failed=failed,
        pending=pending,
    )


def judge_job(job: JobAnswer, numbers_by_id: Mapping[str, str], clean: Redactor) -> Progress:
    """What `job` says of the numbers that were sent, which are `numbers_by_id`."""
    sent = set(numbers_by_id.values())

    def name(each: _Number) -> str:
        if isinstance(each.phone_number, str) and each.phone_number in sent:
            return each.phone_number
        if isinstance(each.id, str) and each.id in numbers_by_id:
            return numbers_by_id[each.id]
        return clean.clean(str(each.phone_number or each.id), 80)

    done = {name(each) for each in job.successful_operations or ()}
    failed = {name(each): _errors(each.errors, clean) for each in job.failed_operations or ()}
    pending = {name(each) for each in job.pending_operations or ()}
    listed = {name(each) for each in job.phone_numbers or ()}
    strangers = (done | failed.keys() | pending | listed) - sent
    return Progress(
        job.id,
        job.status.replace("-", "_"),
        done=frozenset(done - failed.keys()),
        failed=failed,
        strangers=frozenset(strangers),
        estimate=_estimate(job),
    )


def judge_order(order: OrderAnswer, numbers: Iterable[str], clean: Redactor) -> Progress:
    """What a messaging order says of its numbers; it has ended when none is pending."""
    sent = set(numbers)
    failed = dict.fromkeys(order.failed or (), _FAILED_ORDER)
    done = frozenset(order.success or ()) - failed.keys()
    settled = sent <= done | failed.keys()
    listed = {*done, *failed, *(order.pending or ())}
    return Progress(
        order.order_id,
        "completed" if settled else "in_progress",
        done=done,
        failed=failed,
        strangers=frozenset(clean.clean(each, 80) for each in listed - sent),
    )


_FAILED_ORDER = (ApiErrorItem("", "Failed", "the messaging order lists it as failed", ""),)


def _errors(raw: object, clean: Redactor) -> tuple[ApiErrorItem, ...]:
    return items_of(raw, clean) or (
        ApiErrorItem("", "Failed", "the job lists it as failed and says no more", ""),
    )
