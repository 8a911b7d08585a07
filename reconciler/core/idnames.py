"""What the account calls the things behind ids, as its lists of numbers tell: for readable groups
and aliases in an export. Nothing else looks at it, and nothing hangs on it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from reconciler.core.fields import Listing
from reconciler.core.values import canonical_id

NAMED: Mapping[Listing, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        Listing.NUMBERS: (
            ("connection_id", "connection_name"),
            ("messaging_profile_id", "messaging_profile_name"),
        ),
        Listing.MOBILE: (("connection_id", "connection_name"),),
    }
)
"""The keys of a row that hold an id and the name of what it stands for."""


def names_in(rows: Mapping[Listing, Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """The names in `rows`: field -> id -> name. Of several for one id, the first by alphabet."""
    found: dict[str, dict[str, str]] = {}
    for listing, pairs in NAMED.items():
        for id_key, name_key in pairs:
            listed = rows.get(listing, {}).values()
            seen = {
                (getattr(row, id_key), getattr(row, name_key))
                for row in listed
                if _both(row, id_key, name_key)
            }
            for id_, name in sorted(seen):
                found.setdefault(id_key, {}).setdefault(canonical_id(id_), name)
    return found


def _both(row: Any, *keys: str) -> bool:
    return all(isinstance(found := getattr(row, key), str) and found for key in keys)
