"""What the YAML has to say so that it declares what is live: the part of `drift --adopt` that
decides; the text of files is `files.splice`.

A value goes to the line that declares it where that line wins for numbers that have all drifted to
one and the same value; else into the entry of the number itself, which wins over everything. What
cannot be declared, or nobody can know, is left, with the reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from reconciler.core.adoptable import Drifted, Left, adoptable
from reconciler.core.assigning import Assigning
from reconciler.core.catalogue import BY_PATH
from reconciler.core.changes import Difference
from reconciler.core.declarable import aliases_by_id, written
from reconciler.core.declared import Declared
from reconciler.core.fields import Type
from reconciler.core.layering import ITSELF, Layered, Layering, layered
from reconciler.core.layers import drops
from reconciler.core.model import DesiredNumber, Snapshot, Source
from reconciler.core.rules import EMERGENCY_ADDRESS, EMERGENCY_ENABLED
from reconciler.core.tagged import edited_tags, folded_tags
from reconciler.core.templates import Filler
from reconciler.core.values import Secret, TagEdit, Value

Place = tuple[str, int, int]
"""File, line and column of a key."""

Written = Any
"""A value as the YAML holds it: plain data."""


class LineEdit(NamedTuple):
    """A new value at a key that is there, for these numbers."""

    place: Place
    path: str
    value: Written
    numbers: tuple[str, ...]


class OwnEdit(NamedTuple):
    """New values by path in the entry of one number; one in a block gets an entry of its own,
    beside that of the block. `source` is the number's place, or the block's."""

    phone_number: str
    source: Source
    in_block: bool
    values: Mapping[str, Written]


ABSENT: Any = object()
"""What stands for the value of a path that is not managed any more."""


@dataclass(frozen=True, slots=True)
class Adoption:
    """What to write, and `expected`: what is then declared of every number that changes, by path,
    canonical. `drifted` are the fields that are adopted, `left` those that are not. `unplaced` are
    some for which there is no line, as the number stands in no file: then it all has to be decided
    anew without them."""

    lines: tuple[LineEdit, ...]
    own: tuple[OwnEdit, ...]
    expected: Mapping[str, Mapping[str, Any]]
    drifted: tuple[Drifted, ...]
    left: tuple[Left, ...]
    unplaced: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What there is to know of a project: every number that its files or rules declare, and their
    layers. `may_stand` says whether a text can stand in a YAML file."""

    numbers: Declared
    layering: Layering
    assigning: Assigning | None
    may_stand: Callable[[str], bool]
    shared_unseen: bool = False
    """Whether the project's groups and defaults may serve numbers that were not looked at."""


def adopt(
    found: Difference,
    snapshot: Snapshot,
    known: Known,
    closed: Set[Place] = frozenset(),
    refused: Mapping[tuple[str, str], str] | None = None,
) -> Adoption:
    """What to write for the drift that was found. `closed` are lines that cannot be changed for
    all their numbers, `refused` fields that cannot be written, with the reason."""
    wanted, left = adoptable(found, snapshot, known.numbers, known.may_stand, refused or {})
    return _Adopting(snapshot, known, closed, left).all(wanted)


@dataclass(slots=True)
class _Field:
    """One field to be declared: `at` is the layer that gives it, counted from the lowest; the
    place is None where no layer does."""

    number: DesiredNumber
    path: str
    value: Value
    at: int
    place: Place | None
    written: Written = None


@dataclass(slots=True)
class _Stack:
    """The layers of one number. `own` is the place of its own entry among them, which may be one
    above them all; `has_line` says that it is there or can be made."""

    layers: list[Layered]
    own: int
    has_line: bool
    in_block: bool
    places: dict[str, list[int]] = field(default_factory=dict)

    def giving(self, path: str) -> list[int]:
        """The layers that say something of `path` and are not dropped by a higher one."""
        if path not in self.places:
            found: list[int] = []
            for at, layer in enumerate(self.layers):
                if drops(layer.dropped, path):
                    found.clear()
                if path in layer.entries:
                    found.append(at)
            self.places[path] = found
        return self.places[path]

    def value(self, path: str, at: int) -> Any:
        """What a layer says."""
        return self.layers[at].entries[path][0]


