"""Reading whole lists: pages side by side, and nothing lost without a word.

Nothing promises a stable list: rows can shift from one page to the next while the fleet
changes. So rows are sorted by number, told apart by id, and counted against `total_results` on
every page; a list that does not add up is read again, and then it is an error.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice, zip_longest
from operator import attrgetter
from typing import Any

import msgspec

from reconciler.api.http import Answer, decode
from reconciler.api.places import in_places
from reconciler.api.progress import Progress, ignore_progress
from reconciler.api.read import ReadClient
from reconciler.api.together import together
from reconciler.core.fetchplan import Needs, purpose
from reconciler.core.fields import Listing
from reconciler.core.model import ListingRead
from reconciler.core.rows import PAGE_ROW_TYPES, Sharing
from reconciler.core.text import neutral
from reconciler.core.ways import Way
from reconciler.errors import ForbiddenError, KeyRefusedError, UnavailableError

_SCANS = 4
_MOST_ROWS = 10_000_000
MOST_PAGES = 50_000
_BY_NUMBER = {"sort": "phone_number"}
_QUERIES: Mapping[Listing, Mapping[str, str]] = {
    # Tags and connection come only when asked for.
    Listing.SLIM: {**_BY_NUMBER, "include_tags": "true", "include_connection": "true"},
    Listing.NUMBERS: _BY_NUMBER,
    Listing.VOICE: _BY_NUMBER,
    Listing.MESSAGING: {"sort[phone_number]": "asc"},
    Listing.MOBILE: {},
    Listing.MOBILE_MESSAGING: {},
}


_NO_FILTERS: Mapping[str, str] = {}

Row = Any
Rows = dict[str, Row]


class Meta(msgspec.Struct, frozen=True):
    """The counts of one page; what a list claims about itself."""

    total_results: int
    page_size: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its rows, and what the list claims about itself."""

    rows: Sequence[Row]
    meta: Meta


class _MovedError(Exception):
    """The list changed under the reading; the text says how it showed."""


def _page_type(listing: Listing) -> Any:
    row: Any = PAGE_ROW_TYPES[listing]
    return msgspec.defstruct(f"{row.__name__}Page", [("data", list[row]), ("meta", Meta)])


PAGE_TYPES = {listing: _page_type(listing) for listing in Listing}
"""What a page of each list is decoded into."""


async def read_page(
    reader: ReadClient,
    listing: Listing,
    number: int,
    size: int,
    filters: Mapping[str, str] = _NO_FILTERS,
    sharing: Sharing | None = None,
) -> Page:
    """One page of a list, its rows and counts checked; `sharing` is for all of its pages."""
    query = {**_QUERIES[listing], **filters, "page[number]": str(number), "page[size]": str(size)}
    shared = sharing or Sharing(listing)
    return await reader.take(listing, lambda answer: _page_of(answer, listing, shared), query)


_ID, _NUMBER = attrgetter("id"), attrgetter("phone_number")
_TEXT = frozenset({str})


def _page_of(answer: Answer, listing: Listing, sharing: Sharing) -> Page:
    """The page in an answer. UnavailableError where it makes no sense."""
    page: Any = decode(answer, PAGE_TYPES[listing])
    if not 0 <= page.meta.total_results <= _MOST_ROWS:
        reason = f"claims to have {page.meta.total_results} rows"
        raise UnavailableError(f"GET {listing}", reason)
    named = chain(map(_ID, page.data), map(_NUMBER, page.data))
    if not _TEXT.issuperset(map(type, named)):
        raise UnavailableError(f"GET {listing}", "sent a row without an id or a number")
    try:
        return Page(sharing.take(page.data), page.meta)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UnavailableError(f"GET {listing}", "sent a row of broken JSON") from None


async def read_listing(
    reader: ReadClient,
    listing: Listing,
    *,
    page_size: int,
    progress: Progress = ignore_progress,
    suits: Callable[[Row], bool] | None = None,
    first: Page | None = None,
    filters: Mapping[str, str] = _NO_FILTERS,
) -> tuple[Rows, ListingRead] | None:
    """All rows of a list, or those that `filters` leave of it, by id; None as soon as a row does
    not suit. `first` is the first page, where that was read already.

    Raises UnavailableError when the list does not add up in four readings.
    """
    for _ in range(_SCANS):
        try:
            page = first or await read_page(reader, listing, 1, page_size, filters)
            return await _scan(reader, listing, page, page_size, progress, suits, filters)
        except _MovedError as moved:
            last, first = str(moved), None
    raise UnavailableError(
        f"GET {listing}",
        f"the list kept changing while it was read ({last}); nothing was planned from it: try "
        "again when nobody else is changing numbers",
    )


class _Scan:
    """One reading of a list; whatever shows that it moved meanwhile is a _MovedError."""

    def __init__(self, listing: Listing, total: int, progress: Progress) -> None:
        self.rows: Rows = {}
        self.pages = 0
        self._listing = listing
        self._total = total
        self._progress = progress

    def take(self, page: Page) -> None:
        """Add the rows of a page."""
        if page.meta.total_results != self._total:
            raise _MovedError(f"{self._total} rows became {page.meta.total_results}")
        if self._total and not page.rows:
            raise _MovedError(f"{self._total} rows are claimed, and a page of them is empty")
        before = len(self.rows)
        self.rows.update(zip(map(_ID, page.rows), page.rows, strict=True))
        if len(self.rows) < before + len(page.rows):
            number = _repeated(page.rows, islice(self.rows, before))
            raise _MovedError(f"{neutral(number)} came twice")
        self.pages += 1
        self._progress(self._listing, len(self.rows), self._total)

    def done(self) -> tuple[Rows, ListingRead]:
        """Everything, once every page was taken."""
        if len(self.rows) != self._total:
            raise _MovedError(f"{len(self.rows)} different rows came of {self._total}")
        return self.rows, ListingRead(self._listing, rows=len(self.rows), pages=self.pages)


