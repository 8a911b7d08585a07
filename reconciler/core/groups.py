"""Groups: named partial settings, global to a project, that may build on one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.core.documents import Document
from reconciler.core.hints import Hints, quoted, shown
from reconciler.core.validate import is_valid
from reconciler.errors import Problem


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
        left: dict[str, None] = {}  # groups of which all that they extend is looked at
        for start in self:
            way = [start]
            on_way = {start: 0}
            below = [iter(self.extends(start))]
            while below and start not in left:
                name = next(below[-1], None)
                if name is None:
                    below.pop()
                    left[way[-1]] = on_way.pop(way.pop())  # type: ignore[assignment]
                elif name in on_way:
                    loop = way[on_way[name] :]
                    yield (*loop, name)
                elif name not in left:
                    on_way[name] = len(way)
                    way.append(name)
                    below.append(iter(self.extends(name)))

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
    for document in documents:
        data = document.data if isinstance(document.data, dict) else {}
        declared = data.get("groups")
        for name, entry in declared.items() if isinstance(declared, dict) else ():
            if name in by_name:
                first = by_name[name].document
                at = f"{first.path}:{first.entry(('groups', name)).key.line}"
                text = f"group '{name}' is defined twice: first at {at}"
                problems.append(document.problem(("groups", name), text, at_key=True))
                continue
            usable = entry if entry and is_valid("group", entry) else {}
            by_name[name] = Group(document, usable)
    return Groups(by_name)
