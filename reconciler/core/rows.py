"""Typed rows of the list endpoints, made from the catalogue.

A row decodes only the keys that somebody reads, at half the time and a third of the memory of
a dict; every value is taken as it comes (`Any`), because answers are tolerated, not trusted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, compress, count, repeat
from operator import attrgetter, ne, sub
from types import MappingProxyType, NoneType
from typing import Any

import msgspec
from msgspec.structs import astuple

from reconciler.core.catalogue import FIELDS
from reconciler.core.fields import Listing, Read, Type
from reconciler.core.idnames import NAMED

_ENOUGH_TO_TELL = 1000
# Of these no two of different types are equal.
_HASHABLE = frozenset({str, bool, NoneType, msgspec.UnsetType})
_IDENTITY = ("id", "phone_number", "status", "country_iso_alpha2", "phone_number_type")


def _row_type(listing: Listing) -> type[msgspec.Struct]:
    names = dict.fromkeys(_IDENTITY)
    names |= dict.fromkeys(
        read.at[0] for field in FIELDS for read in field.reads if read.listing is listing
    )
    names |= dict.fromkeys(key for pair in NAMED.get(listing, ()) for key in pair)
    return msgspec.defstruct(
        f"{listing.name.title()}Row",
        [(name, Any, msgspec.UNSET) for name in names],
        gc=False,
        forbid_unknown_fields=False,
    )


ROW_TYPES: Mapping[Listing, type[msgspec.Struct]] = MappingProxyType(
    {listing: _row_type(listing) for listing in Listing}
)


def _nested(listing: Listing) -> frozenset[str]:
    """The keys of a row that hold an object or a list."""
    return frozenset(
        read.at[0]
        for field in FIELDS
        for read in field.reads
        if read.listing is listing and (len(read.at) > 1 or field.type is Type.TAGS)
    )


def _page_row_type(listing: Listing) -> type[msgspec.Struct]:
    nested = _nested(listing)
    names = ROW_TYPES[listing].__struct_fields__
    return msgspec.defstruct(
        f"{listing.name.title()}PageRow",
        [
            (name, msgspec.Raw | msgspec.UnsetType if name in nested else Any, msgspec.UNSET)
            for name in names
        ],
        gc=False,
        forbid_unknown_fields=False,
    )


PAGE_ROW_TYPES: Mapping[Listing, type[msgspec.Struct]] = MappingProxyType(
    {listing: _page_row_type(listing) for listing in Listing}
)
"""The rows of a page: objects and lists in them are left as they came, for `Sharing`."""


def _texts(listing: Listing) -> tuple[str, ...]:
    """The keys of a row that hold text which others may hold as well: not its id and number."""
    reads = [(field, read) for field in FIELDS for read in field.reads if read.listing is listing]
    switches = {read.at[0] for field, read in reads if field.type is Type.BOOLEAN}
    apart = _nested(listing) | switches | {"id", "phone_number"}
    return tuple(name for name in ROW_TYPES[listing].__struct_fields__ if name not in apart)


class Sharing:
    """Makes what rows have in common one object: a list of a million numbers holds a few hundred
    different settings, and each of them a million times would be most of its memory.

    Lists and objects are decoded once for each different text of them. Nothing changes a row's
    values, so they may be shared. A key whose texts turn out to be nearly all different, as
    references can be, is left alone: remembering them would cost more than it saves.
    """

    __slots__ = ("_nested", "_objects", "_row", "_seen", "_texts")

    def __init__(self, listing: Listing) -> None:
        self._row = ROW_TYPES[listing]
        keys = self._row.__struct_fields__
        nested = _nested(listing)
        # By the place of the key in a row.
        self._nested = frozenset(at for at, key in enumerate(keys) if key in nested)
        self._texts: dict[int, dict[Any, Any]] = {keys.index(key): {} for key in _texts(listing)}
        self._seen: Counter[int] = Counter()
        self._objects = _Decoded()

    def take(self, rows: Sequence[Any]) -> list[Any]:
        """`rows`, of PAGE_ROW_TYPES, as rows of ROW_TYPES that share. Raises msgspec.DecodeError.

        Key by key, without a step of the interpreter for each value: a third of what row by row
        takes.
        """
        if not rows:
            return []
        columns = enumerate(zip(*map(astuple, rows), strict=True))
        return list(map(self._row, *(self._shared(at, values) for at, values in columns)))

    def _shared(self, at: int, values: tuple[Any, ...]) -> Iterable[Any]:
        if at in self._texts:
            return self._shared_texts(at, values)
        return self._decoded(values) if at in self._nested else values

    def _shared_texts(self, at: int, values: tuple[Any, ...]) -> Iterable[Any]:
        first, texts = values[0], self._texts[at]
        if type(first) is str and values.count(first) == len(values):
            self._seen[at] += len(values)
            return repeat(texts.setdefault(first, first), len(values))
        kinds = set(map(type, values))
        if str not in kinds:
            return values
        # As it should be; then without a step of the interpreter for each.
        shared: Iterable[Any] = map(texts.setdefault, values, values)
        if not _HASHABLE.issuperset(kinds):
            shared = (texts.setdefault(v, v) if type(v) is str else v for v in values)
        shared = list(shared)
        self._seen[at] += len(values)
        if self._seen[at] >= _ENOUGH_TO_TELL and len(texts) * 2 > self._seen[at]:
            del self._texts[at]
        return shared

    def _decoded(self, raws: Sequence[Any]) -> Iterable[Any]:
        """What `raws` say. To look one up takes ten times what it takes to compare it with the one
        before it, which is often its like."""
        starts = [0, *compress(count(1), map(ne, raws, raws[1:]))]
        if len(starts) * 2 > len(raws):
            return self._looked_up(raws)
        lengths = map(sub, (*starts[1:], len(raws)), starts)
        each = self._looked_up([raws[at] for at in starts])
        return chain.from_iterable(map(repeat, each, lengths))

    def _looked_up(self, raws: Sequence[Any]) -> Iterable[Any]:
        if msgspec.UNSET in raws:
            return [raw if raw is msgspec.UNSET else self._objects[bytes(raw)] for raw in raws]
        return map(self._objects.__getitem__, map(bytes, raws))


class _Decoded(dict[bytes, Any]):
    """What each text of JSON says, decoded when it first comes."""

    def __missing__(self, text: bytes) -> Any:
        self[text] = value = msgspec.json.decode(text)
        return value


Extract = Callable[[Any], Any]


def extractor(read: Read) -> Extract:
    """A function from a row to what it holds at `read.at`; `msgspec.UNSET` where it lacks it."""
    first, *rest = read.at
    if not rest:
        return attrgetter(first)
    (second,) = rest

    def nested(row: Any) -> Any:
        parent = getattr(row, first)
        return parent.get(second, msgspec.UNSET) if isinstance(parent, dict) else _NO_PARENT

    return nested


class NoParent:
    """The nested object itself is missing: nothing is known of what it would have held."""


_NO_PARENT = NoParent()


def is_missing(raw: object) -> bool:
    """Whether the row lacks the key (or the object around it)."""
    return raw is msgspec.UNSET or raw is _NO_PARENT


def lacks_parent(raw: object) -> bool:
    """Whether the row lacks the whole object that would hold the key."""
    return raw is _NO_PARENT
