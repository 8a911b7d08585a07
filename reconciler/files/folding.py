"""The quickest way through a file: entries that are written alike, a column at a time.

What `regular` does line by line is done here for whole entries: the lines of one without their
values are its shape, and a shape that was seen before costs one look into a dict. It takes a third
of the time of `regular`, which reads one entry of each shape, the entries of rare shapes, and all
else that the file says: nothing is judged in two places.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence, Set
from dataclasses import replace
from functools import cache, partial
from itertools import chain, count, groupby
from operator import attrgetter
from typing import Any, Final, NamedTuple

from reconciler.core.documents import Alike, Column, Document, Foldable
from reconciler.files.lines import LONGEST, MAX_EVENTS, Flow, IrregularError, parse_line
from reconciler.files.places import Text
from reconciler.files.plain import RESERVED
from reconciler.files.regular import read_entry, read_regular

_FEWEST: Final = 8
"""Entries of a shape that are worth columns of their own."""

_QUOTED = re.compile(r'"[^"\\\n]*"(?:\n"[^"\\\n]*")*')
_WORD = r"[A-Za-z][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*"
_WORDS = re.compile(rf"{_WORD}(?:\n{_WORD})*")
_SKIPPED = r" *(?:#.*)?"
_COMMENT = re.compile(r"^ *#.*", re.MULTILINE)
_INDENT = re.compile(rf"(?:{_SKIPPED}\n)*( *)")
_NEXT_SECTION = re.compile(r"\n(?=[^ #\n])")
_VALUE = re.compile(r": (.+)")
_VALUE_OR_ITEM = re.compile(r"(?<=[:-] ).+")

_Way = tuple[str | int, ...]
_Value = tuple[str, _Way]
"""What stands on the line before a value, and the way to it from its entry."""

_new = tuple.__new__  # half the price of calling a NamedTuple


@cache
def _entries_at(level: int) -> re.Pattern[str]:
    """An entry with all lines below its key: those further in, and between and after them what
    says nothing."""
    below = rf"(?: {{{level + 1}}}| *(?:#|(?=\n))).*\n"
    return re.compile(rf'^ {{{level}}}"([!#-\[\]-~]+)": *\n((?:{below})+)', re.MULTILINE)


class _Entry(NamedTuple):
    """An entry: its key and the line of it, where its text begins and ends, and its values as they
    are written."""

    key: str
    line: int
    begin: int
    end: int
    texts: Sequence[str]


class _Shape(NamedTuple):
    """Entries of one section, whose keys are indented by `level` and stand on the first of as many
    `lines`; and what stands before each of their values, with the way to it."""

    section: str
    level: int
    lines: int
    values: Sequence[_Value]
    entries: Sequence[_Entry]


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

    def take(self, sections: Collection[str]) -> tuple[Document, list[Alike]]:
        """All `sections`, and a document of the rest. IrregularError where not all of it is
        regular, or it is not worth it."""
        shapes = [shape for section in sections for shape in self._take(section)]
        alike = [self._alike(shape) for shape in shapes]
        rest = read_regular(self._path, self._without(shapes)) if shapes else None
        if rest is None:
            raise IrregularError
        for section in sections:
            _check_apart(rest, [each for each in shapes if each.section == section])
        return rest, alike

    def _take(self, section: str) -> Iterator[_Shape]:
        """The shapes of the entries of one section."""
        text, head = self._text, f"{section}:\n"
        begin = 0 if text.startswith(head) else text.find(f"\n{head}") + 1
        if not text.startswith(head, begin):
            return
        begin += len(head)
        next_section = _NEXT_SECTION.search(text, begin - 1)
        end = next_section.end() if next_section else len(text)
        indent = _INDENT.match(text, begin, end)
        level = len(indent[1]) if indent else 0
        for entries in self._sorted(level, begin, end) if level else ():
            if len(entries) >= _FEWEST and (shape := self._shape(section, level, entries)):
                yield shape

    def _sorted(self, level: int, begin: int, end: int) -> Iterable[list[_Entry]]:
        """The entries of a section, indented by `level`, by what they are without their values."""
        text = self._text
        line = text.count("\n", 0, begin) + 1
        at = begin
        shapes: dict[str, list[_Entry]] = {}
        for found in _entries_at(level).finditer(text, begin, end):
            key, body = found.groups()
            start, after = found.span()
            line += text.count("\n", at, start)
            at = start
            if "#" in body:
                body = _COMMENT.sub("", body)
            value = _VALUE_OR_ITEM if "- " in body else _VALUE
            heads = value.sub("", body).rstrip("\n")
            entry = _new(_Entry, (key, line, start, after, value.findall(body)))
            if heads in shapes:
                shapes[heads].append(entry)
            else:
                shapes[heads] = [entry]
        return shapes.values()

    def _shape(self, section: str, level: int, entries: Sequence[_Entry]) -> _Shape | None:
        """The shape of `entries`; None where that is not plain to see.

        One of them is read with stand-ins for its values, which show the way to each.
        """
        first = entries[0]
        sample = _COMMENT.sub("", self._text[first.begin : first.end]).rstrip("\n")
        befores = [
            line[: found.start()]
            for line in sample.split("\n")
            if (found := _VALUE_OR_ITEM.search(line))
        ]
        stand_ins = map("value-{}".format, count())
        marked = Text(_VALUE_OR_ITEM.sub(lambda _: next(stand_ins), sample))
        lines = len(marked.lines)
        try:
            entry = read_entry(self._path, marked, 1, lines, level).data[first.key]
            ways = dict(_leaves(entry, ()))
            ways_in_order = [ways[f"value-{at}"] for at in range(len(first.texts))]
            values = tuple(zip(befores, ways_in_order, strict=True))
        except (IrregularError, KeyError, ValueError):
            return None
        if not isinstance(entry, dict) or not self._apart.isdisjoint(entry):
            return None
        return _Shape(section, level, lines, values, entries)

    def _alike(self, shape: _Shape) -> Alike:
        """The entries of a shape as columns."""
        rows = zip(*(each.texts for each in shape.entries), strict=True)
        given = zip(shape.values, rows, strict=True)
        return Alike(
            shape.section,
            [each.key for each in shape.entries],
            [each.line for each in shape.entries],
            [_column(path, list(parts)) for path, parts in groupby(given, key=_path)],
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


def _leaves(node: Any, way: _Way) -> Iterator[tuple[Any, _Way]]:
    """Each scalar below `node`, and the way to it."""
    if isinstance(node, dict | list):
        for step, child in node.items() if isinstance(node, dict) else enumerate(node):
            yield from _leaves(child, (*way, step))
    else:
        yield node, way


_Part = tuple[_Value, Sequence[str]]
"""A value of a shape, and what it is in each entry."""


def _path(part: _Part) -> _Way:
    """The keys that lead to a value; an item of a list is a part of that."""
    (_, way), _ = part
    return way[:-1] if isinstance(way[-1], int) else way


def _column(path: _Way, parts: Sequence[_Part]) -> Column:
    """The column of one value, or of one list with all its items."""
    keys = tuple(step for step in path if isinstance(step, str))
    texts = [each for _, each in parts]
    values = [_values(before, each) for (before, _), each in parts]
    if len(keys) < len(path):
        raise IrregularError
    (_, way), _ = parts[0]
    if len(way) == len(path):
        return Column(keys, texts[0], values[0])
    rows = zip(*texts, strict=True)
    return Column(keys, list(map("\n".join, rows)), list(map(list, zip(*values, strict=True))))


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
    if said.indent < 0 or said.is_open:
        raise IrregularError
    return _unmarked(said.value) if isinstance(said.value, Flow) else said.value


def _unmarked(flow: Flow) -> Any:
    """What stands in brackets, without its places."""
    made: Any = flow.data.copy()
    for key, value in flow.inner:
        made[key] = _unmarked(value)
    return made
