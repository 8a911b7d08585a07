"""Numbers that are written alike -> what is declared of them, a column at a time.

Of the numbers that have their shape and their groups in common, the first is put together as any
number is (`building.settled`); the others differ from it in values of their own, which are judged
and made canonical by column. That takes a quarter of the time. Whatever is not plainly right is
left to the way of any number, which alone reports problems.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, repeat
from operator import itemgetter
from typing import Any

from reconciler.core.building import Building, is_right, settled
from reconciler.core.catalogue import BY_PATH, SUPPORTED
from reconciler.core.declared import Row, flags_of
from reconciler.core.documents import Alike, Column, Foldable
from reconciler.core.entries import declared_value
from reconciler.core.fields import Field, Kind, Type
from reconciler.core.layers import PROTECT, WHEN_OWNED, marked
from reconciler.core.model import Placed, Settings, Source
from reconciler.core.places import places_in
from reconciler.core.rules import RULED
from reconciler.core.templates import Template
from reconciler.core.validate import is_valid_column
from reconciler.core.values import E164

_KINDS = {kind.yaml_key: kind for kind in Kind}
FOLDABLE = Foldable(tuple(_KINDS), frozenset({"release", "overrides"}))
"""Numbers, but for those whose own words make them unlike others."""

_AS_WRITTEN = frozenset({Type.BOOLEAN, Type.ENUM})
_TEXT = frozenset({Type.TEXT, Type.E164, Type.CNAM})


class NotPlainError(Exception):
    """Something is wrong, or may be."""


def rows_of(state: Building, owner: int, tables: Iterable[Alike]) -> list[Row]:
    """What the numbers of `tables`, in the file at the place `owner`, come to, in the order of
    their lines. NotPlainError where that is not plain to see."""
    return sorted(chain(*(_Table(state, owner, each).rows() for each in tables)), key=_LINE)


_LINE = itemgetter(0)


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

    def rows(self) -> Iterator[Row]:
        """All of them, in no particular order."""
        parts: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        for at, key in enumerate(self._keys()):
            parts[key].append(at)
        for part in parts.values():
            yield from self._part(part)

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
        source = Source(self._alike.read(0).path, self._alike.lines[0])
        known: dict[str, Any] = {}
        for text, value in zip(column.texts, values, strict=True):
            if text not in known:
                known[text] = declared_value(self._state.reading, row, value, source)
        if any(isinstance(each, Template) for each in known.values()):
            return None
        return list(map(known.__getitem__, column.texts))

    def _part(self, part: Sequence[int]) -> Iterator[Row]:
        """The numbers at the places `part`, which come to the same but for values of their own."""
        state, alike = self._state, self._alike
        document = alike.read(part[0])
        (place,) = places_in(document, self._owner, state.reading.problems)
        if not is_right(place):
            raise NotPlainError
        found = settled(state, place)
        if found.templated:
            raise NotPlainError
        pick = _picker(part, len(alike.keys))
        lines = pick(alike.lines)
        protect, when_owned = marked(found.layer, PROTECT), marked(found.layer, WHEN_OWNED)
        return zip(
            lines,
            repeat(place.source.column, len(lines)),
            pick(alike.keys),
            repeat(flags_of(place.kind, protect=protect, when_owned=when_owned), len(lines)),
            self._settings(found.settings, lines, pick),
            strict=True,
        )

    def _settings(
        self, sample: Settings, lines: Sequence[int], pick: Callable[[Sequence[Any]], Sequence[Any]]
    ) -> Iterable[Settings]:
        """The settings of numbers that are like `sample`, on those `lines`."""
        sources = sample.sources
        if not isinstance(sources, Placed):
            return repeat(sample, len(lines))  # it says nothing of its own
        columns = [
            pick(self._own[path]) if path in self._own else repeat(value, len(lines))
            for path, value in zip(sample.paths, sample.values, strict=True)
        ]
        values = zip(*columns, strict=True) if columns else repeat((), len(lines))
        return map(Settings, repeat(sample.paths), values, map(sources.on_line, lines))


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


def _stand_for_themselves(texts: Sequence[str]) -> bool:
    """Whether no text is empty, which is null, or a template."""
    together = "".join(texts)
    return "" not in texts and "{" not in together and "}" not in together
