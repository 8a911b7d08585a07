"""What belongs together of a number's settings, and what is still to be said of one above layers.

A facet is a setting, or the settings of one feature: people give them together, and so does export.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from reconciler.core.catalogue import BY_PATH
from reconciler.core.declarable import Draft
from reconciler.core.fields import Kind, Type
from reconciler.core.naming import Said
from reconciler.core.rules import EMERGENCY_ADDRESS, EMERGENCY_ENABLED
from reconciler.core.values import UNMANAGED

_FIRST = ("tags", "connection_id", "billing_group_id", "messaging.messaging_profile_id",
          "messaging.messaging_product", "emergency")  # fmt: skip
"""The facets that tell most of what a number is for, in this order; the others come after."""


@cache
def facets_of(kind: Kind) -> tuple[tuple[str, ...], ...]:
    """The facets of a kind, the telling ones first: each the paths that belong to it."""
    found: dict[str, list[str]] = {name: [] for name in _FIRST}
    for path, row in BY_PATH[kind].items():
        if row.writes and not row.secret:
            found.setdefault(row.linked or path, []).append(path)
    return tuple(tuple(paths) for paths in found.values() if paths)


@cache
def facet_by_path(kind: Kind) -> Mapping[str, int]:
    """The place of each path's facet."""
    return {path: at for at, facet in enumerate(facets_of(kind)) for path in facet}


class Lack(NamedTuple):
    """What a number has to say itself: settings, and paths of which nothing may be said."""

    settings: dict[str, Said]
    drops: tuple[str, ...]


def lack_of(draft: Draft, below: Mapping[str, Said]) -> Lack:
    """What `draft` has to say above what the layers below give it."""
    values = draft.values
    settings = {path: v for path, v in values.items() if below.get(path, UNMANAGED) != v}
    drops: list[str] = []
    rows = BY_PATH[draft.live.kind]
    for path, given in below.items():
        if path in values or path not in rows or not rows[path].writes:
            continue  # of mobile numbers some settings can only be read
        if path == EMERGENCY_ADDRESS and values.get(EMERGENCY_ENABLED) is False:
            continue  # where emergency is off, an address below counts for nothing
        if path not in draft.unset or not rows[path].null:
            drops.append(path)
        elif given not in (None, ()):
            settings[path] = () if rows[path].type is Type.TAGS else None
    return Lack(settings, tuple(drops))


def held(draft: Draft, below: Mapping[str, Said]) -> dict[str, Said]:
    """Everything that is managed of `draft` once it has said what it lacks above `below`."""
    lack = lack_of(draft, below)
    kept = {path: v for path, v in below.items() if path not in lack.drops}
    return {**kept, **lack.settings}