def _repeated(rows: Sequence[Row], before: Iterable[str]) -> str:
    """The number of the first row whose id has come before."""
    seen = set(before)
    for row in rows:
        if row.id in seen:
            return str(row.phone_number)
        seen.add(row.id)
    raise ValueError("none of the rows came before")


async def _scan(
    reader: ReadClient,
    listing: Listing,
    first: Page,
    page_size: int,
    progress: Progress,
    suits: Callable[[Row], bool] | None,
    filters: Mapping[str, str],
) -> tuple[Rows, ListingRead] | None:
    total, size = first.meta.total_results, size_of(first, page_size)
    last = -(-total // size)
    if last > MOST_PAGES:
        raise UnavailableError(f"GET {listing}", f"claims to have {last:,} pages of {size} rows")
    scan = _Scan(listing, total, progress)
    sharing = Sharing(listing)
    more = (
        read_page(reader, listing, number, size, filters, sharing) for number in range(2, last + 1)
    )

    def take(page: Page) -> bool:
        scan.take(page)
        return suits is None or all(map(suits, page.rows))

    if not take(first):
        return None
    async with in_places(reader.limiter, more) as pages:
        async for page in pages:
            if not take(page):
                return None
    return scan.done()


def size_of(first: Page, page_size: int) -> int:
    """How many rows a page holds: what was asked for, or less where the list says so."""
    told = first.meta.page_size
    return told if told is not None and 0 < told <= page_size else page_size


@dataclass(frozen=True, slots=True)
class Found:
    """What was read: rows by list and id, how each list went, and, where only some numbers
    were asked for, how many the account has in all."""

    rows: dict[Listing, Rows]
    reads: tuple[ListingRead, ...]
    account_size: int | None = None

    def explained(self, needs: Needs) -> Found:
        """With the words for how each list was read, and what for."""
        return replace(self, reads=tuple(_explained(read, needs) for read in self.reads))

    def and_(self, more: Found) -> Found:
        """With the lists of `more` as well."""
        return Found({**self.rows, **more.rows}, (*self.reads, *more.reads), self.account_size)


def _explained(read: ListingRead, needs: Needs) -> ListingRead:
    return replace(read, way=f"{read.way or Way.SCAN.value} (for {purpose(read.listing, needs)})")


async def read_lists(
    reader: ReadClient,
    listings: Sequence[Listing],
    needs: Needs,
    *,
    page_size: int,
    progress: Progress = ignore_progress,
    optional: bool = False,
    first: Page | None = None,
) -> Found:
    """`listings`, all read side by side: the rows of those that could be, and how each went.

    A slim list whose rows lack tags that matter (they have no documented schema there) is given
    up for the full one; a full list whose rows lack keys that matter is helped out by the slim
    one. A list that answers 403 is noted as refused, or left out where it is `optional`; when
    none can be read, KeyRefusedError. `first` is the first page of the first list, where that
    was read already.
    """
    each = (
        read_whole(reader, listing, page_size, needs.need_tags, progress, page)
        for listing, page in zip_longest(listings, (first,))
    )
    async with together(each) as waiting:
        found = found_of(await asyncio.gather(*waiting), optional=optional)
    gaps = gaps_in(found, needs)
    return await fill_by_scan(reader, found, page_size, progress) if gaps else found


def found_of(results: Sequence[tuple[Rows, ListingRead]], *, optional: bool = False) -> Found:
    """What the lists gave, together; KeyRefusedError where all of them were refused, unless they
    are `optional`: then a refused one is left out."""
    rows = {read.listing: found for found, read in results if not read.refused}
    reads = [read for _, read in results if not (optional and read.refused)]
    if not rows and not optional:
        raise KeyRefusedError("GET " + reads[0].listing, reads[0].refused, status=403)
    return Found(rows, tuple(reads))


def gaps_in(found: Found, needs: Needs) -> tuple[Row, ...]:
    """The rows of a full list that lack keys which matter, where no slim list was read."""
    if Listing.SLIM in found.rows:
        return ()
    keys = needs.nullable
    rows = found.rows.get(Listing.NUMBERS, {}).values()
    return tuple(row for row in rows if any(getattr(row, key) is msgspec.UNSET for key in keys))


async def fill_by_scan(
    reader: ReadClient, found: Found, page_size: int, progress: Progress = ignore_progress
) -> Found:
    """`found` with the slim list, if there is one."""
    rows, read = await read_whole(reader, Listing.SLIM, page_size, False, progress)
    if read.listing is not Listing.SLIM or read.refused:
        return found
    return found.and_(Found({Listing.SLIM: rows}, (read,)))


async def read_whole(
    reader: ReadClient,
    listing: Listing,
    page_size: int,
    need_tags: bool,
    progress: Progress,
    first: Page | None = None,
) -> tuple[Rows, ListingRead]:
    """A whole list. A slim one that is refused, or lacks tags that matter, gives way to the full
    one; another that is refused is noted as such."""
    slim = listing is Listing.SLIM
    suits = has_tags if need_tags and slim else None
    try:
        found = await read_listing(
            reader, listing, page_size=page_size, progress=progress, suits=suits, first=first
        )
    except ForbiddenError as refusal:
        if not slim:
            return {}, ListingRead(listing, refused=str(refusal))
        found = None
    if found is None:
        return await read_whole(reader, Listing.NUMBERS, page_size, False, progress)
    return found


def has_tags(row: Row) -> bool:
    """Whether a row carries its tags, which the slim list need not."""
    return row.tags is not msgspec.UNSET
