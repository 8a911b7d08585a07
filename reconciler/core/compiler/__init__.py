"""Changes -> few calls.

A job's body is shared by all its numbers, so this is a problem of covering: each number has to be
reached with all that it needs, and with nothing that is not declared of it. `units` cuts changes
into what must travel together; `problem` finds who is alike; `start`, `improve` and `exact` look
for jobs, on kinds of numbers and their counts (`cover`), never on single numbers; `settings` deals
the numbers out, a number that is alone being written by PATCH, which answers at once.

A number may be in a job that sends again what it holds: a managed field that is live as it is
declared, and never anything else. Such values are guards of the operation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from reconciler.core.changes import Difference
from reconciler.core.compiler.calls import (
    bundle_calls,
    emergency_calls,
    messaging_calls,
    mobile_calls,
    release_calls,
)
from reconciler.core.compiler.drafts import number
from reconciler.core.compiler.floor import write_calls_floor
from reconciler.core.compiler.problem import Held
from reconciler.core.compiler.settings import settings_calls
from reconciler.core.compiler.units import Cut, Cutter, Unit
from reconciler.core.fields import Channel
from reconciler.core.model import Snapshot
from reconciler.core.operations import Operation

__all__ = ["compile_operations", "write_calls_floor"]

_FAMILIES = (
    Channel.UPDATE_JOB,
    Channel.EMERGENCY_JOB,
    Channel.PATCH_MESSAGING,
    Channel.BUNDLE,
    Channel.PATCH_MOBILE,
    Channel.PATCH_NUMBER,
)
"""One call for each family, the first that can carry a unit: it stands for all that can."""


def compile_operations(
    difference: Difference, snapshot: Snapshot, *, job_size: int = 1000
) -> tuple[Operation, ...]:
    """The calls that make the changes of `difference`, and nothing else, true.

    Operations on one number depend on one another in the order they stand, so that they never
    run at the same time.
    """
    changes = difference.changes
    cutter = Cutter(snapshot)
    needs: dict[Channel, defaultdict[str, list[Cut]]] = {
        family: defaultdict(list) for family in _FAMILIES
    }
    families: dict[Unit, Channel] = {}
    for change in changes:
        for cut in cutter.cut(change):
            family = families.get(cut.unit)
            if family is None:
                family = families[cut.unit] = _family(cut.unit)
            needs[family][change.phone_number].append(cut)
    return tuple(
        number(
            [
                *settings_calls(
                    needs[Channel.UPDATE_JOB],
                    needs[Channel.PATCH_NUMBER],
                    _held_by(cutter, difference),
                    job_size,
                ),
                *emergency_calls(needs[Channel.EMERGENCY_JOB], job_size),
                *messaging_calls(needs[Channel.PATCH_MESSAGING], job_size),
                *bundle_calls(changes, needs[Channel.BUNDLE]),
                *mobile_calls(needs[Channel.PATCH_MOBILE]),
                *release_calls(changes, snapshot, job_size),
            ]
        )
    )


def _held_by(cutter: Cutter, difference: Difference) -> Held:
    changes = {change.phone_number: change for change in difference.changes}

    def held(number: str) -> Iterable[Unit]:
        declared = difference.numbers.get(number)
        if declared is None or number in difference.partly_ignored:
            return ()
        return cutter.held(changes[number], declared.settings)

    return held


def _family(unit: Unit) -> Channel:
    return next(family for family in _FAMILIES if family in unit.channels)
