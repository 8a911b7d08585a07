"""The quick way through YAML as people and tools mostly write it: one entry a line.

libyaml makes an object and two marks for each event, and that is most of what reading a verbose
file costs. Here it is taken line by line, and a line that was seen before costs one look into a
dict: about a tenth of the time of the events. Whatever is not plainly regular (anchors, tags,
block scalars, escapes, a value on several lines, and anything wrong) makes it give up; then the
events are read, and they alone report problems, so that nothing is judged in two places.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from reconciler.core.documents import Document, EntryPlace, Mark
from reconciler.files.lines import MAX_EVENTS, Flow, IrregularError, Line, parse_line
from reconciler.files.places import BlockPlaces, FlowPlaces, Text, lines_of

_MOST_KNOWN: Final = 20_000  # lines that are remembered: bounds memory where none comes again
_DEEPEST: Final = 30  # with the brackets of a line, well below what the events allow
_MOST_HEAD: Final = 100  # lines before the first entry

_HEAD = re.compile(r"(?: *(?:#[^\n]*)?\n)*--- *\n")


def read_regular(path: str, text: str) -> Document | None:
    """The document in `text`, which holds no forbidden character; None where it is not regular.

    It is the same document, with the same places, as the events would make.
    """
    if "\t" in text or text.count("\n") + text.count(",") > MAX_EVENTS // 2:
        return None
    lines = lines_of(text)
    if head := _HEAD.match("\n".join(lines[:_MOST_HEAD])):
        lines[head.group().count("\n") - 1] = ""
    try:
        return _Reading(path, Text(text)).take(lines)
    except IrregularError:
        return None


def read_entry(path: str, text: Text, line: int, count: int, level: int) -> Document:
    """The entry on `line` of `text` (from 1), `count` lines long with what is below its key, which
    is indented by `level`, as a document by itself. IrregularError where it is not regular."""
    lines = text.lines[line - 1 : line - 1 + count]
    return _Reading(path, text).take(lines, first=line, level=level)


_Frame = tuple[int, bool, Any, dict[Any, int]]
"""A container that is still open: the indentation of its entries, whether it is a list, itself, and
the lines of its entries by key."""


class _Reading:
    """One file; the containers that are open, without the innermost."""

    def __init__(self, path: str, text: Text) -> None:
        self._path = path
        self._text = text
        self._marks: dict[int, Mapping[Any, EntryPlace]] = {}
        self._open: list[_Frame] = []

    def take(self, lines: list[str], *, first: int = 1, level: int = 0) -> Document:
        """The document that the lines make, of which the first has that number, and entries at the
        top are indented by `level`. IrregularError where they are not all regular."""
        frame = root = self._opened(level, False, {})
        level, is_list, container, places = frame
        known = self._text.known
        waiting = None  # the key on the line above, if its value may come below
        for number, text in enumerate(lines, first):
            if not text:
                continue
            line = known.get(text)
            if line is None:
                line = _learn(known, text)
            indent, key, value, is_open, _ = line
            if indent < 0:
                continue
            is_item = key is None
            if waiting is not None or indent != level or is_item is not is_list:
                frame = self._turn(frame, waiting, indent, is_item)
                level, is_list, container, places = frame
            if type(value) is Flow:
                value = self._flow(value, number)
            if is_item:
                places[len(container)] = number
                container.append(value)
            elif key in places:
                raise IrregularError
            else:
                places[key] = number
                container[key] = value
            waiting = key if is_open else None
        return self._document(root)

    def _document(self, root: _Frame) -> Document:
        _, _, data, places = root
        entries = sum(map(len, self._marks.values()))
        events = 2 * entries + len(self._marks) + 5  # at the most
        if not entries or events > MAX_EVENTS:
            raise IrregularError
        start = Mark(next(iter(places.values())), 1)
        return Document(self._path, data, self._marks, start)

    def _opened(self, level: int, is_list: bool, container: Any) -> _Frame:
        places: dict[Any, int] = {}
        self._marks[id(container)] = BlockPlaces(self._text, -1 if is_list else level, places)
        return level, is_list, container, places

    def _turn(self, frame: _Frame, waiting: str | None, indent: int, is_item: bool) -> _Frame:
        """The container that a line belongs to, after one that left `frame` the innermost."""
        level, is_list, container, _ = frame
        if waiting is not None and (indent > level or (is_item and indent == level)):
            if len(self._open) == _DEEPEST:
                raise IrregularError
            self._open.append(frame)
            child: Any = [] if is_item else {}
            container[waiting] = child
            return self._opened(indent, is_item, child)
        while indent < level or (is_list and not is_item and indent == level):
            if not self._open:
                raise IrregularError
            frame = self._open.pop()
            level, is_list, _, _ = frame
        if indent != level or is_item is not is_list:
            raise IrregularError
        return frame

    def _flow(self, flow: Flow, number: int) -> Any:
        """A container of its own for each place where the brackets stand."""
        made: Any = flow.data.copy()
        for key, value in flow.inner:
            made[key] = self._flow(value, number)
        self._marks[id(made)] = FlowPlaces(number, flow.columns)
        return made


def _learn(known: dict[str, Line], text: str) -> Line:
    if len(known) == _MOST_KNOWN:
        known.clear()
    line = known[text] = parse_line(text)
    return line
