"""How long an apply will take: worked out before it, from the calls as they are really made. Pure.

An apply is calls and waiting. The calls: what is read again before each write, the write, the
looks at what runs in the background, and what is read back at the end. They start at the
configured rate, which climbs while the API lets it. The waiting: jobs, so many at a time and one
after the other where they depend on each other, and the provisioning of emergency service.

How fast the API lets calls go, and how long its jobs take, nobody knows beforehand; so there are
three outlooks, and the answer is a range around what is expected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, log

from reconciler.core.catalogue import BY_PATH
from reconciler.core.changes import Change
from reconciler.core.fields import Channel, Kind, Listing
from reconciler.core.operations import Operation, sent_paths
from reconciler.core.ways import at_most

JOB_CALLS = frozenset(
    {Channel.UPDATE_JOB, Channel.EMERGENCY_JOB, Channel.DELETE_JOB, Channel.MESSAGING_BULK}
)
"""Calls that are carried out in the background and polled."""

_RELEASES = frozenset({Channel.DELETE_JOB, Channel.DELETE_NUMBER})
_EMERGENCY = frozenset({Channel.EMERGENCY_JOB, Channel.ENABLE_EMERGENCY})
_RESOURCES = frozenset({Listing.NUMBERS, Listing.VOICE, Listing.MESSAGING, Listing.MOBILE})


@dataclass(frozen=True, slots=True)
class Eta:
    """Seconds that an apply takes: at best, as expected, and at worst short of a fault."""

    soonest: int
    expected: int
    latest: int

    def around(self, expected: int) -> Eta:
        """The same range, as far as need be to hold what a saved plan expects."""
        return Eta(min(self.soonest, expected), expected, max(self.latest, expected))


NO_TIME = Eta(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is assumed of the API. Times in seconds.

    `growth`: by how much of itself the rate grows in a second while calls queue, until it is
    `fastest` (calls a second); `latency` of a call; `job`: from a job's send until it is seen to
    have ended; `provisioning` of emergency service after that; `readings` of everything, until
    all that was written shows; `overlap`: whether jobs run while single calls are made.
    """

    growth: float
    fastest: float
    latency: float
    job: float
    provisioning: float
    readings: int = 1
    overlap: bool = True


SOONEST = Outlook(1.0, 1840.0, 0.03, 0.6, 0.0)
"""The API tells of a high limit, and does at once what it is asked to."""
EXPECTED = Outlook(0.15, 50.0, 0.15, 10.0, 60.0)
"""The API tells nothing, and lets the rate climb to what such accounts are given."""
LATEST = Outlook(0.0, 0.0, 0.5, 60.0, 600.0, readings=2, overlap=False)
"""The API allows no more than the rate to start at, and is busy."""

_CALLS_READ_TOGETHER = 8
"""Single calls whose numbers are read in one go, at the pace to start at; more, when it climbs."""

# The pauses between the looks at a job double, from half a second to ten.
_LOOKS = (0.5, 1.5, 3.5, 7.5, 15.5)


@dataclass(frozen=True, slots=True)
class Work:
    """What an apply has to do. `before` and `after` are calls: reads and writes up to the last
    write, and reads after it. `waves` are jobs that run one after the other, `orders` those of
    the jobs that are polled by a call each, and `steps` the operations of the longest chain."""

    before: int
    after: int
    waves: int = 0
    orders: int = 0
    steps: int = 1
    emergency: bool = False


def eta_of(
    operations: Sequence[Operation],
    changes: Iterable[Change],
    *,
    account_size: int,
    page_size: int = 250,
    jobs_in_flight: int = 20,
    rate_per_second: float = 5.0,
) -> Eta:
    """How long carrying out `operations` takes, in an account of `account_size` numbers, when
    calls start at `rate_per_second`."""
    if not operations:
        return NO_TIME
    work = work_of(operations, changes, account_size, page_size, jobs_in_flight)
    expected = ceil(seconds(work, EXPECTED, rate_per_second))
    soonest = ceil(seconds(work, SOONEST, rate_per_second))
    latest = ceil(seconds(work, LATEST, rate_per_second))
    return Eta(soonest, expected, latest).around(expected)


