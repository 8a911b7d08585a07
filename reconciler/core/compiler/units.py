"""Changes -> units: what of one number must travel in one call."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.catalogue import BY_PATH
from reconciler.core.changes import Change, FieldChange
from reconciler.core.diff import linked_columns
from reconciler.core.fields import Channel, Field, Kind
from reconciler.core.model import Settings, Snapshot
from reconciler.core.rules import EMERGENCY_ENABLED, FORWARDING_ENABLED
from reconciler.core.values import UNKNOWN, Value

Pair = tuple[Field, Value]
_FORWARDING = BY_PATH[Kind.NUMBER][FORWARDING_ENABLED].linked
_CHANNELS = {
    kind: {path: frozenset(write.channel for write in row.writes) for path, row in rows.items()}
    for kind, rows in BY_PATH.items()
}


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """Settings that a call sends together or not at all: of one field, or of a whole link.

    Alike units are one object (`Cutter` sees to it), so that they are quick to compare. `number`
    counts them from 1.
    """

    number: int
    name: str
    """The path, or the link."""
    settings: tuple[Pair, ...]
    channels: frozenset[Channel]
    """The calls that can write all that changes of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A unit as one number needs it: `guards` are those of its settings that do not change."""

    unit: Unit
    guards: tuple[Pair, ...]


Cuts = Mapping[str, Sequence[Cut]]
"""What each number needs of one family of calls, by E.164."""


class Cutter:
    """Cuts the changes of numbers into units."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._links = {kind: linked_columns(snapshot, kind) for kind in snapshot.columns}
        self._columns = {
            kind: {path: place for place, path in enumerate(columns)}
            for kind, columns in snapshot.columns.items()
        }
        self._units: dict[Hashable, Unit] = {}
        self._cuts: dict[Hashable, Cut] = {}
        self._single: dict[tuple[Kind, str, Value], Cut] = {}
        self._likely: dict[tuple[str, ...], list[int]] = {}
        self._paths: set[str] = set()
        self._count = 0

    def cut(self, change: Change) -> tuple[Cut, ...]:
        """The units that `change` needs, those of a link last."""
        rows, kind = BY_PATH[change.kind], change.kind
        cuts: list[Cut] = []
        links: dict[str, list[FieldChange]] = {}
        for field in change.fields:
            cut = self._single.get((kind, field.path, field.after))
            if cut is not None:
                cuts.append(cut)
            elif link := rows[field.path].linked:
                links.setdefault(link, []).append(field)
            else:
                cuts.append(self._field(kind, field))
        for link, fields in links.items():
            cuts.append(self._link(change, link, fields))
        return tuple(cuts)

    def _field(self, kind: Kind, field: FieldChange) -> Cut:
        row = BY_PATH[kind][field.path]
        cut = Cut(self._new(row.path, ((row, field.after),), [row]), ())
        self._single[kind, field.path, field.after] = cut
        return cut

    def _link(self, change: Change, link: str, fields: Sequence[FieldChange]) -> Cut:
        rows = BY_PATH[change.kind]
        off = any(each.path == EMERGENCY_ENABLED and each.after is False for each in fields)
        # Switching emergency off takes no address: "must be null or omitted".
        siblings = () if off else tuple(self._siblings(change, link))
        key = (change.kind, link, tuple((each.path, each.after) for each in fields), siblings)
        cut = self._cuts.get(key)
        if cut is None:
            changed = tuple((rows[each.path], each.after) for each in fields)
            guards = tuple((rows[path], value) for path, value in siblings)
            unit = self._unit(change.kind, link, changed + guards, [row for row, _ in changed])
            cut = self._cuts[key] = Cut(unit, guards)
        return cut

    def _siblings(self, change: Change, link: str) -> Iterator[tuple[str, Value]]:
        """The live rest of a link: whether siblings that are not sent keep their value is not
        documented, so all are sent."""
        changed = {field.path for field in change.fields}
        return (pair for pair in self._live_link(change, link) if pair[0] not in changed)

    def _live_link(self, change: Change, link: str) -> Iterator[tuple[str, Value]]:
        live = self._snapshot.numbers[change.phone_number]
        rows = BY_PATH[change.kind]
        for path, place in self._links[change.kind][link]:
            value = UNKNOWN if place is None else live.values[place]
            if value is not UNKNOWN and not (value is None and rows[path].meaningless_without):
                yield path, value

    def _unit(
        self, kind: Kind, name: str, settings: tuple[Pair, ...], changed: Iterable[Field]
    ) -> Unit:
        key = (kind, name, frozenset((row.path, value) for row, value in settings))
        unit = self._units.get(key)
        if unit is None:
            unit = self._units[key] = self._new(name, settings, changed)
        return unit

    def _new(self, name: str, settings: tuple[Pair, ...], changed: Iterable[Field]) -> Unit:
        channels = frozenset.intersection(*(_CHANNELS[row.kind][row.path] for row in changed))
        if Channel.UPDATE_JOB in channels:
            self._paths.update(row.path for row, _ in settings)
        self._count += 1
        return Unit(self._count, name, settings, channels)

    # ---- what a number holds already -----------------------------------------------------------

    def held(self, change: Change, settings: Settings) -> Iterator[Unit]:
        """The units, among all that were cut, that a number holds as it is declared to: all of
        each is managed and live, so that it may be sent once more.

        Secrets are not, nor tags of which only some are declared; nor is the connection of a
        number whose forwarding changes, which the provider may move.
        """
        rows = BY_PATH[change.kind]
        names = {rows[field.path].linked or field.path for field in change.fields}
        values = self._snapshot.numbers[change.phone_number].values
        columns = self._columns[change.kind]
        links: dict[str, None] = {}
        for place in self._places(settings.paths):
            path, value = settings.paths[place], settings.values[place]
            row = rows[path]
            if row.linked:
                links[row.linked] = None
            elif (
                path not in names
                and (cut := self._single.get((change.kind, path, value))) is not None
                and path in columns
                and values[columns[path]] == value
                and not (row.secret or ("connection" in row.risk and _FORWARDING in names))
            ):
                yield cut.unit
        for link in links:
            if link not in names and (unit := self._held_link(change, settings, link)):
                yield unit

    def _places(self, paths: tuple[str, ...]) -> list[int]:
        """Where among the paths of settings those stand that some unit sets."""
        found = self._likely.get(paths)
        if found is None:
            found = [place for place, path in enumerate(paths) if path in self._paths]
            self._likely[paths] = found
        return found

    def _held_link(self, change: Change, settings: Settings, link: str) -> Unit | None:
        live = dict(self._live_link(change, link))
        declared = settings.as_dict()
        for path, value in live.items():
            if path not in declared or declared[path] != value:
                return None
        return self._units.get((change.kind, link, frozenset(live.items())))
