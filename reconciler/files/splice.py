"""New values in a YAML file, spliced into its text: whatever is not changed stays as it is, byte
for byte, comments, quotes and order included. For `drift --adopt`.

What cannot be edited without a change of something else (a value with an anchor that other lines
name, what a merge key gives, comments inside of a value that goes) is refused with the reason.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from reconciler.core.keyorder import KeyOrder, file_order
from reconciler.core.places import TO, block_ends, canonical_number
from reconciler.errors import InputError
from reconciler.files.emit import WIDTH, block, flow, text_of
from reconciler.files.layout import formatted
from reconciler.files.source import Alias, Container, Entry, Node, Scalar, SourceText, read_source

BOM = b"\xef\xbb\xbf"
"""A byte order mark."""
_STEP = 2
_MERGE = "<<"
_BLOCK_SCALARS = frozenset({"|", ">"})


class NotEditableError(Exception):
    """This cannot be written here; the text says why."""


class Splice(NamedTuple):
    """New text in place of what stands from `start` to `end`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value at the end of a path, for what is nested like a file: plain data."""

    data: Any


Nested = Mapping[str, Any]
"""Keys to a Leaf or to another Nested."""


@dataclass(frozen=True, slots=True)
class _Spot:
    """An entry, the mapping it is in, and the keys on the way to that."""

    entry: Entry
    within: Container
    keys: tuple[str, ...]


@dataclass(slots=True)
class Editing:
    """One file being edited. Every edit is taken whole or not at all."""

    raw: bytes
    source: SourceText = field(init=False)
    _splices: list[Splice] = field(default_factory=list)
    _spots: dict[int, _Spot] = field(default_factory=dict)
    _lines: list[int] = field(default_factory=list)
    _named: set[str] = field(default_factory=set)
    _newline: str = "\n"

    def __post_init__(self) -> None:
        text = self.raw.decode("utf-8-sig")
        self.source = read_source(text)
        self._newline = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
        self._lines = [0, *(at + 1 for at, char in enumerate(text) if char == "\n")]
        if self.source.root is not None:
            self._index(self.source.root, ())

    def _index(self, node: Node, keys: tuple[str, ...]) -> None:
        if isinstance(node, Alias):
            self._named.add(node.name)
        for entry in node.entries if isinstance(node, Container) else ():
            if entry.key is not None and isinstance(node, Container):
                self._spots[entry.start] = _Spot(entry, node, keys)
                self._index(entry.key, keys)
            self._index(entry.value, (*keys, entry.name))

    def set_line(self, line: int, column: int, data: Any) -> None:
        """Give the key at a place another value. NotEditableError."""
        spot = self._spot(line, column)
        self._take(lambda: self._value(spot.entry, data, _order(spot.keys).below(spot.entry.name)))

    def set_own(self, line: int, column: int, settings: Nested) -> None:
        """Give the entry of the number at a place these settings, and leave it the others.
        NotEditableError."""
        spot = self._spot(line, column)
        order = _order(spot.keys).below(spot.entry.name)
        self._take(lambda: self._below(spot.entry, settings, order))

    def add_beside(self, line: int, column: int, number: str, settings: Nested) -> None:
        """An entry for `number` after that of the block at a place, in the order of numbers.
        NotEditableError."""
        spot = self._spot(line, column)
        entries = spot.within.entries
        first, last = block_ends(spot.entry.name)
        before = spot.entry
        for each in entries[entries.index(before) + 1 :]:
            found = "" if TO in each.name else canonical_number(each.name)
            if not found or not first <= found <= last or found > number:
                break
            before = each
        data = _plain({"overrides": Leaf(True), **settings}, _order(spot.keys).below(number))
        self._take(lambda: self._after(spot.within, before, number, data))

    def result(self) -> bytes:
        """The file with all edits; in canonical form if it was in that before."""
        parts = []
        end = 0
        for splice in sorted(self._splices, key=lambda each: (each.start, each.end)):
            if splice.start < end:
                raise NotEditableError("two changes meet on one line: edit it by hand")
            parts += [self.source.text[end : splice.start], splice.text]
            end = splice.end
        text = "".join([*parts, self.source.text[end:]])
        after = (BOM if self.raw.startswith(BOM) else b"") + text.encode()
        return _form(after) if _form(self.raw) == self.raw else after

    def _take(self, splices: Callable[[], Iterator[Splice]]) -> None:
        self._splices += list(splices())

    def _spot(self, line: int, column: int) -> _Spot:
        found = self._spots.get(self._lines[line - 1] + column - 1)
        if found is None:
            raise NotEditableError("the key was not found where it was read")
        return found

    # ---- one value ----------------------------------------------------------------------------

    def _value(self, entry: Entry, data: Any, order: KeyOrder) -> Iterator[Splice]:
        """`data` as the value of an entry; lists and edits of tags item by item."""
        value = entry.value
        if isinstance(value, Container) and isinstance(data, list) and value.is_list:
            yield from self._list(entry, value, data)
        elif isinstance(value, Container) and _is_edit(data) and not value.is_list:
            yield from self._edit(value, data, order)
        else:
            yield from self._instead(entry, flow(_without_empty(data)))

    def _instead(self, entry: Entry, text: str) -> Iterator[Splice]:
        value = entry.value
        self._refuse_named(value)
        if value.start == value.end:
            yield self._for_nothing(entry, text)
            return
        start = value.start
        if isinstance(value, Container) and not value.flow:
            start = self._colon(entry) + 1
            text = f" {text}"
        remarks = [each.text for each in self.source.comments if start <= each.start < value.end]
        if remarks and not (isinstance(value, Scalar) and value.style in _BLOCK_SCALARS):
            raise NotEditableError("comments stand inside of its value: edit it by hand")
        yield Splice(start, value.end, "  ".join([text, *remarks]))

    def _for_nothing(self, entry: Entry, text: str) -> Splice:
        """A value where only a key stands."""
        key = entry.key
        if key is None:
            raise NotEditableError("it has no key")
        between = self.source.text[key.end : entry.value.start]
        if ":" in between:
            at = key.end + between.index(":") + 1
            return Splice(at, at, f" {text}")
        if "?" in self.source.text[self._line_of(key.start) : key.start]:
            raise NotEditableError('its key stands after a "?": edit it by hand')
        return Splice(key.end, key.end, f": {text}")

    def _colon(self, entry: Entry) -> int:
        if entry.key is None:
            raise NotEditableError("it has no key")
        return self.source.text.index(":", entry.key.end)

    def _refuse_named(self, node: Node) -> None:
        """Refuse to take away what other lines name."""
        if node.anchor in self._named:
            raise NotEditableError(
                f"other lines take over what stands there, by *{node.anchor}: edit it by hand"
            )
        for entry in node.entries if isinstance(node, Container) else ():
            self._refuse_named(entry.value)
            if entry.key is not None:
                self._refuse_named(entry.key)

    # ---- tags ---------------------------------------------------------------------------------

    def _edit(self, value: Container, data: Nested, order: KeyOrder) -> Iterator[Splice]:
        """`{add, remove}` in a mapping that is one."""
        self._refuse_named(value)
        if value.entry(_MERGE):
            raise NotEditableError("a merge key gives a part of it: edit it by hand")
        missing = {}
        for key, tags in data.items():
            entry = value.entry(key)
            if entry is not None:
                yield from self._value(entry, tags, order.below(key))
            elif tags:
                missing[key] = tags
        yield from self._insert(value, missing, order)

    def _list(self, entry: Entry, value: Container, wanted: list[str]) -> Iterator[Splice]:
        self._refuse_named(value)
        here: dict[str, Entry] = {}
        for item in value.entries:
            here.setdefault(self._text_of(item.value), item)
        kept = [item for text, item in here.items() if text in wanted]
        new = [flow(text) for text in wanted if text not in here]
        if value.flow:
            yield from self._in_brackets(value, kept, new)
        else:
            yield from self._on_lines(entry, value, kept, new)

    def _text_of(self, node: Node) -> str:
        if not isinstance(node, Scalar):
            raise NotEditableError("its items are aliases: edit it by hand")
        return node.text

    def _in_brackets(self, value: Container, kept: list[Entry], new: list[str]) -> Iterator[Splice]:
        text = self.source.text
        start = text.index("[", value.start + len(value.anchor))
        if any(start <= each.start < value.end for each in self.source.comments):
            raise NotEditableError("comments stand inside of its value: edit it by hand")
        items = [*(text[item.start : item.value.end] for item in kept), *new]
        yield Splice(start, value.end, f"[{', '.join(items)}]")

    def _on_lines(
        self, entry: Entry, value: Container, kept: list[Entry], new: list[str]
    ) -> Iterator[Splice]:
        """A list of a line an item; the remark beside one that goes stays, on a line of its own."""
        text = self.source.text
        indent = ""
        for item in value.entries:
            begin = self._line_of(item.start)
            before = text[begin : item.start]
            if before.strip() != "-":
                raise NotEditableError("its items stand in an unusual way: edit it by hand")
            indent = before[: before.index("-")]
            if item in kept:
                continue
            end = self._next_line(item.value.end)
            remarks = [each for each in self.source.comments if begin <= each.start < end]
            lines = [f"{indent}{each.text}{self._newline}" for each in remarks]
            yield Splice(begin, end, "".join(lines))
        if not kept and not new:
            at = self._colon(entry) + 1
            if value.anchor:
                at = value.start + len(value.anchor) + 1
            yield Splice(at, at, " []")
        elif new:
            at = self._next_line(value.entries[-1].value.end)
            yield self._lines_at(at, [f"{indent}- {each}" for each in new])

    # ---- entries of a mapping -----------------------------------------------------------------

    def _below(self, entry: Entry, settings: Nested, order: KeyOrder) -> Iterator[Splice]:
        """Settings in the mapping that an entry holds, or that it is given."""
        value = entry.value
        if isinstance(value, Container) and not value.is_list:
            yield from self._merge(value, settings, order)
        elif isinstance(value, Scalar) and value.text in {"", "null", "~"} and not value.style:
            yield from self._instead(entry, flow(_plain(settings, order)))
        else:
            raise NotEditableError("what it says stands elsewhere, behind an alias: edit it there")

    def _merge(self, value: Container, settings: Nested, order: KeyOrder) -> Iterator[Splice]:
        if value.anchor in self._named:
            raise NotEditableError(
                f"other lines take over what stands there, by *{value.anchor}: edit it by hand"
            )
        missing = {}
        for key, data in settings.items():
            entry = value.entry(key)
            if entry is None and not isinstance(data, Leaf) and value.entry(_MERGE):
                raise NotEditableError(f"a merge key may give a part of {key}: edit it by hand")
            if entry is None:
                missing[key] = data
            elif isinstance(data, Leaf):
                yield from self._value(entry, data.data, order.below(key))
            else:
                yield from self._below(entry, data, order.below(key))
        yield from self._insert(value, _plain(missing, order), order)

    def _insert(self, into: Container, data: Nested, order: KeyOrder) -> Iterator[Splice]:
        """New entries, each after those that the canonical order puts before it."""
        if into.flow and not into.entries:
            at = self.source.text.index("{", into.start + len(into.anchor)) + 1
            text = flow(data)[1:-1]
            yield from [Splice(at, at, text)] if data else ()
            return
        ranks = order.ranks
        for key, value in data.items():
            lower = [each for each in into.entries if _rank(each.name, ranks) <= ranks.get(key, -1)]
            if lower:
                yield from self._after(into, lower[-1], key, value)
            else:
                yield from self._first(into, key, value)

    def _after(self, into: Container, before: Entry, key: str, value: Any) -> Iterator[Splice]:
        if into.flow:
            at = max(before.value.end, before.key.end if before.key else 0)
            yield Splice(at, at, f", {text_of(key)}: {flow(value)}")
            return
        column = self._column(before)
        at = self._next_line(before.value.end)
        while (below := self._remark_at(at)) is not None and below > column:
            at = self._next_line(at)
        yield self._lines_at(at, _entry(column, key, value))

    def _first(self, into: Container, key: str, value: Any) -> Iterator[Splice]:
        before = into.entries[0]
        if into.flow:
            yield Splice(before.start, before.start, f"{text_of(key)}: {flow(value)}, ")
            return
        column = self._column(before)
        at = self._line_of(before.start)
        while at and self._remark_at(self._line_of(at - 1)) is not None:
            at = self._line_of(at - 1)
        yield self._lines_at(at, _entry(column, key, value))

    # ---- places -------------------------------------------------------------------------------

    def _column(self, entry: Entry) -> int:
        """The column of an entry that begins its line."""
        begin = self._line_of(entry.start)
        if self.source.text[begin : entry.start].strip(" "):
            raise NotEditableError("its entries stand in an unusual way: edit it by hand")
        return entry.start - begin

    def _line_of(self, at: int) -> int:
        return self.source.text.rfind("\n", 0, at) + 1

    def _next_line(self, at: int) -> int:
        end = self.source.text.find("\n", at)
        return len(self.source.text) if end < 0 else end + 1

    def _remark_at(self, at: int) -> int | None:
        """The column of the comment that has the line at `at` to itself."""
        line = self.source.text[at : self._next_line(at)]
        bare = line.lstrip(" ")
        return len(line) - len(bare) if bare.startswith("#") else None

    def _lines_at(self, at: int, lines: list[str]) -> Splice:
        """Lines where a line begins, or after a last one that does not end."""
        text = self._newline.join(lines)
        if at == len(self.source.text) and not self.source.text.endswith("\n"):
            return Splice(at, at, self._newline + text)
        return Splice(at, at, text + self._newline)


def nested(values: Mapping[str, Any]) -> Nested:
    """Values by path, nested as a file nests them."""
    root: dict[str, Any] = {}
    for path, data in values.items():
        *parents, leaf = path.split(".")
        level = root
        for parent in parents:
            level = level.setdefault(parent, {})
        level[leaf] = Leaf(data)
    return root


def _plain(settings: Nested, order: KeyOrder) -> dict[str, Any]:
    """Settings as plain data in canonical order."""
    ranks = order.ranks
    return {
        key: _without_empty(data.data) if isinstance(data, Leaf) else _plain(data, order.below(key))
        for key, data in sorted(settings.items(), key=lambda pair: _rank(pair[0], ranks))
    }


def _rank(key: str, ranks: Mapping[str, int]) -> int:
    return ranks.get(key, len(ranks))


def _order(keys: tuple[str, ...]) -> KeyOrder:
    order = file_order()
    for key in keys:
        order = order.below(key)
    return order


def _is_edit(data: Any) -> bool:
    return isinstance(data, dict) and data.keys() <= {"add", "remove"}


def _without_empty(data: Any) -> Any:
    """A new edit of tags says only what it does."""
    if not _is_edit(data):
        return data
    return {key: tags for key, tags in data.items() if tags} or {"add": []}


def _entry(column: int, key: str, value: Any) -> list[str]:
    head = f"{' ' * column}{_key(key)}:"
    if isinstance(value, dict):
        return list(block(head, value, column + _STEP))
    if isinstance(value, list) and len(f"{head} {flow(value)}") > WIDTH:
        return [head, *(f"{' ' * (column + _STEP)}- {flow(each)}" for each in value)]
    return [f"{head} {flow(value)}"]


def _key(key: str) -> str:
    return json.dumps(key) if key.startswith("+") else text_of(key)


def _form(raw: bytes) -> bytes:
    try:
        return formatted("", raw)
    except InputError:
        return b""
