"""Everything that is declared, as a mapping that costs little: columns instead of objects.

Numbers that stand in one place and have the same settings are one *run*: a block of 100,000 is
one row of the columns, and so is a number by itself. E.164 numbers are kept as whole numbers
(they begin with no zero), so that a run is a first number and a count. A DesiredNumber is made
when it is asked for.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping, Set, ValuesView
from itertools import repeat
from operator import le
from typing import Any, NamedTuple, TypeVar

from reconciler.core.fields import Kind
from reconciler.core.model import DesiredNumber, Settings, Source
from reconciler.core.templates import Filler
from reconciler.core.values import E164

_KINDS = tuple(Kind)
_RELEASE, _PROTECT, _WHEN_OWNED, _TEMPLATED = 4, 8, 16, 32
_KIND_BITS = 3
_BATCH = 10_000

T = TypeVar("T")


class Run(NamedTuple):
    """Consecutive numbers declared in one place with the same settings.

    `first` is the first number without its +, `offset` its place in the block, -1 where it is no
    part of one. `size` counts them. Where `templated`, the settings are those of no number until
    they are filled.
    """

    first: int
    size: int
    kind: Kind
    settings: Settings
    source: Source
    release: bool = False
    protect: bool = False
    when_owned: bool = False
    offset: int = -1
    templated: bool = False

    def numbers(self) -> Iterator[str]:
        """The numbers in E.164, in order."""
        return (f"+{each}" for each in range(self.first, self.first + self.size))

    def at(self, value: int) -> DesiredNumber:
        """The number `value`, without its +."""
        name = f"+{value}"
        settings = self.settings
        if self.templated:
            place = value - self.first + self.offset if self.offset >= 0 else None
            settings = Filler(name, place).settings(settings)
        return DesiredNumber(
            name,
            self.kind,
            settings,
            self.source,
            self.release,
            self.protect,
            self.when_owned,
        )

    def part(self, start: int, end: int) -> Run:
        """The numbers from place `start` to before place `end`."""
        offset = self.offset + start if self.offset >= 0 else -1
        return self._replace(first=self.first + start, size=end - start, offset=offset)

    def each(self) -> Iterator[DesiredNumber]:
        """All its numbers, in order."""
        return map(self.at, range(self.first, self.first + self.size))


class Batch(NamedTuple):
    """Numbers that manage the same fields, for comparing many at once: `names` in E.164, and what
    each declares, in the order of `paths`. `is_plain` where they are neither released nor hold
    templates: of others the values say nothing."""

    kind: Kind
    paths: tuple[str, ...]
    is_plain: bool
    names: list[str]
    values: list[tuple[Any, ...]]


class _Columns:
    """One row a run, in the order of files and lines."""

    __slots__ = ("alike", "columns", "counts", "files", "firsts", "flags", "lines", "offsets",
                 "paths", "settings")  # fmt: skip

    def __init__(self) -> None:
        self.firsts = array("Q")
        self.counts = array("I")
        self.files = array("I")
        self.lines = array("I")
        self.columns = array("I")
        self.offsets = array("i")
        self.flags = array("B")
        self.settings: list[Settings] = []
        self.paths: dict[str, int] = {}
        """The files by path: their place among the keys is what `files` holds."""
        self.alike: dict[tuple[int, int], array[int]] = {}
        """The rows that manage the same fields and have the same flags."""

    def add(self, run: Run) -> None:
        source = run.source
        self.firsts.append(run.first)
        self.counts.append(run.size)
        self.files.append(self.paths.setdefault(source.path, len(self.paths)))
        self.lines.append(source.line)
        self.columns.append(source.column)
        self.offsets.append(run.offset)
        flags = (
            _KINDS.index(run.kind)
            | _RELEASE * run.release
            | _PROTECT * run.protect
            | _WHEN_OWNED * run.when_owned
            | _TEMPLATED * run.templated
        )
        self.flags.append(flags)
        key = (id(run.settings.paths), flags)
        if key not in self.alike:
            self.alike[key] = array("I")
        self.alike[key].append(len(self.settings))
        self.settings.append(run.settings)


class Declared(Mapping[str, DesiredNumber]):
    """Declared numbers by E.164, in the order of files and lines; never changed.

    `runs` and `filtered` work on whole runs: what looks at settings only asks those.
    """

    __slots__ = ("_columns", "_files", "_firsts", "_length", "_order")

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        """`runs` in the order wanted; no two of them hold the same number."""
        self._columns = columns = _Columns()
        for run in runs:
            columns.add(run)
        self._files = tuple(columns.paths)
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
        return cls(_joined(numbers))

    def runs(self) -> Iterator[Run]:
        """All runs, in order."""
        return map(self._run, range(len(self._columns.firsts)))

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
        settings = [columns.settings[at] for at in rows]
        counts = [columns.counts[at] for at in rows]
        firsts = [columns.firsts[at] for at in rows]
        values: list[tuple[Any, ...]] = [each.values for each in settings]
        if max(counts) == 1:
            names = [f"+{first}" for first in firsts]
        else:
            runs = list(zip(firsts, counts, values, strict=True))
            names = [f"+{each}" for first, count, _ in runs for each in range(first, first + count)]
            values = [each for _, count, value in runs for each in repeat(value, count)]
        flags = columns.flags[rows[0]]
        is_plain = not flags & (_RELEASE | _TEMPLATED)
        return Batch(_KINDS[flags & _KIND_BITS], settings[0].paths, is_plain, names, values)

    def in_order(self, names: Iterable[str]) -> list[str]:
        """Declared numbers in the order in which they are declared."""
        return sorted(names, key=self._find)

    def filtered(self, keep: Callable[[DesiredNumber], bool]) -> Declared:
        """Only the numbers that `keep` says yes to."""
        return Declared(_parts(self.runs(), keep, Run.each))

    def named(self, names: Iterable[str]) -> Declared:
        """Only the numbers of `names` that are declared, each found without a look at the rest."""
        places = sorted({place for name in names if (place := self._find(name))[0] >= 0})
        return Declared(
            run.part(value - run.first, value - run.first + 1)
            for run, value in ((self._run(at), value) for at, value in places)
        )

    def matching(self, keep: Callable[[str], bool]) -> Declared:
        """Only the numbers whose name, in E.164, `keep` says yes to."""
        return Declared(_parts(self.runs(), keep, Run.numbers))

    def changed(self, change: Callable[[Run], Settings | None]) -> Declared:
        """Every run with the settings that `change` gives it; None drops it."""

        def runs() -> Iterator[Run]:
            for run in self.runs():
                settings = change(run)
                if settings is not None:
                    yield run._replace(settings=settings)

        return Declared(runs())

    def _run(self, at: int) -> Run:
        columns = self._columns
        flags = columns.flags[at]
        return Run(
            columns.firsts[at],
            columns.counts[at],
            _KINDS[flags & _KIND_BITS],
            columns.settings[at],
            Source(self._files[columns.files[at]], columns.lines[at], columns.columns[at]),
            bool(flags & _RELEASE),
            bool(flags & _PROTECT),
            bool(flags & _WHEN_OWNED),
            columns.offsets[at],
            bool(flags & _TEMPLATED),
        )

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
        return self._run(at).at(value)

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


def compact(numbers: Mapping[str, DesiredNumber]) -> Declared:
    """`numbers` as columns, if they are not already."""
    return numbers if isinstance(numbers, Declared) else Declared.of(numbers.values())


def _joined(numbers: Iterable[DesiredNumber]) -> Iterator[Run]:
    run: Run | None = None
    for each in numbers:
        value = int(each.phone_number[1:])
        one = Run(
            value,
            1,
            each.kind,
            each.settings,
            each.source,
            each.release,
            each.protect,
            each.when_owned,
        )
        if run is not None and one == run._replace(first=value, size=1) and _follows(run, value):
            run = run._replace(size=run.size + 1)
            continue
        if run is not None:
            yield run
        run = one
    if run is not None:
        yield run


def _follows(run: Run, value: int) -> bool:
    return value == run.first + run.size


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


def _parts(
    runs: Iterable[Run], keep: Callable[[T], bool], each_of: Callable[[Run], Iterator[T]]
) -> Iterator[Run]:
    """What is left of each run: as many as there are gaps in it."""
    for run in runs:
        start: int | None = None
        for place, each in enumerate(each_of(run)):
            if keep(each):
                start = place if start is None else start
            elif start is not None:
                yield run.part(start, place)
                start = None
        if start is not None:
            yield run.part(start, run.size)
