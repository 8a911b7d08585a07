"""Rows of the list endpoints -> Snapshot.

Rows are joined by id. Every place that carries a field must agree with every other; what a row
does not carry, or carries in a form that the specification does not know, is UNKNOWN with the
reason, never a silent match and never null.
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import compress, count, repeat
from operator import attrgetter, is_, ne
from types import NoneType
from typing import Any

from msgspec import UNSET, UnsetType

from reconciler.core.catalogue import BY_PATH, EMERGENCY_STATUS, absent_means_empty
from reconciler.core.emergency import effective
from reconciler.core.fields import Field, Kind, Listing, Read, Type
from reconciler.core.model import ListingRead, LiveNumber, Snapshot
from reconciler.core.rows import Extract, NoParent, extractor, is_missing, lacks_parent
from reconciler.core.rules import EMERGENCY_ENABLED
from reconciler.core.values import UNKNOWN, LiveValue, canonical

USABLE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}\Z")
"""Ids are opaque, but one that could change the meaning of a URL is no id."""

# A number that stands in both number lists is mobile, so those come first.
_BASES = {Kind.MOBILE: (Listing.MOBILE,), Kind.NUMBER: (Listing.SLIM, Listing.NUMBERS)}
_DETAILS = {
    Kind.MOBILE: (Listing.MOBILE_MESSAGING,),
    Kind.NUMBER: (Listing.VOICE, Listing.MESSAGING),
}
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
"""Rows of each list that could be read, by id; id and number of each are text."""

_Found = Mapping[Listing, Sequence[Row | None]]
"""The rows of each list that belong to the numbers of the number list, None where it has none."""


@dataclass(frozen=True, slots=True)
class _Place:
    """One place of a column: the list, and how to get and judge the value there."""

    listing: Listing
    field: Field
    read: Read
    get: Extract
    get_meaning: Extract | None
    whole: Extract | None
    """How to get the list or object in the row that says all of it, if one does."""

    def value(self, row: Row) -> LiveValue:
        """The canonical value in `row`; UNKNOWN where it says nothing that can be relied on."""
        return self.judge(self.get(row), row)

    def judge(self, raw: object, row: Row) -> LiveValue:
        """The same, for what `get` found in `row`, which only `get_meaning` looks at."""
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
    tops = {read.at[0]}
    if row.meaningless_without:
        other = BY_PATH[row.kind][row.meaningless_without]
        meaning = next(r for r in other.reads if r.listing is read.listing)
        get_meaning = extractor(meaning)
        tops.add(meaning.at[0])
    is_in_one = row.type is Type.TAGS or (len(read.at) > 1 and len(tops) == 1)
    whole = attrgetter(read.at[0]) if is_in_one else None
    return _Place(read.listing, row, read, extractor(read), get_meaning, whole)


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
        if places and not places[0].read.check:
            checks += [(len(paths), place) for place in places[1:]]
            paths.append(path)
            first.append(places[0])
    return _Columns(tuple(paths), tuple(first), tuple(checks))


@dataclass(slots=True)
class _Join:
    numbers: dict[str, LiveNumber] = field(default_factory=dict)
    conflicts: dict[str, str] = field(default_factory=dict)
    reasons: dict[tuple[tuple[str, str], ...], dict[str, str]] = field(default_factory=dict)

    def shared(self, reasons: Iterable[tuple[str, str]]) -> dict[str, str]:
        """One dict for all numbers of which the same is unknown for the same reasons."""
        key = tuple(reasons)
        if key not in self.reasons:
            self.reasons[key] = dict(key)
        return self.reasons[key]


def build_snapshot(
    rows: Rows,
    reads: Sequence[ListingRead],
    *,
    base_url: str,
    fetched_at: datetime,
    calls: int,
    account_size: int | None = None,
) -> Snapshot:
    """Join the rows of all lists that were read. `calls` is how many reads it took;
    `account_size` how many numbers there are, where only some were read."""
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
        account_size=account_size,
        conflicts=join.conflicts,
    )


def _join_kind(join: _Join, kind: Kind, base: Listing, rows: Rows, columns: _Columns) -> None:
    """Join one kind, a column at a time: that is the quick way through many rows."""
    owned = list(_owned(join, base, rows[base]))
    found = {listing: [listed.get(row.id) for row in owned] for listing, listed in rows.items()}
    table = [_column(place, found[place.listing]) for place in columns.first]
    clashes: dict[int, str] = {}
    for at, clash in (
        *_other_numbers(owned, found),
        *_other_ids(owned, {each: rows.get(each, {}) for each in _DETAILS[kind]}),
        *_other_values(table, columns, found),
    ):
        clashes.setdefault(at, clash)
    _fill_gaps(table, columns, found)
    _judge_emergency(table, columns)
    values: list[tuple[LiveValue, ...]] = list(zip(*table, strict=True)) or [()] * len(owned)
    reasons = _reasons(join, table, columns, found, len(owned))
    for at, clash in clashes.items():
        reasons[at] = dict.fromkeys(columns.paths, clash)
        values[at] = (UNKNOWN,) * len(table)
    numbers = [row.phone_number for row in owned]
    statuses = [_text(row.status).replace("_", "-") for row in owned]
    countries = [_text(row.country_iso_alpha2) for row in owned]
    types = [_text(row.phone_number_type) for row in owned]
    ids = [row.id for row in owned]
    live = map(LiveNumber, numbers, ids, repeat(kind), statuses, countries, types, values, reasons)
    join.numbers.update(zip(numbers, live, strict=True))


def _reasons(
    join: _Join, table: Sequence[Sequence[LiveValue]], columns: _Columns, found: _Found, of: int
) -> list[dict[str, str] | None]:
    """Of each of so many numbers, why what is unknown of it is so."""
    everywhere: list[tuple[str, str]] = []  # there are fields that no row of a list carries
    gaps: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
    for place, column in zip(columns.first, table, strict=True):
        rows = found[place.listing]
        reasons = {why: (place.field.path, f"{NAMES[place.listing]} {why}") for why in _WHYS}
        if _is_in_no_row(place, rows) and all(map(is_, column, repeat(UNKNOWN))):
            everywhere.append(reasons[_NOT_CARRIED])
            continue
        for at in compress(count(), map(is_, column, repeat(UNKNOWN))):
            gaps[at].append(reasons[_why_unknown(place, rows[at])])
    usual = join.shared(everywhere) if everywhere else None
    return [join.shared(everywhere + gaps[at]) if at in gaps else usual for at in range(of)]


def _is_in_no_row(place: _Place, rows: Sequence[Row | None]) -> bool:
    return all(rows) and all(map(is_, map(place.get, rows), repeat(UNSET)))


def _owned(join: _Join, base: Listing, listed: Mapping[str, Row]) -> Iterator[Row]:
    """The rows of a number list that stand for a number each; the others are conflicts."""
    times = Counter(row.phone_number for row in listed.values())
    for id_, row in listed.items():
        number = row.phone_number
        if number in join.numbers:
            continue  # it is mobile
        if not USABLE_ID.match(id_):
            join.conflicts[number] = f"{NAMES[base]} gives it an unusable id"
        elif times[number] > 1:
            join.conflicts.setdefault(number, f"{NAMES[base]} holds it under two ids")
        elif number not in join.conflicts:
            yield row


class _Judged(dict[object, LiveValue]):
    """What each distinct value of a place comes to, judged when it is first seen."""

    def __init__(self, place: _Place) -> None:
        super().__init__()
        self._place = place

    def __missing__(self, raw: object) -> LiveValue:
        value = self._place.judge(raw, None)
        # One object with its equal in the YAML, for which the differ then need not look into it.
        self[raw] = judged = sys.intern(value) if isinstance(value, str) else value
        return judged


_TEXT = frozenset({Type.TEXT, Type.E164, Type.CNAM, Type.PIN})
"""Of these any text but the empty one is canonical."""

# Of these no two of different types are equal, as True and 1 are.
_APART = frozenset({str, bool, NoneType, UnsetType, NoParent})


def _column(place: _Place, found: Sequence[Row | None]) -> list[LiveValue]:
    """`place` in each row; UNKNOWN where there is none. Equal values are one object."""
    if all(found):
        if place.whole is not None and (column := _by_object(place, place.whole, found)):
            return column
        raws = list(map(place.get, found))
        kinds = set(map(type, raws))
        if kinds == {str} and place.field.type in _TEXT and all(raws):
            return list(map(sys.intern, raws))  # as `_Judged` would, but each may be another
        if place.get_meaning is None and _APART.issuperset(kinds):
            return list(map(_Judged(place).__getitem__, raws))
    known: dict[object, LiveValue] = {}
    column = []
    for row in found:
        value = UNKNOWN if row is None else place.value(row)
        column.append(known.setdefault(value, value))
    return column


_MOST_OBJECTS = 0.1
"""Of the rows: where there are more objects than that, it takes as long to look at them apart."""


def _by_object(place: _Place, whole: Extract, found: Sequence[Row]) -> list[LiveValue] | None:
    """The same where rows have nested objects in common, as `rows.Sharing` makes them: each is
    looked at once. None where hardly any are."""
    objects = list(map(id, map(whole, found)))
    row_of = dict(zip(objects, found, strict=True))
    if len(row_of) > _MOST_OBJECTS * len(found):
        return None
    known: dict[object, LiveValue] = {}
    judged = {key: place.value(row) for key, row in row_of.items()}
    shared = {key: known.setdefault(value, value) for key, value in judged.items()}
    return list(map(shared.__getitem__, objects))


def _fill_gaps(table: list[list[LiveValue]], columns: _Columns, found: _Found) -> None:
    """What the first list of a column leaves out, another one may carry."""
    for column, place in columns.checks:
        if place.read.check:
            continue
        first = columns.first[column]
        rows = found[first.listing]
        gaps = [
            at
            for at, value in enumerate(table[column])
            if value is UNKNOWN and ((row := rows[at]) is None or is_missing(first.get(row)))
        ]
        for at in gaps:
            other = found[place.listing][at]
            if other is not None and not is_missing(place.get(other)):
                table[column][at] = place.value(other)


def _judge_emergency(table: list[list[LiveValue]], columns: _Columns) -> None:
    """Make of `emergency_enabled` what it means together with the status."""
    if EMERGENCY_ENABLED not in columns.paths or EMERGENCY_STATUS not in columns.paths:
        return
    enabled = columns.paths.index(EMERGENCY_ENABLED)
    status = columns.paths.index(EMERGENCY_STATUS)
    table[enabled] = list(map(effective, table[enabled], table[status]))


def _text(raw: object) -> str:
    return sys.intern(raw) if isinstance(raw, str) else ""


_NO_ROW = "has no row for this number"
_NOT_CARRIED = "does not carry it for this number"
_STRANGE = "holds a value that the specification does not know"
_WHYS = (_NO_ROW, _NOT_CARRIED, _STRANGE)


def _why_unknown(place: _Place, row: Row | None) -> str:
    if row is None:
        return _NO_ROW
    return _NOT_CARRIED if is_missing(place.get(row)) else _STRANGE


# ---- how the lists disagree: the place of a number in `owned`, and the words ---------------------


def _other_numbers(owned: Sequence[Row], found: _Found) -> Iterator[tuple[int, str]]:
    for listing, others in found.items():
        for at, (row, other) in enumerate(zip(owned, others, strict=True)):
            if other is not None and other.phone_number != row.phone_number:
                yield at, f"{NAMES[listing]} gives its id to another number"


def _other_ids(owned: Sequence[Row], details: Rows) -> Iterator[tuple[int, str]]:
    places = {row.phone_number: at for at, row in enumerate(owned)}
    for listing, listed in details.items():
        for id_, other in listed.items():
            at = places.get(other.phone_number)
            if at is not None and owned[at].id != id_:
                yield at, f"{NAMES[listing]} holds it under another id"


def _other_values(
    table: Sequence[Sequence[LiveValue]], columns: _Columns, found: _Found
) -> Iterator[tuple[int, str]]:
    for column, place in columns.checks:
        others = found[place.listing]
        lists = f"{NAMES[columns.first[column].listing]} and {NAMES[place.listing]}"
        first, second = table[column], _column(place, others)
        for at in compress(count(), map(ne, first, second)):
            if first[at] is UNKNOWN or second[at] is UNKNOWN:
                continue
            if not is_missing(place.get(others[at])):
                yield at, f"{lists} disagree about {columns.paths[column]}"


def _find_strays(join: _Join, rows: Rows) -> None:
    """Numbers that a detail list holds and no number list: half there is not 'not owned'."""
    ids = {live.id for live in join.numbers.values()}
    missing: defaultdict[str, list[str]] = defaultdict(list)
    for listing in _DETAILS[Kind.NUMBER]:
        for id_, row in rows.get(listing, {}).items():
            number = row.phone_number
            if id_ not in ids and number not in join.numbers:
                missing[number].append(NAMES[listing])
    for number, lists in missing.items():
        hold = "holds" if len(lists) == 1 else "hold"
        join.conflicts.setdefault(number, f"{' and '.join(lists)} {hold} it, no number list does")


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