class _Adopting:
    def __init__(
        self, snapshot: Snapshot, known: Known, closed: Set[Place], left: list[Left]
    ) -> None:
        self._snapshot = snapshot
        self._known = known
        self._closed = closed
        self._left = left
        self._aliases = aliases_by_id(known.layering.aliases)
        self._stacks: dict[str, _Stack] = {}
        rules = known.assigning.rules if known.assigning else ()
        self._rules = frozenset(rule.source for rule in rules)
        self._expected: defaultdict[str, dict[str, Any]] = defaultdict(dict)

    def all(self, wanted: Mapping[str, list[Drifted]]) -> Adoption:
        """Everything, the address of emergency service that goes off last: whether it has to be
        cleared hangs on where it is switched off."""
        first: list[_Field] = []
        later: list[Drifted] = []
        for name, fields in wanted.items():
            off = any(each.path == EMERGENCY_ENABLED and each.after is False for each in fields)
            for each in fields:
                if off and each.path == EMERGENCY_ADDRESS:
                    later.append(each)
                elif found := self._field(self._known.numbers[name], each):
                    first.append(found)
        whole = self._whole_lines(first)
        addresses = self._addresses(later, first, whole)
        whole |= self._whole_lines(addresses)
        return self._edits(wanted, [*first, *addresses], whole)

    def _field(self, number: DesiredNumber, drifted: Drifted) -> _Field | None:
        """What to write where; nothing where a lower layer gives it already."""
        path, value = drifted.path, drifted.after
        stack = self._stack(number)
        self._expected[number.phone_number][path] = value
        giving = stack.giving(path)
        managed = path in number.settings.paths
        if not managed and giving and stack.value(path, giving[-1]) == value:
            return None
        source = stack.layers[giving[-1]].entries[path][1] if giving and managed else None
        at = giving[-1] if source else stack.own
        found = _Field(number, path, value, at, _place(source) if source else None)
        found.written = self._written(found, at)
        return found

    def _addresses(
        self, drifted: list[Drifted], first: list[_Field], whole: Set[Place]
    ) -> list[_Field]:
        """The addresses to clear: those that stand where emergency is switched off, or above."""
        switched = {
            each.number.phone_number: each for each in first if each.path == EMERGENCY_ENABLED
        }
        found = []
        for each in drifted:
            switch = switched[each.phone_number]
            stack = self._stack(switch.number)
            at = switch.at if switch.place in whole else stack.own
            field = self._field(switch.number, each)
            self._expected[each.phone_number][each.path] = ABSENT
            if field and field.at >= at:
                found.append(field)
        return found

    def _whole_lines(self, fields: list[_Field]) -> set[Place]:
        """The lines whose numbers all get the same value."""
        asked: defaultdict[Place, list[_Field]] = defaultdict(list)
        for each in fields:
            if each.place is not None:
                asked[each.place].append(each)
        winners = self._winners(asked.keys(), {each.path for each in fields})
        return {
            place
            for place, of in asked.items()
            if place not in self._closed
            and len(of) == winners[place]
            and all(each.written == of[0].written for each in of)
        }

    def _winners(self, places: Set[Place], paths: Set[str]) -> Mapping[Place, int]:
        """For how many numbers each of these lines wins; more than are known where others may
        have it too."""
        sizes: dict[int, list[Any]] = {}
        for run in self._known.numbers.runs():
            sizes.setdefault(id(run.settings), [run.settings, 0])[1] += run.size
        found: defaultdict[Place, int] = defaultdict(int)
        for settings, size in sizes.values():
            for at, path in enumerate(settings.paths):
                if path not in paths:
                    continue
                source = settings.sources[at]
                if (place := _place(source)) in places:
                    found[place] += size + self._known.shared_unseen
        return found

    def _edits(
        self, wanted: Mapping[str, list[Drifted]], fields: list[_Field], whole: Set[Place]
    ) -> Adoption:
        lines: defaultdict[Place, list[_Field]] = defaultdict(list)
        own: defaultdict[str, dict[str, Written]] = defaultdict(dict)
        unplaced: list[tuple[str, str]] = []
        for each in fields:
            name = each.number.phone_number
            stack = self._stack(each.number)
            if each.place is not None and each.place in whole:
                lines[each.place].append(each)
            elif stack.has_line:
                own[name][each.path] = self._written(each, stack.own)
            else:
                unplaced.append((name, each.path))
        return Adoption(
            tuple(
                LineEdit(place, of[0].path, of[0].written, _numbers(of))
                for place, of in lines.items()
            ),
            tuple(self._own(name, values) for name, values in own.items()),
            self._expected,
            tuple(each for of in wanted.values() for each in of),
            tuple(self._left),
            tuple(unplaced),
        )

    def _own(self, name: str, values: Mapping[str, Written]) -> OwnEdit:
        number = self._known.numbers[name]
        return OwnEdit(name, number.source, self._stack(number).in_block, values)

    def _stack(self, number: DesiredNumber) -> _Stack:
        found = self._stacks.get(number.phone_number)
        if found is None:
            found = self._stacks[number.phone_number] = self._made(number)
        return found

    def _made(self, number: DesiredNumber) -> _Stack:
        if number.source in self._rules and self._known.assigning:
            live, filler = self._snapshot.numbers[number.phone_number], Filler(number.phone_number)
            given = self._known.assigning.layers_of(self._snapshot, live)
            layers = [layered(*each, filler) for each in given]
            return _Stack(layers, len(layers), has_line=False, in_block=False)
        layers = list(self._known.layering.of(number))
        in_block = layers[-1].name != ITSELF
        return _Stack(layers, len(layers) - (not in_block), has_line=True, in_block=in_block)

    def _written(self, each: _Field, at: int) -> Written:
        """How a value is written in the layer `at`."""
        row = BY_PATH[each.number.kind][each.path]
        value = each.value
        if row.type is not Type.TAGS or not isinstance(value, tuple):
            leaf = each.path.rpartition(".")[2]
            return written(leaf, value, self._aliases.get(leaf, {}))
        stack = self._stack(each.number)
        giving = stack.giving("tags")
        below = folded_tags(stack.value("tags", lower) for lower in giving if lower < at)
        here = stack.value("tags", at) if at in giving else None
        return edited_tags(here, below, value)


