"""What a project allows: its safety rules, its scope, and what it ignores. Read from its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from reconciler.core.values import canonical_id


class Allowance(StrEnum):
    """What has to be allowed, each by an option of its own: `--allow-release` and so on."""

    RELEASE = "allow_release"
    EMERGENCY_OFF = "allow_emergency_off"
    UNLOCK = "allow_unlock"
    UNREADABLE = "allow_unreadable"
    MAX_CHANGES = "allow_max_changes"
    EMPTY_ACCOUNT = "allow_empty_account"

    @property
    def option(self) -> str:
        """The option of plan and apply."""
        return "--" + self.value.replace("_", "-")


IN_THE_FILE = (
    Allowance.RELEASE,
    Allowance.EMERGENCY_OFF,
    Allowance.UNLOCK,
    Allowance.UNREADABLE,
)


@dataclass(frozen=True, slots=True)
class Select:
    """Which live numbers a project may touch. An empty set asks for nothing."""

    tags: frozenset[str] = frozenset()
    connection_ids: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Ignore:
    """Paths (or mappings of them) of some numbers that are neither drift nor planned."""

    numbers: str
    paths: tuple[str, ...]
    until: date | None = None

    def covers(self, phone_number: str, path: str) -> bool:
        """Whether `path` of this number is meant, on whatever day."""
        inside = any(path == each or path.startswith(f"{each}.") for each in self.paths)
        return inside and self.meets(phone_number)

    def meets(self, phone_number: str) -> bool:
        """Whether anything of this number is meant."""
        return fnmatchcase(phone_number, self.numbers)


@dataclass(frozen=True, slots=True)
class Safety:
    """The rules of one project; without a file, the defaults."""

    max_changes_percent: float = 30.0
    max_changes: int | None = None
    allow: frozenset[Allowance] = frozenset()
    select: Select = field(default_factory=Select)
    ignore: tuple[Ignore, ...] = ()
    undeclared: str = "ignore"
    """What a live number is that nobody declares: ignore, warn or fail."""

    def allowing(self, more: frozenset[Allowance]) -> frozenset[Allowance]:
        """What is allowed in all, by the file and by the command line."""
        return self.allow | more

    def ignored_on(self, day: date) -> tuple[Ignore, ...]:
        """What is ignored on `day` (UTC); `until` is the last day it holds."""
        return tuple(each for each in self.ignore if each.until is None or day <= each.until)


_DEFAULTS = Safety()


def texts(raw: Any) -> frozenset[str]:
    """One text or a list of them, as a set."""
    return frozenset([raw] if isinstance(raw, str) else raw or ())


def read_safety(data: Mapping[str, Any], connections: Mapping[str, str]) -> Safety:
    """The rules in a project file that the schema has passed; `connections` are its aliases.

    ValueError for an `until` that is no day of the calendar.
    """
    rules = data.get("safety") or {}
    scope = data.get("select") or {}
    return Safety(
        max_changes_percent=float(rules.get("max_changes_percent", _DEFAULTS.max_changes_percent)),
        max_changes=rules.get("max_changes"),
        undeclared=rules.get("undeclared", _DEFAULTS.undeclared),
        allow=frozenset(each for each in IN_THE_FILE if rules.get(each.value)),
        select=Select(
            tags=texts(scope.get("tags")),
            connection_ids=frozenset(
                canonical_id(connections.get(each, each))
                for each in texts(scope.get("connection_ids"))
            ),
            statuses=frozenset(each.replace("_", "-") for each in texts(scope.get("statuses"))),
        ),
        ignore=tuple(
            Ignore(
                each["numbers"],
                tuple(each["paths"]),
                date.fromisoformat(each["until"]) if "until" in each else None,
            )
            for each in data.get("ignore") or ()
        ),
    )
