"""Groups: named partial settings, global to a project, that may build on one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.core.documents import Document
from reconciler.core.hints import Hints, quoted, shown
from reconciler.core.validate import is_valid
from reconciler.errors import Problem

_MOST_SHOWN = 8


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """One group as its file gives it; `entry` is empty where the file is wrong about it."""

    document: Document
    entry: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Groups:
    """All groups of a project, by name; `doubtful` are those that are wrong, or defined twice."""

    by_name: Mapping[str, Group]
    doubtful: frozenset[str] = frozenset()
    hints: Hints = field(default_factory=Hints, compare=False, repr=False)

    def __contains__(self, name: object) -> bool:
        return name in self.by_name

    def __getitem__(self, name: str) -> Group:
        return self.by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_name)

    def extends(self, name: str) -> tuple[str, ...]:
        """The groups that `name` builds on, as far as they exist."""
        return tuple(each for each in self[name].entry.get("extends", ()) if each in self)

    def in_order(self, names: Sequence[str]) -> tuple[str, ...]:
        """The layers that `names` stand for, lowest first: each once, after what it extends.

        Once, because a base that two groups share would otherwise undo what the first of them
        said over it.
        """
        done: dict[str, None] = {}
        stack = [(name, False) for name in reversed(names)]
        entered: set[str] = set()
        while stack:
            name, ready = stack.pop()
            if ready:
                done.setdefault(name)
            elif name not in entered:
                entered.add(name)
                stack.append((name, True))
                stack += [(each, False) for each in reversed(self.extends(name))]
        return tuple(done)

    def loops(self) -> Iterator[tuple[str, ...]]:
        """Each loop of `extends`, once, closed: the first name comes again at the end.

        Of loops that share a group only the first is told: without it, the others show.
        """
        done: set[str] = set()
        told: set[str] = set()
        for start in self:
            way = {} if start in done else {start: iter(self.extends(start))}
            while way:
                below = next(way[next(reversed(way))], None)
                if below is None:
                    done.add(way.popitem()[0])
                elif below in way:
                    steps = list(way)
                    loop = (*steps[steps.index(below) :], below)
                    if told.isdisjoint(loop):
                        told.update(loop)
                        yield loop
                elif below not in done:
                    way[below] = iter(self.extends(below))

    def unknown(self, name: str) -> str:
        """What to tell the user about a group that nothing defines."""
        close = self.hints.closest(name, self.by_name)
        hint = f"did you mean '{shown(close)}'?" if close else "define it under groups"
        return f"unknown group {quoted(name)}: {hint}"


def loop_text(loop: Sequence[str]) -> str:
    """What to tell the user about a loop of groups."""
    names = [shown(name) for name in loop]
    if len(names) > _MOST_SHOWN:
        names[_MOST_SHOWN - 1 : -1] = ["…"]
    return f"groups extend each other in a loop: {' -> '.join(names)}: take one of them out"


def collect_groups(documents: Sequence[Document], problems: list[Problem]) -> Groups:
    """The groups of all documents; a name defined twice is a problem."""
    by_name: dict[str, Group] = {}
    doubtful: set[str] = set()
    for document in documents:
        data = document.data if isinstance(document.data, dict) else {}
        declared = data.get("groups")
        for name, entry in declared.items() if isinstance(declared, dict) else ():
            valid = is_valid("group", entry)
            if name in by_name or not valid:
                doubtful.add(name)
            if name in by_name:
                first = by_name[name].document
                at = f"{first.path}:{first.entry(('groups', name)).key.line}"
                text = f"group {quoted(name)} is defined twice: first at {at}"
                problems.append(document.problem(("groups", name), text, at_key=True))
                continue
            by_name[name] = Group(document, entry if entry and valid else {})
    return Groups(by_name, frozenset(doubtful))