def seconds(work: Work, outlook: Outlook, rate: float) -> float:
    """How long `work` takes when all is as in `outlook` and calls start at `rate` a second:
    everything is read back once all is written and all jobs have ended."""
    waiting = work.waves * outlook.job
    looks = sum(look < outlook.job for look in _LOOKS) + int(outlook.job // 10)
    polls = looks * (work.waves + work.orders)
    calling = time_for(work.before + polls, outlook, rate)
    writing = max(calling, waiting) if outlook.overlap else calling + waiting
    calls = work.before + polls + work.after * outlook.readings
    reading = time_for(calls, outlook, rate) - calling
    again = float(outlook.readings - 1)  # a pause of a second before the second reading
    provisioning = outlook.provisioning if work.emergency else 0.0
    hops = (2 * work.steps + outlook.readings) * outlook.latency
    return writing + reading + again + provisioning + hops


def time_for(calls: float, outlook: Outlook, rate: float) -> float:
    """Seconds that so many calls take at a `rate` that climbs: the first goes at once."""
    gaps = max(calls - 1, 0)
    fastest = max(outlook.fastest, rate)
    if outlook.growth <= 0 or rate >= fastest:
        return gaps / rate
    climbing = log(fastest / rate) / outlook.growth
    on_the_way = (fastest - rate) / outlook.growth
    if gaps <= on_the_way:
        return log(1 + outlook.growth * gaps / rate) / outlook.growth
    return climbing + (gaps - on_the_way) / fastest


def work_of(
    operations: Sequence[Operation],
    changes: Iterable[Change],
    account_size: int,
    page_size: int,
    jobs_in_flight: int,
) -> Work:
    """The calls and the waiting that `operations` stand for."""
    kinds = {change.phone_number: change.kind for change in changes}
    jobs = [each for each in operations if each.call in JOB_CALLS]
    calls = calls_of(operations, kinds, account_size, page_size, jobs_in_flight)
    deepest, steps = _chains(operations)
    return Work(
        round(sum(calls.values())),
        reads_after(operations, kinds, account_size, page_size),
        waves=max(-(-len(jobs) // jobs_in_flight), deepest),
        orders=sum(each.call is Channel.MESSAGING_BULK for each in jobs),
        steps=steps,
        emergency=any(each.call in _EMERGENCY for each in operations),
    )


def calls_of(
    operations: Sequence[Operation],
    kinds: Mapping[str, Kind],
    account_size: int,
    page_size: int,
    jobs_in_flight: int,
) -> dict[str, float]:
    """The write of each operation, by id, and its part in the reads before it; the looks at what
    runs in the background are not among them. `kinds` are those of the numbers."""
    jobs = [each for each in operations if each.call in JOB_CALLS]
    single = [each for each in operations if each.call not in JOB_CALLS]
    calls = {each.id: 1.0 for each in operations}
    # What is sent together is read together.
    for some, most in (single, _CALLS_READ_TOGETHER), (jobs, jobs_in_flight):
        for at in range(0, len(some), most):
            together = some[at : at + most]
            reads = _reads(together, kinds, account_size, page_size, guards=True)
            for each in together:
                calls[each.id] += reads / len(together)
    return calls


def reads_after(
    operations: Sequence[Operation], kinds: Mapping[str, Kind], account_size: int, page_size: int
) -> int:
    """The calls that read everything back which `operations` write."""
    return _reads(operations, kinds, account_size, page_size, guards=False)


def resource_of(path: str, kind: Kind) -> Listing | None:
    """The resource that carries a field, named by the list with the same shape."""
    reads = [read.listing for read in BY_PATH[kind][path].reads if not read.check]
    return next((each for each in reads if each in _RESOURCES), None)


def _reads(
    operations: Iterable[Operation],
    kinds: Mapping[str, Kind],
    account_size: int,
    page_size: int,
    *,
    guards: bool,
) -> int:
    """Calls to read the numbers of `operations` again, all in one go."""
    numbers: dict[Listing, set[str]] = {}
    for operation in operations:
        for listing in _lists(operation, kinds, guards=guards):
            numbers.setdefault(listing, set()).update(operation.numbers)
    return sum(
        at_most(listing, each, rows=account_size, page_size=page_size)
        for listing, each in numbers.items()
    )


def _lists(operation: Operation, kinds: Mapping[str, Kind], *, guards: bool) -> set[Listing]:
    """The lists, or resources, that show what an operation writes; with `guards` what it
    restates too."""
    if operation.call in _RELEASES:
        return {Listing.NUMBERS}
    kind = kinds[operation.numbers[0]]
    paths = {*sent_paths(operation, kind), *(operation.guards if guards else ())}
    found = {resource_of(path, kind) for path in paths}
    return {each for each in found if each is not None}


def _chains(operations: Iterable[Operation]) -> tuple[int, int]:
    """The most jobs, and the most operations, of which each waits for the one before it."""
    jobs: dict[str, int] = {}
    steps: dict[str, int] = {}
    for each in operations:
        jobs[each.id] = max((jobs.get(one, 0) for one in each.depends_on), default=0)
        jobs[each.id] += each.call in JOB_CALLS
        steps[each.id] = 1 + max((steps.get(one, 0) for one in each.depends_on), default=0)
    return max(jobs.values(), default=0), max(steps.values(), default=0)
