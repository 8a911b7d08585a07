"""What numbers share: drafts -> groups, and what each number uses and says of its own.

The switches that most numbers have alike are the group `common`. Above it, settings are taken
facet by facet, tag and connection first: what several numbers have of a facet is a group, named
for what it gives.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.catalogue import BY_PATH
from reconciler.core.declarable import Draft
from reconciler.core.fields import Kind, Type
from reconciler.core.rules import EMERGENCY_ADDRESS
from reconciler.core.scope import section_of
from reconciler.core.values import Value

FEWEST_IN_A_GROUP = 3
_COMMON = "common"
_LONGEST_NAME = 40

Pairs = tuple[tuple[str, Value], ...]
"""Settings, in the order of the catalogue."""


@dataclass(frozen=True, slots=True)
class GroupEntry:
    """A group as it is written."""

    name: str
    settings: Pairs


@dataclass(frozen=True, slots=True)
class Share:
    """What one number uses and says."""

    groups: tuple[str, ...]
    settings: Pairs


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


def share(
    drafts: Sequence[Draft], kind: Kind, names: Names
) -> tuple[list[GroupEntry], dict[str, Share]]:
    """The groups of drafts of one kind, in the order that numbers name them, and the share of
    each number."""
    prefix = "mobile-" if kind is Kind.MOBILE else ""
    common = _common(drafts, kind)
    groups: list[GroupEntry] = []
    if common:
        groups.append(GroupEntry(names.free(f"{prefix}{_COMMON}"), tuple(common.items())))
    used: dict[str, list[str]] = {}
    own: dict[str, dict[str, Value]] = {}
    for draft in drafts:
        beside = _beside(draft, common)
        number = draft.live.phone_number
        used[number] = [groups[0].name] if common and beside is not None else []
        own[number] = dict(draft.values) if beside is None else beside
    for facet in _FACETS:
        for part, numbers in _sharers(own, _belongs_to(facet)):
            name = names.free(f"{prefix}{_name_of(facet, part)}")
            groups.append(GroupEntry(name, part))
            for number in numbers:
                used[number].append(name)
                for path, _ in part:
                    del own[number][path]
    order = BY_PATH[kind]
    return groups, {
        number: Share(
            tuple(used[number]), tuple((path, left[path]) for path in order if path in left)
        )
        for number, left in own.items()
    }


def _common(drafts: Sequence[Draft], kind: Kind) -> dict[str, Value]:
    """The switches that more than half of the numbers have alike."""
    if len(drafts) < FEWEST_IN_A_GROUP:
        return {}
    counts: defaultdict[str, Counter[Value]] = defaultdict(Counter)
    for draft in drafts:
        for path, value in draft.values.items():
            counts[path][value] += 1
    found: dict[str, Value] = {}
    for path, row in BY_PATH[kind].items():
        if row.type not in {Type.BOOLEAN, Type.ENUM} or path not in counts:
            continue
        value, times = counts[path].most_common(1)[0]
        if times * 2 > len(drafts):
            found[path] = value
    return found


def _beside(draft: Draft, common: Mapping[str, Value]) -> dict[str, Value] | None:
    """What a number says beside the common group, None where it cannot use it: the group would
    declare something that the number must not, such as a value that could not be read."""
    rows = BY_PATH[draft.live.kind]
    beside = {
        path: value
        for path, value in draft.values.items()
        if path not in common or common[path] != value
    }
    for path in common.keys() - draft.values.keys():
        if path not in draft.unset or not rows[path].null:
            return None
        beside[path] = None
    return beside


_FACETS = ("tags", "connection", "billing", "messaging", "emergency", "voice", "number")
_FACET_OF = {
    "tags": "tags",
    "connection_id": "connection",
    "billing_group_id": "billing",
    "hd_voice_enabled": "number",
    "deletion_lock_enabled": "number",
}
_IN_FACETS_BY_SECTION = frozenset({"messaging", "emergency", "voice"})


def _belongs_to(facet: str) -> Callable[[str], bool]:
    """Which paths belong to a facet: what is likely to be shared together."""
    by_section = facet in _IN_FACETS_BY_SECTION
    paths = frozenset(
        path
        for kind in Kind
        for path in BY_PATH[kind]
        if (section_of(path).value if by_section else _FACET_OF.get(path)) == facet
    )
    return paths.__contains__


def _sharers(
    own: Mapping[str, Mapping[str, Value]], belongs: Callable[[str], bool]
) -> list[tuple[Pairs, list[str]]]:
    """What enough numbers have alike of a facet, and which they are; by the first of them."""
    found: defaultdict[Pairs, list[str]] = defaultdict(list)
    for number, settings in own.items():
        part = tuple((path, value) for path, value in settings.items() if belongs(path))
        if part and all(value not in (None, ()) for _, value in part):
            found[part].append(number)
    enough = [(part, each) for part, each in found.items() if len(each) >= FEWEST_IN_A_GROUP]
    return sorted(enough, key=lambda item: item[1][0])


def _name_of(facet: str, part: Pairs) -> str:
    path, value = part[0]
    if facet == "tags" and isinstance(value, tuple):
        return slug("-".join(value)) or "tagged"
    if facet in {"connection", "billing", "messaging"} and isinstance(value, str):
        told = slug(value)
        return f"{facet}-{told[-4:] if value.isdigit() else told[:8].strip('-')}".strip("-")
    if facet == "emergency":
        address = dict(part).get(EMERGENCY_ADDRESS)
        told = slug(address)[-4:].strip("-") if isinstance(address, str) else "off"
        return f"emergency-{told}".strip("-")
    words = [path.rpartition(".")[2]]
    words += [value] if isinstance(value, str) else [] if value is True else ["off"]
    return slug("-".join(words).replace("_enabled", ""))


_NO_SLUG = re.compile(r"[^a-z0-9]+")


def slug(text: str) -> str:
    """`text` as a part of a name: lower-case letters, digits and single dashes."""
    return _NO_SLUG.sub("-", text.lower()).strip("-")[:_LONGEST_NAME].strip("-")
