"""Rows of the lists -> a snapshot: nothing guessed, nothing lost, nothing trusted."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.catalogue import BY_PATH
from reconciler.core.fields import Kind, Listing, Type
from reconciler.core.values import UNKNOWN
from tests.plan.world import (
    CHEAP,
    CNAM,
    FORWARDING,
    N1,
    N2,
    OTHER_TRUNK,
    PROFILE_ID,
    RECORDING,
    SCREENING,
    TRUNK,
    WHOLE_ACCOUNT,
    Phone,
    Row,
    account,
    live,
    phone,
    snapshot_of,
    why,
)

FULL, SLIM, VOICE, MESSAGING = Listing.NUMBERS, Listing.SLIM, Listing.VOICE, Listing.MESSAGING
TEXT_FIELDS = ("connection_id", "billing_group_id", "customer_reference", "external_pin")


def bent(listing: Listing, **changes: Any) -> Phone:
    """A number whose row in one list says something else; `...` takes the key away."""
    found = phone()
    bend(found.row(listing), changes)
    return found


def bend(row: Row, changes: dict[str, Any]) -> None:
    for key, value in changes.items():
        if value is ...:
            row.pop(key, None)
        elif isinstance(value, dict) and isinstance(row.get(key), dict):
            bend(row[key], value)
        else:
            row[key] = value


@pytest.mark.parametrize("empty", ["", None])
@pytest.mark.parametrize("path", TEXT_FIELDS)
def test_an_empty_text_and_null_are_the_same_unset(path: str, empty: str | None) -> None:
    found = phone()
    bend(found.row(FULL), {path: empty})
    bend(found.row(VOICE), {"connection_id": ..., "customer_reference": ...})
    assert live(account(found), path) is None


@pytest.mark.parametrize("path", TEXT_FIELDS)
def test_a_text_that_the_slim_list_leaves_out_is_unset(path: str) -> None:
    found = bent(SLIM, **{path: ...})
    bend(found.row(VOICE), {"connection_id": ..., "customer_reference": ...})
    assert live(account(found, lists=CHEAP), path) is None


@pytest.mark.parametrize("path", TEXT_FIELDS)
def test_a_nullable_text_that_the_full_list_leaves_out_is_unknown(path: str) -> None:
    found = bent(FULL, **{path: ...})
    bend(found.row(VOICE), {"connection_id": ..., "customer_reference": ...})
    assert live(account(found), path) is UNKNOWN


def test_a_list_that_only_bears_witness_is_not_read_in_place_of_another() -> None:
    snapshot = account(bent(FULL, connection_id=...))
    assert live(snapshot, "connection_id") is UNKNOWN


def test_a_profile_that_no_list_shows_is_unknown() -> None:
    found = bent(MESSAGING, messaging_profile_id=...)
    bend(found.row(FULL), {"messaging_profile_id": ...})
    snapshot = account(found)
    assert live(snapshot, PROFILE_ID) is UNKNOWN
    assert why(snapshot, PROFILE_ID) == "the messaging list does not carry it for this number"


@pytest.mark.parametrize(
    "path",
    [p for p, row in BY_PATH[Kind.NUMBER].items() if row.type is Type.BOOLEAN and row.reads],
)
def test_a_boolean_that_is_left_out_is_unknown(path: str) -> None:
    found = phone()
    for read in BY_PATH[Kind.NUMBER][path].reads:
        level = found.row(read.listing)
        for step in read.at[:-1]:
            level = level[step]
        level.pop(read.at[-1])
    assert live(account(found), path) is UNKNOWN


def test_an_enum_that_is_left_out_is_unknown() -> None:
    assert live(account(bent(VOICE, usage_payment_method=...)), "voice.usage_payment_method") is (
        UNKNOWN
    )


@pytest.mark.parametrize("target", ["", None, ...])
def test_a_forwarding_type_left_out_without_a_target_is_unset(target: object) -> None:
    found = bent(VOICE, call_forwarding={"forwarding_type": ..., "forwards_to": target})
    assert live(account(found), f"{FORWARDING}.forwarding_type") is None


def test_a_forwarding_type_left_out_beside_a_target_is_unknown() -> None:
    found = bent(VOICE, call_forwarding={"forwarding_type": ..., "forwards_to": "+13035559123"})
    assert live(account(found), f"{FORWARDING}.forwarding_type") is UNKNOWN


@pytest.mark.parametrize("parent", [..., None, "off", []])
def test_a_nested_object_that_is_missing_says_nothing_of_its_fields(parent: object) -> None:
    snapshot = account(bent(VOICE, cnam_listing=parent))
    assert live(snapshot, f"{CNAM}.cnam_listing_details") is UNKNOWN


@pytest.mark.parametrize("value", ["block_calls", "Disabled", "disabled\n", 1, True, ["disabled"]])
def test_an_enum_value_that_nobody_documents_is_unknown(value: object) -> None:
    found = bent(VOICE, inbound_call_screening=value)
    bend(found.row(FULL), {"inbound_call_screening": value})
    snapshot = account(found)
    assert live(snapshot, SCREENING) is UNKNOWN
    assert why(snapshot, SCREENING) == (
        "the voice list holds a value that the specification does not know"
    )


@pytest.mark.parametrize("value", [15, 15.0, True, ["x"], {"id": "x"}])
@pytest.mark.parametrize("path", TEXT_FIELDS)
def test_what_is_no_text_where_text_belongs_is_unknown(path: str, value: object) -> None:
    found = bent(FULL, **{path: value})
    bend(found.row(VOICE), {"connection_id": ..., "customer_reference": ...})
    assert live(account(found), path) is UNKNOWN


@pytest.mark.parametrize("value", [0, 1, "true", "", None, []])
def test_what_is_no_boolean_where_one_belongs_is_unknown(value: object) -> None:
    assert live(account(bent(FULL, hd_voice_enabled=value)), "hd_voice_enabled") is UNKNOWN


def test_one_wrong_boolean_does_not_change_what_another_number_holds() -> None:
    wrong, right = bent(FULL, hd_voice_enabled=1), phone(2, hd_voice_enabled=True)
    snapshot = account(wrong, right)
    assert [live(snapshot, "hd_voice_enabled", each) for each in (N1, N2)] == [UNKNOWN, True]


@pytest.mark.parametrize("tags", ["support", {"support": True}, [1], [None], ["a", ["b"]]])
def test_what_is_no_list_of_texts_is_no_tags(tags: object) -> None:
    assert live(account(bent(FULL, tags=tags)), "tags") is UNKNOWN


def test_order_and_repeats_of_tags_do_not_count_but_case_does() -> None:
    assert live(account(phone(tags=["b", "B", "a", "b"])), "tags") == ("B", "a", "b")


def test_null_tags_are_no_tags() -> None:
    assert live(account(phone(tags=None)), "tags") == ()


def test_tags_that_are_left_out_are_unknown() -> None:
    assert live(account(bent(SLIM, tags=...), lists=CHEAP), "tags") is UNKNOWN


@pytest.mark.parametrize(
    "id_", ["../phone_numbers/1", "1/2", "a?b", "a#b", "", ".", "1\n", "é", "x" * 129]
)
def test_an_id_that_could_bend_a_url_is_a_conflict(id_: str) -> None:
    snapshot = account(Phone(N1, id=id_) if id_ else _without_id())
    assert snapshot.conflicts == {N1: "the number list gives it an unusable id"}
    assert not snapshot.numbers


def _without_id() -> Phone:
    found = phone()
    for row in found.rows.values():
        row["id"] = ""
    return found


def test_a_number_under_two_ids_is_a_conflict_and_not_owned_twice() -> None:
    snapshot = account(Phone(N1, id="1"), Phone(N1, id="2"), phone(2))
    assert snapshot.conflicts == {N1: "the number list holds it under two ids"}
    assert list(snapshot.numbers) == [N2]


@pytest.mark.parametrize("path", ["connection_id", "customer_reference"])
def test_lists_that_disagree_make_the_whole_number_unknown(path: str) -> None:
    snapshot = account(bent(VOICE, **{path: OTHER_TRUNK}), phone(2))
    assert set(snapshot.numbers[N1].values) == {UNKNOWN}
    assert why(snapshot, "tags") == (f"the number list and the voice list disagree about {path}")
    assert live(snapshot, path, N2) is not UNKNOWN


def test_lists_that_disagree_about_a_switch_make_the_whole_number_unknown() -> None:
    snapshot = account(bent(FULL, call_recording_enabled=True))
    assert why(snapshot, "tags") == (
        "the voice list and the number list disagree about "
        f"{RECORDING}.inbound_call_recording_enabled"
    )


def test_a_second_list_that_leaves_a_field_out_contradicts_nothing() -> None:
    assert live(account(bent(VOICE, connection_id=...)), "connection_id") == TRUNK


def test_an_id_that_another_list_gives_to_another_number_makes_it_unknown() -> None:
    snapshot = account(bent(VOICE, phone_number=N2))
    assert why(snapshot, "tags") == "the voice list gives its id to another number"


def test_a_number_that_a_detail_list_holds_under_another_id_is_unknown() -> None:
    other = Phone(N1, id="2")
    one = Phone(N1, id="1")
    rows = {FULL: [one.row(FULL)], VOICE: [one.row(VOICE)], MESSAGING: [other.row(MESSAGING)]}
    snapshot = snapshot_of(rows)
    assert why(snapshot, "tags") == "the messaging list holds it under another id"


def test_a_detail_row_without_a_number_row_is_a_conflict() -> None:
    found = phone()
    rows = {FULL: [], VOICE: [found.row(VOICE)], MESSAGING: [found.row(MESSAGING)]}
    assert snapshot_of(rows).conflicts == {
        N1: "the voice list and the messaging list hold it, no number list does"
    }


def test_a_number_without_a_voice_row_has_unknown_voice_settings() -> None:
    one, two = phone(1), phone(2)
    rows = {FULL: [one.row(FULL), two.row(FULL)], VOICE: [one.row(VOICE)]}
    snapshot = snapshot_of(rows)
    assert live(snapshot, "voice.tech_prefix_enabled", N2) is UNKNOWN
    assert why(snapshot, "voice.tech_prefix_enabled", N2) == (
        "the voice list has no row for this number"
    )


def test_a_refused_list_leaves_no_column_but_its_reason() -> None:
    snapshot = account(phone(), lists=(FULL, MESSAGING), refused={VOICE: "403 Forbidden"})
    assert "voice.tech_prefix_enabled" not in snapshot.columns[Kind.NUMBER]
    assert snapshot.listings[-1].refused == "403 Forbidden"


@pytest.mark.parametrize(
    ("sent", "read"),
    [("active", "active"), ("port_pending", "port-pending"), ("port-pending", "port-pending")],
)
def test_old_and_new_spellings_of_a_status_are_one(sent: str, read: str) -> None:
    assert account(phone().status(sent)).numbers[N1].status == read


@pytest.mark.parametrize("status", [None, 7, ["active"], {"is": "active"}])
def test_a_status_that_is_no_text_is_no_status(status: object) -> None:
    assert account(bent(FULL, status=status)).numbers[N1].status == ""


def test_a_number_in_both_number_lists_is_mobile() -> None:
    mobile = {"id": "m1", "phone_number": N1, "status": "active", "tags": ["field"]}
    found = phone()
    snapshot = snapshot_of({FULL: [found.row(FULL)], Listing.MOBILE: [mobile]})
    assert snapshot.numbers[N1].kind is Kind.MOBILE
    assert not snapshot.conflicts


def test_equal_values_of_many_numbers_are_one_object() -> None:
    snapshot = account(*(phone(at, tags=["a", "b"]) for at in range(1, 50)), lists=WHOLE_ACCOUNT)
    tags = {id(snapshot.value(each, "tags")) for each in snapshot.numbers.values()}
    assert len(tags) == 1
