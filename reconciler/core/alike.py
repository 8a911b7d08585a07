"""Numbers that are written alike -> what is declared of them, a column at a time.

Of the numbers that have their shape and their groups in common, the first of a project is put
together as any number is (`building.settled`); the others differ from it in values of their own,
which are judged and made canonical by column. That takes a tenth of the time. Whatever is not
plainly right is left to the way of any number, which alone reports problems.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, repeat
from operator import itemgetter
from typing import Any

from reconciler.core.building import Building, Sample, defaults_of, settled
from reconciler.core.catalogue import BY_PATH, SUPPORTED
from reconciler.core.documents import Alike, Column, Foldable
from reconciler.core.entries import declared_value
from reconciler.core.fields import Field, Kind, Type
from reconciler.core.layers import PROTECT, WHEN_OWNED, marked
from reconciler.core.model import NO_SETTINGS, Placed, Settings, Source
from reconciler.core.places import places_in
from reconciler.core.rules import RULED
from reconciler.core.runs import Rows, flags_of
from reconciler.core.templates import Template
from reconciler.core.validate import is_valid_column, is_valid_file
from reconciler.core.values import E164

_KINDS = {kind.yaml_key: kind for kind in Kind}
FOLDABLE = Foldable(tuple(_KINDS), frozenset({"release", "overrides"}))
"""Numbers, but for those whose own words make them unlike others."""

_AS_WRITTEN = frozenset({Type.BOOLEAN, Type.ENUM})
_TEXT = frozenset({Type.TEXT, Type.E164, Type.CNAM})


class NotPlainError(Exception):
    """Something is wrong, or may be."""


def rows_of(state: Building, owner: int, tables: Sequence[Alike]) -> Rows:
    """What the numbers of `tables`, in the file at the place `owner`, come to. NotPlainError where
    that is not plain to see."""
    found = [_Table(state, owner, each).rows() for each in tables]
    if len(found) == 1:
        return found[0]
    path, *columns = zip(*found, strict=True)
    lines, *others = (list(chain.from_iterable(column)) for column in columns)
    order = sorted(range(len(lines)), key=lines.__getitem__)
    return Rows(path[0], *([column[at] for at in order] for column in (lines, *others)))


class _Table:
    """The numbers of one shape."""

    def __init__(self, state: Building, owner: int, alike: Alike) -> None:
        if not all(map(E164.match, alike.keys)):
            raise NotPlainError
        self._state = state
        self._owner = owner
        self._alike = alike
        self._kind = _KINDS[alike.section]
        self._own: dict[str, Sequence[Any]] = {}
        """Canonical values by path, where they may be anything."""

    def rows(self) -> Rows:
        """All of them."""
        alike = self._alike
        parts: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        for at, key in enumerate(self._keys()):
            parts[key].append(at)
        count = len(alike.keys)
        columns, flags = [0] * count, [0] * count
        settings = [NO_SETTINGS] * count
        for key, part in parts.items():
            sample = self._sample(key, part[0])
            for at, each in zip(part, self._settings(sample.settings, part), strict=True):
                columns[at] = sample.column
                flags[at] = sample.flags
                settings[at] = each
        path = self._state.documents[self._owner].path
        return Rows(path, alike.lines, columns, alike.keys, flags, settings)

    def _keys(self) -> Iterable[tuple[Any, ...]]:
        """What decides, of each number, what it comes to: what is like in two, is judged once."""
        deciding: list[Sequence[Any]] = []
        for column in self._alike.columns:
            row = _field(self._kind, column)
            values = self._canonical(row, column) if row else None
            if row is None or values is None:
                deciding.append(column.texts)
                continue
            self._own[row.path] = values
            if row.path in RULED[self._kind]:  # rules ask only whether there is a value
                deciding.append([each if each is None else bool(each) for each in values])
        return zip(*deciding, strict=True) if deciding else repeat((), len(self._alike.keys))

    def _canonical(self, row: Field, column: Column) -> Sequence[Any] | None:
        """The canonical values of a column that are right for themselves; None where they have to
        be looked at together with others."""
        values = column.values
        if not is_valid_column(row, values):
            raise NotPlainError
        if row.type in _AS_WRITTEN:
            return values
        kinds = set(map(type, values))
        if row.type in _TEXT and kinds == {str} and _stand_for_themselves(values):
            return values
        if (row.type is Type.TAGS and dict in kinds) or (row.secret and kinds != {dict}):
            return None
        distinct = dict(zip(column.texts, values, strict=True))
        if row.type is Type.ID and kinds == {str} and _are_digits(distinct.values()):
            return values
        if row.type is Type.TAGS and kinds == {list} and _hold_no_braces(distinct.values()):
            known = {text: tuple(sorted(set(tags))) for text, tags in distinct.items()}
        else:
            known = self._one_by_one(row, distinct)
        if any(isinstance(each, Template) for each in known.values()):
            return None
        return list(map(known.__getitem__, column.texts))

    def _one_by_one(self, row: Field, distinct: Mapping[str, Any]) -> dict[str, Any]:
        """The canonical form of each value, by what stands in the file."""
        source = Source(self._state.documents[self._owner].path, self._alike.lines[0])
        reading = self._state.reading
        return {
            text: declared_value(reading, row, value, source) for text, value in distinct.items()
        }

    def _sample(self, key: tuple[Any, ...], at: int) -> Sample:
        """What the numbers come to that have `key` in common, of which that at `at` is one."""
        state = self._state
        says_nothing = defaults_of(state, self._kind, self._owner).says_nothing
        defaults = None if says_nothing else self._owner
        everything = (self._alike.section, self._alike.shape, defaults, tuple(self._own), key)
        found = state.samples.get(everything)
        if found is None:
            found = self._found(at)
            if len(state.samples) < _MOST_SAMPLES:
                state.samples[everything] = found
        return found

    def _found(self, at: int) -> Sample:
        """What the number at `at` comes to."""
        state = self._state
        document = self._alike.read(at)
        if not is_valid_file(document.data):
            raise NotPlainError
        (place,) = places_in(document, self._owner, state.reading.problems)
        found = settled(state, place)
        if found.templated:
            raise NotPlainError
        protect, when_owned = marked(found.layer, PROTECT), marked(found.layer, WHEN_OWNED)
        flags = flags_of(place.kind, protect=protect, when_owned=when_owned)
        return Sample(place.source.column, flags, found.settings)

    def _settings(self, sample: Settings, part: Sequence[int]) -> Iterable[Settings]:
        """The settings of the numbers at the places `part`, which are like `sample`."""
        count = len(part)
        sources = sample.sources
        if not isinstance(sources, Placed):
            return repeat(sample, count)  # it says nothing of its own
        pick = _picker(part, len(self._alike.keys))
        columns = [
            pick(self._own[path]) if path in self._own else repeat(value, count)
            for path, value in zip(sample.paths, sample.values, strict=True)
        ]
        values = zip(*columns, strict=True) if columns else repeat((), count)
        path = self._state.documents[self._owner].path
        lines = pick(self._alike.lines)
        places = map(Placed, repeat(sources.layout), repeat(path), lines)
        return map(Settings, repeat(sample.paths), values, places)


_MOST_SAMPLES = 10_000
"""That are remembered: bounds memory where hardly two numbers are alike."""


def _picker(part: Sequence[int], of: int) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """What takes the values at the places `part` out of a column of that many."""
    if len(part) == of:
        return lambda column: column
    if len(part) == 1:
        return lambda column: (column[part[0]],)
    return itemgetter(*part)


def _field(kind: Kind, column: Column) -> Field | None:
    """The field that a column gives, if it gives all of it."""
    path = ".".join(column.path)
    row = BY_PATH[kind].get(path) if path in SUPPORTED[kind] else None
    return row if row is not None and tuple(row.path.split(".")) == column.path else None


def _are_digits(texts: Iterable[str]) -> bool:
    """Whether each is an id as it stands, and no alias, for the schema lets none be empty."""
    together = "".join(texts)
    return together.isascii() and together.isdecimal()


def _hold_no_braces(lists: Iterable[Sequence[str]]) -> bool:
    together = "".join(chain.from_iterable(lists))
    return "{" not in together and "}" not in together


def _stand_for_themselves(texts: Sequence[str]) -> bool:
    """Whether no text is empty, which is null, or a template."""
    together = "".join(texts)
    return "" not in texts and "{" not in together and "}" not in together
