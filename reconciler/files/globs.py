"""Which names a glob of `files: {include, exclude}` means."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

_WILD = frozenset("*?[")


def matches(pattern: str, name: str) -> bool:
    """Whether `pattern` means the file `name`; both are relative to the root, with "/" between.

    `*` and `?` stay within one name, `**` stands for any number of directories. A pattern that
    ends in "/", or in a name without wildcards, also means all that is below it.
    """
    steps = [step for step in pattern.split("/") if step not in ("", ".")]
    if not steps:
        return pattern != ""
    if pattern.endswith("/") or not _WILD.intersection(steps[-1]):
        steps.append("**")
    reached = _skip(steps, {0})
    for part in name.split("/"):
        onward = set()
        for at in reached:
            if at < len(steps) and steps[at] == "**":
                onward.add(at)
            elif at < len(steps) and fnmatchcase(part, steps[at]):
                onward.add(at + 1)
        reached = _skip(steps, onward)
    return len(steps) in reached


def matches_any(patterns: Iterable[str], name: str) -> bool:
    """Whether one of `patterns` means `name`."""
    return any(matches(pattern, name) for pattern in patterns)


def _skip(steps: list[str], reached: set[int]) -> set[int]:
    """`reached`, and what lies behind a `**` that stands for no directory at all.

    Sets of places instead of backtracking: no pattern is slow.
    """
    result = set(reached)
    for at, step in enumerate(steps):
        if step == "**" and at in result:
            result.add(at + 1)
    return result
