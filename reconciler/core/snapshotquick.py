"""The quick way through the numbers of a snapshot file that is as `fetch` writes it.

A file holds few different values of a field, so each is judged once, a column at a time. Whatever
is not plainly in order makes this give up; the long way, which takes four times as long, then says
what is wrong, so that nothing is judged in two places.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from itertools import repeat
from operator import attrgetter, eq, is_, or_
from types import GenericAlias
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from reconciler.core.catalogue import BY_PATH
from reconciler.core.fields import Field, Kind, Type
from reconciler.core.live import USABLE_ID
from reconciler.core.model import LiveNumber
from reconciler.core.values import LIVE_SECRET, UNKNOWN, LiveValue, canonical

Columns = Mapping[Kind, tuple[str, ...]]


class NotPlainError(Exception):
    """Something is wrong, or may be."""


class Head(msgspec.Struct):
    """A snapshot file but for its numbers, unchecked."""

    format_version: Any
    tool_version: Any
    fetched_at: Any
    account: Any
    reads: Any
    listings: Any
    columns: Any
    conflicts: Any
    names: Any = UNSET

    def document(self) -> dict[str, Any]:
        """The same as of a file without a number."""
        found = msgspec.structs.asdict(self) | {"numbers": []}
        return {key: value for key, value in found.items() if value is not UNSET}


def quick_head(raw: bytes) -> Head:
    """All but the numbers of the snapshot file `raw`. NotPlainError where it is none."""
    try:
        return msgspec.json.decode(raw, type=Head)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise NotPlainError from None


def quick_numbers(raw: bytes, columns: Columns) -> dict[str, LiveNumber]:
    """The numbers of the snapshot file `raw`, of which the `columns` are known to be fields."""
    if not columns or any(len(set(paths)) < len(paths) for paths in columns.values()):
        raise NotPlainError
    alone = len(columns) == 1
    types = {kind: _entry_type(kind, paths, alone) for kind, paths in columns.items()}
    entries = _entries(raw, tuple(types.values()))
    if not all(map(USABLE_ID.match, map(attrgetter("id"), entries))):
        raise NotPlainError
    found: dict[str, LiveNumber] = {}
    for kind, paths in columns.items():
        mine = [each for each in entries if type(each) is types[kind]]
        found |= zip(map(_NAME, mine), _of_kind(kind, paths, mine), strict=True)
    if len(found) < len(entries):
        raise NotPlainError
    return found if len(types) == 1 else {name: found[name] for name in map(_NAME, entries)}


_NAME = attrgetter("phone_number")


def _entries(raw: bytes, types: Sequence[Any]) -> list[Any]:
    entries = GenericAlias(list, (reduce(or_, types),))
    file: Any = msgspec.defstruct("Numbers", [("numbers", entries)])
    try:
        return list(msgspec.json.decode(raw, type=file).numbers)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise NotPlainError from None


def _entry_type(kind: Kind, paths: Sequence[str], alone: bool) -> Any:
    """An entry of `kind`, whose fields are named for their place; no other field may be there."""
    rows = BY_PATH[kind]
    fields: Any = msgspec.defstruct(
        "Fields",
        [(f"at{place}", _type_of(rows[path]), UNSET) for place, path in enumerate(paths)],
        rename={f"at{place}": path for place, path in enumerate(paths)},
        forbid_unknown_fields=True,
        gc=False,
    )
    text = ("phone_number", "id", "status", "country", "type")
    members = [*((name, str) for name in text), ("fields", fields), ("unknown", dict[str, str])]
    name = f"{kind.name.title()}Entry"
    if alone:  # msgspec asks for the tag only where there are several types
        told: Any = Literal.__getitem__(str(kind))
        return msgspec.defstruct(name, [*members, ("kind", told)], gc=False)
    return msgspec.defstruct(name, members, tag_field="kind", tag=str(kind), gc=False)


def _type_of(row: Field) -> Any:
    """What the file may hold of a field. No two values of it are equal but of different types."""
    if row.secret:
        return dict[str, str] | UnsetType | None
    if row.type is Type.BOOLEAN:
        return bool | UnsetType
    return (list[str] if row.type is Type.TAGS else str) | UnsetType | None


def _of_kind(kind: Kind, paths: tuple[str, ...], entries: Sequence[Any]) -> Iterator[LiveNumber]:
    rows = BY_PATH[kind]
    unknown = [tuple(each.unknown.items()) for each in entries]
    reasons = {each: dict(each) or None for each in set(unknown)}
    raws = zip(*map(msgspec.structs.astuple, (each.fields for each in entries)), strict=True)
    table: list[list[LiveValue]] = []
    for path, column in zip(paths, raws, strict=bool(entries)):
        blind = {each: path in (why or ()) for each, why in reasons.items()}
        gaps = list(map(blind.__getitem__, unknown)) if any(blind.values()) else None
        table.append(_column(rows[path], column, gaps))
    values = zip(*table, strict=True) if table else iter([()] * len(entries))
    for each, row, why in zip(entries, values, unknown, strict=True):
        yield LiveNumber(
            each.phone_number,
            each.id,
            kind,
            sys.intern(each.status),
            sys.intern(each.country),
            sys.intern(each.type),
            row,
            reasons[why],
        )


class _Judged(dict[Any, LiveValue]):
    """What each distinct value of a field comes to."""

    def __init__(self, row: Field) -> None:
        super().__init__()
        self._row = row

    def __missing__(self, raw: Any) -> LiveValue:
        value = canonical(self._row, list(raw) if isinstance(raw, tuple) else raw)
        if value is UNKNOWN:
            raise NotPlainError
        self[raw] = judged = sys.intern(value) if isinstance(value, str) else value
        return judged


def _column(row: Field, raws: Sequence[Any], gaps: Sequence[bool] | None) -> list[LiveValue]:
    """The canonical values of a field; UNKNOWN where there are `gaps`, and nowhere else."""
    known = _Judged(row)
    if gaps is not None:
        if not all(map(eq, map(is_, raws, repeat(UNSET)), gaps)):
            raise NotPlainError
        known[UNSET] = UNKNOWN
    if row.secret:
        known |= {None: None, _SHOWN_SECRET: LIVE_SECRET}
        raws = [tuple(raw.items()) if isinstance(raw, dict) else raw for raw in raws]
    elif row.type is Type.TAGS:
        raws = [tuple(raw) if isinstance(raw, list) else raw for raw in raws]
    return list(map(known.__getitem__, raws))


_SHOWN_SECRET = (("secret", LIVE_SECRET.ref),)
