"""Which comment belongs to what: the part of `fmt` that keeps them with their entries.

A comment on a line of its own belongs to the entry right below it; at the end of a mapping, or
where it is indented deeper than the entry above it, to what stands above. One at the end of a
line belongs to that line. A blank line counts like a comment, at most one at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from reconciler.files.source import Comment, Container, Entry, SourceText

BLANK = ""


@dataclass(slots=True)
class Remarks:
    """The comments of one entry: the lines above it, those at its end, the lines below it that
    are indented deeper."""

    above: list[str] = field(default_factory=list)
    beside: list[Comment] = field(default_factory=list)
    below: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Attached:
    """Every comment of a file at its place. `feet` are the lines at the end of containers, and
    `commented` those containers that have a comment in them; both by id."""

    entries: dict[int, Remarks] = field(default_factory=dict)
    feet: dict[int, list[str]] = field(default_factory=dict)
    commented: set[int] = field(default_factory=set)

    def of(self, entry: Entry) -> Remarks:
        """The remarks of an entry."""
        return self.entries.setdefault(id(entry), Remarks())


def attach(source: SourceText) -> Attached:
    """Give every comment after the head of the file its place."""
    attaching = _Attaching(source)
    if isinstance(source.root, Container):
        attaching.container(source.root, len(source.text) + 1)
        attaching.rest(source.root)
    return attaching.found


class _Attaching:
    def __init__(self, source: SourceText) -> None:
        self._text = source.text
        self._comments = [each for each in source.comments if each.start >= source.body]
        self._next = 0
        self.found = Attached()

    def _take(self, until: int) -> Iterator[Comment]:
        """The comments before `until` that nobody has taken yet; one is taken when it is used."""
        while self._next < len(self._comments) and self._comments[self._next].start < until:
            yield self._comments[self._next]
            self._next += 1

    def container(self, container: Container, until: int) -> None:
        """The remarks in `container`; what comes after it begins at `until`."""
        first = self._next
        column = -1 if container.flow else self._column(container)
        until = min(until, container.end) if container.flow else until
        for at, entry in enumerate(container.entries):
            last = at + 1 == len(container.entries)
            self._entry(entry, until if last else container.entries[at + 1].start, column)
        foot = self.found.feet.setdefault(id(container), [])
        for comment in self._take(until):
            if not comment.own_line or comment.column < column:
                break
            foot += self._lines(comment)
        if self._next > first:
            self.found.commented.add(id(container))

    def rest(self, root: Container) -> None:
        """What stands to the left of everything, at the end of the file."""
        for comment in self._take(len(self._text)):
            self.found.feet[id(root)] += self._lines(comment)

    def _column(self, container: Container) -> int:
        start = container.entries[0].start if container.entries else container.start
        if container.is_list:
            after = container.start + (len(container.anchor) + 1 if container.anchor else 0)
            start = self._text.index("-", after)
        return start - self._text.rfind("\n", 0, start) - 1

    def _entry(self, entry: Entry, until: int, column: int) -> None:
        remarks = self.found.of(entry)
        for comment in self._take(entry.start):
            remarks.above += self._lines(comment)
        if self._blank_before(entry.start):
            remarks.above.append(BLANK)
        self._in_value(entry, remarks, until)
        if column < 0:  # the line will be another: its columns say nothing
            remarks.beside = [replace(each, column=0) for each in remarks.beside]
            return
        for comment in self._take(until):
            if not comment.own_line or comment.column <= column:
                break
            remarks.below += self._lines(comment)

    def _in_value(self, entry: Entry, remarks: Remarks, until: int) -> None:
        value = entry.value
        inner = value.entries if isinstance(value, Container) else []
        for comment in self._take(inner[0].start if inner else value.end):
            if self._beside(entry.start, comment):
                remarks.beside.append(comment)
            elif inner:
                break
            else:
                remarks.above.append(comment.text)
        if isinstance(value, Container):
            self.container(value, until)
        for comment in self._take(until):
            if not self._beside(value.end, comment):
                break
            remarks.beside.append(comment)

    def _beside(self, start: int, comment: Comment) -> bool:
        return not comment.own_line and "\n" not in self._text[start : comment.start]

    def _lines(self, comment: Comment) -> list[str]:
        return [*[BLANK] * self._blank_before(comment.start), comment.text]

    def _blank_before(self, start: int) -> bool:
        """Whether the line above that of `start`, which begins its own, is blank."""
        line = self._text.rfind("\n", 0, start) + 1
        if not line or self._text[line:start].strip() not in {"", "-"}:
            return False
        return not self._text[self._text.rfind("\n", 0, line - 1) + 1 : line].strip()
