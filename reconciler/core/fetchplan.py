"""Which lists to read for which fields: the fewest, and the cheapest of those that serve."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.core.catalogue import BY_PATH
from reconciler.core.fields import Kind, Listing

EVERYTHING = (Listing.NUMBERS, Listing.VOICE, Listing.MESSAGING)
"""What a whole snapshot of the account takes."""


def listings_for(paths: Iterable[str]) -> tuple[Listing, ...]:
    """The lists that carry `paths` of plain numbers, the number list itself first.

    The slim list is the cheaper number list and serves unless a field stands only in the full
    one. Every other list is added when a field of it is declared.
    """
    rows = [BY_PATH[Kind.NUMBER][path] for path in paths]
    carriers = [[read.listing for read in row.reads] for row in rows]
    slim = all(lists != [Listing.NUMBERS] for lists in carriers)
    base = Listing.SLIM if slim else Listing.NUMBERS
    more = {
        lists[0] for lists in carriers if lists and lists[0] not in (Listing.SLIM, Listing.NUMBERS)
    }
    return (base, *(each for each in Listing if each in more))
