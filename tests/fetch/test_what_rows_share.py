"""Rows of one list hold one object for what they have in common, and still what each one said."""

from __future__ import annotations

from typing import Any

import msgspec

from reconciler.core.fields import Listing
from reconciler.core.rows import PAGE_ROW_TYPES, Sharing


def rows_of(listing: Listing, said: list[dict[str, Any]]) -> list[Any]:
    """Rows as a page holds them before they share."""
    row: Any = PAGE_ROW_TYPES[listing]
    decoded: list[Any] = msgspec.json.decode(msgspec.json.encode(said), type=list[row])
    return decoded


def test_equal_texts_lists_and_objects_are_one_object_on_all_pages() -> None:
    sharing = Sharing(Listing.VOICE)
    one = {
        "connection_id": "1000000000000001",
        "call_recording": {"inbound_call_recording_enabled": True},
    }
    (first,), (second,) = (rows_of(Listing.VOICE, [{"id": each, **one}]) for each in "12")
    sharing.take([first])
    sharing.take([second])
    assert first.connection_id is second.connection_id
    assert first.call_recording is second.call_recording
    assert second.call_recording == {"inbound_call_recording_enabled": True}
    assert second.emergency is msgspec.UNSET


def test_values_that_belong_in_no_text_come_as_they_are_beside_texts_that_share() -> None:
    odd: list[Any] = ["600000000000", 1, True, None, 1.0, ["x"], {"a": 1}, "600000000000"]
    rows = rows_of(Listing.SLIM, [{"connection_id": value} for value in odd])
    Sharing(Listing.SLIM).take(rows)
    assert [row.connection_id for row in rows] == odd
    assert [type(row.connection_id) for row in rows] == [type(value) for value in odd]
    assert rows[0].connection_id is rows[-1].connection_id


def test_references_that_are_nearly_all_different_are_not_remembered() -> None:
    sharing = Sharing(Listing.SLIM)
    pages = [
        rows_of(
            Listing.SLIM,
            [
                {"customer_reference": f"desk-{at}", "status": "active-1"}
                for at in range(page, page + 250)
            ],
        )
        for page in (0, 250, 500, 750, 0)
    ]
    for page in pages:
        sharing.take(page)
    first, again = pages[0][0], pages[-1][0]
    assert again.customer_reference == first.customer_reference
    assert again.customer_reference is not first.customer_reference
    assert again.status is first.status
