"""How a plan is looked at: what a report needs to know besides the plan itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Labels:
    """What the YAML says of numbers besides their changes: the groups that give them a setting,
    and their effective tags, by number. A saved plan has neither."""

    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class View:
    """A plan as `plan`, `drift` or `show` looks at it.

    `reads` is how many calls it took: 0 for one made from a snapshot file, None for one that was
    saved. `refusals` are the rules that would refuse the whole apply, `notes` what else is to be
    said; both are told on stderr too, for they belong to no plan file. `project` tells several
    projects of a repository apart: its directory in it, "" where it is the root.
    """

    drift: bool = False
    reads: int | None = None
    refusals: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    labels: Labels = field(default_factory=Labels)
    project: str = ""
