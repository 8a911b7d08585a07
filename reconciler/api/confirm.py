"""Reading back what was written: a field counts as applied only when it is seen as declared.

Unknown fields may be answered with 200 and ignored, and a read may lag behind a write; so what
does not show at once is read again, at growing intervals, for two minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.api.clock import Clock
from reconciler.api.read import ReadClient
from reconciler.api.reread import Target, Values, reread
from reconciler.core.values import LiveValue, Secret, Value

PATIENCE_SECONDS = 120.0
_FIRST, _LONGEST = 1.0, 30.0


@dataclass(frozen=True, slots=True)
class Expected:
    """A number and what it should hold now, by path. `patient` is whether to wait for it; what
    a job lists as failed is looked at once."""

    phone_number: str
    id: str
    after: Mapping[str, Value]
    patient: bool = True


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What was seen: the last values read, and the fields that are as expected."""

    values: Values = field(default_factory=dict)
    seen: frozenset[tuple[str, str]] = frozenset()


async def confirm(
    reader: ReadClient,
    clock: Clock,
    expected: Sequence[Expected],
    *,
    secrets: Mapping[str, str],
    account_size: int,
    page_size: int,
    also: Mapping[str, Sequence[str]],
    hurry: Callable[[], bool],
) -> Confirmation:
    """Read `expected` back until all of it shows or two minutes have passed.

    `also` are further paths to read, by number, whatever they hold. With `hurry` what was read
    last must do. KeyRefusedError passes.
    """
    values: Values = {}
    seen: set[tuple[str, str]] = set()
    open_ = list(expected)
    started, pause = clock.monotonic(), _FIRST
    while open_:
        targets = [
            Target(each.phone_number, each.id, (*each.after, *also.get(each.phone_number, ())))
            for each in open_
        ]
        values |= await reread(reader, targets, account_size=account_size, page_size=page_size)
        for each in open_:
            got = values[each.phone_number]
            seen |= {
                (each.phone_number, path)
                for path, after in each.after.items()
                if _is(after, got[path], secrets)
            }
        open_ = [
            each
            for each in open_
            if each.patient and any((each.phone_number, path) not in seen for path in each.after)
        ]
        left = PATIENCE_SECONDS - (clock.monotonic() - started)
        if not open_ or left <= 0 or hurry():
            break
        await clock.sleep(min(pause, left))
        pause = min(pause * 2, _LONGEST)
    return Confirmation(values, frozenset(seen))


def _is(after: Value, live: LiveValue, secrets: Mapping[str, str]) -> bool:
    return live == (secrets[after.ref] if isinstance(after, Secret) else after)
