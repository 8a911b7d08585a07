"""Everything that is declared, as a mapping that costs little: columns instead of objects.

Numbers that stand in one place and have the same settings are one *run* (`runs`): what looks at
settings only asks those. A DesiredNumber is made when it is asked for.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import (
    Callable,
    ItemsView,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
    Set,
    ValuesView,
)
from itertools import chain, repeat
from operator import itemgetter, le
from typing import Any, NamedTuple, TypeVar

from reconciler.core.fields import Kind
from reconciler.core.model import DesiredNumber, Settings
from reconciler.core.runs import PROTECT, RELEASE, TEMPLATED, Columns, Rows, Run, joined, parts
from reconciler.core.values import E164

_BATCH = 1_000
T = TypeVar("T")


class Batch(NamedTuple):
    """Numbers that manage the same fields, for comparing many at once: `names` in E.164, and what
    each declares, in the order of `paths`. Of those that are released, or are `templated`, the
    values say nothing. `runs` gives the place of the run of each."""

    kind: Kind
    paths: tuple[str, ...]
    released: bool
    protected: bool
    templated: bool
    runs: Sequence[int]
    names: Sequence[str]
    values: Sequence[tuple[Any, ...]]


class Declared(Mapping[str, DesiredNumber]):
    """Declared numbers by E.164, in the order of files and lines; never changed.

    `runs` and `filtered` work on whole runs: what looks at settings only asks those.
    """

    __slots__ = ("_columns", "_firsts", "_length", "_order")

    def __init__(self, runs: Iterable[Run | Rows] = ()) -> None:
        """`runs` in the order wanted; no two of them hold the same number."""
        self._columns = columns = Columns()
        for run in runs:
            if isinstance(run, Rows):
                columns.extend(run)
            else:
                columns.add(run)
        self._length = sum(columns.counts)
        firsts = columns.firsts
        self._order: array[int] | None = None
        self._firsts = firsts
        if not all(map(le, firsts, memoryview(firsts)[1:])):
            order = sorted(range(len(firsts)), key=firsts.__getitem__)
            self._order = array("I", order)
            self._firsts = array("Q", map(firsts.__getitem__, order))

    @classmethod
    def of(cls, numbers: Iterable[DesiredNumber]) -> Declared:
        """`numbers` one by one; neighbours that are alike in everything become one run."""
        return cls(joined(numbers))

    def runs(self) -> Iterator[Run]:
        """All runs, in order."""
        return map(self.run, range(len(self._columns.firsts)))

    def managing(self, paths: Set[str]) -> Iterator[Run]:
        """The runs that manage one of `paths`, in order; the others are not even looked at."""
        columns = self._columns
        alike = columns.alike.values()
        of = [rows for rows in alike if not paths.isdisjoint(columns.settings[rows[0]].paths)]
        return map(self.run, sorted(chain.from_iterable(of)))

    def settings(self) -> Iterable[Settings]:
        """Every Settings that occurs, each object once; templates in them are not filled."""
        return {id(each): each for each in self._columns.settings}.values()

    def batches(self) -> Iterator[Batch]:
        """All numbers, in batches of those alike in kind and fields; in no particular order."""
        for rows in self._columns.alike.values():
            for start in range(0, len(rows), _BATCH):
                yield self._batch(rows[start : start + _BATCH])

    def _batch(self, rows: array[int]) -> Batch:
        """The numbers of `rows`, which have paths and flags in common."""
        columns = self._columns
        runs: Sequence[int] = rows
        names, values = _pick(columns.names, rows), _pick(columns.values, rows)
        if columns.counts[rows[0]] > 1:
            # The numbers of each run one by one, and what holds of the run for each of them.
            firsts, counts = _pick(columns.firsts, rows), _pick(columns.counts, rows)
            each = tuple(chain.from_iterable(map(repeat, range(len(rows)), counts)))
            sizes = zip(firsts, counts, strict=True)
            names = [f"+{at}" for first, count in sizes for at in range(first, first + count)]
            runs, values = [rows[at] for at in each], [values[at] for at in each]
        flags = columns.flags[rows[0]]
        return Batch(
            columns.kind(rows[0]),
            columns.settings[rows[0]].paths,
            bool(flags & RELEASE),
            bool(flags & PROTECT),
            bool(flags & TEMPLATED),
            runs,
            names,
            values,
        )

    def filtered(self, keep: Callable[[DesiredNumber], bool]) -> Declared:
        """Only the numbers that `keep` says yes to."""
        return Declared(parts(self.runs(), keep, Run.each))

    def named(self, names: Iterable[str]) -> Declared:
        """Only the numbers of `names` that are declared, each found without a look at the rest."""
        places = sorted({place for name in names if (place := self._find(name))[0] >= 0})
        return Declared(
            run.part(value - run.first, value - run.first + 1)
            for run, value in ((self.run(at), value) for at, value in places)
        )

    def matching(self, keep: Callable[[str], bool]) -> Declared:
        """Only the numbers whose name, in E.164, `keep` says yes to."""
        return Declared(parts(self.runs(), keep, Run.numbers))

    def changed(self, change: Callable[[Run], Settings | None]) -> Declared:
        """Every run with the settings that `change` gives it; None drops it."""

        def runs() -> Iterator[Run]:
            for run in self.runs():
                settings = change(run)
                if settings is not None:
                    yield run._replace(settings=settings)

        return Declared(runs())

    def settings_of(self, at: int, number: str) -> Settings:
        """What is managed of `number`, which is one of the run at that place."""
        columns = self._columns
        if columns.flags[at] & TEMPLATED:
            return self.run(at).at(int(number[1:])).settings
        return columns.settings[at]

    def run(self, at: int) -> Run:
        """The run at that place."""
        return self._columns.run(at)

    def _find(self, number: object) -> tuple[int, int]:
        """The row that holds `number`, and its value; row -1 where none does."""
        if not isinstance(number, str) or not E164.match(number):
            return -1, 0
        value = int(number[1:])
        place = bisect_right(self._firsts, value) - 1
        if place < 0:
            return -1, 0
        at = place if self._order is None else self._order[place]
        return (at if value < self._firsts[place] + self._columns.counts[at] else -1), value

    def __getitem__(self, number: str) -> DesiredNumber:
        at, value = self._find(number)
        if at < 0:
            raise KeyError(number)
        return self.run(at).at(value)

    def __contains__(self, number: object) -> bool:
        return self._find(number)[0] >= 0

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[str]:
        columns = self._columns
        for first, count in zip(columns.firsts, columns.counts, strict=True):
            for value in range(first, first + count):
                yield f"+{value}"

    def __repr__(self) -> str:
        return f"<{self._length:,} declared numbers>"

    def items(self) -> ItemsView[str, DesiredNumber]:
        """Number and declaration, in order."""
        return _Items(self)

    def values(self) -> ValuesView[DesiredNumber]:
        """The declarations, in order."""
        return _Values(self)


class _Values(ValuesView[DesiredNumber]):
    """The values without a search for each."""

    _mapping: Declared

    def __iter__(self) -> Iterator[DesiredNumber]:
        for run in self._mapping.runs():
            yield from run.each()


class _Items(ItemsView[str, DesiredNumber]):
    """The same with the keys."""

    _mapping: Declared

    def __iter__(self) -> Iterator[tuple[str, DesiredNumber]]:
        for run in self._mapping.runs():
            for each in run.each():
                yield each.phone_number, each


def _pick(column: Sequence[T], places: Sequence[int]) -> Sequence[T]:
    """The entries of a column at `places`, which ascend; there is at least one."""
    first, last = places[0], places[-1]
    if last - first == len(places) - 1:
        return column[first : last + 1]
    picked: tuple[T, ...] = itemgetter(*places)(column)
    return picked


def compact(numbers: Mapping[str, DesiredNumber]) -> Declared:
    """`numbers` as columns, if they are not already."""
    return numbers if isinstance(numbers, Declared) else Declared.of(numbers.values())


class Rest(Set[str]):
    """The numbers of `whole` that are not in `part`, without a list of them."""

    __slots__ = ("_part", "_whole")

    def __init__(self, whole: Declared, part: Declared) -> None:
        """Every number of `part` is one of `whole`."""
        self._whole = whole
        self._part = part

    @property
    def whole(self) -> Declared:
        """What it is the rest of."""
        return self._whole

    @classmethod
    def _from_iterable(cls, numbers: Iterable[Any]) -> frozenset[Any]:
        return frozenset(numbers)  # of a union or the like

    def __contains__(self, number: object) -> bool:
        return number in self._whole and number not in self._part

    def __iter__(self) -> Iterator[str]:
        return (number for number in self._whole if number not in self._part)

    def __len__(self) -> int:
        return len(self._whole) - len(self._part)
