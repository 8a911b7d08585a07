"""Runs: numbers declared in one place with the same settings; and the columns that hold them.

A block of 100,000 is one row of the columns, and so is a number by itself. E.164 numbers are kept
as whole numbers (they begin with no zero), so that a run is a first number and a count; of a number
by itself the text is kept too, for a comparison looks up each by it.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import repeat
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

from reconciler.core.fields import Kind
from reconciler.core.model import DesiredNumber, Settings, Source
from reconciler.core.templates import Filler

_KINDS = tuple(Kind)
_KIND_BITS = 3
RELEASE, PROTECT, _WHEN_OWNED, TEMPLATED = 4, 8, 16, 32
_PATHS, _VALUES = attrgetter("paths"), attrgetter("values")
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


class Rows(NamedTuple):
    """Numbers of the file `path`, each a run of its own that is neither released nor holds a
    template, in the order of their lines. By column: where they stand, the numbers in E.164, their
    flags (`flags_of`) and their settings."""

    path: str
    lines: Sequence[int]
    columns: Sequence[int]
    names: Sequence[str]
    flags: Sequence[int]
    settings: Sequence[Settings]

    def part(self, start: int, end: int | None = None) -> Rows:
        """Those from the place `start` to before `end`."""
        return Rows(
            self.path,
            self.lines[start:end],
            self.columns[start:end],
            self.names[start:end],
            self.flags[start:end],
            self.settings[start:end],
        )


def flags_of(
    kind: Kind,
    *,
    release: bool = False,
    protect: bool = False,
    when_owned: bool = False,
    templated: bool = False,
) -> int:
    """What a run is, in one small number."""
    return (
        _KINDS.index(kind)
        | RELEASE * release
        | PROTECT * protect
        | _WHEN_OWNED * when_owned
        | TEMPLATED * templated
    )


class Columns:
    """One row a run, in the order of files and lines."""

    __slots__ = ("_places", "alike", "columns", "counts", "files", "firsts", "flags", "lines",
                 "names", "offsets", "paths", "settings", "values")  # fmt: skip

    def __init__(self) -> None:
        self.firsts = array("Q")
        self.counts = array("I")
        self.names: list[str] = []
        """The first numbers in E.164, which are not kept of more than one."""
        self.files = array("I")
        self.lines = array("I")
        self.columns = array("I")
        self.offsets = array("i")
        self.flags = array("B")
        self.settings: list[Settings] = []
        self.values: list[tuple[Any, ...]] = []
        """Those of the settings, so that a comparison need not look into each."""
        self.paths: list[str] = []
        """The files: their place is what `files` holds."""
        self._places: dict[str, int] = {}
        self.alike: dict[tuple[int, int, bool], array[int]] = defaultdict(partial(array, "I"))
        """The rows that manage the same fields and have the same flags, single numbers apart."""

    def add(self, run: Run) -> None:
        """One more run."""
        source = run.source
        self.firsts.append(run.first)
        self.counts.append(run.size)
        self.names.append(f"+{run.first}" if run.size == 1 else "")
        self.files.append(self._file(source.path))
        self.lines.append(source.line)
        self.columns.append(source.column)
        self.offsets.append(run.offset)
        flags = flags_of(
            run.kind,
            release=run.release,
            protect=run.protect,
            when_owned=run.when_owned,
            templated=run.templated,
        )
        self.flags.append(flags)
        self.alike[id(run.settings.paths), flags, run.size == 1].append(len(self.settings))
        self.settings.append(run.settings)
        self.values.append(run.settings.values)

    def extend(self, of: Rows) -> None:
        """All of them at once, which takes a sixth of the time."""
        count, start = len(of.names), len(self.settings)
        self.firsts.extend(map(int, of.names))
        self.names.extend(of.names)
        self.counts.extend(array("I", [1]) * count)
        self.files.extend(array("I", [self._file(of.path)]) * count)
        self.lines.extend(of.lines)
        self.columns.extend(of.columns)
        self.offsets.extend(array("i", [-1]) * count)
        self.flags.extend(of.flags)
        self.settings.extend(of.settings)
        self.values.extend(map(_VALUES, of.settings))
        keys = list(zip(map(id, map(_PATHS, of.settings)), of.flags, repeat(True)))
        if len(set(keys)) == 1:
            self.alike[keys[0]].extend(range(start, start + count))
            return
        for at, key in enumerate(keys, start):
            self.alike[key].append(at)

    def _file(self, path: str) -> int:
        place = self._places.setdefault(path, len(self.paths))
        if place == len(self.paths):
            self.paths.append(path)
        return place

    def run(self, at: int) -> Run:
        """The run at that place."""
        flags = self.flags[at]
        return Run(
            self.firsts[at],
            self.counts[at],
            self.kind(at),
            self.settings[at],
            Source(self.paths[self.files[at]], self.lines[at], self.columns[at]),
            bool(flags & RELEASE),
            bool(flags & PROTECT),
            bool(flags & _WHEN_OWNED),
            self.offsets[at],
            bool(flags & TEMPLATED),
        )

    def kind(self, at: int) -> Kind:
        """What the numbers of the run at that place are."""
        return _KINDS[self.flags[at] & _KIND_BITS]


def joined(numbers: Iterable[DesiredNumber]) -> Iterator[Run]:
    """The runs of `numbers`, of which neighbours that are alike in everything become one."""
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


def parts(
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
