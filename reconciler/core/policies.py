"""`policies`: what numbers have to be, whatever else is declared of them.

These are the user's own rules. The rules that hold an apply back are in `core.policy`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reconciler.core.conditions import Condition, read_conditions
from reconciler.core.documents import Document
from reconciler.core.entries import Reading
from reconciler.core.fields import Kind
from reconciler.core.hints import quoted
from reconciler.core.matching import Match, read_match
from reconciler.core.model import Source
from reconciler.core.validate import is_valid

ERROR, WARN = "error", "warn"


@dataclass(frozen=True, slots=True)
class Policy:
    """One entry of `policies`, and where it stands. Numbers that `unless` means are exempt."""

    name: str
    match: Match
    require: tuple[Condition, ...]
    unless: Match | None
    level: str
    source: Source

    def concerns(self, kind: Kind) -> bool:
        """Whether numbers of `kind` can break it at all."""
        fits = not self.match.kinds or kind in self.match.kinds
        return fits and any(each.concerns(kind) for each in self.require)

    def paths(self, kind: Kind) -> frozenset[str]:
        """The settings of numbers of `kind` that it looks at; none where it lets them pass."""
        if not self.concerns(kind):
            return frozenset()
        required = frozenset(each.path for each in self.require if each.concerns(kind))
        exempt = self.unless.paths(kind) if self.unless else frozenset()
        return required | exempt | self.match.paths(kind)

    def as_written(self) -> dict[str, Any]:
        """The policy as a project file would hold it, all that holds anyway said."""
        match = self.match.as_written()
        return {
            "name": self.name,
            **({"match": match} if match else {}),
            "require": {each.path: each.written for each in self.require},
            **({"unless": self.unless.as_written()} if self.unless else {}),
            "level": self.level,
        }


@dataclass(frozen=True, slots=True)
class Violation:
    """A number that breaks a policy: the `value` of `path` is not as `requires` wants it.

    `source` is where the setting is declared, or the number where it is not; `policy_source` is
    where the policy stands.
    """

    phone_number: str
    policy: str
    level: str
    path: str
    value: Any
    requires: Any
    source: Source
    policy_source: Source


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A number of which it cannot be told whether it breaks a policy, and why."""

    phone_number: str
    policy: str
    level: str
    path: str
    reason: str
    source: Source
    policy_source: Source


def read_policies(reading: Reading, project: Document) -> tuple[Policy, ...]:
    """The policies of a project file, as far as each has passed the schema. What is wrong beyond
    that is noted in `reading`."""
    found: dict[str, Policy] = {}
    entries = project.data.get("policies") if isinstance(project.data, dict) else None
    for place, raw in enumerate(entries if isinstance(entries, list) else ()):
        if not is_valid("policy", raw):
            continue
        way = ("policies", place)
        policy = _policy(reading, project, way, raw)
        if first := found.get(policy.name):
            text = f"policy {quoted(policy.name)} stands here twice: first at {first.source}"
            reading.problems.append(project.problem((*way, "name"), text))
        if not any(map(policy.concerns, Kind)):
            text = f"policy {quoted(policy.name)}: no number of the kind that it means has these"
            reading.problems.append(project.problem((*way, "require"), text, at_key=True))
        found.setdefault(policy.name, policy)
    return tuple(found.values())


def _policy(
    reading: Reading, project: Document, way: tuple[str | int, ...], raw: dict[str, Any]
) -> Policy:
    exempt = raw.get("unless")
    return Policy(
        name=raw["name"],
        match=read_match(reading, project, (*way, "match"), raw.get("match") or {}),
        require=read_conditions(reading, project, (*way, "require"), raw["require"]),
        unless=read_match(reading, project, (*way, "unless"), exempt) if exempt else None,
        level=raw.get("level", ERROR),
        source=Source(project.path, *project.entry((*way, "name")).value),
    )
