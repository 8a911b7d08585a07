"""The text of a YAML file as a tree of places, for what rewrites it: `fmt` and `drift --adopt`.

Values are what the strict reader is for; here it is where things stand, comments included. A
round-trip library was not taken: those tie a comment to what stands before it, so that a moved or
added key takes the comments of its neighbour along, and they write every line of a file anew.
Offsets count characters of the text that was given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from reconciler.files.events import events_of

_HEADER_COMMENT = re.compile(r"[|>][-+0-9]*[ \t]+(#[^\r\n]*)")


@dataclass(slots=True, eq=False)
class Node:
    """A scalar, an alias, a mapping or a list, and where it stands: from its anchor, if it has
    one, to the end of the last thing in it."""

    start: int
    end: int
    anchor: str = ""


@dataclass(slots=True, eq=False)
class Scalar(Node):
    """`style` is "" without quotes, else a quote, | or >."""

    text: str = ""
    style: str = ""


@dataclass(slots=True, eq=False)
class Alias(Node):
    """`*name`."""

    name: str = ""


@dataclass(slots=True, eq=False)
class Entry:
    """An entry of a mapping, or an item of a list, whose key is None."""

    key: Node | None
    value: Node

    @property
    def start(self) -> int:
        """Where its key begins, or the item."""
        return self.value.start if self.key is None else self.key.start

    @property
    def name(self) -> str:
        """The key as text; "" where it is none."""
        return self.key.text if isinstance(self.key, Scalar) else ""


@dataclass(slots=True, eq=False)
class Container(Node):
    """A mapping or a list; `flow` is one in brackets."""

    is_list: bool = False
    flow: bool = False
    entries: list[Entry] = field(default_factory=list)

    def entry(self, name: str) -> Entry | None:
        """The entry of a key that is written here; one that a merge key gives is not."""
        return next((each for each in self.entries if each.name == name), None)


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment from its # to the end of its line; `own_line` where nothing stands before it."""

    start: int
    column: int
    text: str
    own_line: bool


@dataclass(frozen=True, slots=True)
class SourceText:
    """A file: `body` is where what stands before the content (directives, ---) ends."""

    text: str
    root: Node | None
    body: int
    comments: tuple[Comment, ...]


def read_source(text: str) -> SourceText:
    """The tree of `text`, one that the strict reader has accepted: it bounds the nesting."""
    reading = _Reading(text)
    root = None
    body = 0
    for event in reading.events:
        if isinstance(event, yaml.DocumentStartEvent):
            body = _end(event) if event.explicit else 0
            root = reading.node(next(reading.events))
    return SourceText(text, root, body, tuple(_comments(text, reading.scalars)))


class _Reading:
    def __init__(self, text: str) -> None:
        self.text = text
        self.events: Iterator[Any] = events_of(text)
        self.scalars: list[Scalar] = []

    def node(self, event: Any) -> Node:
        start, end, anchor = event.start_mark.index, event.end_mark.index, event.anchor or ""
        if isinstance(event, yaml.AliasEvent):
            return Alias(start, end, name=anchor)
        if isinstance(event, yaml.ScalarEvent):
            end = start + len(self.text[start:end].rstrip())
            scalar = Scalar(start, end, anchor, event.value, event.style or "")
            self.scalars.append(scalar)
            return scalar
        is_list = isinstance(event, yaml.SequenceStartEvent)
        found = Container(start, end, anchor, is_list, bool(event.flow_style))
        last = yaml.SequenceEndEvent if is_list else yaml.MappingEndEvent
        while not isinstance(event := next(self.events), last):
            key = None if is_list else self.node(event)
            value = self.node(event if is_list else next(self.events))
            if key and value.start == value.end and "\n" in self.text[key.end : value.end]:
                value.start = value.end = key.end  # "? key" and nothing: not where it was noticed
            found.entries.append(Entry(key, value))
        in_brackets = found.flow and self.text[_end(event) - 1 : _end(event)] in {"]", "}"}
        if in_brackets or not found.entries:
            found.end = _end(event)
        else:
            found.end = found.entries[-1].value.end
        return found


def _end(event: Any) -> int:
    return int(event.end_mark.index)


def _comments(text: str, scalars: list[Scalar]) -> Iterator[Comment]:
    """Every comment: a # that stands in no scalar begins one."""
    at = 0
    for scalar in [*scalars, Scalar(len(text), len(text))]:
        while (at := text.find("#", at, scalar.start)) >= 0:
            end = _line_end(text, at)
            yield _comment(text, at, end)
            at = end
        if scalar.style in {"|", ">"} and (header := _header_comment(text, scalar)):
            yield _comment(text, *header.span(1))
        at = scalar.end


def _header_comment(text: str, scalar: Scalar) -> re.Match[str] | None:
    begin = text.index(scalar.style, scalar.start)
    return _HEADER_COMMENT.match(text, begin)


def _comment(text: str, start: int, end: int) -> Comment:
    line = text.rfind("\n", 0, start) + 1
    return Comment(start, start - line, text[start:end].rstrip(), not text[line:start].strip())


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end
