"""The plan: what would change, by which calls, and how much that is. Data and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from reconciler.core.changes import Action, Difference
from reconciler.core.compiler import compile_operations, write_calls_floor
from reconciler.core.cost import NO_PRICES, Cost, Prices, cost_of
from reconciler.core.fields import Channel
from reconciler.core.model import Snapshot
from reconciler.core.operations import Operation

JOB_CALLS = frozenset(
    {Channel.UPDATE_JOB, Channel.EMERGENCY_JOB, Channel.DELETE_JOB, Channel.MESSAGING_BULK}
)
"""Calls that are carried out in the background and polled."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The counts of a plan; numbers are phone numbers, calls are write calls, times seconds."""

    declared: int
    numbers_changed: int
    fields_changed: int
    released: int
    unchanged: int
    unmanaged: int
    not_owned: int
    unknown: int
    withheld: int
    calls: Mapping[Channel, int]
    write_calls: int
    write_calls_floor: int
    eta_seconds: int


@dataclass(frozen=True, slots=True)
class Origin:
    """What a plan was made from: the Git commit of the project (empty outside of Git) and a
    digest of its files."""

    commit: str
    digest: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan is self-contained: with the account's key it can be carried out elsewhere."""

    created_at: datetime
    base_url: str
    fetched_at: datetime
    live_numbers: int
    origin: Origin
    difference: Difference
    operations: tuple[Operation, ...]
    summary: Summary
    allowed: tuple[str, ...] = ()
    cost: Cost | None = None
    """The monthly difference; None where the project gives no prices for what changes."""
    refusals: tuple[str, ...] = ()
    """The rules that refuse the whole apply, and why."""
    digest: str = ""
    """The digest of the file it was read from; "" for a plan that was just made."""

    @property
    def has_changes(self) -> bool:
        """Whether there is anything to do, or to allow first."""
        return bool(self.difference.changes or self.difference.withheld)

    @property
    def has_drift(self) -> bool:
        """Whether the account is in any way not, or not known to be, as declared."""
        difference = self.difference
        left = difference.not_owned or difference.unknown or difference.undeclared
        return self.has_changes or bool(left)


def make_plan(
    difference: Difference,
    snapshot: Snapshot,
    *,
    created_at: datetime,
    origin: Origin,
    job_size: int = 1000,
    jobs_in_flight: int = 20,
    rate_per_second: float = 5.0,
    allowed: tuple[str, ...] = (),
    prices: Prices = NO_PRICES,
) -> Plan:
    """Compile `difference` (what the rules left of it) into a plan."""
    operations = compile_operations(difference, snapshot, job_size=job_size)
    calls = Counter(operation.call for operation in operations)
    released = sum(change.action is Action.RELEASE for change in difference.changes)
    summary = Summary(
        declared=difference.declared,
        numbers_changed=len(difference.changes),
        fields_changed=sum(len(change.fields) for change in difference.changes),
        released=released,
        unchanged=difference.unchanged,
        unmanaged=difference.unmanaged,
        not_owned=len(difference.not_owned),
        unknown=len(difference.unknown),
        withheld=len(difference.withheld),
        calls={channel: calls[channel] for channel in Channel},
        write_calls=len(operations),
        write_calls_floor=write_calls_floor(difference.changes, job_size=job_size),
        eta_seconds=_eta(operations, rate_per_second, jobs_in_flight),
    )
    return Plan(
        created_at=created_at,
        base_url=snapshot.base_url,
        fetched_at=snapshot.fetched_at,
        live_numbers=snapshot.live_numbers,
        origin=origin,
        difference=difference,
        operations=operations,
        summary=summary,
        allowed=allowed,
        cost=cost_of(difference.changes, prices),
    )


_JOB_SECONDS = 10
"""Assumed for a background job until its own `etc` says better."""


def _eta(operations: tuple[Operation, ...], rate_per_second: float, jobs_in_flight: int) -> int:
    """Seconds at the starting rate: every write, one read to confirm each number of a PATCH,
    a page of reads for every 250 numbers of a job; and the time of the jobs, so many at once."""
    jobs = [operation for operation in operations if operation.call in JOB_CALLS]
    patches = len(operations) - len(jobs)
    reads = patches + sum(-(-len(job.numbers) // 250) for job in jobs)
    waiting = -(-len(jobs) // jobs_in_flight) * _JOB_SECONDS
    return ceil((len(operations) + reads) / rate_per_second) + waiting
