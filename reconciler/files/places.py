"""Where the entries of regular YAML stand, found in its lines when somebody asks.

A Mark for each key and value would be most of the time and of the memory of a document, and only
the keys of settings, and what is wrong, are ever asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.core.documents import EntryMarks, EntryPlace, Mark
from reconciler.files.lines import NOTHING, Line, parse_line


class Text:
    """The text of a file, its lines once somebody asks for them, and what some of them say."""

    __slots__ = ("_lines", "_text", "known")

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines: list[str] = []
        self.known: dict[str, Line] = {}

    @property
    def lines(self) -> list[str]:
        """The lines, without their ends."""
        if not self._lines:
            self._lines = lines_of(self._text)
        return self._lines


def lines_of(text: str) -> list[str]:
    """The lines of a text that ends them with LF or CRLF, without their ends."""
    return (text.replace("\r\n", "\n") if "\r" in text else text).split("\n")


class BlockPlace:
    """The place of an entry or item of `text`, on the line `number` (from 1)."""

    __slots__ = ("_level", "_number", "_text")

    def __init__(self, text: Text, number: int, level: int) -> None:
        self._text = text
        self._number = number
        self._level = level

    @property
    def key(self) -> Mark:
        """Where the key begins; of an item, where its value does."""
        return Mark(self._number, self._level + 1) if self._level >= 0 else self.value

    @property
    def value(self) -> Mark:
        """Where the value begins: on this line, or where the first entry below it does."""
        lines = self._text.lines
        here = parse_line(lines[self._number - 1])
        if here.is_open:
            below = (parse_line(lines[at]) for at in range(self._number, len(lines)))
            places = enumerate(below, self._number + 1)
            number, entry = next((each for each in places if each[1].indent >= 0), (0, NOTHING))
            is_item = entry.key is None and entry.indent == here.indent
            if entry.indent > here.indent or is_item:
                return Mark(number, entry.indent + 1)
        return Mark(self._number, here.column)


class BlockPlaces(Mapping[Any, EntryPlace]):
    """The places in a mapping or list that has one entry a line.

    `level` is the indentation of the keys, -1 of a list. `lines` gives the line of each entry,
    from 1, by key or, of a list, by index.
    """

    __slots__ = ("_level", "_lines", "_text")

    def __init__(self, text: Text, level: int, lines: dict[Any, int]) -> None:
        self._text = text
        self._level = level
        self._lines = lines

    def __getitem__(self, key: Any) -> EntryPlace:
        return BlockPlace(self._text, self._lines[key], self._level)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)


class FlowPlaces(Mapping[Any, EntryPlace]):
    """The places in brackets on one line; `columns` of key and value, by key."""

    __slots__ = ("_columns", "_line")

    def __init__(self, line: int, columns: Mapping[Any, tuple[int, int]]) -> None:
        self._line = line
        self._columns = columns

    def __getitem__(self, key: Any) -> EntryPlace:
        key_column, column = self._columns[key]
        return EntryMarks(Mark(self._line, key_column), Mark(self._line, column))

    def __iter__(self) -> Iterator[Any]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)
