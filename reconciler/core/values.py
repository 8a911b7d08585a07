"""Canonical forms: made once at each border, so that `==` afterwards is the diff.

Text and ids are str, or None where unset ("" and null are the same answer); booleans are bool;
tags are a sorted tuple without repeats. What cannot be read is `UNKNOWN`, which equals nothing
that anybody can declare.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, TypeAlias

from reconciler.core.fields import Field, Type


class Unknown(Enum):
    """The type of UNKNOWN; a class of its own so that a type checker can tell it apart."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown.UNKNOWN


@dataclass(frozen=True, slots=True)
class Secret:
    """A PIN, by where it comes from; the value itself never stands in a plan.

    `ref` is `env:NAME`, `file:PATH` or `yaml:FILE:LINE:COLUMN`; `live` stands for what the account
    holds. `fingerprint` binds it to a value (`core.fingerprint`), "" where nothing does.
    """

    ref: str
    fingerprint: str = field(default="", compare=False)


LIVE_SECRET: Final = Secret("live")


@dataclass(frozen=True, slots=True, eq=False)
class TagEdit:
    """A partial edit of tags nobody below gave as a list: applied to the live ones.

    Never equal to a value, so the differ always looks at it.
    """

    add: frozenset[str]
    remove: frozenset[str]

    def apply(self, tags: tuple[str, ...]) -> tuple[str, ...]:
        """The tags after the edit, canonical."""
        return tuple(sorted((set(tags) | self.add) - self.remove))

    def then(self, later: TagEdit) -> TagEdit:
        """This edit followed by `later`, as one."""
        return TagEdit(
            (self.add - later.remove) | later.add, (self.remove - later.add) | later.remove
        )


Value: TypeAlias = str | bool | tuple[str, ...] | Secret | None
"""What a plan may hold for a field."""

LiveValue: TypeAlias = Value | Unknown
"""What a snapshot may hold for a field (a Secret only where it was read from a file)."""


class Unmanaged(Enum):
    """The type of UNMANAGED."""

    UNMANAGED = "unmanaged"

    def __repr__(self) -> str:
        return "UNMANAGED"


UNMANAGED: Final = Unmanaged.UNMANAGED
"""What the YAML says of a field that it does not name: nothing, so it is left as it is."""


@dataclass(frozen=True, slots=True)
class Edited:
    """A partial edit of tags to be shown: alike ones are equal, unlike a TagEdit. Both sorted."""

    add: tuple[str, ...]
    remove: tuple[str, ...]


DeclaredValue: TypeAlias = Value | Edited | Unmanaged
"""What the YAML may say of a field."""

Shown: TypeAlias = LiveValue | DeclaredValue
"""What a report may have to show of a field."""

# ASCII digits only, and `\Z` (as `(?![\s\S])` in the JSON Schemas): "$" lets a newline pass.
E164_PATTERN: Final = r"^\+[1-9][0-9]{6,14}(?![\s\S])"
E164: Final = re.compile(E164_PATTERN)
CNAM_PATTERN: Final = r"^[A-Za-z0-9 ]{1,15}(?![\s\S])"
CNAM: Final = re.compile(CNAM_PATTERN)
ID_PATTERN: Final = (
    r"^([0-9]+|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})"
    r"(?![\s\S])"
)
ID: Final = re.compile(ID_PATTERN)
_UUID_LENGTH: Final = 36


def canonical(field: Field, raw: Any) -> LiveValue:
    """The canonical form of what an answer holds for `field`; UNKNOWN where it is no such value.

    Answers are tolerated, not trusted: a number where text belongs, or an enum value that the
    specification does not name, is unknown and so never planned on.
    """
    match field.type:
        case Type.TAGS:
            return canonical_tags(raw)
        case Type.BOOLEAN:
            return raw if isinstance(raw, bool) else UNKNOWN
        case Type.ENUM:
            if raw is None or raw == "":
                return None if field.null or field.meaningless_without else UNKNOWN
            return raw if isinstance(raw, str) and raw in field.values else UNKNOWN
        case Type.ID if isinstance(raw, str):
            return canonical_id(raw) or None
        case _:
            if raw is None or raw == "":
                return None
            return raw if isinstance(raw, str) else UNKNOWN


def canonical_id(text: str) -> str:
    """An id as it is, but for a UUID, whose letters may come in either case."""
    return text.lower() if len(text) == _UUID_LENGTH and ID.match(text) else text


def canonical_tags(raw: object) -> LiveValue:
    """Tags of an answer: order and repeats do not count, case does; null is no tags."""
    if raw is None:
        return ()
    if not isinstance(raw, list) or not all(isinstance(tag, str) for tag in raw):
        return UNKNOWN
    return tuple(sorted(set(raw)))


def show_json(value: object) -> object:
    """A value as plan and snapshot files hold it: lists for tags, a mapping for a secret."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Secret):
        bound = {"fingerprint": value.fingerprint} if value.fingerprint else {}
        return {"secret": value.ref, **bound}
    if value is UNKNOWN:
        return {"unknown": True}
    return value