def _numbers(fields: list[_Field]) -> tuple[str, ...]:
    return tuple(each.number.phone_number for each in fields)


def _place(source: Source) -> Place:
    return source.path, source.line, source.column


def unlike(
    before: Mapping[str, DesiredNumber],
    after: Mapping[str, DesiredNumber],
    expected: Mapping[str, Mapping[str, Any]],
    secrets: tuple[Mapping[str, str], Mapping[str, str]],
) -> Iterator[tuple[str, str]]:
    """The fields that are not declared as they should be after an edit: all as before, but for
    what is expected. The path is empty where it is the number itself. `secrets` are the PINs in
    the YAML before and after."""
    if len(after) > len(before):
        yield from ((name, "") for name in after if name not in before)
    for number in before.values():
        now = after.get(number.phone_number)
        if now is None or _marks(now) != _marks(number):
            yield number.phone_number, ""
            continue
        meant = expected.get(number.phone_number)
        old, new = number.settings, now.settings
        if not meant and old.paths == new.paths and old.values == new.values:
            continue
        was = {path: _comparable(value, secrets[0]) for path, value in old.as_dict().items()}
        for path, value in (meant or {}).items():
            was[path] = _comparable(value, secrets[0])
            if value is ABSENT:
                del was[path]
        has = {path: _comparable(value, secrets[1]) for path, value in new.as_dict().items()}
        for path in dict.fromkeys((*was, *has)):
            if was.get(path, ABSENT) != has.get(path, ABSENT) and not _as_live(
                new.as_dict().get(path), (meant or {}).get(path)
            ):
                yield number.phone_number, path


def _comparable(value: Any, secrets: Mapping[str, str]) -> Any:
    """A declared value so that alike ones are equal: a PIN that stands in the YAML is known by its
    line, which may move."""
    if isinstance(value, Secret):
        return secrets.get(value.ref, value)
    return (value.add, value.remove) if isinstance(value, TagEdit) else value


def _as_live(declared: Any, live: Any) -> bool:
    """Whether an edit of the live tags changes none of them."""
    return (
        isinstance(declared, TagEdit) and isinstance(live, tuple) and declared.apply(live) == live
    )


def _marks(number: DesiredNumber) -> tuple[Any, ...]:
    return number.kind, number.release, number.protect, number.when_owned
