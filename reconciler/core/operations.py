"""Changes -> few calls.

An operation is data: which call, which numbers, which body, which live values it restates
(guards), and what must be done before it. A job's body is shared by all its numbers, so two
ways of sharing are tried and the one with fewer calls is taken: by whole bodies (numbers that
change alike), and by single settings (numbers that have one setting in common). On a tie a
number is written by PATCH, which answers at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.core.catalogue import BY_PATH
from reconciler.core.changes import Change, FieldChange
from reconciler.core.diff import linked_columns
from reconciler.core.fields import Channel, Clear, Field, Kind, Wire, Write
from reconciler.core.model import Snapshot
from reconciler.core.values import UNKNOWN, Secret, Value

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One call. `body` holds neither the numbers nor a secret (that stands by its ref).

    `numbers` are E.164 and never empty: a job without numbers, or with a filter in their place,
    would update every number that matches. `guards` are live values, by path, that the body
    restates for numbers on which that path does not change.
    """

    id: str
    call: Channel
    numbers: tuple[str, ...]
    body: Body
    guards: Mapping[str, Value]
    depends_on: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.numbers:
            raise ValueError("an operation names the numbers it is for")


@dataclass(frozen=True, slots=True, eq=False)
class _Unit:
    """What of one number must travel in one call: one field, or the fields of one link.

    Alike units are one object (`_Cutter` sees to it), so that they are quick to compare.
    """

    changes: tuple[tuple[Field, Value], ...]
    guards: tuple[tuple[Field, Value], ...]
    channels: frozenset[Channel]
    """The calls that can write all of it."""


