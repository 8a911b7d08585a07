"""How to read some numbers out of a list: the way that takes the fewest calls. Pure.

A whole list costs a call for every page of the account. The messaging list also takes exact
numbers, a page of them in one call; the other plain lists take digits that a number holds, so
that numbers with a common beginning come together; and everything but the slim list can be asked
for by id. Which is cheapest depends on how many numbers there are, here and in the account.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby

from reconciler.core.fields import Listing


class Way(Enum):
    """How rows are read; the value is what a person is told."""

    SCAN = "the whole list"
    DIGITS = "only numbers that begin like the declared ones"
    EXACT = "only the declared numbers"
    SINGLE = "the declared numbers, one by one"


FIRST_PAGE = "the first page, which tells how many numbers there are"
_FEWEST_DIGITS = 3
"""The filter on digits "requires at least three"."""

_BY_DIGITS = frozenset({Listing.SLIM, Listing.NUMBERS, Listing.VOICE})
_WITHOUT_ID = Listing.SLIM
"""No call gives one row of the slim list."""


@dataclass(frozen=True, slots=True)
class Run:
    """Numbers that one filter finds: by the digits they begin with, or as they are."""

    digits: str
    numbers: tuple[str, ...]

    @property
    def is_one(self) -> bool:
        """Whether it is for a single number."""
        return len(self.numbers) == 1


@dataclass(frozen=True, slots=True)
class Choice:
    """The cheapest way to read `numbers` (E.164) of a list.

    `calls` is what it takes at most, as far as can be told beforehand, and `whole` what reading
    the list from its first page would. `runs` are the filters, for the ways that filter; `alone`
    is what the numbers by themselves would take, all told, where that is no less than the list.
    """

    listing: Listing
    way: Way
    numbers: tuple[str, ...]
    calls: int
    whole: int
    runs: tuple[Run, ...] = ()
    alone: int = 0

    def __str__(self) -> str:
        if self.way is not Way.SCAN:
            return self.told()
        if self.whole == 1 or not self.alone:
            return Way.SCAN.value
        return f"{Way.SCAN.value}; the declared numbers alone would take {self.alone:,} calls"

    def told(self, *, first_page: bool = False, apart: int = 0) -> str:
        """A way that reads a part, in words: whether the first page was read before, and how many
        of the numbers were asked for one by one beside the filters."""
        ways = [FIRST_PAGE] if first_page else []
        if self.runs or not first_page:
            ways.append(self.way.value)
        if apart:
            ways.append(f"{apart:,} one by one")
        return f"{', and '.join(ways)}; the whole list would take {self.whole:,} calls"


def choose(
    listing: Listing,
    numbers: Sequence[str],
    *,
    rows: int,
    page_size: int,
    pages_read: int = 0,
    with_ids: bool = True,
    prefer_scan: bool = True,
) -> Choice:
    """The way with the fewest calls, where the whole list has some `rows`.

    `pages_read` of it were read already. `with_ids` is whether the numbers' ids are known. On a
    tie `prefer_scan` decides: a whole list checks itself, against numbers that nobody asked for.
    """
    whole = max(-(-rows // page_size), 1)
    scan = whole - pages_read
    wanted = tuple(numbers)
    few = _few(listing, wanted, rows, page_size, with_ids=with_ids)
    if few is None or few.calls > scan or (few.calls == scan and prefer_scan):
        alone = few.calls + pages_read if few else 0
        return Choice(listing, Way.SCAN, wanted, scan, whole, alone=alone)
    return Choice(listing, few.way, wanted, few.calls, whole, few.runs)


def at_most(listing: Listing, numbers: Collection[str], *, rows: int, page_size: int) -> int:
    """Calls that `choose` needs at most for numbers whose ids are known: its choice between the
    ways, without working out the best filters."""
    options = [max(-(-rows // page_size), 1)]
    if listing is not _WITHOUT_ID:
        options.append(len(numbers))
    if listing is Listing.MESSAGING:
        options.append(-(-len(numbers) // page_size))
    if listing in _BY_DIGITS and options[0] > 1:
        for left_open in (2, 3):
            beginnings = {number[:-left_open] for number in numbers}
            options.append(len(beginnings) * _pages(left_open, rows, page_size))
    return min(options)


def _few(
    listing: Listing, numbers: tuple[str, ...], rows: int, page_size: int, *, with_ids: bool
) -> Choice | None:
    """The cheapest way that reads less than the list; None where there is none."""
    single = with_ids and listing is not _WITHOUT_ID
    count = len(numbers)
    if count == 1 and single:
        return Choice(listing, Way.SINGLE, numbers, 1, 0)
    if listing is Listing.MESSAGING:
        pages = range(0, count, page_size)
        runs = tuple(Run("", numbers[at : at + page_size]) for at in pages)
        return Choice(listing, Way.EXACT, numbers, len(runs), 0, runs)
    if listing not in _BY_DIGITS:
        return Choice(listing, Way.SINGLE, numbers, count, 0) if single else None
    if -(-count // page_size) >= -(-rows // page_size):
        return None  # no filter gives more than a page a call
    calls, runs = digit_runs(numbers, rows=rows, page_size=page_size)
    if single and all(len(run.numbers) == 1 for run in runs):
        return Choice(listing, Way.SINGLE, numbers, count, 0)
    return Choice(listing, Way.DIGITS, numbers, calls, 0, runs)


def digit_runs(numbers: Sequence[str], *, rows: int, page_size: int) -> tuple[int, tuple[Run, ...]]:
    """Filters on leading digits that together find all of `numbers`, and the calls they take.

    Of every number that begins alike the account may hold each one, so a filter that leaves k
    digits open counts as 10**k rows, but never more than the `rows` there are. With that the
    result is the cheapest: each branch of the tree of digits is asked for whole or in its parts.
    """
    calls = 0
    runs: list[Run] = []
    by_length = sorted(
        {number.lstrip("+") for number in numbers}, key=lambda each: (len(each), each)
    )
    for length, group in groupby(by_length, key=len):
        cost, found = _cover(list(group), length, 0, rows, page_size)
        calls += cost
        runs += found
    return calls, tuple(runs)


def _cover(
    ordered: list[str], length: int, depth: int, rows: int, page_size: int
) -> tuple[int, list[Run]]:
    """The cheapest filters for digits in order, which agree in the first `depth`."""
    first, last = ordered[0], ordered[-1]
    if first == last:
        return 1, [Run(first, ("+" + first,))]
    while first[depth] == last[depth]:
        depth += 1
    whole = _pages(length - depth, rows, page_size)
    if depth >= _FEWEST_DIGITS and whole == 1:
        return 1, [_run(first[:depth], ordered)]
    calls = 0
    runs: list[Run] = []
    for part in _parts(ordered, depth):
        cost, found = _cover(part, length, depth, rows, page_size)
        calls += cost
        runs += found
    if depth >= _FEWEST_DIGITS and whole < calls:
        return whole, [_run(first[:depth], ordered)]
    return calls, runs


def _pages(open_digits: int, rows: int, page_size: int) -> int:
    most = rows if open_digits > 9 else min(10**open_digits, rows)
    return max(-(-most // page_size), 1)


def _run(digits: str, ordered: Sequence[str]) -> Run:
    return Run(digits, tuple("+" + each for each in ordered))


def _parts(ordered: Sequence[str], depth: int) -> Iterator[list[str]]:
    for _, group in groupby(ordered, key=lambda each: each[depth]):
        yield list(group)
