"""The quickest way through a file: entries that are written alike, a column at a time.

What `regular` does line by line is done here for whole entries: the lines of one without their
values are its shape, and a shape that was seen before costs one look into a dict. It takes a third
of the time of `regular`, which reads one entry of each shape, the entries of rare shapes, and all
else that the file says: nothing is judged in two places.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence, Set
from dataclasses import replace
from functools import lru_cache, partial
from itertools import chain, groupby
from operator import attrgetter
from typing import Any, Final, NamedTuple

from reconciler.core.documents import Alike, Column, Document, Foldable
from reconciler.files.lines import LONGEST, MAX_EVENTS, Flow, IrregularError, parse_line
from reconciler.files.places import Text
from reconciler.files.plain import RESERVED
from reconciler.files.regular import read_entry, read_regular

_FEWEST: Final = 8
"""Entries of a shape that are worth columns of their own."""

_FEW: Final = 16
"""Where a column has so many times fewer texts than entries, each text is looked at by itself."""

_QUOTE = r"""(?:"[^"\\\n]*"|'[^'\n]*')"""
_QUOTED = re.compile(rf"{_QUOTE}(?:\n{_QUOTE})*")
_WORD = r"[A-Za-z][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*"
_WORDS = re.compile(rf"{_WORD}(?:\n{_WORD})*")
_LIST = rf"\[{_WORD}(?:, {_WORD})*\]"
_LISTS = re.compile(rf"{_LIST}(?:\n{_LIST})*")
_SKIPPED = r" *(?:#.*)?"
_COMMENT = re.compile(r"^ *#.*", re.MULTILINE)
_INDENT = re.compile(rf"(?:{_SKIPPED}\n)*( *)([\"'])?")
_NEXT_SECTION = re.compile(r"\n(?=[^ #\n])")
_KEY = re.compile(r"""([!#-&(-\-/-\[\]-~]+)["']: *\n""")
"""A key without dots: blocks are few, and each is looked at by itself."""
_VALUE = re.compile(r"([:-] )(.+)")
_MARK = "\0"  # stands in no text

_Way = tuple[str | int, ...]
_Value = tuple[str, _Way]
"""What stands on the line before a value, and the way to it from its entry."""

_new = tuple.__new__  # half the price of calling a NamedTuple


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
    `lines`; `heads`, what is left of them without their values; and what stands before each of
    these, with the way to it."""

    section: str
    heads: str
    level: int
    lines: int
    values: Sequence[_Value]
    entries: Sequence[_Entry]


class _Heads(NamedTuple):
    """What is the same in all entries of a shape, with the `keys` at its top."""

    lines: int
    values: Sequence[_Value]
    keys: Collection[str]


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
        if indent is None or not indent[1] or not indent[2]:
            return
        level = len(indent[1])
        for heads, entries in self._sorted("".join(indent.groups()), begin, end).items():
            found = _shape_of(heads, level) if len(entries) >= _FEWEST else None
            if found and self._apart.isdisjoint(found.keys):
                yield _Shape(section, heads, level, found.lines, found.values, entries)

    def _sorted(self, opening: str, begin: int, end: int) -> dict[str, list[_Entry]]:
        """The entries of a section, whose lines begin with `opening`, a quote at its end, by what
        they are without their values."""
        first, *pieces = self._text[begin - 1 : end - 1].split(f"\n{opening}")
        line = self._text.count("\n", 0, begin) + first.count("\n") + 1
        at = begin + len(first)
        shapes: dict[str, list[_Entry]] = defaultdict(list)
        for piece in pieces:
            start, key_line = at, line
            at += len(opening) + len(piece) + 1
            line += piece.count("\n") + 1
            key = _KEY.match(piece)
            if key is None or key[0][len(key[1])] != opening[-1]:
                continue
            body = piece[key.end() :]
            if "#" in body:
                body = _COMMENT.sub("", body)
            parts = _VALUE.split(body)  # in threes: what is before the sign, the sign, the value
            texts = parts[2::3]
            del parts[2::3]
            heads = _MARK.join(parts).rstrip("\n")
            shapes[heads].append(_new(_Entry, (key[1], key_line, start, at, texts)))
        return shapes

    def _alike(self, shape: _Shape) -> Alike:
        """The entries of a shape as columns."""
        rows = zip(*(each.texts for each in shape.entries), strict=True)
        given = zip(shape.values, rows, strict=True)
        return Alike(
            shape.section,
            (shape.level, shape.heads),
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


@lru_cache(maxsize=1000)  # the files of a project have most of them in common
def _shape_of(heads: str, level: int) -> _Heads | None:
    """What entries have in common of which `heads` is left without their values; None where that
    is not plain to see.

    One of them is read with stand-ins for its values, which show the way to each.
    """
    *parts, rest = heads.split(_MARK)
    befores = [text + sign for text, sign in zip(parts[::2], parts[1::2], strict=True)]
    marked = "".join(f"{before}value-{at}" for at, before in enumerate(befores))
    text = Text(f"{' ' * level}entry:\n{marked}{rest}")
    try:
        data = read_entry("", text, 1, len(text.lines), level).data
        entry = data.pop("entry")
        ways = dict(_leaves(entry, ()))
        ways_in_order = [ways[f"value-{at}"] for at in range(len(befores))]
    except (IrregularError, KeyError):
        return None
    if data or not isinstance(entry, dict):
        return None
    lasts = [before.rpartition("\n")[2] for before in befores]
    return _Heads(len(text.lines), tuple(zip(lasts, ways_in_order, strict=True)), frozenset(entry))


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

    Words, quoted texts and lists that are nearly all different are judged all at once.
    """
    if len(head) + max(map(len, texts)) > LONGEST:
        raise IrregularError
    distinct = set(texts)
    if len(distinct) * _FEW > len(texts):
        together = "\n".join(texts)
        if _WORDS.fullmatch(together) and _are_texts(texts):
            # One object with its equal in the account, so that the differ need not look into it.
            return list(map(sys.intern, texts))
        if _QUOTED.fullmatch(together):
            return [sys.intern(each[1:-1]) for each in texts]
        if _LISTS.fullmatch(together):
            lists = [each[1:-1].split(", ") for each in texts]
            if _are_texts(chain.from_iterable(lists)):
                return [list(map(sys.intern, each)) for each in lists]
    known = {each: _value(head, each) for each in distinct}
    return list(map(known.__getitem__, texts))


def _are_texts(words: Iterable[str]) -> bool:
    return RESERVED.isdisjoint(map(str.lower, words))


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
