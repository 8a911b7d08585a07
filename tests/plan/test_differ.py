"""What differs: absent is left alone, null clears, a value sets, unknown is never a match."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.catalogue import BY_PATH
from reconciler.core.changes import Action, Difference
from reconciler.core.diff import diff, risks, why_not_read
from reconciler.core.fields import Kind, Listing
from reconciler.core.model import Desired, DesiredNumber, Settings, Snapshot, Source
from reconciler.core.values import LIVE_SECRET, UNKNOWN, Secret, TagEdit
from reconciler.errors import InputError
from reconciler.report.jsonreport import plan_json
from reconciler.report.text import drift_text, plan_text
from tests.plan.world import (
    CNAM,
    FORWARDING,
    GROUP,
    N1,
    N2,
    N3,
    OTHER_TRUNK,
    PROFILE,
    PROFILE_ID,
    RECORDING,
    SCREENING,
    TRUNK,
    Phone,
    account,
    compare,
    declare,
    declared,
    e164,
    phone,
    plan_for,
    snapshot_of,
)

FULL, VOICE, MESSAGING = Listing.NUMBERS, Listing.VOICE, Listing.MESSAGING
PIN = Secret("env:PIN_DESK_1")
SECRETS = {"env:PIN_DESK_1": "7315"}


def moves(difference: Difference) -> dict[str, dict[str, tuple[object, object]]]:
    """`before` and `after` by number and path."""
    return {
        change.phone_number: {field.path: (field.before, field.after) for field in change.fields}
        for change in difference.changes
    }


def one_move(difference: Difference) -> dict[str, tuple[object, object]]:
    ((_, fields),) = moves(difference).items()
    return fields


def reasons(difference: Difference) -> dict[tuple[str, str], str]:
    return {(each.phone_number, each.path): each.reason for each in difference.unknown}


# ---- the three states --------------------------------------------------------------------------


def test_a_field_that_is_absent_is_left_alone() -> None:
    found = compare(declared(f"numbers: {{'{N1}': {{}}}}"), account(phone(tags=["x"])))
    assert not found.changes
    assert found.unchanged == 1


def test_null_clears_what_is_set() -> None:
    desired = declared(f"numbers: {{'{N1}': {{connection_id: null}}}}")
    assert one_move(compare(desired, account(phone()))) == {"connection_id": (TRUNK, None)}


@pytest.mark.parametrize("empty", ["", None])
def test_null_matches_what_is_not_set(empty: str | None) -> None:
    desired = declared(f"numbers: {{'{N1}': {{customer_reference: null}}}}")
    assert not compare(desired, account(phone(customer_reference=empty))).changes


def test_null_tags_clear_all_tags() -> None:
    desired = declared(f"numbers: {{'{N1}': {{tags: null}}}}")
    assert one_move(compare(desired, account(phone(tags=["a"])))) == {"tags": (("a",), ())}


def test_a_value_sets() -> None:
    desired = declared(f"numbers: {{'{N1}': {{voice: {{inbound_call_screening: flag_calls}}}}}}")
    assert one_move(compare(desired, account(phone()))) == {SCREENING: ("disabled", "flag_calls")}


def test_tags_in_another_order_are_no_change() -> None:
    desired = declared(f"numbers: {{'{N1}': {{tags: [b, a, b]}}}}")
    assert not compare(desired, account(phone(tags=["a", "b", "a"]))).changes


def test_text_that_looks_like_a_number_equals_only_the_same_text() -> None:
    desired = declare({N1: {"customer_reference": "1"}})
    assert one_move(compare(desired, account(phone(customer_reference="01")))) == {
        "customer_reference": ("01", "1")
    }


# ---- tag edits on live tags --------------------------------------------------------------------


def test_an_edit_of_live_tags_shows_whole_lists() -> None:
    desired = declared(f"numbers: {{'{N1}': {{tags: {{add: [new], remove: [old]}}}}}}")
    found = compare(desired, account(phone(tags=["old", "kept"])))
    assert one_move(found) == {"tags": (("kept", "old"), ("kept", "new"))}


def test_an_edit_that_is_done_already_is_no_change() -> None:
    desired = declared(f"numbers: {{'{N1}': {{tags: {{add: [new], remove: [old]}}}}}}")
    assert not compare(desired, account(phone(tags=["new", "kept"]))).changes


def test_an_edit_of_tags_that_cannot_be_read_is_unknown() -> None:
    desired = declared(f"numbers: {{'{N1}': {{tags: {{add: [new]}}}}}}")
    assert reasons(compare(desired, account(phone(tags="not a list")))) == {
        (N1, "tags"): "the number list holds a value that the specification does not know"
    }


# ---- unknown -----------------------------------------------------------------------------------


def test_a_field_that_a_refused_list_holds_is_unknown_with_the_refusal() -> None:
    snapshot = account(phone(), lists=(FULL, MESSAGING), refused={VOICE: "403 Forbidden"})
    found = compare(declare({N1: {"voice.tech_prefix_enabled": False}}), snapshot)
    assert reasons(found) == {
        (N1, "voice.tech_prefix_enabled"): "the voice list could not be read: 403 Forbidden"
    }
    assert (found.unchanged, found.not_owned) == (0, ())


def test_a_field_whose_list_was_not_asked_for_is_unknown() -> None:
    snapshot = account(phone(), lists=(FULL,))
    found = compare(declare({N1: {"messaging.messaging_product": "A2P"}}), snapshot)
    assert reasons(found) == {
        (N1, "messaging.messaging_product"): "the snapshot does not hold the messaging list"
    }


def test_null_is_no_match_for_unknown() -> None:
    snapshot = account(phone(), lists=(Listing.SLIM,))
    found = compare(declare({N1: {PROFILE_ID: None}}), snapshot)
    assert not found.changes
    assert [each.path for each in found.unknown] == [PROFILE_ID]


def test_an_enum_value_that_nobody_documents_is_not_planned() -> None:
    found = phone().have({SCREENING: "block_everything"})
    difference = compare(declare({N1: {SCREENING: "disabled"}}), account(found))
    assert not difference.changes
    assert list(reasons(difference)) == [(N1, SCREENING)]


def test_one_unknown_field_does_not_hold_back_the_others() -> None:
    snapshot = account(phone(), lists=(FULL,))
    found = compare(declare({N1: {"customer_reference": "a", PROFILE_ID: PROFILE}}), snapshot)
    # The full list shows the profile too, but the field belongs to the list that was not read.
    assert list(moves(found)[N1]) == ["customer_reference"]
    found = compare(
        declare({N1: {"customer_reference": "a", "voice.tech_prefix_enabled": True}}), snapshot
    )
    assert list(moves(found)[N1]) == ["customer_reference"]
    assert found.unchanged == 0


def test_a_nested_object_with_an_unknown_part_is_not_written_at_all() -> None:
    found = phone().have({f"{RECORDING}.inbound_call_recording_format": "ogg"})
    desired = declare({N1: {f"{RECORDING}.inbound_call_recording_enabled": True}})
    difference = compare(desired, account(found))
    assert not difference.changes
    assert reasons(difference) == {
        (N1, f"{RECORDING}.inbound_call_recording_enabled"): (
            f"{RECORDING}.inbound_call_recording_format cannot be read, "
            f"and {RECORDING} is written as a whole"
        )
    }


def test_a_nested_object_whose_list_was_refused_is_not_written_from_another_list() -> None:
    snapshot = account(phone(), lists=(FULL, MESSAGING), refused={VOICE: "403 Forbidden"})
    desired = declare(
        {
            N1: {
                f"{FORWARDING}.call_forwarding_enabled": True,
                f"{FORWARDING}.forwards_to": "+13035559123",
            }
        }
    )
    difference = compare(desired, snapshot)
    assert not difference.changes
    assert len(difference.unknown) == 2


def test_a_nested_object_in_order_is_written_beside_one_that_is_not() -> None:
    found = phone().have({f"{RECORDING}.inbound_call_recording_format": "ogg"})
    desired = declare(
        {
            N1: {
                f"{RECORDING}.inbound_call_recording_enabled": True,
                f"{CNAM}.cnam_listing_enabled": True,
                f"{CNAM}.cnam_listing_details": "ACME",
            }
        }
    )
    assert list(moves(compare(desired, account(found)))[N1]) == [
        f"{CNAM}.cnam_listing_enabled",
        f"{CNAM}.cnam_listing_details",
    ]


def test_a_number_that_the_lists_contradict_is_unknown_and_not_not_owned() -> None:
    snapshot = account(Phone(N1, id="1"), Phone(N1, id="2"))
    found = compare(declare({N1: {"customer_reference": "a"}}), snapshot)
    assert not found.not_owned
    assert reasons(found) == {(N1, "customer_reference"): "the number list holds it under two ids"}


def test_a_contradicted_number_that_manages_nothing_is_still_unknown() -> None:
    snapshot = account(Phone(N1, id="1"), Phone(N1, id="2"))
    found = compare(declare({N1: {}}), snapshot)
    assert [each.path for each in found.unknown] == [""]


def test_without_a_number_list_nothing_is_not_owned() -> None:
    snapshot = snapshot_of({MESSAGING: [phone().row(MESSAGING)]}, refused={FULL: "403"})
    found = compare(declare({N2: {"customer_reference": "a"}}), snapshot)
    assert not found.not_owned
    assert reasons(found) == {(N2, "customer_reference"): "the number list could not be read: 403"}


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        ({}, "the snapshot does not hold the voice list"),
        ({MESSAGING: "403 Forbidden"}, "the snapshot does not hold the voice list"),
        (
            {MESSAGING: "403 Forbidden", VOICE: "500 again"},
            "the voice list could not be read: 500 again",
        ),
    ],
)
def test_a_refusal_of_another_list_is_not_the_reason(
    refused: dict[Listing, str], reason: str
) -> None:
    snapshot = account(phone(), lists=(FULL,), refused=refused)
    found = compare(declare({N1: {"voice.tech_prefix_enabled": True}}), snapshot)
    assert reasons(found) == {(N1, "voice.tech_prefix_enabled"): reason}


def test_every_list_that_would_hold_a_field_is_named() -> None:
    assert why_not_read(account(phone()), Kind.NUMBER, "tags") == (
        "the snapshot does not hold the number list or the slim number list"
    )


# ---- what cannot be read, and may be written all the same --------------------------------------


def unread(path: str, wanted: object, *, allowed: bool) -> Difference:
    """Of an account without the voice list, and a number list that leaves tags out."""
    number = phone()
    del number.row(Listing.SLIM)["tags"]
    snapshot = account(number, lists=(Listing.SLIM, MESSAGING))
    return diff(declare({N1: {path: wanted}}), snapshot, {}, write_unread=allowed)


def test_what_cannot_be_read_is_written_where_that_is_allowed() -> None:
    found = unread("voice.tech_prefix_enabled", True, allowed=True)
    assert one_move(found) == {"voice.tech_prefix_enabled": (UNKNOWN, True)}
    assert not found.unknown


def test_what_cannot_be_read_is_unknown_where_writing_it_is_not_allowed() -> None:
    desired = declare({N1: {"voice.tech_prefix_enabled": True}})
    found = diff(desired, account(phone(), lists=(FULL,)), {})
    assert not found.changes
    assert list(reasons(found)) == [(N1, "voice.tech_prefix_enabled")]


def test_a_write_only_field_is_a_change_allowed_or_not() -> None:
    assert one_move(unread("bundle_id", GROUP, allowed=False)) == {"bundle_id": (UNKNOWN, GROUP)}


def test_an_edit_of_tags_that_cannot_be_read_is_never_written() -> None:
    found = unread("tags", TagEdit(frozenset({"a"}), frozenset()), allowed=True)
    assert not found.changes
    assert list(reasons(found)) == [(N1, "tags")]


def test_a_part_of_a_nested_object_that_cannot_be_read_is_never_written() -> None:
    found = unread(f"{CNAM}.cnam_listing_enabled", True, allowed=True)
    assert not found.changes
    assert list(reasons(found)) == [(N1, f"{CNAM}.cnam_listing_enabled")]


def test_a_number_that_the_lists_disagree_about_is_never_written() -> None:
    bent = phone()
    bent.row(VOICE)["connection_id"] = OTHER_TRUNK
    desired = declare({N1: {"customer_reference": "a"}})
    found = diff(desired, account(bent), {}, write_unread=True)
    assert not found.changes
    assert list(reasons(found)) == [(N1, "customer_reference")]


# ---- not owned, unmanaged, withheld ------------------------------------------------------------


def test_a_declared_number_that_the_account_lacks_is_not_owned_with_its_line() -> None:
    desired = declared(f"numbers:\n  '{N1}': {{}}\n  '{N2}': {{}}\n")
    found = compare(desired, account(phone(1)))
    assert [(each.phone_number, str(each.source)) for each in found.not_owned] == [
        (N2, "fleet.yaml:3")
    ]


def test_a_number_to_give_back_that_is_gone_already_is_done() -> None:
    found = compare(declared(f"numbers: {{'{N1}': {{release: true}}}}"), account())
    assert (found.unchanged, found.changes, found.not_owned) == (1, (), ())


def test_a_number_to_give_back_that_the_lists_contradict_is_not_done() -> None:
    snapshot = account(Phone(N1, id="1"), Phone(N1, id="2"))
    found = compare(declared(f"numbers: {{'{N1}': {{release: true}}}}"), snapshot)
    assert (found.unchanged, found.changes) == (0, ())
    assert list(reasons(found)) == [(N1, "")]


def test_a_number_that_is_to_be_given_back_is_not_unchanged_too() -> None:
    found = diff(declared(f"numbers: {{'{N1}': {{release: true}}}}"), account(phone()), {})
    assert [change.action for change in found.changes] == [Action.RELEASE]
    assert found.unchanged == 0


def test_a_number_that_may_be_missing_is_unknown_where_the_lists_contradict_it() -> None:
    snapshot = account(Phone(N1, id="1"), Phone(N1, id="2"))
    found = compare(declared(f"numbers: {{'{N1}': {{when_owned: true}}}}"), snapshot)
    assert (found.awaited, found.unchanged, len(found.unknown)) == ((), 0, 1)


def test_a_declared_number_in_another_list_is_not_one_that_nobody_declares() -> None:
    mobile = {"id": "m1", "phone_number": N1, "status": "active", "tags": []}
    snapshot = snapshot_of({Listing.MOBILE: [mobile]}, refused={FULL: "403"})
    found = compare(declare({N1: {"customer_reference": "a"}}), snapshot)
    assert (found.unmanaged, len(found.unknown)) == (0, 1)


def test_live_numbers_that_nobody_declares_are_counted_and_left_alone() -> None:
    found = compare(declare({N1: {}}), account(phone(1), phone(2), phone(3)))
    assert found.unmanaged == 2
    assert not found.changes


@pytest.mark.parametrize("status", ["port-pending", "deleted", "", "something-new"])
def test_only_active_numbers_are_written(status: str) -> None:
    snapshot = account(phone().status(status))
    found = compare(declare({N1: {"customer_reference": "a"}}), snapshot)
    assert not found.changes
    (held,) = found.withheld
    assert (held.path, held.before, held.after) == ("customer_reference", None, "a")
    assert (held.rule, held.reason) == (
        "status",
        f"its status is {status or 'not given'}; only active numbers are written",
    )


def test_an_inactive_number_that_is_as_declared_is_unchanged() -> None:
    snapshot = account(phone(customer_reference="a").status("port-pending"))
    found = compare(declare({N1: {"customer_reference": "a"}}), snapshot)
    assert (found.unchanged, found.withheld) == (1, ())


def test_a_number_declared_as_another_kind_is_an_error_that_says_where_it_belongs() -> None:
    mobile = {"id": "m1", "phone_number": N1, "status": "active", "tags": []}
    snapshot = snapshot_of({FULL: [], Listing.MOBILE: [mobile]})
    with pytest.raises(InputError) as raised:
        compare(declared(f"numbers:\n  '{N1}': {{tags: [a]}}\n"), snapshot)
    assert str(raised.value) == (
        f"fleet.yaml:2:3: {N1} is not one of numbers in the account: "
        "declare it under mobile_numbers"
    )


# ---- PINs --------------------------------------------------------------------------------------


def pins(live: str | None, wanted: Secret | None = PIN) -> tuple[Desired, Snapshot]:
    return declare({N1: {"external_pin": wanted}}), account(phone(external_pin=live))


def test_a_pin_that_is_live_already_is_no_change() -> None:
    assert not compare(*pins("7315"), SECRETS).changes


@pytest.mark.parametrize(
    ("live", "wanted", "before"),
    [("1111", PIN, LIVE_SECRET), ("", PIN, None), ("1111", None, LIVE_SECRET)],
)
def test_a_pin_that_differs_is_a_change_without_its_value(
    live: str, wanted: Secret | None, before: Secret | None
) -> None:
    assert one_move(compare(*pins(live, wanted), SECRETS)) == {"external_pin": (before, wanted)}


def test_neither_the_live_nor_the_declared_pin_is_in_any_output() -> None:
    desired, snapshot = pins("8642")
    plan = plan_for(desired, snapshot, secrets=SECRETS)
    outputs = [
        repr(plan),
        plan_json(plan),
        plan_text(plan, reads=1),
        drift_text(plan, reads=1),
    ]
    assert not [pin for text in outputs for pin in ("7315", "8642") if pin in text]


def masked() -> Snapshot:
    """One number, of which the snapshot says only that it has a PIN."""
    snapshot = account(phone())
    values = snapshot.numbers[N1].values
    place = snapshot.columns[Kind.NUMBER].index("external_pin")
    return _with_values(snapshot, (*values[:place], LIVE_SECRET, *values[place + 1 :]))


def test_a_pin_is_unknown_where_the_snapshot_only_says_that_there_is_one() -> None:
    found = compare(declare({N1: {"external_pin": PIN}}), masked(), SECRETS)
    assert reasons(found) == {
        (N1, "external_pin"): (
            "the snapshot does not hold PINs; plan against the account to compare"
        )
    }


def test_a_pin_that_cannot_be_told_hides_nothing_that_comes_after_it() -> None:
    wishes = {"external_pin": PIN, "hd_voice_enabled": True}
    found = compare(declare({N1: wishes}), masked(), SECRETS)
    assert one_move(found) == {"hd_voice_enabled": (False, True)}


def _with_values(snapshot: Snapshot, values: tuple[Any, ...]) -> Snapshot:
    number = snapshot.numbers[N1]._replace(values=values)
    return replace(snapshot, numbers={N1: number})


# ---- risk and sharing --------------------------------------------------------------------------


def risk_of(path: str, wanted: object, found: Phone) -> tuple[str, ...]:
    difference = compare(declare({N1: {path: wanted}}), account(found), SECRETS)
    return difference.changes[0].fields[0].risk


@pytest.mark.parametrize(
    ("path", "wanted", "risk"),
    [
        ("connection_id", OTHER_TRUNK, ("connection",)),
        ("connection_id", None, ("connection", "unassign")),
        ("external_pin", PIN, ("pin",)),
        ("hd_voice_enabled", True, ("cost",)),
        (SCREENING, "flag_calls", ("cost",)),
        ("customer_reference", "a", ()),
        (PROFILE_ID, PROFILE, ()),
    ],
)
def test_a_change_names_its_risk(path: str, wanted: object, risk: tuple[str, ...]) -> None:
    assert risk_of(path, wanted, phone()) == risk


@pytest.mark.parametrize(
    ("path", "before", "after", "risk"),
    [
        ("deletion_lock_enabled", True, False, ("unlock",)),
        ("deletion_lock_enabled", False, True, ()),
        ("voice.tech_prefix_enabled", True, False, ()),
        (PROFILE_ID, PROFILE, None, ("unassign",)),
        ("customer_reference", "a", None, ()),
    ],
)
def test_what_is_taken_away_may_be_a_risk(
    path: str, before: Any, after: Any, risk: tuple[str, ...]
) -> None:
    assert risks(BY_PATH[Kind.NUMBER][path], before, after) == risk


def test_numbers_that_change_alike_share_one_change() -> None:
    text = "groups: {all: {tags: [x]}}\nnumbers:\n" + "".join(
        f"  '{e164(at)}': {{groups: [all]}}\n" for at in range(1, 40)
    )
    found = compare(declared(text), account(*(phone(at) for at in range(1, 40))))
    assert len({id(field) for change in found.changes for field in change.fields}) == 1


def test_numbers_that_change_alike_from_different_lines_keep_their_lines() -> None:
    text = f"numbers:\n  '{N1}': {{tags: [x]}}\n  '{N2}': {{tags: [x]}}\n"
    found = compare(declared(text), account(phone(1), phone(2)))
    assert [str(change.fields[0].source) for change in found.changes] == [
        "fleet.yaml:2",
        "fleet.yaml:3",
    ]


def test_the_order_of_changes_is_that_of_the_files() -> None:
    desired = declare({each: {"tags": ("x",)} for each in (N3, N1, N2)})
    found = compare(desired, account(phone(1), phone(2), phone(3)))
    assert [change.phone_number for change in found.changes] == [N3, N1, N2]


def test_settings_made_anew_for_each_number_are_still_told_apart() -> None:
    wanted = {N1: {"customer_reference": "a"}, N2: {"billing_group_id": GROUP}}
    numbers = {
        number: DesiredNumber(
            number,
            Kind.NUMBER,
            Settings(tuple(values), tuple(values.values()), (Source("f", 1),)),
            Source("f", 1),
        )
        for number, values in wanted.items()
    }
    found = compare(Desired(numbers), account(phone(1), phone(2)))
    assert moves(found) == {
        N1: {"customer_reference": (None, "a")},
        N2: {"billing_group_id": (None, GROUP)},
    }


def test_an_edit_of_tags_equals_no_value() -> None:
    assert TagEdit(frozenset(), frozenset()) != TagEdit(frozenset(), frozenset())


# ---- the count of everything -------------------------------------------------------------------

WISHES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "tags": st.sampled_from([(), ("a",), ("a", "b")]),
        "customer_reference": st.sampled_from([None, "x"]),
        "voice.tech_prefix_enabled": st.booleans(),
        f"{RECORDING}.inbound_call_recording_enabled": st.booleans(),
        PROFILE_ID: st.sampled_from([None, PROFILE]),
    },
)


@st.composite
def phones(draw: st.DrawFn) -> list[Phone]:
    found = []
    for at in draw(st.sets(st.integers(1, 6))):
        one = phone(
            at,
            tags=draw(st.sampled_from([[], ["a"], ["b", "a"], None, "odd"])),
            customer_reference=draw(st.sampled_from(["", "x", None, 7])),
        )
        one.have(
            {
                f"{RECORDING}.inbound_call_recording_format": draw(
                    st.sampled_from(["wav", "mp3", "ogg"])
                )
            }
        )
        one.status(draw(st.sampled_from(["active", "active", "port_pending", "new"])))
        found.append(one)
        if draw(st.integers(0, 9)) == 0:
            found.append(Phone(one.phone_number, id="twice"))
    return found


@given(
    fleet=phones(),
    wishes=st.dictionaries(st.sampled_from([e164(at) for at in range(1, 8)]), WISHES),
    lists=st.sampled_from([(FULL, VOICE, MESSAGING), (Listing.SLIM, VOICE), (FULL,)]),
)
@settings(derandomize=True, deadline=None, max_examples=150)
def test_every_declared_number_is_counted_exactly_once(
    fleet: list[Phone], wishes: dict[str, dict[str, Any]], lists: tuple[Listing, ...]
) -> None:
    found = compare(declare(wishes), account(*fleet, lists=lists))
    changed = {change.phone_number for change in found.changes}
    not_owned = {each.phone_number for each in found.not_owned}
    held = {each.phone_number for each in found.withheld}
    held |= {each.phone_number for each in found.unknown}
    held -= changed
    assert not changed & not_owned
    assert not held & not_owned
    assert found.declared == len(wishes)
    assert found.declared == len(changed) + found.unchanged + len(not_owned) + len(held)


@given(wish=WISHES, fleet=phones())
@settings(derandomize=True, deadline=None, max_examples=100)
def test_nothing_undeclared_is_ever_in_a_change(wish: dict[str, Any], fleet: list[Phone]) -> None:
    found = compare(declare({e164(1): wish}), account(*fleet))
    paths = {field.path for change in found.changes for field in change.fields}
    assert paths <= wish.keys()
