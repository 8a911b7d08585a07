"""Typed rows of the list endpoints, made from the catalogue.

A row decodes only the keys that somebody reads, at half the time and a third of the memory of
a dict; every value is taken as it comes (`Any`), because answers are tolerated, not trusted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from reconciler.core.catalogue import FIELDS
from reconciler.core.fields import Listing, Read

_IDENTITY = ("id", "phone_number", "status", "country_iso_alpha2", "phone_number_type")


def _row_type(listing: Listing) -> type[msgspec.Struct]:
    names = dict.fromkeys(_IDENTITY)
    names |= dict.fromkeys(
        read.at[0] for field in FIELDS for read in field.reads if read.listing is listing
    )
    return msgspec.defstruct(
        f"{listing.name.title()}Row",
        [(name, Any, msgspec.UNSET) for name in names],
        gc=False,
        forbid_unknown_fields=False,
    )


ROW_TYPES: Mapping[Listing, type[msgspec.Struct]] = MappingProxyType(
    {listing: _row_type(listing) for listing in Listing}
)

Extract = Callable[[Any], Any]


def extractor(read: Read) -> Extract:
    """A function from a row to what it holds at `read.at`; `msgspec.UNSET` where it lacks it."""
    first, *rest = read.at
    if not rest:
        return lambda row: getattr(row, first)
    (second,) = rest

    def nested(row: Any) -> Any:
        parent = getattr(row, first)
        return parent.get(second, msgspec.UNSET) if isinstance(parent, dict) else _NO_PARENT

    return nested


class _NoParent:
    """The nested object itself is missing: nothing is known of what it would have held."""


_NO_PARENT = _NoParent()


def is_missing(raw: object) -> bool:
    """Whether the row lacks the key (or the object around it)."""
    return raw is msgspec.UNSET or raw is _NO_PARENT


def lacks_parent(raw: object) -> bool:
    """Whether the row lacks the whole object that would hold the key."""
    return raw is _NO_PARENT
