"""The look before every write: are the numbers of an operation as the plan found them?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from reconciler.api.places import Places
from reconciler.api.read import ReadClient
from reconciler.api.reread import Reread, Target, reread
from reconciler.apply.looks import Looks
from reconciler.core.changes import Change
from reconciler.core.fields import Channel
from reconciler.core.freshness import Secrets, Standing, paths_to_read, standing
from reconciler.core.operations import Operation, covered, leaves_bundle
from reconciler.core.plan import JOB_CALLS, Plan
from reconciler.core.rules import CONNECTION, FORWARDING


@dataclass(frozen=True, slots=True)
class Request:
    """An operation that is about to be sent for these numbers."""

    operation: Operation
    numbers: tuple[str, ...]


class Checker:
    """Reads numbers again and judges them.

    Operations that are about to be sent are read together: in one scan of a list, or by a few
    filters, instead of one by one. `places` are those that single calls take while they are on
    their way: no more are looked at ahead of being sent.
    """

    def __init__(
        self,
        plan: Plan,
        reader: ReadClient,
        secrets: Secrets,
        *,
        page_size: int,
        places: Places | None = None,
    ) -> None:
        self._plan = plan
        self._reader = reader
        self._secrets = secrets
        self._page_size = page_size
        self._changes = {change.phone_number: change for change in plan.difference.changes}
        self._leavers = {each.id for each in plan.operations if leaves_bundle(each)}
        self._places = places
        self._jobs = Looks(reader.clock, self._read, self._may_read_jobs)
        self._calls = Looks(reader.clock, self._read, self._may_read_calls)
        self._forwarded: set[str] = set()

    async def check(self, request: Request) -> dict[str, Standing]:
        """How each number stands to its operation. KeyRefusedError passes."""
        looks = self._jobs if request.operation.call in JOB_CALLS else self._calls
        return self.judge(request, await looks.ask(request))

    async def read_all(
        self, requests: Sequence[Request], also: Mapping[str, Sequence[str]]
    ) -> Reread:
        """Every number of `requests`, in one go; `also` are further paths, by number."""
        return await self._read(requests, also)

    def judge(self, request: Request, again: Reread) -> dict[str, Standing]:
        """How each number stands to its operation, by what was read."""
        operation = request.operation
        return {
            number: standing(
                operation,
                self._changes[number],
                None if number in again.gone else again.values[number],
                self._secrets,
                half_moved=bool(self.first_half(operation)),
                excused=frozenset({CONNECTION} if number in self._forwarded else ()),
            )
            for number in request.numbers
        }

    def was_sent(self, request: Request) -> None:
        """Switching forwarding on may move `connection_id`: that is not somebody else's doing."""
        for number in request.numbers:
            if not FORWARDING.isdisjoint(covered(request.operation, self._changes[number])):
                self._forwarded.add(number)

    def first_half(self, operation: Operation) -> str:
        """The operation that takes a number out of its bundle, where this is the one that then
        puts it into another; "" where it is not."""
        if operation.call is not Channel.BUNDLE or operation.id in self._leavers:
            return ""
        return next((id_ for id_ in operation.depends_on if id_ in self._leavers), "")

    def _may_read_jobs(self, waiting: int, in_reading: int) -> bool:
        """Jobs that can be sent at the same time ask at the same time."""
        del waiting
        return not in_reading

    def _may_read_calls(self, waiting: int, in_reading: int) -> bool:
        """Single calls ask one after the other, as places become free: a quarter of them is read
        at a time, while the rest keeps the pace."""
        del in_reading
        if self._places is None:
            return True
        return waiting >= min(self._places.most // 4, self._places.taken)

    async def _read(
        self,
        requests: Sequence[Request],
        also: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> Reread:
        paths: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for number, more in also.items():
            paths[number].update(dict.fromkeys(more))
        for request in requests:
            for number in request.numbers:
                found = paths_to_read(request.operation, self._changes[number])
                paths[number].update(dict.fromkeys(found))
        targets = [_target(self._changes[number], found) for number, found in paths.items()]
        return await reread(
            self._reader,
            targets,
            account_size=self._plan.live_numbers,
            page_size=self._page_size,
        )


def _target(change: Change, paths: Mapping[str, None]) -> Target:
    return Target(change.phone_number, change.id, tuple(paths), change.kind)
