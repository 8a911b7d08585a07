"""Changes -> few calls.

A job's body is shared by all its numbers, so two ways of sharing are tried and the one with
fewer calls is taken: by whole bodies (numbers that change alike), and by single settings
(numbers that have one setting in common). On a tie a number is written by PATCH, which answers
at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.core.catalogue import BY_PATH
from reconciler.core.changes import Action, Change, FieldChange
from reconciler.core.diff import linked_columns, live_value
from reconciler.core.fields import Channel, Field, Kind
from reconciler.core.model import Snapshot
from reconciler.core.operations import RELEASE_GUARDS, Body, Operation, body_of
from reconciler.core.rules import EMERGENCY_ENABLED
from reconciler.core.values import UNKNOWN, Value


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
            off = any(each.path == EMERGENCY_ENABLED and each.after is False for each in fields)
            # Switching emergency off takes no address: "must be null or omitted".
            guards = () if off else self._siblings(change, link)
            units.append(self._unit(change.kind, fields, guards))
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
_PLACES = {path: place for place, path in enumerate(BY_PATH[Kind.NUMBER])}
_PATCHES = (Channel.PATCH_NUMBER, Channel.PATCH_VOICE)


def _family(unit: _Unit) -> Channel:
    """The call that stands for all that can carry this unit."""
    for channel in (
        Channel.UPDATE_JOB,
        Channel.EMERGENCY_JOB,
        Channel.PATCH_MESSAGING,
        Channel.BUNDLE,
        Channel.PATCH_MOBILE,
    ):
        if channel in unit.channels:
            return channel
    return Channel.PATCH_NUMBER


def compile_operations(
    changes: Sequence[Change], snapshot: Snapshot, *, job_size: int = 1000
) -> tuple[Operation, ...]:
    """The calls that make `changes`, and nothing else, true.

    Operations on one number depend on one another in the order they stand, so that they never
    run at the same time.
    """
    cutter = _Cutter(snapshot)
    families: defaultdict[Channel, defaultdict[str, tuple[_Unit, ...]]]
    families = defaultdict(lambda: defaultdict(tuple))
    for change in changes:
        for unit in cutter.cut(change):
            families[_family(unit)][change.phone_number] += (unit,)
    settings = _settings_calls(families[Channel.UPDATE_JOB], job_size)
    return tuple(
        _number(
            [
                *_with_addresses(settings, families[Channel.PATCH_NUMBER]),
                *_emergency_calls(families[Channel.EMERGENCY_JOB], job_size),
                *_messaging_calls(families[Channel.PATCH_MESSAGING], job_size),
                *_bundle_calls(changes, families[Channel.BUNDLE]),
                *_mobile_calls(families[Channel.PATCH_MOBILE]),
                *_release_calls(changes, snapshot, job_size),
            ]
        )
    )


def write_calls_floor(changes: Sequence[Change], *, job_size: int = 1000) -> int:
    """A number of write calls that no compiler can go below.

    Per field: for each value it is set to, at least ⌈numbers / job_size⌉ calls, or one call a
    number where no call serves many. Fields that one call can carry together count once (the
    largest of them); what no call can serve both adds up.
    """
    counts: defaultdict[tuple[Kind, str], defaultdict[Any, int]]
    counts = defaultdict(lambda: defaultdict(int))
    for change in changes:
        for field in change.fields:
            counts[change.kind, field.path][field.after] += 1
    floors: defaultdict[str, int] = defaultdict(int)
    for (kind, path), by_value in counts.items():
        row = BY_PATH[kind][path]
        many = any(write.channel in _FOR_MANY for write in row.writes)
        size = job_size if many else 1
        calls = sum(-(-count // size) for count in by_value.values())
        family = (
            _FLOORS.get(path.partition(".")[0], "settings") if kind is Kind.NUMBER else "mobile"
        )
        floors[family] = max(floors[family], calls)
    released = sum(change.action is Action.RELEASE for change in changes)
    return sum(floors.values()) + -(-released // job_size)


_FOR_MANY = frozenset({Channel.UPDATE_JOB, Channel.MESSAGING_BULK, Channel.EMERGENCY_JOB})
_FLOORS = {"messaging": "messaging", "emergency": "emergency", "bundle_id": "bundle"}


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
    # Jobs that set one field have no number in common: side by side, they can run together.
    for numbers_alike, shared in sorted(together.items(), key=lambda item: _place(item[1][0])):
        drafts += _chunks(Channel.UPDATE_JOB, numbers_alike, tuple(shared), job_size)
    for number, alone in left.items():
        drafts += _cheapest([number], tuple(alone), job_size)
    return _in_call_order(drafts)


def _place(unit: _Unit) -> int:
    """Where the first field of `unit` stands in the catalogue."""
    return _PLACES[unit.changes[0][0].path]


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


# ---- what goes by calls of its own ------------------------------------------------------------


def _with_addresses(drafts: list[_Draft], units: _Units) -> list[_Draft]:
    """`address_id` goes by PATCH number only: with one that is sent anyway, where there is one."""
    left = dict(units)

    def with_address(draft: _Draft) -> _Draft:
        if draft.call is not Channel.PATCH_NUMBER:
            return draft
        return _Draft(draft.call, draft.numbers, draft.units + left.pop(draft.numbers[0], ()))

    found = [with_address(draft) for draft in drafts]
    return found + [_Draft(Channel.PATCH_NUMBER, (number,), each) for number, each in left.items()]


def _emergency_calls(units: _Units, job_size: int) -> list[_Draft]:
    """One call a number sets the address and switches on together, so that no number that keeps
    its service is ever without an address. Off goes by the job only."""
    alike: defaultdict[_Unit, list[str]] = defaultdict(list)
    for number, (unit,) in units.items():
        alike[unit].append(number)
    # What one number changes another may restate: the body is the same.
    bodies: defaultdict[frozenset[tuple[str, Value]], list[_Unit]] = defaultdict(list)
    for unit in alike:
        pairs = (*unit.changes, *unit.guards)
        bodies[frozenset((row.path, value) for row, value in pairs)].append(unit)
    drafts: list[_Draft] = []
    for settings, same in bodies.items():
        numbers = [number for unit in same for number in alike[unit]]
        off = (EMERGENCY_ENABLED, False) in settings
        if off or len(numbers) > _jobs(len(numbers), job_size):
            drafts += _chunks(Channel.EMERGENCY_JOB, numbers, tuple(same), job_size)
        else:
            drafts += [
                _Draft(Channel.ENABLE_EMERGENCY, (number,), (unit,))
                for unit in same
                for number in alike[unit]
            ]
    return _in_call_order(drafts)


def _bundle_calls(changes: Sequence[Change], units: _Units) -> Iterator[_Draft]:
    """ "You cannot assign a number from one bundle to another directly": it leaves first."""
    row = BY_PATH[Kind.NUMBER]["bundle_id"]
    leave = _Unit(((row, None),), (), frozenset({Channel.BUNDLE}))
    for change in changes if units else ():
        field = next((each for each in change.fields if each.path == row.path), None)
        if field is None:
            continue
        # Where the live bundle cannot be read the number may be in one; leaving first is safe.
        if field.before is not None and field.after is not None:
            yield _Draft(Channel.BUNDLE, (change.phone_number,), (leave,))
        yield _Draft(Channel.BUNDLE, (change.phone_number,), units[change.phone_number])


def _mobile_calls(units: _Units) -> Iterator[_Draft]:
    for number, each in units.items():
        yield _Draft(Channel.PATCH_MOBILE, (number,), each)


def _release_calls(
    changes: Sequence[Change], snapshot: Snapshot, job_size: int
) -> Iterator[_Draft]:
    """What spoke for a release is guarded: a number that was locked, or got emergency service,
    since the plan is not given back."""
    alike: defaultdict[tuple[tuple[Field, Value], ...], list[str]] = defaultdict(list)
    for change in changes:
        if change.action is Action.RELEASE:
            live = snapshot.numbers[change.phone_number]
            off = tuple(
                (BY_PATH[change.kind][path], False)
                for path in sorted(RELEASE_GUARDS)
                if live_value(snapshot, live, path) is False
            )
            alike[off].append(change.phone_number)
    for guards, numbers in alike.items():
        unit = _Unit((), guards, frozenset())
        if len(numbers) > _jobs(len(numbers), job_size):
            yield from _chunks(Channel.DELETE_JOB, numbers, (unit,), job_size)
        else:
            yield from _chunks(Channel.DELETE_NUMBER, numbers, (unit,), 1)


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
            _body(draft),
            {row.path: value for unit in draft.units for row, value in unit.guards},
            depends_on,
        )


def _body(draft: _Draft) -> Body:
    """What a unit guards it also sends again; a release sends nothing."""
    if draft.call in (Channel.DELETE_JOB, Channel.DELETE_NUMBER):
        return {}
    pairs = [pair for unit in draft.units for pair in (*unit.changes, *unit.guards)]
    return body_of(draft.call, pairs)
