"""Plain data, and the place of each piece of it, from the events of a YAML parser.

The stack is explicit and the nesting bounded, so that no file can exhaust the machine's stack.
Aliases share one object and sizes are added up as numbers, so that a file whose aliases multiply
is measured, never unfolded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import yaml

from reconciler.core.documents import TOP, EntryMarks, Mark
from reconciler.errors import Problem
from reconciler.files import plain
from reconciler.files.lines import MAX_PROBLEMS
from reconciler.files.text import forbidden, hidden_in_scalar, shown

MAX_DEPTH: Final = 50
# What stands under these is, or may be, a PIN: no message may show it.
_SECRET_KEYS: Final = frozenset({"external_pin", "env", "file"})

MAX_EXPANSION: Final = 1_000_000
MAX_EXPANSION_RATIO: Final = 20
MAX_MERGED: Final = 3_000_000  # what merge keys give is copied, so it has a bound of its own

_HUGE = 10**12  # sizes stop growing here: exponential ones would become numbers of a million digits
_TAG_PREFIX = "tag:yaml.org,2002:"


class _Role:
    """What stands in place of a key that is no text."""


_WANTED: Final = _Role()  # the mapping waits for its next key
_MERGE: Final = _Role()  # the key is `<<`
_DROP: Final = _Role()  # the key was refused: its value is read but goes nowhere
_UNSEEN: Final = _Role()

_new = tuple.__new__  # half the price of calling a NamedTuple, and this runs for every node


class StopReading(Exception):  # noqa: N818 - not an error: the problem is already reported
    """Nothing after this place can be understood; `usable` says whether what came before can."""

    def __init__(self, *, usable: bool = False) -> None:
        super().__init__()
        self.usable = usable


class _Anchored(NamedTuple):
    value: Any
    size: int
    height: int
    mark: Mark
    complete: bool


class _Frame:
    """A container that is still open."""

    __slots__ = ("anchor", "container", "extra", "height", "key", "key_mark", "marks", "merge",
                 "start")  # fmt: skip

    def __init__(self, container: Any, key: Any, start: Mark, anchor: str | None) -> None:
        self.container = container
        self.key = key  # of a list: the index to come
        self.key_mark = start
        self.start = start
        self.anchor = anchor
        self.marks: dict[Any, EntryMarks] = {}
        self.merge: tuple[Any, Mark] | None = None
        self.extra = 0  # nodes below the entries
        self.height = 1


class Builder:
    """Takes events one by one; `document` is what they came to, `marks` where it stands."""

    def __init__(self, path: str, text: str) -> None:
        self.problems: list[Problem] = []
        self.marks: dict[int, dict[Any, EntryMarks]] = {}
        self.handlers: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._start_mapping,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceStartEvent: self._start_list,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._start_document,
            yaml.DocumentEndEvent: _nothing,
            yaml.StreamStartEvent: _nothing,
        }
        self._path = path
        self._text = text
        self._root: list[Any] = []
        self._frame = self._root_frame = _Frame(self._root, 0, TOP, None)
        self._stack: list[_Frame] = []
        self._anchors: dict[str, _Anchored] = {}
        self._heaviest = (0, TOP, "")
        self._measures: dict[int, tuple[int, int]] = {}
        self._nodes = 0
        self._merged = 0
        self._dropped: list[Any] = []  # keeps what was dropped alive, so that no id comes twice
        self._values: dict[str, plain.Scalar] = dict(plain.CONSTANTS)
        self._keys: dict[str, str] = {}

    # What came of it

    def document(self) -> tuple[Any, Mark]:
        """The data and where it begins; of an empty file None and the top."""
        self._refuse_bomb(self._root_frame.extra + 1)
        if self._dropped:
            self._forget_dropped()
        if not self._root:
            return None, TOP
        return self._root[0], self._root_frame.marks[0].value

    def _forget_dropped(self) -> None:
        reached: dict[int, dict[Any, EntryMarks]] = {}
        todo: list[Any] = [self._root]
        while todo:
            container = todo.pop()
            for child in container.values() if isinstance(container, dict) else container:
                if isinstance(child, dict | list) and id(child) not in reached:
                    reached[id(child)] = self.marks[id(child)]
                    todo.append(child)
        self.marks = reached
        self._dropped.clear()

    def problem(self, mark: Mark, message: str) -> None:
        """Notes a problem; of one file's many thousands, only so many that it shows."""
        if len(self.problems) <= MAX_PROBLEMS:
            self.problems.append(Problem(self._path, mark.line, mark.column, message))

    # Scalars

    def _scalar(self, event: Any) -> None:
        start = event.start_mark
        mark = _new(Mark, (start.line + 1, start.column + 1))
        text = event.value
        if event.tag is not None or not text.isprintable():
            self._check_scalar(event, mark)
        frame = self._frame
        if frame.key is _WANTED:
            self._key(event, text, mark)
            return
        value: plain.Scalar | _Role = text
        if not event.style:
            value = self._values.get(text, _UNSEEN)
            if value is _UNSEEN:
                value = self._plain(text, mark)
        if event.anchor is not None:
            self._anchor(event.anchor, _Anchored(value, 1, 0, mark, True))
        self._put(value, mark)

    def _plain(self, text: str, mark: Mark) -> plain.Scalar:
        value, complaint = plain.resolve(text)
        if not complaint:
            self._values[text] = value
        elif self._frame.key in _SECRET_KEYS:
            self.problem(mark, "put the value in quotes, or a reader may take it for a number")
        elif not (self._frame.key == "until" and plain.is_date(text)):
            self.problem(mark, complaint)
        return value

    def _key(self, event: Any, text: str, mark: Mark) -> None:
        frame = self._frame
        if event.anchor is not None:
            self._anchor(event.anchor, _Anchored(text, 1, 0, mark, True))
        if event.style:
            self._accept_key(text, mark)
        elif text == "<<":
            self._merge_key(mark)
        elif text in self._keys:
            self._accept_key(self._keys[text], mark)
        else:
            complaint = plain.key_complaint(text)
            if complaint:
                self.problem(mark, complaint)
            else:
                self._keys[text] = text
            self._accept_key(text, mark)
        frame.key_mark = mark

    def _accept_key(self, key: str, mark: Mark) -> None:
        frame = self._frame
        if key in frame.marks:
            first = frame.marks[key].key.line
            self.problem(mark, f'"{shown(key)}" stands twice, here and on line {first}: keep one')
            frame.key = _DROP
        else:
            frame.key = key

    def _merge_key(self, mark: Mark) -> None:
        frame = self._frame
        frame.key = _MERGE
        if frame.merge is not None:
            first = frame.merge[1].line
            self.problem(mark, f"<< stands twice, here and on line {first}: use <<: [*a, *b]")
            frame.key = _DROP

    def _check_scalar(self, event: Any, mark: Mark) -> None:
        if event.tag is not None:
            self._refuse_tag(event, mark)
        seen: set[str] = set()
        for found in hidden_in_scalar(event.value):
            char = found.group()
            if char in seen:
                continue
            seen.add(char)
            self.problem(self._place_in(event, char) or mark, forbidden(char))

    def _place_in(self, event: Any, char: str) -> Mark | None:
        """Where `char` stands in a scalar; None where it was written as an escape."""
        start = event.start_mark
        at = self._text.find(char, start.index, event.end_mark.index)
        if at < 0:
            return None
        lines = self._text.count("\n", start.index, at)
        if not lines:
            return Mark(start.line + 1, start.column + 1 + at - start.index)
        return Mark(start.line + 1 + lines, at - self._text.rfind("\n", start.index, at))

    def _refuse_tag(self, event: Any, mark: Mark) -> None:
        tag = event.tag
        if tag.startswith(_TAG_PREFIX):
            tag = "!!" + tag.removeprefix(_TAG_PREFIX)
        self.problem(mark, f"tags are not allowed: remove {shown(tag)}")

    # Containers

    def _start_mapping(self, event: Any) -> None:
        self._open(event, {}, _WANTED)

    def _start_list(self, event: Any) -> None:
        self._open(event, [], 0)

    def _open(self, event: Any, container: Any, key: Any) -> None:
        start = event.start_mark
        mark = _new(Mark, (start.line + 1, start.column + 1))
        if event.tag is not None:
            self._refuse_tag(event, mark)
        if len(self._stack) >= MAX_DEPTH:
            self.problem(mark, f"nested more than {MAX_DEPTH} deep: nothing below here is read")
            raise StopReading
        if event.anchor is not None:
            self._anchor(event.anchor, _Anchored(None, 0, 0, mark, False))
        if self._frame.key is _WANTED:
            self.problem(mark, "a key must be text, not a mapping or a list")
        self._stack.append(self._frame)
        self._frame = frame = _Frame(container, key, mark, event.anchor)
        self.marks[id(container)] = frame.marks

    def _end(self, _event: Any) -> None:
        frame = self._frame
        container = frame.container
        per_entry = 2 if type(container) is dict else 1
        self._nodes += 1 + per_entry * len(container)
        if frame.merge is not None:
            self._nodes += 2
            self._merge(frame, *frame.merge)
        size = min(1 + per_entry * len(container) + frame.extra, _HUGE)
        self._measures[id(container)] = (size, frame.height)
        if frame.anchor is not None:
            done = _Anchored(container, size, frame.height, frame.start, True)
            self._anchors[frame.anchor] = done
        self._frame = parent = self._stack.pop()
        self._grow(parent, size, frame.height)
        self._put(container, frame.start)

    def _put(self, value: Any, mark: Mark) -> None:
        """`value` becomes the next item of the open list, or the value of the pending key."""
        frame = self._frame
        key = frame.key
        if type(key) is str:
            frame.container[key] = value
            frame.marks[key] = _new(EntryMarks, (frame.key_mark, mark))
            frame.key = _WANTED
        elif type(key) is int:
            frame.container.append(value)
            frame.marks[key] = _new(EntryMarks, (mark, mark))
            frame.key = key + 1
        else:
            self._dropped.append(value)
            frame.key = _DROP if key is _WANTED else _WANTED
            if key is _MERGE:
                frame.merge = (value, mark)

    @staticmethod
    def _grow(frame: _Frame, size: int, height: int) -> None:
        """`frame` gets a child of that size; of a merged one its entries count, as they come."""
        if frame.key is not _MERGE:
            frame.extra += size - 1
            frame.height = max(frame.height, height + 1)

    # Anchors, aliases, merge keys

    def _anchor(self, name: str, anchored: _Anchored) -> None:
        first = self._anchors.get(name)
        if first is not None:
            text = f"the anchor &{shown(name)} stands twice, here and on line {first.mark.line}"
            self.problem(anchored.mark, f"{text}: rename one")
        self._anchors[name] = anchored

    def _alias(self, event: Any) -> None:
        start = event.start_mark
        mark = Mark(start.line + 1, start.column + 1)
        name = event.anchor
        found = self._anchors.get(name)
        if found is None:
            self.problem(mark, f"*{shown(name)} has no anchor &{shown(name)} above it")
            found = _Anchored(_UNSEEN, 1, 0, mark, True)
        elif not found.complete:
            line = found.mark.line
            self.problem(mark, f"*{shown(name)} stands inside its own anchor, from line {line} on")
            found = _Anchored(_UNSEEN, 1, 0, mark, True)
        if len(self._stack) + found.height > MAX_DEPTH:
            self.problem(mark, f"nested more than {MAX_DEPTH} deep by way of *{shown(name)}")
            raise StopReading
        self._heaviest = max(self._heaviest, (found.size, mark, name))
        if self._frame.key is _WANTED:
            self._alias_as_key(found.value, mark)
        else:
            self._grow(self._frame, found.size, found.height)
            self._put_alias(found.value, mark)

    def _put_alias(self, value: Any, mark: Mark) -> None:
        if value is not _UNSEEN:
            self._put(value, mark)
        elif self._frame.key is _MERGE:
            self._put([], mark)
        else:
            self._put(None, mark)

    def _alias_as_key(self, value: Any, mark: Mark) -> None:
        if isinstance(value, str):
            self._accept_key(value, mark)
        else:
            if value is not _UNSEEN:
                self.problem(mark, "a key must be text, and this alias stands for something else")
            self._frame.key = _DROP
        self._frame.key_mark = mark

    def _merge(self, frame: _Frame, value: Any, mark: Mark) -> None:
        """Adds the entries of the `<<` mappings that the mapping has not; earlier ones win."""
        sources = {id(source): source for source in (value if type(value) is list else [value])}
        for source in sources.values():
            if type(source) is not dict:
                self.problem(mark, "<< takes a mapping or a list of mappings: <<: *name")
                return
            self._merged += len(source)
            if self._merged > min(self._limit(), MAX_MERGED):
                self._refuse(mark, "merge keys", self._merged)
            self._merge_one(frame, source)

    def _merge_one(self, frame: _Frame, source: dict[str, Any]) -> None:
        marks = self.marks[id(source)]
        for key, child in source.items():
            if key in frame.marks:
                continue
            frame.container[key] = child
            frame.marks[key] = marks[key]
            if type(child) is dict or type(child) is list:
                self._grow(frame, *self._measures[id(child)])

    # Bombs

    def _limit(self) -> int:
        return max(MAX_EXPANSION, MAX_EXPANSION_RATIO * self._nodes)

    def _refuse_bomb(self, size: int) -> None:
        if size > self._limit():
            self._refuse(self._heaviest[1], f"aliases such as *{shown(self._heaviest[2])}", size)

    def _refuse(self, mark: Mark, what: str, size: int) -> None:
        amount = f"{size:,}" if size < _HUGE else "countless"
        text = f"{what} unfold to {amount} entries, more than a file of this size may"
        self.problem(mark, f"{text}: use fewer of them, or groups")
        raise StopReading

    def _start_document(self, event: Any) -> None:
        if self._root:
            start = event.start_mark
            mark = Mark(start.line + 1, start.column + 1)
            self.problem(mark, "a second document begins here: put it in a file of its own")
            raise StopReading(usable=True)


def _nothing(_event: Any) -> None:
    """The stream and the end of a document carry nothing."""
