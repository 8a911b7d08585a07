"""Names for what is exported: groups, files and aliases, each by what it stands for."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from reconciler.core.fields import Type
from reconciler.core.rules import EMERGENCY_ENABLED
from reconciler.core.templates import Text
from reconciler.core.values import ID, Value

_LONGEST_NAME = 40
_NO_SLUG = re.compile(r"[^a-z0-9]+")

Said = Value | Text
"""What is written of a setting: a value, or a template of one."""

Pairs = tuple[tuple[str, Said], ...]
"""Settings, in the order of the catalogue."""

IdNames = Mapping[str, Mapping[str, str]]
"""What the account calls the things behind ids: field -> id -> name."""


class Names:
    """Names that are taken, and the next free one like a given one."""

    def __init__(self, taken: Collection[str]) -> None:
        self._taken = set(taken)
        self._last: dict[str, int] = {}

    def free(self, name: str) -> str:
        """`name`, or the first of `name-2`, `name-3` … that is not taken; it is then."""
        chosen, at = name, self._last.get(name, 1)
        while chosen in self._taken:
            at += 1
            chosen = f"{name}-{at}"
        self._last[name] = at
        self._taken.add(chosen)
        return chosen


def slug(text: str) -> str:
    """`text` as a part of a name: lower-case letters, digits and single dashes."""
    return _NO_SLUG.sub("-", text.lower()).strip("-")[:_LONGEST_NAME].strip("-")


_WORDS = {
    "connection_id": "connection",
    "billing_group_id": "billing",
    "messaging_profile_id": "messaging",
    "emergency_address_id": "emergency",
    "interception_app_id": "interception",
    "bundle_id": "bundle",
    "address_id": "address",
}
_SHOWN_OF_AN_ID = 4
_SPEAKS = re.compile(r"[a-z].{2,}")


def name_of_id(leaf: str, value: str, known: IdNames) -> str:
    """A name for the thing behind an id: what the account calls it, else the kind of thing and
    the part of the id that people look at: the end of digits, the beginning of a UUID."""
    called = slug(known.get(leaf, {}).get(value, ""))
    if called and not called.isdecimal():
        return called
    told = called or slug(value)
    part = told[-_SHOWN_OF_AN_ID:] if told.isdecimal() else told[:_SHOWN_OF_AN_ID]
    return f"{_WORDS.get(leaf, leaf)}-{part.strip('-')}".strip("-")


def alias_like(leaf: str, value: str, known: IdNames) -> str:
    """An alias for an id, as the account calls what it stands for; "" where it has no name for
    it. It never looks like an id itself."""
    name = slug(known.get(leaf, {}).get(value, ""))
    return f"{_WORDS.get(leaf, leaf)}-{name}" if name and ID.match(name) else name


def name_of_tags(tags: tuple[str, ...]) -> str:
    """A name for what has these tags."""
    name = slug("-".join(tags))
    return name if name and not name.isdecimal() else f"tagged-{name}".strip("-")


def name_of_group(
    part: Pairs, types: Mapping[str, Type], known: IdNames, people_say: str = ""
) -> str:
    """A name for a group that gives `part`: its tags; else what the account calls the first thing
    that it names by an id; else what `people_say`, if they have a word for its numbers; else that
    id, or the feature it switches."""
    ids = [
        (path.rpartition(".")[2], value)
        for path, value in part
        if types[path] is Type.ID and isinstance(value, str)
    ]
    for _, value in part:
        if isinstance(value, tuple):
            return name_of_tags(value)
    for leaf, value in ids:
        if slug(known.get(leaf, {}).get(value, "")):
            return name_of_id(leaf, value, known)
    if people_say:
        return people_say
    if ids:
        return name_of_id(*ids[0], known)
    path, value = next(((p, v) for p, v in part if p != EMERGENCY_ENABLED), part[0])
    words = [path.rpartition(".")[2].removeprefix("inbound_call_").removesuffix("_enabled")]
    if isinstance(value, Text):
        words = [slug("-".join(value.parts[::2])) or words[0]]
    elif isinstance(value, str):
        says_it = types[path] is Type.TEXT or not value.isalnum()
        words = [value] if says_it and _SPEAKS.match(slug(value)) else [*words, value]
    elif value is False:
        words.append("off")
    return slug("-".join(words)) or "group"


def propose_aliases(
    used: Mapping[str, set[str]], known: IdNames, there: IdNames
) -> dict[str, dict[str, str]]:
    """Aliases for the ids that are `used`, by field: field -> id -> alias, for those that are
    `known` by a name; `there` are those that a project has already (field -> alias -> id)."""
    made: dict[str, dict[str, str]] = {}
    for leaf, ids in sorted(used.items()):
        names = Names(there.get(leaf, {}))
        named = {id_: name for id_ in sorted(ids) if (name := alias_like(leaf, id_, known))}
        made[leaf] = {id_: names.free(name) for id_, name in named.items()}
    return {leaf: table for leaf, table in made.items() if table}
