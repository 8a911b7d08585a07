"""Rows of one list hold one object for what they have in common, and still what each one said."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.fields import Listing
from reconciler.core.rows import PAGE_ROW_TYPES, ROW_TYPES, Sharing


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
    (first,), (second,) = (
        sharing.take(rows_of(Listing.VOICE, [{"id": each, **one}])) for each in "12"
    )
    assert first.connection_id is second.connection_id
    assert first.call_recording is second.call_recording
    assert second.call_recording == {"inbound_call_recording_enabled": True}
    assert second.emergency is msgspec.UNSET


def test_values_that_belong_in_no_text_come_as_they_are_beside_texts_that_share() -> None:
    odd: list[Any] = ["600000000000", 1, True, None, 1.0, ["x"], {"a": 1}, "600000000000"]
    rows = rows_of(Listing.SLIM, [{"connection_id": value} for value in odd])
    rows = Sharing(Listing.SLIM).take(rows)
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
    pages = [sharing.take(page) for page in pages]
    first, again = pages[0][0], pages[-1][0]
    assert again.customer_reference == first.customer_reference
    assert again.customer_reference is not first.customer_reference
    assert again.status is first.status


_SAID = st.one_of(
    st.sampled_from(["a", "b", "", True, False, None, 1, 0, 1.0, 0.0]),
    st.lists(st.sampled_from(["x", "y"]), max_size=2),
    st.dictionaries(st.sampled_from(["k"]), st.sampled_from([True, 1, "a", None])),
)
_KEYS = ("status", "connection_id", "translated_number", "call_recording", "call_forwarding")
_ROWS: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.builds(
        dict,
        st.lists(st.tuples(st.sampled_from(_KEYS), _SAID), max_size=len(_KEYS)),
        id=st.sampled_from("123"),
    ),
    max_size=12,
)


@given(st.lists(_ROWS, max_size=3))
def test_whatever_rows_hold_they_hold_afterwards(pages: list[list[dict[str, Any]]]) -> None:
    sharing = Sharing(Listing.VOICE)
    for page in pages:
        rows = sharing.take(rows_of(Listing.VOICE, page))
        assert len(rows) == len(page)
        for row, said in zip(rows, page, strict=True):
            held = {key: getattr(row, key) for key in row.__struct_fields__}
            told = {key: value for key, value in held.items() if value is not msgspec.UNSET}
            assert repr(sorted(told.items())) == repr(sorted(said.items()))
            assert type(row) is ROW_TYPES[Listing.VOICE]
