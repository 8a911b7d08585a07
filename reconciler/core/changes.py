"""What differs between the declared and the live state, as data.

What there is one of for every change is a NamedTuple, made in a fifth of a dataclass's time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from reconciler.core.fields import Kind
from reconciler.core.model import DesiredNumber, Source
from reconciler.core.values import LiveValue, Value

RELEASE = "release"
"""What stands for the path where a whole number is given back."""


RISKS = ("emergency", "release", "unlock", "pin", "connection", "unassign", "cost")
"""The labels of what a change puts at risk, the gravest first."""


class Action(StrEnum):
    """What is done to a number."""

    UPDATE = "update"
    RELEASE = "release"


class FieldChange(NamedTuple):
    """One field of one number: `before` is live, `after` declared, both canonical.

    `before` is UNKNOWN where the live value cannot be read and writing it is allowed all the
    same. Many numbers share one FieldChange when they change alike.
    """

    path: str
    before: LiveValue
    after: Value
    source: Source
    risk: tuple[str, ...] = ()


class Change(NamedTuple):
    """Everything that changes on one number."""

    phone_number: str
    id: str
    kind: Kind
    action: Action
    fields: tuple[FieldChange, ...]
    source: Source | None = None
    """Where it is declared; given for a release, which has no fields to say so."""
    protected: bool = False
    """Whether the YAML protects the number: a rule holds all of it back."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """A change that a rule holds back. `path` is empty where the whole number is meant."""

    phone_number: str
    path: str
    before: LiveValue
    after: Value
    rule: str
    reason: str
    source: Source | None = None
    """Where it is declared, where the number has to be found in the YAML."""


@dataclass(frozen=True, slots=True)
class NotOwned:
    """A declared number that the account lacks."""

    phone_number: str
    source: Source


@dataclass(frozen=True, slots=True)
class UnknownField:
    """A declared field whose live value cannot be read."""

    phone_number: str
    path: str
    reason: str
    source: Source | None = None
    """Where it is declared, where the number has to be found in the YAML."""


def _none() -> Mapping[str, DesiredNumber]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Difference:
    """The whole comparison. `unchanged` counts numbers that are as declared throughout."""

    changes: tuple[Change, ...]
    unknown: tuple[UnknownField, ...]
    not_owned: tuple[NotOwned, ...]
    withheld: tuple[Withheld, ...]
    declared: int
    unchanged: int
    unmanaged: int
    awaited: tuple[str, ...] = ()
    """Numbers that the account lacks and may lack for now (when_owned); among the unchanged."""
    undeclared: tuple[str, ...] = ()
    """Live numbers in scope that nobody declares, where that is a finding (safety: undeclared)."""
    numbers: Mapping[str, DesiredNumber] = field(default_factory=_none, compare=False, repr=False)
    """All that is declared, which tells the compiler what may be sent again; nothing where a plan
    was read from a file."""
    partly_ignored: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    """Numbers of which nothing is sent again, for some of it is ignored."""