class _Cutter:
    """Cuts the changes of a number into units."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._links = {kind: linked_columns(snapshot, kind) for kind in snapshot.columns}
        self._units: dict[Hashable, _Unit] = {}

    def cut(self, change: Change) -> tuple[_Unit, ...]:
        """The units of `change`, those of a link last."""
        rows = BY_PATH[change.kind]
        units: list[_Unit] = []
        links: dict[str, list[FieldChange]] = {}
        for field in change.fields:
            if link := rows[field.path].linked:
                links.setdefault(link, []).append(field)
            else:
                units.append(self._unit(change.kind, [field], ()))
        for link, fields in links.items():
            units.append(self._unit(change.kind, fields, self._siblings(change, link)))
        return tuple(units)

    def _siblings(self, change: Change, link: str) -> tuple[tuple[str, Value], ...]:
        """The live rest of a link: whether siblings that are not sent keep their value is not
        documented, so all are sent."""
        live = self._snapshot.numbers[change.phone_number]
        changed = {field.path for field in change.fields}
        rows = BY_PATH[change.kind]
        return tuple(
            (path, value)
            for path, place in self._links[change.kind][link]
            if path not in changed
            and (value := UNKNOWN if place is None else live.values[place]) is not UNKNOWN
            and not (value is None and rows[path].meaningless_without)
        )

    def _unit(
        self, kind: Kind, fields: Sequence[FieldChange], guards: tuple[tuple[str, Value], ...]
    ) -> _Unit:
        key = (kind, *((field.path, field.after) for field in fields), guards)
        unit = self._units.get(key)
        if unit is None:
            rows = BY_PATH[kind]
            can = [{write.channel for write in rows[field.path].writes} for field in fields]
            unit = self._units[key] = _Unit(
                tuple((rows[field.path], field.after) for field in fields),
                tuple((rows[path], value) for path, value in guards),
                frozenset.intersection(*map(frozenset, can)),
            )
        return unit


@dataclass(frozen=True, slots=True)
class _Draft:
    call: Channel
    numbers: tuple[str, ...]
    units: tuple[_Unit, ...]


_Units = dict[str, tuple[_Unit, ...]]
_PATCHES = (Channel.PATCH_NUMBER, Channel.PATCH_VOICE, Channel.PATCH_MESSAGING)


def compile_operations(
    changes: Sequence[Change], snapshot: Snapshot, *, job_size: int = 1000
) -> tuple[Operation, ...]:
    """The calls that make `changes`, and nothing else, true.

    Operations on one number depend on one another in the order they stand, so that they never
    run at the same time.
    """
    cutter = _Cutter(snapshot)
    jobbed: _Units = {}
    messaging: _Units = {}
    for change in changes:
        units = cutter.cut(change)
        by_job = tuple(unit for unit in units if Channel.UPDATE_JOB in unit.channels)
        if by_job:
            jobbed[change.phone_number] = by_job
        if len(by_job) < len(units):
            rest = (unit for unit in units if Channel.UPDATE_JOB not in unit.channels)
            messaging[change.phone_number] = tuple(rest)
    drafts = [*_settings_calls(jobbed, job_size), *_messaging_calls(messaging, job_size)]
    return tuple(_number(drafts))


def write_calls_floor(changes: Sequence[Change], *, job_size: int = 1000) -> int:
    """A number of write calls that no compiler can go below.

    Per field: for each value it is set to, at least ⌈numbers / job_size⌉ calls, or one call a
    number where no call serves many. Fields that one call can carry together count once (the
    largest of them); the number's own settings and messaging never share a call.
    """
    counts: dict[str, dict[Any, int]] = defaultdict(lambda: defaultdict(int))
    for change in changes:
        for field in change.fields:
            counts[field.path][field.after] += 1
    floors: dict[bool, int] = {False: 0, True: 0}
    for path, by_value in counts.items():
        row = BY_PATH[Kind.NUMBER][path]
        many = row.write_by(Channel.UPDATE_JOB) or row.write_by(Channel.MESSAGING_BULK)
        size = job_size if many else 1
        calls = sum(-(-count // size) for count in by_value.values())
        family = path.startswith("messaging.")
        floors[family] = max(floors[family], calls)
    return sum(floors.values())


# ---- the number's own and its voice settings: PATCH, PATCH voice, update job -------------------


def _settings_calls(units: _Units, job_size: int) -> list[_Draft]:
    whole = _by_whole_body(units, job_size)
    single = _by_single_setting(units, job_size)
    return min(whole, single, key=len)


def _by_whole_body(units: _Units, job_size: int) -> list[_Draft]:
    groups: dict[tuple[_Unit, ...], list[str]] = defaultdict(list)
    for number, each in units.items():
        groups[each].append(number)
    drafts: list[_Draft] = []
    for body, numbers in groups.items():
        drafts += _cheapest(numbers, body, job_size)
    return _in_call_order(drafts)


def _by_single_setting(units: _Units, job_size: int) -> list[_Draft]:
    """Jobs for settings that several numbers share; what is left of a number goes by PATCH."""
    sharers: dict[_Unit, list[str]] = defaultdict(list)
    for number, each in units.items():
        for unit in each:
            sharers[unit].append(number)
    together: dict[tuple[str, ...], list[_Unit]] = defaultdict(list)
    left: dict[str, list[_Unit]] = defaultdict(list)
    for unit, numbers in sharers.items():
        if len(numbers) > _jobs(len(numbers), job_size):
            together[tuple(numbers)].append(unit)
        else:
            for number in numbers:
                left[number].append(unit)
    drafts: list[_Draft] = []
    for numbers_alike, shared in together.items():
        drafts += _chunks(Channel.UPDATE_JOB, numbers_alike, tuple(shared), job_size)
    for number, alone in left.items():
        drafts += _cheapest([number], tuple(alone), job_size)
    return _in_call_order(drafts)


def _cheapest(numbers: Sequence[str], units: tuple[_Unit, ...], job_size: int) -> list[_Draft]:
    """One body for these numbers: PATCHes or jobs, whichever is fewer calls."""
    patches = [
        (channel, own)
        for channel in _PATCHES
        if (own := tuple(unit for unit in units if channel in unit.channels))
    ]
    reach = sum(len(own) for _, own in patches) == len(units)
    if reach and len(numbers) * len(patches) <= _jobs(len(numbers), job_size):
        return [_Draft(channel, (number,), own) for number in numbers for channel, own in patches]
    return _chunks(Channel.UPDATE_JOB, numbers, units, job_size)


def _jobs(count: int, job_size: int) -> int:
    return -(-count // job_size)


def _chunks(
    call: Channel, numbers: Sequence[str], units: tuple[_Unit, ...], size: int
) -> list[_Draft]:
    return [
        _Draft(call, tuple(numbers[at : at + size]), units) for at in range(0, len(numbers), size)
    ]


def _in_call_order(drafts: list[_Draft]) -> list[_Draft]:
    order = {channel: place for place, channel in enumerate(Channel)}
    return sorted(drafts, key=lambda draft: order[draft.call])


# ---- messaging: PATCH messaging, messaging bulk update ----------------------------------------


def _messaging_calls(units: _Units, job_size: int) -> list[_Draft]:
    """A number whose product changes is patched anyway, and its profile rides along."""
    profiles: dict[_Unit, list[str]] = defaultdict(list)
    drafts: list[_Draft] = []
    for number, each in units.items():
        if all(Channel.MESSAGING_BULK in unit.channels for unit in each):
            (unit,) = each
            profiles[unit].append(number)
        else:
            drafts.append(_Draft(Channel.PATCH_MESSAGING, (number,), each))
    for unit, numbers in profiles.items():
        if len(numbers) > _jobs(len(numbers), job_size):
            drafts += _chunks(Channel.MESSAGING_BULK, numbers, (unit,), job_size)
        else:
            drafts += _chunks(Channel.PATCH_MESSAGING, numbers, (unit,), 1)
    return _in_call_order(drafts)


# ---- drafts -> operations ---------------------------------------------------------------------


def _number(drafts: Iterable[_Draft]) -> Iterator[Operation]:
    last: dict[str, str] = {}
    for place, draft in enumerate(drafts, start=1):
        id_ = f"op-{place:04d}"
        depends_on = tuple(sorted({last[each] for each in draft.numbers if each in last}))
        last |= dict.fromkeys(draft.numbers, id_)
        yield Operation(
            id_,
            draft.call,
            draft.numbers,
            _body(draft.call, draft.units),
            {row.path: value for unit in draft.units for row, value in unit.guards},
            depends_on,
        )


def _body(call: Channel, units: Sequence[_Unit]) -> Body:
    body: dict[str, Any] = {}
    for unit in units:
        for row, value in (*unit.changes, *unit.guards):
            write = row.write_by(call)
            if write is None:
                raise ValueError(f"{call} cannot write {row.path}")
            level = body
            for step in write.at[:-1]:
                level = level.setdefault(step, {})
            level[write.at[-1]] = _on_the_wire(write, value)
    if call is Channel.MESSAGING_BULK and body["messaging_profile_id"]:
        # It defaults to false, which may change what nobody reviewed; with "", which
        # unassigns, there is nothing to assign only.
        body["assign_only"] = True
    return body


def _on_the_wire(write: Write, value: Value) -> Any:
    if isinstance(value, Secret):
        return {"secret": value.ref}
    if value is None:
        match write.clear:
            case Clear.NULL:
                return None
            case Clear.EMPTY_STRING:
                return ""
            case _:
                raise ValueError(f"{write.channel} has no way to clear {'.'.join(write.at)}")
    if write.wire is Wire.ON_OFF:
        return value != "disabled"
    return list(value) if isinstance(value, tuple) else value


def restated(operation: Operation, change: Change) -> dict[str, Value]:
    """The live values of one number that `operation` sends again without changing them."""
    changed = {field.path for field in change.fields}
    return {path: value for path, value in operation.guards.items() if path not in changed}


def covered(operation: Operation, change: Change) -> tuple[str, ...]:
    """The changed paths of one number that `operation` writes."""
    rows = BY_PATH[change.kind]
    return tuple(field.path for field in change.fields if _in_body(rows[field.path], operation))


def _in_body(row: Field, operation: Operation) -> bool:
    write = row.write_by(operation.call)
    level: Any = operation.body
    for step in write.at if write else ("",):
        if not isinstance(level, Mapping) or step not in level:
            return False
        level = level[step]
    return True
