"""Groups: named partial settings, global to a project, that may build on one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from reconciler.core.documents import Document
from reconciler.core.validate import is_valid
from reconciler.errors import Problem


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """One group as its file gives it; `entry` is empty where the file is wrong about it."""

    document: Document
    entry: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Groups:
    """All groups of a project, by name."""

    by_name: Mapping[str, Group]

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

    def loop_of(self, name: str) -> tuple[str, ...]:
        """The loop of `extends` that leads from `name` back to it; empty where there is none."""
        reached_from: dict[str, str] = {}
        queue = [name]
        while queue:
            at = queue.pop(0)
            for each in self.extends(at):
                if each == name:
                    way = [at]
                    while way[-1] != name:
                        way.append(reached_from[way[-1]])
                    return (*reversed(way), name)
                if each not in reached_from:
                    reached_from[each] = at
                    queue.append(each)
        return ()

    def unknown(self, name: str) -> str:
        """What to tell the user about a group that nothing defines."""
        close = get_close_matches(name, self.by_name, n=1, cutoff=0.6)
        return f"unknown group '{name}'" + (f": did you mean '{close[0]}'?" if close else "")


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
