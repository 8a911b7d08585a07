"""What a YAML file becomes: plain data, and where each piece of it stands."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from reconciler.errors import Problem


class Mark(NamedTuple):
    """A place in a file; both count from 1."""

    line: int
    column: int


class EntryPlace(Protocol):
    """Where an entry of a mapping (or an item of a list: then `key` is `value`) stands."""

    @property
    def key(self) -> Mark:
        """Where the key begins."""

    @property
    def value(self) -> Mark:
        """Where the value begins."""


class EntryMarks(NamedTuple):
    """An EntryPlace that is known already."""

    key: Mark
    value: Mark


TOP = Mark(1, 1)


class Row(NamedTuple):
    """A row of a sheet: the line it begins on, and its cells."""

    line: int
    cells: Sequence[str]


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A CSV file: its first row names the columns."""

    path: str
    header: Row
    rows: Sequence[Row] = field(repr=False)  # they may hold PINs


class Foldable(NamedTuple):
    """Which entries may be folded: those of the mappings under the keys `sections` at the top of a
    file, but for entries that hold one of the keys `apart`."""

    sections: Sequence[str]
    apart: Set[str]


class Column(NamedTuple):
    """One value of each of many entries: as it is written, and what it stands for (a scalar, or
    what stands in brackets). `path` are the keys that lead to it from the entry. It may hold PINs:
    never show it."""

    path: tuple[str, ...]
    texts: Sequence[str]
    values: Sequence[Any]


class Alike(NamedTuple):
    """Entries that are written alike, the same keys on the same lines, in the mapping `section`.

    The thousands of numbers of a verbose file have a few such shapes among them: what depends on
    the shape alone is found out once, and the values are judged a column at a time. Where `shape`
    is the same in two files, so are all keys, and the lines and columns they stand on, counted from
    that of the entry. `lines` are those of the `keys`. `read` gives one of the entries, by its
    place here, as a document that holds nothing else; it stands where it does in the file.
    """

    section: str
    shape: Hashable
    keys: Sequence[str]
    lines: Sequence[int]
    columns: Sequence[Column]
    read: Callable[[int], Document]


class Folded(NamedTuple):
    """The entries that a document lacks. `unfold` gives the document that holds them as well, and
    what is wrong with it after all."""

    tables: Sequence[Alike]
    unfold: Callable[[], tuple[Document | None, list[Problem]]]


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """One YAML file, read strictly.

    `data` holds only dict (str keys), list, str, int, float, bool and None. `marks` maps
    `id(container)` of every dict and list in `data` to the places of its entries, by key or
    index; a container that several YAML aliases share stands where its anchor does.
    """

    path: str
    data: Any = field(repr=False)  # it may hold PINs
    marks: Mapping[int, Mapping[Any, EntryPlace]] = field(repr=False)
    start: Mark = TOP
    sheet: Sheet | None = None
    """What `numbers_from` names, where it could be read."""
    folded: Folded | None = None
    """Entries that are not in `data`, where whoever read the file asked for that."""

    def entry(self, path: Iterable[str | int]) -> EntryMarks:
        """The place of the entry at `path`, or of its nearest ancestor that stands in the file."""
        found: EntryPlace = EntryMarks(self.start, self.start)
        node = self.data
        for step in path:
            entries = self.marks.get(id(node))
            if entries is None or step not in entries:
                break
            found = entries[step]
            node = node[step]
        return EntryMarks(found.key, found.value)

    def problem(self, path: Sequence[str | int], message: str, *, at_key: bool = False) -> Problem:
        """A problem at the value (or the key) of the entry at `path`."""
        entry = self.entry(path)
        mark = entry.key if at_key else entry.value
        return Problem(self.path, mark.line, mark.column, message)
