"""Rows of the list endpoints -> Snapshot.

Rows are joined by id. Every place that carries a field must agree with every other; what a row
does not carry, or carries in a form that the specification does not know, is UNKNOWN with the
reason, never a silent match and never null.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from reconciler.core.catalogue import BY_PATH, absent_means_empty
from reconciler.core.fields import Field, Kind, Listing, Read
from reconciler.core.model import ListingRead, LiveNumber, Snapshot
from reconciler.core.rows import Extract, extractor, is_missing, lacks_parent
from reconciler.core.values import UNKNOWN, LiveValue, canonical

USABLE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}\Z")
"""Ids are opaque, but one that could change the meaning of a URL is no id."""

_BASES = {Kind.NUMBER: (Listing.SLIM, Listing.NUMBERS), Kind.MOBILE: (Listing.MOBILE,)}
NAMES = {
    Listing.SLIM: "the slim number list",
    Listing.NUMBERS: "the number list",
    Listing.VOICE: "the voice list",
    Listing.MESSAGING: "the messaging list",
    Listing.MOBILE: "the mobile number list",
    Listing.MOBILE_MESSAGING: "the mobile messaging list",
}

Row = Any
Rows = Mapping[Listing, Mapping[str, Row]]
"""Rows of each list that could be read, by id."""


@dataclass(frozen=True, slots=True)
class _Place:
    """One place of a column: the list, and how to get and judge the value there."""

    listing: Listing
    field: Field
    read: Read
    get: Extract
    get_meaning: Extract | None

    def value(self, row: Row) -> LiveValue:
        """The canonical value in `row`; UNKNOWN where it says nothing that can be relied on."""
        raw = self.get(row)
        if not is_missing(raw):
            return canonical(self.field, raw)
        if lacks_parent(raw):
            return UNKNOWN
        if self.get_meaning is not None:
            # Without its target a forwarding type has no effect; unset is all it can be.
            other = self.get_meaning(row)
            return None if is_missing(other) or other in (None, "") else UNKNOWN
        return canonical(self.field, None) if absent_means_empty(self.field, self.read) else UNKNOWN


def _place(row: Field, read: Read) -> _Place:
    get_meaning = None
    if row.meaningless_without:
        other = BY_PATH[row.kind][row.meaningless_without]
        get_meaning = extractor(next(r for r in other.reads if r.listing is read.listing))
    return _Place(read.listing, row, read, extractor(read), get_meaning)


@dataclass(slots=True)
class _Columns:
    """The columns of one kind, with every place among the lists that were read."""

    paths: tuple[str, ...]
    first: tuple[_Place, ...]
    checks: tuple[tuple[int, _Place], ...]


def _columns(kind: Kind, read: frozenset[Listing]) -> _Columns:
    paths: list[str] = []
    first: list[_Place] = []
    checks: list[tuple[int, _Place]] = []
    for path, row in BY_PATH[kind].items():
        places = [_place(row, each) for each in row.reads if each.listing in read]
        if places:
            checks += [(len(paths), place) for place in places[1:]]
            paths.append(path)
            first.append(places[0])
    return _Columns(tuple(paths), tuple(first), tuple(checks))


@dataclass(slots=True)
class _Join:
    numbers: dict[str, LiveNumber] = field(default_factory=dict)
    conflicts: dict[str, str] = field(default_factory=dict)


def build_snapshot(
    rows: Rows, reads: Sequence[ListingRead], *, base_url: str, fetched_at: datetime, calls: int
) -> Snapshot:
    """Join the rows of all lists that were read. `calls` is how many reads it took."""
    join = _Join()
    columns: dict[Kind, tuple[str, ...]] = {}
    for kind, bases in _BASES.items():
        base = next((listing for listing in bases if listing in rows), None)
        if base is None:
            continue
        made = _columns(kind, frozenset(rows))
        columns[kind] = made.paths
        _join_kind(join, kind, base, rows, made)
    _find_strays(join, rows)
    return Snapshot(
        base_url=base_url,
        fetched_at=fetched_at,
        listings=tuple(reads),
        columns=columns,
        numbers=join.numbers,
        reads=calls,
        conflicts=join.conflicts,
    )


def _join_kind(join: _Join, kind: Kind, base: Listing, rows: Rows, columns: _Columns) -> None:
    by_list = [rows[place.listing] for place in columns.first]
    for id_, row in rows[base].items():
        number = row.phone_number
        if not USABLE_ID.match(id_):
            join.conflicts[number] = f"{NAMES[base]} gives it an unusable id"
            continue
        if number in join.numbers:
            join.conflicts[number] = f"{NAMES[base]} holds it under two ids"
            continue
        reasons: dict[str, str] = {}
        values: list[LiveValue] = []
        for place, listed in zip(columns.first, by_list, strict=True):
            other = listed.get(id_)
            value = UNKNOWN if other is None else place.value(other)
            if value is UNKNOWN:
                reasons[place.field.path] = _why_unknown(place, other)
            values.append(value)
        if clash := _clash(number, id_, values, columns, rows):
            reasons = dict.fromkeys(columns.paths, clash)
            values = [UNKNOWN] * len(values)
        join.numbers[number] = LiveNumber(
            phone_number=number,
            id=id_,
            kind=kind,
            status=_text(row.status).replace("_", "-"),
            country=_text(row.country_iso_alpha2),
            type=_text(row.phone_number_type),
            values=tuple(values),
            reasons=reasons or None,
        )
    for number in join.conflicts:
        join.numbers.pop(number, None)


def _text(raw: object) -> str:
    return raw if isinstance(raw, str) else ""


def _why_unknown(place: _Place, row: Row | None) -> str:
    where = NAMES[place.listing]
    if row is None:
        return f"{where} has no row for this number"
    if is_missing(place.get(row)):
        return f"{where} does not carry it for this number"
    return f"{where} holds a value that the specification does not know"


def _clash(
    number: str, id_: str, values: Sequence[LiveValue], columns: _Columns, rows: Rows
) -> str:
    """How the lists disagree about this number; empty where they do not."""
    for listing, listed in rows.items():
        other = listed.get(id_)
        if (
            other is not None
            and isinstance(other.phone_number, str)
            and other.phone_number != number
        ):
            return f"{NAMES[listing]} gives its id to another number"
    for column, place in columns.checks:
        other = rows[place.listing].get(id_)
        if other is None or values[column] is UNKNOWN or is_missing(place.get(other)):
            continue
        if place.value(other) not in (UNKNOWN, values[column]):
            first = NAMES[columns.first[column].listing]
            return f"{first} and {NAMES[place.listing]} disagree about {columns.paths[column]}"
    return ""


def _find_strays(join: _Join, rows: Rows) -> None:
    """Numbers that a detail list holds and no number list: half there is not 'not owned'."""
    ids = {live.id for live in join.numbers.values()}
    missing: defaultdict[str, list[str]] = defaultdict(list)
    for listing in (Listing.VOICE, Listing.MESSAGING):
        for id_, row in rows.get(listing, {}).items():
            number = row.phone_number
            if id_ not in ids and isinstance(number, str) and number not in join.numbers:
                missing[number].append(NAMES[listing])
    for number, lists in missing.items():
        join.conflicts.setdefault(number, f"{' and '.join(lists)} holds it, no number list does")


def values_in(listing: Listing, row: Row, paths: Iterable[str], kind: Kind) -> dict[str, LiveValue]:
    """The canonical values of `paths` in a row of `listing`, or of one resource of its shape."""
    rows = BY_PATH[kind]
    return {
        path: _place_at(rows[path], listing).value(row)
        for path in paths
        if any(read.listing is listing for read in rows[path].reads)
    }


@cache
def _place_at(row: Field, listing: Listing) -> _Place:
    return _place(row, next(read for read in row.reads if read.listing is listing))
