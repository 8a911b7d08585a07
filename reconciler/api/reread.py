"""Reading again only the numbers that were touched, by the cheapest of the ways there are."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from reconciler.api.filtered import read_runs
from reconciler.api.listings import read_listing
from reconciler.api.read import ReadClient
from reconciler.api.settings import segment
from reconciler.api.together import together
from reconciler.core.catalogue import BY_PATH
from reconciler.core.eta import resource_of
from reconciler.core.fields import Kind, Listing
from reconciler.core.live import values_in
from reconciler.core.rows import ROW_TYPES
from reconciler.core.values import UNKNOWN, LiveValue
from reconciler.core.ways import Choice, Way, choose
from reconciler.errors import ApiError, KeyRefusedError, NotFoundError, RejectedError

_RESOURCES = {
    Listing.NUMBERS: "/phone_numbers/{}",
    Listing.VOICE: "/phone_numbers/{}/voice",
    Listing.MESSAGING: "/phone_numbers/{}/messaging",
    Listing.MOBILE: "/v2/mobile_phone_numbers/{}",
}

Values = dict[str, dict[str, LiveValue]]
"""Live values by number and path."""

Row = Any


@dataclass(frozen=True, slots=True)
class Target:
    """A number to read again, and the paths that matter of it."""

    phone_number: str
    id: str
    paths: tuple[str, ...]
    kind: Kind = Kind.NUMBER


def _one_type(listing: Listing) -> Any:
    row = ROW_TYPES[listing]
    return msgspec.defstruct(f"One{row.__name__}", [("data", row)])


_ONE_TYPES = {listing: _one_type(listing) for listing in _RESOURCES}


def resource_path(listing: Listing, id_: str) -> str:
    """Where the resource with this id stands."""
    return _RESOURCES[listing].format(segment(id_))


async def read_one(reader: ReadClient, listing: Listing, id_: str) -> Row | None:
    """The resource with this id, a row; None where the answer is about another one, or does not
    say in text what it is about. ApiError passes."""
    row = (await reader.read(resource_path(listing, id_), _ONE_TYPES[listing])).data
    says = row.phone_number is msgspec.UNSET or isinstance(row.phone_number, str)
    return row if says and row.id == id_ else None


@dataclass(frozen=True, slots=True)
class Reread:
    """Live values now, and the numbers that are not in the account under their id any more."""

    values: Values
    gone: frozenset[str]


async def reread(
    reader: ReadClient, targets: Sequence[Target], *, account_size: int, page_size: int
) -> Reread:
    """The live values of `targets` now.

    `account_size` is how many numbers a whole list would hold. A value that cannot be read is
    UNKNOWN; only a refused key ends the reading.
    """
    wanted: defaultdict[Listing, dict[str, list[str]]] = defaultdict(dict)
    ids = {target.phone_number: target.id for target in targets}
    values: Values = {}
    for target in targets:
        unread: dict[str, LiveValue] = dict.fromkeys(target.paths, UNKNOWN)
        values.setdefault(target.phone_number, {}).update(unread)
        for path in target.paths:
            if listing := resource_of(path, target.kind):
                wanted[listing].setdefault(target.phone_number, []).append(path)
    work = (
        _read_rows(reader, listing, {n: ids[n] for n in paths}, account_size, page_size)
        for listing, paths in wanted.items()
    )
    async with together(work) as tasks:
        found = await asyncio.gather(*tasks)
    gone: set[str] = set()
    doubtful: set[str] = set()
    for (listing, paths), (rows, missing) in zip(wanted.items(), found, strict=True):
        (gone if listing in _NUMBER_LISTS else doubtful).update(missing)
        for number, row in rows.items():
            kind = Kind.MOBILE if listing is Listing.MOBILE else Kind.NUMBER
            values[number] |= values_in(listing, row, paths[number], kind)
    plain = {target.phone_number: target.id for target in targets if target.kind is Kind.NUMBER}
    await _fill_from_slim(reader, values, plain, account_size, page_size)
    if lost := {number: ids[number] for number in doubtful - gone if number in plain}:
        # No voice or messaging settings: the number list knows whether the number is there.
        _, missing = await _read_rows(reader, Listing.NUMBERS, lost, account_size, page_size)
        gone |= missing
    return Reread(values, frozenset(gone))


async def _fill_from_slim(
    reader: ReadClient,
    values: Values,
    ids: Mapping[str, str],
    account_size: int,
    page_size: int,
) -> None:
    """Where the full resource leaves unset ids out, which says nothing, the slim row says it:
    its schema is not nullable, so there a missing id is an unset one."""
    blind = {
        number: paths
        for number in ids
        if (paths := [p for p, value in values[number].items() if value is UNKNOWN and _in_slim(p)])
    }
    if not blind:
        return
    of = {number: ids[number] for number in blind}
    rows, _ = await _read_rows(reader, Listing.SLIM, of, account_size, page_size)
    for number, row in rows.items():
        values[number] |= values_in(Listing.SLIM, row, blind[number], Kind.NUMBER)


def _in_slim(path: str) -> bool:
    reads = BY_PATH[Kind.NUMBER][path].reads
    return any(
        read.listing is Listing.SLIM and read.documented and not read.check for read in reads
    )


async def still_there(
    reader: ReadClient, ids: Mapping[str, str], *, account_size: int, page_size: int
) -> set[str]:
    """Which of the numbers, given with their ids, are not seen to be gone: those that still
    stand in the account, and those that could not be asked for."""
    choice = _choose(Listing.NUMBERS, ids, account_size, page_size)
    if choice.way is not Way.SINGLE:
        try:
            rows = await _listed(reader, Listing.SLIM, choice, page_size)
        except KeyRefusedError:
            raise
        except ApiError:
            return set(ids)
        return {number for number, id_ in ids.items() if id_ in rows and not _is_gone(rows[id_])}

    async def stands(id_: str) -> bool:
        try:
            row = await read_one(reader, Listing.NUMBERS, id_)
            return row is None or not _is_gone(row)
        except NotFoundError:
            return False
        except KeyRefusedError:
            raise
        except ApiError:
            return True

    async with together(stands(id_) for id_ in ids.values()) as tasks:
        standing = await asyncio.gather(*tasks)
    return {number for number, there in zip(ids, standing, strict=True) if there}


async def held(
    reader: ReadClient, numbers: Collection[str], *, account_size: int, page_size: int
) -> set[str]:
    """Which of the numbers are in the account, under whatever id. ApiError passes."""
    choice = choose(
        Listing.SLIM, tuple(numbers), rows=account_size, page_size=page_size, with_ids=False
    )
    rows = await _listed(reader, Listing.SLIM, choice, page_size)
    return {row.phone_number for row in rows.values() if not _is_gone(row)}.intersection(numbers)


def _is_gone(row: Row) -> bool:
    return bool(row.status == "deleted")


_Rows = tuple[dict[str, Row], set[str]]
"""Rows by number, for the numbers that could be read; and the numbers that are not there."""

_NUMBER_LISTS = frozenset({Listing.NUMBERS, Listing.SLIM, Listing.MOBILE})
"""The lists in which every number of the account stands."""


async def _read_rows(
    reader: ReadClient, listing: Listing, ids: Mapping[str, str], account_size: int, page_size: int
) -> _Rows:
    choice = _choose(listing, ids, account_size, page_size)
    if choice.way is Way.SINGLE:
        return await _one_by_one(reader, listing, ids)
    many = choice
    alone: dict[str, str] = {}
    if listing is not Listing.SLIM and choice.way is Way.DIGITS:
        alone = {run.numbers[0]: ids[run.numbers[0]] for run in choice.runs if run.is_one}
        many = replace(choice, runs=tuple(run for run in choice.runs if not run.is_one))
    try:
        listed = await _listed(reader, listing, many, page_size)
    except KeyRefusedError:
        raise
    except RejectedError:  # a filter that this server does not take
        return await _one_by_one(reader, listing, ids) if listing in _RESOURCES else ({}, set())
    except ApiError:
        return {}, set()
    rows, gone = _judged(listed, {n: id_ for n, id_ in ids.items() if n not in alone})
    single, missing = await _one_by_one(reader, listing, alone)
    return rows | single, gone | missing


def _choose(listing: Listing, ids: Mapping[str, str], account_size: int, page_size: int) -> Choice:
    return choose(listing, tuple(ids), rows=account_size, page_size=page_size, prefer_scan=False)


async def _listed(
    reader: ReadClient, listing: Listing, choice: Choice, page_size: int
) -> Mapping[str, Row]:
    """The rows that `choice` reads of a list, by id; nothing where there is no such list."""
    if choice.way is Way.SCAN:
        found = await read_listing(reader, listing, page_size=page_size)
        return found[0] if found else {}
    rows, _ = await read_runs(reader, listing, choice.runs, page_size=page_size)
    return rows


def _judged(listed: Mapping[str, Row], ids: Mapping[str, str]) -> _Rows:
    rows = {number: listed[id_] for number, id_ in ids.items() if id_ in listed}
    rows = {number: row for number, row in rows.items() if _is_of(row, number)}
    gone = {number for number in ids if number not in rows or _is_gone(rows[number])}
    return rows, gone


async def _one_by_one(reader: ReadClient, listing: Listing, ids: Mapping[str, str]) -> _Rows:
    work = (_one(reader, listing, number, id_) for number, id_ in ids.items())
    async with together(work) as tasks:
        found = dict(zip(ids, await asyncio.gather(*tasks), strict=True))
    return (
        {number: row for number, row in found.items() if row is not None and row is not _GONE},
        {number for number, row in found.items() if row is _GONE},
    )


_GONE = object()


async def _one(reader: ReadClient, listing: Listing, number: str, id_: str) -> Row:
    """The row; None where it cannot be read, _GONE where there is none."""
    try:
        row = await read_one(reader, listing, id_)
    except KeyRefusedError:
        raise
    except NotFoundError:
        return _GONE
    except ApiError:
        return None
    if row is None:
        return None
    return row if _is_of(row, number) and not _is_gone(row) else _GONE


def _is_of(row: Row, number: str) -> bool:
    """Whether a row is about `number`: what does not say, is."""
    return row.phone_number in {number, msgspec.UNSET}
