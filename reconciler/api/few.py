"""Reading what is declared: of each list the whole, or only the numbers that matter, whichever
takes fewer calls.

The first page of the number list is read in any case: it tells how large the account is, and it
is the first page of the whole list where that turns out to be the way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from reconciler.api.filtered import read_runs
from reconciler.api.listings import (
    MOST_PAGES,
    Found,
    Page,
    Row,
    Rows,
    fill_by_scan,
    found_of,
    gaps_in,
    has_tags,
    read_lists,
    read_page,
    read_whole,
    size_of,
)
from reconciler.api.progress import Progress, ignore_progress
from reconciler.api.read import ReadClient
from reconciler.api.reread import read_one
from reconciler.api.together import together
from reconciler.core.fetchplan import Needs
from reconciler.core.fields import Listing
from reconciler.core.model import ListingRead
from reconciler.core.ways import Choice, Run, Way, choose
from reconciler.errors import ForbiddenError, NotFoundError, RejectedError

_BASES = (Listing.SLIM, Listing.NUMBERS)

_Read = tuple[Rows, ListingRead]


async def read_declared(
    reader: ReadClient,
    wanted: Mapping[Listing, Sequence[str]],
    needs: Needs,
    *,
    page_size: int,
    progress: Progress = ignore_progress,
) -> Found:
    """The rows of the numbers (E.164) that are `wanted` of each list, a number list first; of a
    list that is read whole, all of its rows.

    Raises as `read_lists` does.
    """
    listings = tuple(wanted)
    base = listings[0]
    if base not in _BASES or not wanted[base]:
        return await read_lists(reader, listings, needs, page_size=page_size, progress=progress)
    try:
        first = await read_page(reader, base, 1, page_size)
        if base is Listing.SLIM and needs.need_tags and not all(map(has_tags, first.rows)):
            base = Listing.NUMBERS
            wanted = {base: wanted[Listing.SLIM]} | {
                each: wanted[each] for each in listings if each is not Listing.SLIM
            }
            first = await read_page(reader, base, 1, page_size)
    except ForbiddenError:
        return await read_lists(reader, listings, needs, page_size=page_size, progress=progress)
    work = _Reading(reader, needs, first, base, size_of(first, page_size), progress)
    return await work.read(wanted)


class _Reading:
    """One reading of an account whose first page is there."""

    def __init__(
        self,
        reader: ReadClient,
        needs: Needs,
        first: Page,
        base: Listing,
        page_size: int,
        progress: Progress,
    ) -> None:
        self._reader = reader
        self._needs = needs
        self._first = first
        self._base = base
        self._page_size = page_size
        self._progress = progress
        self._rows = first.meta.total_results

    async def read(self, wanted: Mapping[Listing, Sequence[str]]) -> Found:
        """Everything, side by side; only what is asked for by id waits for the ids."""
        choices = [self._choice(listing, numbers) for listing, numbers in wanted.items()]
        async with together([self._base_read(choices[0])]) as (base,):
            details = (self._detail_read(each, base) for each in choices[1:])
            async with together(details) as others:
                results = await asyncio.gather(base, *others)
        found = found_of(results)
        if choices[0].way is not Way.SCAN:
            found = replace(found, account_size=self._rows)
        return await self._without_gaps(found, frozenset(wanted[self._base]))

    def _choice(self, listing: Listing, numbers: Sequence[str]) -> Choice:
        base = listing is self._base
        if base:
            here = {row.phone_number for row in self._first.rows}
            numbers = [number for number in numbers if number not in here]
            if not self._is_plausible():
                return Choice(listing, Way.SCAN, tuple(numbers), 0, 0)
        return choose(
            listing,
            numbers,
            rows=self._rows,
            page_size=self._page_size,
            pages_read=1 if base else 0,
            with_ids=not base and listing in _BY_ID,
        )

    def _is_plausible(self) -> bool:
        """Whether the first page is as full as the count claims; if not, the scan will say so."""
        different = {row.id for row in self._first.rows}
        due = min(self._rows, self._page_size)
        return len(different) == due and self._rows <= MOST_PAGES * self._page_size

    async def _base_read(self, choice: Choice) -> _Read:
        if choice.way is Way.SCAN:
            return await self._whole(choice, self._first)
        rows = {row.id: row for row in self._first.rows}
        more, read = await self._by_runs(choice, choice.runs)
        way = choice.told(first_page=True)
        return rows | more, replace(read, rows=len(rows | more), pages=read.pages + 1, way=way)

    async def _detail_read(self, choice: Choice, base: asyncio.Task[_Read]) -> _Read:
        if choice.way is Way.SCAN:
            return await self._whole(choice)
        many = [run for run in choice.runs if choice.way is Way.EXACT or not run.is_one]
        alone = {*choice.numbers} - {number for run in many for number in run.numbers}
        try:
            rows, read = await self._by_runs(choice, many)
            if alone:
                ids = [id_ for id_, row in (await base)[0].items() if row.phone_number in alone]
                found = await self._by_id(choice.listing, ids)
                rows |= found
                way = choice.told(apart=len(alone) if many else 0)
                read = replace(read, rows=len(rows), pages=read.pages + len(ids), way=way)
        except ForbiddenError as refusal:
            return {}, ListingRead(choice.listing, refused=str(refusal))
        except RejectedError:  # a filter that this server does not take: then without
            return await self._whole(choice)
        return rows, read

    async def _whole(self, choice: Choice, first: Page | None = None) -> _Read:
        rows, read = await read_whole(
            self._reader,
            choice.listing,
            self._page_size,
            self._needs.need_tags,
            self._progress,
            first,
        )
        return rows, replace(read, way=str(choice if choice.way is Way.SCAN else Way.SCAN.value))

    async def _by_runs(self, choice: Choice, runs: Sequence[Run]) -> _Read:
        rows, calls = await read_runs(self._reader, choice.listing, runs, page_size=self._page_size)
        return rows, ListingRead(choice.listing, len(rows), calls, way=str(choice))

    async def _by_id(self, listing: Listing, ids: Sequence[str]) -> Rows:
        async def one(id_: str) -> Row | None:
            try:
                return await read_one(self._reader, listing, id_)
            except NotFoundError:
                return None

        async with together(one(id_) for id_ in ids) as tasks:
            rows = [row for row in await asyncio.gather(*tasks) if row is not None]
        return {row.id: row for row in rows}

    async def _without_gaps(self, found: Found, wanted: frozenset[str]) -> Found:
        """What the full list leaves out of a number that matters, the slim one says."""
        blind = [row.phone_number for row in gaps_in(found, self._needs)]
        blind = [number for number in blind if number in wanted]
        if not blind:
            return found
        choice = choose(
            Listing.SLIM, blind, rows=self._rows, page_size=self._page_size, with_ids=False
        )
        if choice.way is Way.SCAN:
            return await fill_by_scan(self._reader, found, self._page_size, self._progress)
        try:
            rows, read = await self._by_runs(choice, choice.runs)
        except ForbiddenError:
            return found
        return found.and_(Found({Listing.SLIM: rows}, (read,)))


_BY_ID = frozenset({Listing.VOICE, Listing.MESSAGING})
