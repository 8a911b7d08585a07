"""What no compiler can go below."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from reconciler.core.catalogue import BY_PATH
from reconciler.core.changes import Action, Change
from reconciler.core.fields import Channel, Kind

_FOR_MANY = frozenset({Channel.UPDATE_JOB, Channel.MESSAGING_BULK, Channel.EMERGENCY_JOB})
_Floors = Mapping[tuple[Kind, str], int]


def write_calls_floor(changes: Sequence[Change], *, job_size: int = 1000) -> int:
    """A number of write calls that no compiler can go below.

    Per field: for each value it is set to, at least ⌈numbers / job_size⌉ calls, or one call a
    number where no call serves many. Fields that one call can carry together count once (the
    largest of them); what no call can serve both adds up.
    """
    floors = _per_field(changes, job_size)
    numbers = {path: calls for (kind, path), calls in floors.items() if kind is Kind.NUMBER}
    mobile = [calls for (kind, _), calls in floors.items() if kind is Kind.MOBILE]
    released = sum(change.action is Action.RELEASE for change in changes)
    return (
        _settings(numbers)
        + _largest(numbers, Channel.PATCH_MESSAGING)
        + _largest(numbers, Channel.EMERGENCY_JOB)
        + _largest(numbers, Channel.BUNDLE)
        + max(mobile, default=0)
        + -(-released // job_size)
    )


def _per_field(changes: Sequence[Change], job_size: int) -> _Floors:
    counts: defaultdict[tuple[Kind, str], defaultdict[object, int]]
    counts = defaultdict(lambda: defaultdict(int))
    for change in changes:
        for field in change.fields:
            counts[change.kind, field.path][field.after] += 1
    floors = {}
    for (kind, path), by_value in counts.items():
        writes = BY_PATH[kind][path].writes
        size = job_size if any(write.channel in _FOR_MANY for write in writes) else 1
        floors[kind, path] = sum(-(-count // size) for count in by_value.values())
    return floors


def _settings(floors: Mapping[str, int]) -> int:
    """An update job carries all but the address; the PATCH that carries the address carries what
    is the number's own, but neither voice settings nor the lock."""
    jobs = _largest(floors, Channel.UPDATE_JOB)
    own = _largest(floors, Channel.PATCH_NUMBER)
    rows = BY_PATH[Kind.NUMBER]
    apart = (
        calls
        for path, calls in floors.items()
        if rows[path].write_by(Channel.UPDATE_JOB) and not rows[path].write_by(Channel.PATCH_NUMBER)
    )
    return max(jobs, own, floors.get("address_id", 0) + max(apart, default=0))


def _largest(floors: Mapping[str, int], channel: Channel) -> int:
    rows = BY_PATH[Kind.NUMBER]
    return max((n for path, n in floors.items() if rows[path].write_by(channel)), default=0)
