"""Reading a few numbers out of a large account, where a scan of its lists would cost more calls."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from reconciler.api.listings import MOST_PAGES, Found, Page, Rows, read_page
from reconciler.api.read import ReadClient
from reconciler.api.reread import FILTERED, one_type, resource_path
from reconciler.api.together import together
from reconciler.core.fetchplan import Needs
from reconciler.core.fields import Listing
from reconciler.core.model import ListingRead
from reconciler.errors import ForbiddenError, NotFoundError

_GAIN, _WORTH = 2, 10
_MOST = 400
"""Calls that reading one by one may cost before it is not even considered."""


async def read_few(
    reader: ReadClient,
    listings: Sequence[Listing],
    numbers: Sequence[str],
    needs: Needs,
    *,
    page_size: int,
) -> Found | Page | None:
    """The rows of `numbers` (E.164) in `listings`, the first of which is a number list.

    Where scanning is the cheaper way, or the only one, the first page of the first list if it
    was read; None where it was not.
    """
    base, *details = listings
    one_by_one = [each for each in details if each is Listing.VOICE]
    cost = len(numbers) * (1 + len(one_by_one))
    if Listing.MESSAGING in details:
        cost += -(-len(numbers) // FILTERED)
    if base not in (Listing.SLIM, Listing.NUMBERS) or not numbers or cost > _MOST:
        return None
    if Listing.MOBILE in details:
        return None  # that list has no filter
    try:
        first = await read_page(reader, base, 1, page_size)
    except ForbiddenError:
        return None
    pages = -(-first.meta.total_results // page_size)
    # A scan checks its list against itself, so it is given up only for a clear gain.
    if pages > MOST_PAGES or _GAIN * cost + _WORTH >= pages * len(listings) - 1:
        return first
    last = await read_page(reader, base, pages, page_size)
    if _is_only_claimed(first, last):
        return first  # the scan will say so
    found = await _base_rows(reader, base, numbers, page_size)
    if any(_is_silent(row, base, needs) for row in found.values()):
        return first
    rows: dict[Listing, Rows] = {base: found}
    reads = [ListingRead(base, rows=len(found), pages=len(numbers) + 2)]
    for listing in details:
        read = _by_filter if listing is Listing.MESSAGING else _by_id
        rows[listing], listing_read = await read(reader, listing, found)
        reads.append(listing_read)
    return Found(
        {each.listing: rows[each.listing] for each in reads if not each.refused},
        tuple(reads),
        first.meta.total_results,
    )


def _is_only_claimed(first: Page, last: Page) -> bool:
    """Whether the last page shows that the account is not as large as the first one says."""
    repeats = {row.id for row in first.rows} & {row.id for row in last.rows}
    return (
        not last.rows or bool(repeats) or last.meta.total_results != first.meta.total_results
    )


def _is_silent(row: Any, base: Listing, needs: Needs) -> bool:
    """Whether a row lacks what only another list can tell."""
    if base is Listing.SLIM:
        return needs.need_tags and row.tags is msgspec.UNSET
    return any(getattr(row, key) is msgspec.UNSET for key in needs.nullable)


async def _base_rows(
    reader: ReadClient, base: Listing, numbers: Sequence[str], page_size: int
) -> Rows:
    """`filter[phone_number]` is a partial match on digits (a + finds nothing)."""
    pages = (
        read_page(reader, base, 1, page_size, {"filter[phone_number]": number.lstrip("+")})
        for number in numbers
    )
    async with together(pages) as tasks:
        found = await asyncio.gather(*tasks)
    wanted = frozenset(numbers)
    return {row.id: row for page in found for row in page.rows if row.phone_number in wanted}


async def _by_id(reader: ReadClient, listing: Listing, found: Rows) -> tuple[Rows, ListingRead]:
    async def one(id_: str) -> Any:
        try:
            return (await reader.read(resource_path(listing, id_), one_type(listing))).data
        except NotFoundError:
            return None

    try:
        async with together(one(id_) for id_ in found) as tasks:
            rows = [row for row in await asyncio.gather(*tasks) if row is not None]
    except ForbiddenError as refusal:
        return {}, ListingRead(listing, refused=str(refusal))
    return {row.id: row for row in rows}, ListingRead(listing, rows=len(rows), pages=len(found))


async def _by_filter(reader: ReadClient, listing: Listing, found: Rows) -> tuple[Rows, ListingRead]:
    """`filter[phone_number]` of the messaging list is exact and takes several numbers."""
    numbers = [row.phone_number for row in found.values()]
    chunks = [numbers[at : at + FILTERED] for at in range(0, len(numbers), FILTERED)]
    pages = (
        read_page(reader, listing, 1, FILTERED, {"filter[phone_number]": ",".join(chunk)})
        for chunk in chunks
    )
    try:
        async with together(pages) as tasks:
            rows = [row for page in await asyncio.gather(*tasks) for row in page.rows]
    except ForbiddenError as refusal:
        return {}, ListingRead(listing, refused=str(refusal))
    wanted = frozenset(numbers)
    kept = {row.id: row for row in rows if row.phone_number in wanted}
    return kept, ListingRead(listing, rows=len(kept), pages=len(chunks))
