"""Which lists are read for which fields: the fewest that hold them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from reconciler.core.catalogue import BY_PATH, SUPPORTED
from reconciler.core.fetchplan import EVERYTHING, Needs, lists_for
from reconciler.core.fields import Kind, Listing
from tests.plan.world import CNAM, FORWARDING, PRODUCT, PROFILE_ID, SCREENING

SLIM, FULL, VOICE, MESSAGING = (
    Listing.SLIM,
    Listing.NUMBERS,
    Listing.VOICE,
    Listing.MESSAGING,
)


def listings_for(paths: Iterable[str]) -> tuple[Listing, ...]:
    return lists_for(Needs({Kind.NUMBER: frozenset(paths)}))


@pytest.mark.parametrize(
    ("paths", "lists"),
    [
        ((), (SLIM,)),
        (("tags",), (SLIM,)),
        (("tags", "connection_id", "external_pin"), (SLIM,)),
        (("voice.caller_id_name_enabled",), (SLIM,)),
        (("emergency.emergency_enabled",), (SLIM,)),
        (("deletion_lock_enabled",), (FULL,)),
        ((SCREENING,), (SLIM, VOICE)),
        ((f"{FORWARDING}.forwards_to",), (SLIM, VOICE)),
        ((f"{CNAM}.cnam_listing_enabled",), (SLIM, VOICE)),
        ((PROFILE_ID,), (SLIM, MESSAGING)),
        ((PRODUCT,), (SLIM, MESSAGING)),
        (("tags", PRODUCT, SCREENING), (SLIM, VOICE, MESSAGING)),
        (("deletion_lock_enabled", SCREENING, PRODUCT), (FULL, VOICE, MESSAGING)),
        (("bundle_id", "address_id"), (SLIM,)),
    ],
)
def test_only_lists_that_hold_a_declared_field_are_read(
    paths: tuple[str, ...], lists: tuple[Listing, ...]
) -> None:
    assert listings_for(paths) == lists


@pytest.mark.parametrize("path", sorted(SUPPORTED[Kind.NUMBER]))
def test_every_field_that_can_be_declared_stands_in_a_list_that_is_read(path: str) -> None:
    carriers = {read.listing for read in BY_PATH[Kind.NUMBER][path].reads}
    assert carriers & set(listings_for([path]))


@pytest.mark.parametrize("path", sorted(SUPPORTED[Kind.NUMBER]))
def test_every_part_of_a_nested_object_comes_with_each_of_its_fields(path: str) -> None:
    link = BY_PATH[Kind.NUMBER][path].linked
    read = set(listings_for([path]))
    siblings = [row for row in BY_PATH[Kind.NUMBER].values() if link and row.linked == link]
    assert all(read & {each.listing for each in row.reads} for row in siblings)


@pytest.mark.parametrize("path", sorted(SUPPORTED[Kind.NUMBER]))
def test_a_whole_snapshot_holds_every_field_that_can_be_declared(path: str) -> None:
    assert {read.listing for read in BY_PATH[Kind.NUMBER][path].reads} & set(EVERYTHING)
