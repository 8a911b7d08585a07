"""The quickest way through a file: entries that are written alike, a column at a time.

What `regular` does line by line is done here for whole entries: the lines of one without their
values are its shape, and a shape that was seen before costs one look into a dict. It takes a third
of the time of `regular`, which reads one entry of each shape, the entries of rare shapes, and all
else that the file says: nothing is judged in two places.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterator, Sequence, Set
from dataclasses import replace
from functools import cache, partial
from itertools import chain
from operator import attrgetter
from typing import Any, Final, NamedTuple

from reconciler.core.documents import Alike, Column, Document, Foldable
from reconciler.files.lines import LONGEST, MAX_EVENTS, Flow, IrregularError, parse_line
from reconciler.files.places import Text
from reconciler.files.plain import RESERVED
from reconciler.files.regular import read_entry, read_regular

_FEWEST: Final = 4
"""Entries of a shape that are worth columns of their own."""

_QUOTED = re.compile(r'"[^"\\\n]*"(?:\n"[^"\\\n]*")*')
_WORD = r"[A-Za-z][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*"
_WORDS = re.compile(rf"{_WORD}(?:\n{_WORD})*")
_SKIPPED = r" *(?:#.*)?"
_COMMENT = re.compile(r"^ *#.*", re.MULTILINE)
_INDENT = re.compile(rf"(?:{_SKIPPED}\n)*( *)")
_NEXT_SECTION = re.compile(r"\n(?=[^ #\n])")
_VALUE = re.compile(r": (.+)")

_Path = tuple[str, ...]
_UNSEEN: Any = object()
_new = tuple.__new__  # half the price of calling a NamedTuple


@cache
def _entries_at(level: int) -> re.Pattern[str]:
    """An entry with all lines below its key: those further in, and between and after them what
    says nothing."""
    below = rf"(?: {{{level + 1}}}| *(?:#|(?=\n))).*\n"
    return re.compile(rf'^ {{{level}}}"([!#-\[\]-~]+)": *\n((?:{below})+)', re.MULTILINE)


class _Entry(NamedTuple):
    """An entry: its key and the line of it, where its text begins and ends, and what stands after
    the keys below."""

    key: str
    line: int
    begin: int
    end: int
    texts: Sequence[str]


class _Shape(NamedTuple):
    """Entries of one section, whose keys are indented by `level` and stand on the first of as many
    `lines`; what stands before each of their values, with the path of it; and those entries."""

    section: str
    level: int
    lines: int
    values: Sequence[tuple[str, _Path]]
    entries: list[_Entry]


def fold(path: str, text: str, which: Foldable) -> tuple[Document, list[Alike]] | None:
    """The entries that are written alike, and a document of the rest; None where that is not plain
    to see, or not worth it. `text` holds no forbidden character."""
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    if "\t" in text or text.count("\n") + text.count(",") > MAX_EVENTS // 4:
        return None
    if not text.isascii() and not text.replace("\n", "").isprintable():
        return None
    text += "\n" * (not text.endswith("\n"))
    try:
        return _Folding(path, text, which.apart).take(which.sections)
    except IrregularError:
        return None


class _Folding:
    """One file."""

    def __init__(self, path: str, text: str, apart: Set[str]) -> None:
        self._path = path
        self._text = text
        self._lines = Text(text)
        self._apart = apart
        self._shapes: dict[str, dict[str, _Shape | None]] = {}

    def take(self, sections: Collection[str]) -> tuple[Document, list[Alike]]:
        """All `sections`, and a document of the rest. IrregularError where not all of it is
        regular, or it is not worth it."""
        for section in sections:
            self._take(section)
        found = chain(*(each.values() for each in self._shapes.values()))
        shapes = [each for each in found if each and len(each.entries) >= _FEWEST]
        alike = [self._alike(shape) for shape in shapes]
        rest = read_regular(self._path, self._without(shapes)) if shapes else None
        if rest is None:
            raise IrregularError
        for section in sections:
            _check_apart(rest, [each for each in shapes if each.section == section])
        return rest, alike

    def _take(self, section: str) -> None:
        """Sort the entries of one section by their shapes."""
        text, head = self._text, f"{section}:\n"
        begin = 0 if text.startswith(head) else text.find(f"\n{head}") + 1
        if not text.startswith(head, begin):
            return
        begin += len(head)
        next_section = _NEXT_SECTION.search(text, begin - 1)
        end = next_section.end() if next_section else len(text)
        indent = _INDENT.match(text, begin, end)
        level = len(indent[1]) if indent else 0
        if not level:
            return
        line = text.count("\n", 0, begin) + 1
        at = begin
        shapes = self._shapes[section] = {}
        for found in _entries_at(level).finditer(text, begin, end):
            key, body = found.groups()
            start, after = found.span()
            line += text.count("\n", at, start)
            at = start
            if "#" in body:
                body = _COMMENT.sub("", body)
            heads = _VALUE.sub("", body).rstrip("\n")
            shape = shapes.get(heads, _UNSEEN)
            if shape is _UNSEEN:
                shape = shapes[heads] = self._shape(section, level, heads, line)
            if shape is not None:
                texts = _VALUE.findall(body)
                shape.entries.append(_new(_Entry, (key, line, start, after, texts)))

    def _shape(self, section: str, level: int, heads: str, line: int) -> _Shape | None:
        """The shape of the entry on `line`; None where that is not plain to see."""
        lines = heads.count("\n") + 2
        try:
            read_entry(self._path, self._lines, line, lines, level)
            values = tuple(_values_in(self._lines.lines[line : line + lines - 1], self._apart))
        except IrregularError:
            return None
        return _Shape(section, level, lines, values, [])

    def _alike(self, shape: _Shape) -> Alike:
        """The entries of a shape as columns."""
        entries = shape.entries
        columns = []
        rows = zip(*(each.texts for each in entries), strict=True)
        for (head, path), texts in zip(shape.values, rows, strict=True):
            columns.append(Column(path, texts, _values(head, texts)))
        return Alike(
            shape.section,
            [each.key for each in entries],
            [each.line for each in entries],
            columns,
            partial(self._read, shape),
        )

    def _read(self, shape: _Shape, at: int) -> Document:
        """One entry of a shape by itself, in its section."""
        line = shape.entries[at].line
        document = read_entry(self._path, self._lines, line, shape.lines, shape.level)
        return replace(document, data={shape.section: document.data})

    def _without(self, shapes: Sequence[_Shape]) -> str:
        """The text with the entries of `shapes` blank: all else stays on its line."""
        entries = sorted(chain(*(each.entries for each in shapes)), key=attrgetter("begin"))
        parts = []
        at = 0
        for each in entries:
            blank = "\n" * self._text.count("\n", each.begin, each.end)
            parts += [self._text[at : each.begin], blank]
            at = each.end
        return "".join([*parts, self._text[at:]])


def _values_in(lines: Sequence[str], apart: Set[str]) -> Iterator[tuple[str, _Path]]:
    """What stands before each value on the lines of an entry, and its path. IrregularError where
    that is not plain to see, or one of the keys `apart` is there."""
    above: list[tuple[int, str]] = []
    for line in lines:
        indent, key, _, is_open, _ = parse_line(line)
        while above and above[-1][0] >= indent >= 0:
            above.pop()
        if key is not None:
            above.append((indent, key))
        if key in apart:
            raise IrregularError
        head, colon, text = line.partition(": ")
        if not text or indent < 0:
            continue
        if is_open or parse_line(f"{head}: x")[:3] != (indent, key, "x"):
            raise IrregularError
        yield f"{head}{colon}", tuple(each for _, each in above)


def _check_apart(rest: Document, shapes: Sequence[_Shape]) -> None:
    """IrregularError where a key of a section stands twice, or is not below its neighbours."""
    if not shapes:
        return
    keys = [entry.key for shape in shapes for entry in shape.entries]
    apart = set(keys)
    left = rest.data[shapes[0].section]
    if left is not None:
        places = rest.marks[id(left)]
        if not isinstance(left, dict) or not apart.isdisjoint(left):
            raise IrregularError
        if any(place.key.column != shapes[0].level + 1 for place in places.values()):
            raise IrregularError
    if len(apart) < len(keys):
        raise IrregularError


def _values(head: str, texts: Sequence[str]) -> list[Any]:
    """What stands after `head` on many lines. IrregularError where one of them is not regular.

    Words and quoted texts, of which there may be as many as entries, are judged all at once.
    """
    if len(head) + max(map(len, texts)) > LONGEST:
        raise IrregularError
    together = "\n".join(texts)
    if _WORDS.fullmatch(together) and RESERVED.isdisjoint(map(str.lower, texts)):
        # One object with its equal in the account, for which the differ need not look into it.
        return list(map(sys.intern, texts))
    if _QUOTED.fullmatch(together):
        return [sys.intern(each[1:-1]) for each in texts]
    known = {each: _value(head, each) for each in set(texts)}
    return list(map(known.__getitem__, texts))


def _value(head: str, text: str) -> Any:
    said = parse_line(head + text)
    if said.key is None or said.is_open:
        raise IrregularError
    return _unmarked(said.value) if isinstance(said.value, Flow) else said.value


def _unmarked(flow: Flow) -> Any:
    """What stands in brackets, without its places."""
    made: Any = flow.data.copy()
    for key, value in flow.inner:
        made[key] = _unmarked(value)
    return made
