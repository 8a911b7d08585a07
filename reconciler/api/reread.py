"""Reading again only the numbers that were touched, by the cheapest of the ways there are."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from reconciler.api.listings import read_listing, slim_query
from reconciler.api.read import ReadClient
from reconciler.api.settings import segment
from reconciler.api.together import together
from reconciler.core.catalogue import BY_PATH
from reconciler.core.fields import Kind, Listing
from reconciler.core.live import values_in
from reconciler.core.rows import ROW_TYPES
from reconciler.core.values import UNKNOWN, LiveValue
from reconciler.errors import ApiError, KeyRefusedError, NotFoundError

FILTERED = 100
"""Numbers that one filtered page of the messaging list is asked for: a URL of some 2 KB."""

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


def _rows_type(listing: Listing) -> Any:
    row: Any = ROW_TYPES[listing]
    return msgspec.defstruct(f"Filtered{row.__name__}", [("data", list[row])])


_FILTERED_TYPE = _rows_type(Listing.MESSAGING)
_SLIM_TYPE = _rows_type(Listing.SLIM)


def resource_of(path: str, kind: Kind) -> Listing | None:
    """The resource that carries a field, named by the list with the same shape."""
    reads = [read.listing for read in BY_PATH[kind][path].reads if not read.check]
    return next((each for each in reads if each in _RESOURCES), None)


def resource_path(listing: Listing, id_: str) -> str:
    """Where the resource with this id stands."""
    return _RESOURCES[listing].format(segment(id_))


def one_type(listing: Listing) -> Any:
    """What the answer to asking for one resource decodes as; its `data` is a row."""
    return _ONE_TYPES[listing]


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
    if -(-account_size // page_size) < len(ids):
        try:
            found = await read_listing(reader, Listing.SLIM, page_size=page_size)
        except KeyRefusedError:
            raise
        except ApiError:
            return set(ids)
        rows = found[0] if found else {}
        return {number for number, id_ in ids.items() if id_ in rows and not _is_gone(rows[id_])}

    async def stands(id_: str) -> bool:
        path = resource_path(Listing.NUMBERS, id_)
        try:
            return not _is_gone((await reader.read(path, _ONE_TYPES[Listing.NUMBERS])).data)
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
    rows: list[Row] = []
    if -(-account_size // page_size) < len(numbers):
        found = await read_listing(reader, Listing.SLIM, page_size=page_size)
        rows += found[0].values() if found else ()
    else:
        queries = (slim_query() | {"filter[phone_number]": n.lstrip("+")} for n in numbers)
        pages = (reader.read(Listing.SLIM, _SLIM_TYPE, query) for query in queries)
        async with together(pages) as tasks:
            rows += [row for page in await asyncio.gather(*tasks) for row in page.data]
    return {row.phone_number for row in rows if not _is_gone(row)}.intersection(numbers)


def _is_gone(row: Row) -> bool:
    return bool(row.status == "deleted")


_Rows = tuple[dict[str, Row], set[str]]
"""Rows by number, for the numbers that could be read; and the numbers that are not there."""

_NUMBER_LISTS = frozenset({Listing.NUMBERS, Listing.SLIM, Listing.MOBILE})
"""The lists in which every number of the account stands."""


async def _read_rows(
    reader: ReadClient, listing: Listing, ids: Mapping[str, str], account_size: int, page_size: int
) -> _Rows:
    scan = -(-account_size // page_size)
    filtered = -(-len(ids) // FILTERED)
    try:
        if listing is Listing.MESSAGING and len(ids) > 1 and filtered <= scan:
            rows = await _by_filter(reader, ids)
            return rows, set(ids.keys() - rows.keys())
        if scan < len(ids):
            return await _by_scan(reader, listing, ids, page_size)
    except KeyRefusedError:
        raise
    except ApiError:
        return {}, set()
    if listing is Listing.SLIM:
        return await _slim_one_by_one(reader, ids), set()
    return await _one_by_one(reader, listing, ids)


async def _by_scan(
    reader: ReadClient, listing: Listing, ids: Mapping[str, str], page_size: int
) -> _Rows:
    found = await read_listing(reader, listing, page_size=page_size)
    if found is None:
        return {}, set()
    listed = found[0]
    rows = {number: listed[id_] for number, id_ in ids.items() if id_ in listed}
    rows = {number: row for number, row in rows.items() if _is_of(row, number)}
    gone = {number for number in ids if number not in rows or _is_gone(rows[number])}
    return rows, gone


async def _by_filter(reader: ReadClient, ids: Mapping[str, str]) -> dict[str, Row]:
    """`filter[phone_number]` of the messaging list is exact and takes several numbers."""
    numbers = list(ids)
    pages = (
        reader.read(
            Listing.MESSAGING,
            _FILTERED_TYPE,
            {
                "filter[phone_number]": ",".join(numbers[at : at + FILTERED]),
                "page[number]": "1",
                "page[size]": str(FILTERED),
            },
        )
        for at in range(0, len(numbers), FILTERED)
    )
    async with together(pages) as tasks:
        rows = [row for page in await asyncio.gather(*tasks) for row in page.data]
    return {row.phone_number: row for row in rows if ids.get(row.phone_number) == row.id}


async def _slim_one_by_one(reader: ReadClient, ids: Mapping[str, str]) -> dict[str, Row]:
    """`filter[phone_number]` of the slim list is a partial match on digits: the id decides."""

    async def one(number: str, id_: str) -> Row | None:
        query = slim_query() | {"filter[phone_number]": number.lstrip("+")}
        try:
            page: Any = await reader.read(Listing.SLIM, _SLIM_TYPE, query)
        except KeyRefusedError:
            raise
        except ApiError:
            return None
        return next((row for row in page.data if row.id == id_), None)

    async with together(one(number, id_) for number, id_ in ids.items()) as tasks:
        rows = await asyncio.gather(*tasks)
    return {number: row for number, row in zip(ids, rows, strict=True) if row is not None}


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
        row = (await reader.read(resource_path(listing, id_), _ONE_TYPES[listing])).data
    except KeyRefusedError:
        raise
    except NotFoundError:
        return _GONE
    except ApiError:
        return None
    if row.id != id_:
        return None
    return row if _is_of(row, number) and not _is_gone(row) else _GONE


def _is_of(row: Row, number: str) -> bool:
    """Whether a row is about `number`: what does not say, is."""
    return row.phone_number in {number, msgspec.UNSET}
