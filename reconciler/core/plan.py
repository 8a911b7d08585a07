"""The plan: what would change, by which calls, and how much that is. Data and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.core.changes import Action, Difference
from reconciler.core.compiler import compile_operations, write_calls_floor
from reconciler.core.cost import NO_PRICES, Cost, Prices, cost_of
from reconciler.core.eta import JOB_CALLS, NO_TIME, Eta, eta_of
from reconciler.core.fields import Channel
from reconciler.core.model import Snapshot
from reconciler.core.operations import Operation
from reconciler.core.policies import ERROR, Unjudged, Violation

__all__ = ["JOB_CALLS", "Origin", "Plan", "Summary", "make_plan"]


@dataclass(frozen=True, slots=True)
class Summary:
    """The counts of a plan; numbers are phone numbers, calls are write calls, times seconds.
    `eta_seconds` is the time to expect."""

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
    violations: tuple[Violation, ...] = ()
    """What breaks the project's policies: after the changes, or of the account as it is where the
    plan is a look at its drift."""
    unjudged: tuple[Unjudged, ...] = ()
    """Of what it could not be told whether it breaks a policy."""
    eta: Eta = field(default=NO_TIME, compare=False)
    """The range of time around `summary.eta_seconds`. No file holds it: it is worked out anew."""
    digest: str = ""
    """The digest of the file it was read from; "" for a plan that was just made."""

    @property
    def has_changes(self) -> bool:
        """Whether there is anything to do, or to allow first."""
        return bool(self.difference.changes or self.difference.withheld)

    @property
    def has_drift(self) -> bool:
        """Whether the account is in any way not, or not known to be, as declared; policies of
        level warn count for nothing here."""
        left = self.difference.not_owned or self.difference.unknown
        unjudged = {each.level for each in self.unjudged}
        return self.has_changes or bool(left) or self.has_findings or ERROR in unjudged

    @property
    def has_findings(self) -> bool:
        """Whether a policy of level error is broken, or live numbers are managed by nobody where
        the project takes that for wrong: no change makes up for it."""
        levels = {each.level for each in self.violations}
        return ERROR in levels or bool(self.difference.undeclared)

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing to say but that the account is as the YAML wants it."""
        return not (self.has_drift or self.refusals or self.violations or self.unjudged)


def make_plan(
    difference: Difference,
    snapshot: Snapshot,
    *,
    created_at: datetime,
    origin: Origin,
    job_size: int = 1000,
    page_size: int = 250,
    jobs_in_flight: int = 20,
    rate_per_second: float = 5.0,
    allowed: tuple[str, ...] = (),
    prices: Prices = NO_PRICES,
) -> Plan:
    """Compile `difference` (what the rules left of it) into a plan."""
    operations = compile_operations(difference, snapshot, job_size=job_size)
    eta = eta_of(
        operations,
        difference.changes,
        account_size=snapshot.live_numbers,
        page_size=page_size,
        jobs_in_flight=jobs_in_flight,
        rate_per_second=rate_per_second,
    )
    floor = write_calls_floor(difference.changes, job_size=job_size)
    return Plan(
        created_at=created_at,
        base_url=snapshot.base_url,
        fetched_at=snapshot.fetched_at,
        live_numbers=snapshot.live_numbers,
        origin=origin,
        difference=difference,
        operations=operations,
        summary=_summary(difference, operations, floor, eta.expected),
        allowed=allowed,
        cost=cost_of(difference.changes, prices),
        eta=eta,
    )


def _summary(
    difference: Difference, operations: Sequence[Operation], floor: int, seconds: int
) -> Summary:
    """The counts. `floor` is the fewest write calls there can be, `seconds` the time to expect."""
    calls = Counter(operation.call for operation in operations)
    changes = difference.changes
    return Summary(
        declared=difference.declared,
        numbers_changed=len(changes),
        fields_changed=sum(len(change.fields) for change in changes),
        released=sum(change.action is Action.RELEASE for change in changes),
        unchanged=difference.unchanged,
        unmanaged=difference.unmanaged,
        not_owned=len(difference.not_owned),
        unknown=len(difference.unknown),
        withheld=len(difference.withheld),
        calls={channel: calls[channel] for channel in Channel},
        write_calls=len(operations),
        write_calls_floor=floor,
        eta_seconds=seconds,
    )
