"""Reading back what was written: a field counts as applied only when it is seen as declared.

Unknown fields may be answered with 200 and ignored, and a read may lag behind a write; so what
does not show at once is read again, at growing intervals, for two minutes. Emergency service is
there at its end status only, and is waited for as long as it is on its way.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.api.clock import Clock
from reconciler.api.read import ReadClient
from reconciler.api.reread import Target, Values, reread, still_there
from reconciler.core.catalogue import EMERGENCY_STATUS
from reconciler.core.emergency import FAILED, ON_ITS_WAY, end_status
from reconciler.core.fields import Kind
from reconciler.core.rules import EMERGENCY, EMERGENCY_ADDRESS, EMERGENCY_ENABLED
from reconciler.core.values import UNKNOWN, LiveValue, Secret, Value
from reconciler.core.verdict import Confirmation

PATIENCE_SECONDS = 120.0
_FIRST, _LONGEST = 1.0, 30.0
_FAILED_READS, _FAILED_READS_AT_FIRST = 2, 5


@dataclass(frozen=True, slots=True)
class Expected:
    """A number and what it should hold now, by path. `patient` is whether to wait for it; what
    a job lists as failed is looked at once."""

    phone_number: str
    id: str
    after: Mapping[str, Value]
    patient: bool = True
    kind: Kind = Kind.NUMBER

    @property
    def emergency(self) -> bool:
        """Whether it is about emergency service, whose status then matters."""
        return not EMERGENCY.isdisjoint(self.after)


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read back: through what, how large the account is, and how long to wait for
    emergency service that is on its way. With `hurry` what was read last must do."""

    reader: ReadClient
    clock: Clock
    account_size: int
    page_size: int
    emergency_seconds: float
    hurry: Callable[[], bool]


async def confirm(
    by: Reading,
    expected: Sequence[Expected],
    released: Mapping[str, str],
    *,
    secrets: Mapping[str, str],
    also: Mapping[str, Sequence[str]],
    refused: Collection[str] = (),
) -> Confirmation:
    """Read `expected` back until all of it shows, and `released` (ids by number) until all of
    it is gone, or the time is up; those whose release was `refused` are looked at, not waited
    for.

    `also` are further paths to read, by number, whatever they hold. KeyRefusedError passes.
    """
    back = _ReadBack(by, list(expected), dict(released), secrets, also, frozenset(refused))
    started, pause = by.clock.monotonic(), _FIRST
    while back.open or back.standing:
        await back.look()
        left = back.time_left(by.clock.monotonic() - started)
        if left <= 0 or by.hurry():
            break
        await by.clock.sleep(min(pause, left))
        pause = min(pause * 2, _LONGEST)
    return Confirmation(
        back.values,
        frozenset(back.seen),
        gone=frozenset(released.keys() - back.standing.keys()),
        emergency_failed=frozenset(number for number in back.failing if back.has_failed(number)),
    )


@dataclass(slots=True)
class _ReadBack:
    """What is still to be seen, and what was."""

    by: Reading
    open: list[Expected]
    standing: dict[str, str]
    secrets: Mapping[str, str]
    also: Mapping[str, Sequence[str]]
    refused: frozenset[str]
    values: Values = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set)
    failing: dict[str, int] = field(default_factory=dict)
    """How often in a row a number's emergency service was seen to have failed."""
    coming: set[str] = field(default_factory=set)
    """The numbers whose emergency service was seen to be on its way."""

    async def look(self) -> None:
        """Read everything that is open, once."""
        size, page = self.by.account_size, self.by.page_size
        targets = [self._target(each) for each in self.open]
        again = await reread(self.by.reader, targets, account_size=size, page_size=page)
        for each in self.open:
            got = again.values[each.phone_number]
            self.values.setdefault(each.phone_number, {}).update(got)
            self._judge(each, got)
        if self.standing:
            there = await still_there(
                self.by.reader, self.standing, account_size=size, page_size=page
            )
            self.standing = {n: id_ for n, id_ in self.standing.items() if n in there}

    def _target(self, each: Expected) -> Target:
        """What is still to be seen of a number, and nothing that was seen already."""
        number = each.phone_number
        paths = [path for path in each.after if (number, path) not in self.seen]
        if not EMERGENCY.isdisjoint(paths):
            paths.append(EMERGENCY_STATUS)
        known = self.values.get(number, {})
        paths += [p for p in self.also.get(number, ()) if known.get(p, UNKNOWN) is UNKNOWN]
        return Target(each.phone_number, each.id, tuple(paths), each.kind)

    def _judge(self, each: Expected, got: Mapping[str, LiveValue]) -> None:
        number = each.phone_number
        for path in got.keys() & each.after.keys():
            after = each.after[path]
            if self._shows(path, after, got):
                self.seen.add((number, path))
        if EMERGENCY_STATUS in got:
            failed = got[EMERGENCY_STATUS] == FAILED
            if got[EMERGENCY_STATUS] in ON_ITS_WAY:
                self.coming.add(number)
            self.failing[number] = self.failing.get(number, 0) + 1 if failed else 0

    def _shows(self, path: str, after: Value, got: Mapping[str, LiveValue]) -> bool:
        if path == EMERGENCY_ENABLED:
            return got[EMERGENCY_STATUS] == end_status(after is True)
        if path == EMERGENCY_ADDRESS and got[EMERGENCY_STATUS] in ON_ITS_WAY | {FAILED}:
            return False
        return got[path] == (self.secrets[after.ref] if isinstance(after, Secret) else after)

    def has_failed(self, number: str) -> bool:
        """Whether its emergency service could not be provisioned. Until it was seen on its way,
        a failure may still be what was there before."""
        most = _FAILED_READS if number in self.coming else _FAILED_READS_AT_FIRST
        return self.failing.get(number, 0) >= most

    def time_left(self, waited: float) -> float:
        """Seconds until the next thing to wait for is given up; drops what is done with."""
        left: list[float] = []
        still: list[Expected] = []
        for each in self.open:
            wait = self._patience(each) - waited
            if wait > 0:
                still.append(each)
                left.append(wait)
        self.open = still
        if self.standing.keys() - self.refused:
            left.append(PATIENCE_SECONDS - waited)
        return max(left, default=0.0)

    def _patience(self, each: Expected) -> float:
        number = each.phone_number
        done = all((number, path) in self.seen for path in each.after)
        if done or not each.patient or self.has_failed(number):
            return 0.0
        if each.emergency and self._is_open(number, self.values[number][EMERGENCY_STATUS]):
            return max(self.by.emergency_seconds, PATIENCE_SECONDS)
        return PATIENCE_SECONDS

    def _is_open(self, number: str, status: LiveValue) -> bool:
        """Whether emergency service may still come to its end; one read that fails is no end."""
        return status in ON_ITS_WAY | {FAILED} or (status is UNKNOWN and number in self.coming)
