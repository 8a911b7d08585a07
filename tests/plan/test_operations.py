"""Changes -> calls: every change and nothing else, in few calls, none of them out of order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.catalogue import BY_PATH
from reconciler.core.changes import Change, Difference
from reconciler.core.compiler import compile_operations, write_calls_floor
from reconciler.core.fields import Channel, Kind, Wire
from reconciler.core.model import Snapshot
from reconciler.core.operations import (
    Operation,
    body_of,
    covered,
    restated,
)
from reconciler.core.values import Secret, Value
from tests.plan.world import (
    FORWARDING,
    GROUP,
    N1,
    N2,
    OTHER_PROFILE,
    OTHER_TRUNK,
    PRODUCT,
    PROFILE,
    PROFILE_ID,
    RECORDING,
    SCREENING,
    TRUNK,
    Phone,
    account,
    compare,
    declare,
    e164,
    phone,
)

ROWS = BY_PATH[Kind.NUMBER]
PIN = Secret("env:PIN_DESK_1")
TARGET = "+13035559123"


@dataclass(frozen=True)
class World:
    """An account, what is wanted of it, and the calls that lead there."""

    snapshot: Snapshot
    wishes: Mapping[str, Mapping[str, Any]]
    difference: Difference
    operations: tuple[Operation, ...]
    job_size: int

    @property
    def changes(self) -> tuple[Change, ...]:
        """What changes."""
        return self.difference.changes

    def live(self, number: str) -> dict[str, Any]:
        """Every readable field of a number as it is now."""
        columns = self.snapshot.columns[Kind.NUMBER]
        return dict(zip(columns, self.snapshot.numbers[number].values, strict=True))


def world(
    phones: list[Phone], wishes: Mapping[str, Mapping[str, Any]], job_size: int = 1000
) -> World:
    snapshot = account(*phones)
    difference = compare(declare(wishes), snapshot, {PIN.ref: "7315"})
    operations = compile_operations(difference, snapshot, job_size=job_size)
    return World(snapshot, wishes, difference, operations, job_size)


def calls(made: World) -> dict[str, int]:
    return dict(Counter(str(each.call) for each in made.operations))


def only(made: World) -> Operation:
    (operation,) = made.operations
    return operation


# ---- any fleet, any wishes ---------------------------------------------------------------------

ids = st.sampled_from([None, TRUNK, OTHER_TRUNK])
profiles = st.sampled_from([None, PROFILE, OTHER_PROFILE])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "tags": st.sampled_from([(), ("a",), ("a", "b")]),
    "connection_id": ids,
    "billing_group_id": st.sampled_from([None, GROUP]),
    "customer_reference": st.sampled_from([None, "x", "y", "z"]),
    "hd_voice_enabled": st.booleans(),
    f"{FORWARDING}.call_forwarding_enabled": st.booleans(),
    f"{FORWARDING}.forwarding_type": st.sampled_from(["always", "on-failure"]),
    f"{FORWARDING}.forwards_to": st.sampled_from([None, TARGET]),
    f"{RECORDING}.inbound_call_recording_enabled": st.booleans(),
    f"{RECORDING}.inbound_call_recording_format": st.sampled_from(["wav", "mp3"]),
    f"{RECORDING}.inbound_call_recording_channels": st.sampled_from(["single", "dual"]),
    SCREENING: st.sampled_from(["disabled", "flag_calls"]),
    "voice.translated_number": st.sampled_from([None, TARGET]),
    "voice.caller_id_name_enabled": st.booleans(),
    PROFILE_ID: profiles,
    PRODUCT: st.sampled_from(["A2P", "P2P"]),
}
LIVE = {
    **VALUES,
    "tags": VALUES["tags"].map(list),
    f"{FORWARDING}.forwarding_type": st.sampled_from(["always", "on-failure", None]),
}
WISH = st.fixed_dictionaries({}, optional={**VALUES, "external_pin": st.sampled_from([None, PIN])})


@st.composite
def worlds(draw: st.DrawFn) -> World:
    places = draw(st.lists(st.integers(1, 30), min_size=1, max_size=8, unique=True))
    fleet = [phone(at).have(draw(st.fixed_dictionaries({}, optional=LIVE))) for at in places]
    kinds = draw(st.lists(WISH, min_size=1, max_size=3))
    wishes = {each.phone_number: draw(st.sampled_from(kinds)) for each in fleet}
    return world(fleet, wishes, draw(st.sampled_from([1, 2, 3, 1000])))


any_world = given(made=worlds())
modest = settings(derandomize=True, deadline=None, max_examples=90)

WIPED = object()
"""What a field becomes when the API takes a nested object as a whole and it is not in it."""


def leaves(body: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[Any, Any]]:
    for key, value in body.items():
        if isinstance(value, Mapping) and "secret" not in value:
            yield from leaves(value, (*above, key))
        else:
            yield (*above, key), value


def written(operation: Operation) -> dict[str, Any]:
    """What the body sets, by path; every leaf of it must be a field that this call can write."""
    by_place = {
        write.at: (path, write)
        for path, row in ROWS.items()
        for write in row.writes
        if write.channel is operation.call
    }
    found: dict[str, Any] = {}
    for place, value in leaves(operation.body):
        if place == ("assign_only",):
            continue
        path, write = by_place[place]
        assert write.wire is Wire.AS_IS
        assert value is not None
        unset = value == ""
        found[path] = tuple(value) if isinstance(value, list) else None if unset else value
    return found


def replay(made: World, *, whole: bool) -> dict[str, dict[str, Any]]:
    """The account after every operation; with `whole`, a nested object that is sent replaces
    the one that was there."""
    state = {number: made.live(number) for number in made.snapshot.numbers}
    for operation in made.operations:
        sets = written(operation)
        links = {ROWS[path].linked for path in sets} - {""}
        for number in operation.numbers:
            if whole:
                wiped = [path for path, row in ROWS.items() if row.linked in links]
                state[number] |= dict.fromkeys(wiped, WIPED)
            state[number] |= sets
    return state


def expected(made: World, number: str) -> dict[str, Any]:
    wish: dict[str, Any] = {
        path: {"secret": value.ref} if isinstance(value, Secret) else value
        for path, value in made.wishes.get(number, {}).items()
    }
    return made.live(number) | wish


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What is not as expected. Without a target a forwarding type means nothing, so one that
    was unset may be wiped."""
    return {
        path: value
        for path, value in after.items()
        if value != before[path] and not (value is WIPED and before[path] is None)
    }


@any_world
@modest
def test_operations_write_every_change_and_nothing_else_where_siblings_are_kept(
    made: World,
) -> None:
    after = replay(made, whole=False)
    assert {n: d for n, state in after.items() if (d := difference(expected(made, n), state))} == {}


@any_world
@modest
def test_operations_write_every_change_and_nothing_else_where_objects_are_replaced(
    made: World,
) -> None:
    after = replay(made, whole=True)
    assert {n: d for n, state in after.items() if (d := difference(expected(made, n), state))} == {}


@any_world
@modest
def test_no_operation_names_no_number_or_more_than_a_job_takes(made: World) -> None:
    assert all(1 <= len(each.numbers) <= made.job_size for each in made.operations)
    assert all(len(set(each.numbers)) == len(each.numbers) for each in made.operations)


@any_world
@modest
def test_a_call_for_one_number_names_one(made: World) -> None:
    many = {Channel.UPDATE_JOB, Channel.MESSAGING_BULK}
    assert all(len(each.numbers) == 1 for each in made.operations if each.call not in many)


@any_world
@modest
def test_all_operations_of_one_number_stand_in_one_line(made: World) -> None:
    before: dict[str, set[str]] = {}
    last: dict[str, str] = {}
    for operation in made.operations:
        behind = set(operation.depends_on)
        for each in operation.depends_on:
            behind |= before[each]  # a KeyError would be a call that waits for a later one
        before[operation.id] = behind
        for number in operation.numbers:
            assert number not in last or last[number] in behind
            last[number] = operation.id


@any_world
@modest
def test_ids_are_unique_and_the_same_every_time(made: World) -> None:
    again = compile_operations(made.difference, made.snapshot, job_size=made.job_size)
    assert again == made.operations
    assert len({each.id for each in again}) == len(again)


@any_world
@modest
def test_the_floor_is_never_above_the_number_of_calls(made: World) -> None:
    floor = write_calls_floor(made.changes, job_size=made.job_size)
    assert floor <= len(made.operations)


@any_world
@modest
def test_every_changed_field_is_covered_by_exactly_one_operation(made: World) -> None:
    changes = {change.phone_number: change for change in made.changes}
    found = Counter(
        (number, path)
        for operation in made.operations
        for number in operation.numbers
        for path in covered(operation, changes[number])
    )
    assert found == Counter(
        (change.phone_number, field.path) for change in made.changes for field in change.fields
    )


@any_world
@modest
def test_guards_are_the_live_values_that_a_body_repeats(made: World) -> None:
    changes = {change.phone_number: change for change in made.changes}
    for operation in made.operations:
        sets = written(operation)
        for number in operation.numbers:
            again: dict[str, Value] = restated(operation, changes[number])
            changed = set(covered(operation, changes[number]))
            assert again.keys() == sets.keys() - changed
            assert again == {path: made.live(number)[path] for path in again}


@any_world
@modest
def test_no_more_calls_than_one_channel_after_another_for_each_number(made: World) -> None:
    channels = {
        (change.phone_number, ROWS[field.path].writes[0].channel)
        for change in made.changes
        for field in change.fields
    }
    assert len(made.operations) <= len(channels)


# ---- which call --------------------------------------------------------------------------------


def test_one_change_of_one_number_goes_by_patch() -> None:
    operation = only(world([phone()], {N1: {"customer_reference": "a"}}))
    assert (operation.call, operation.body) == (
        Channel.PATCH_NUMBER,
        {"customer_reference": "a"},
    )


def test_one_voice_change_of_one_number_goes_by_patch_voice() -> None:
    operation = only(world([phone()], {N1: {SCREENING: "flag_calls"}}))
    assert (operation.call, operation.body) == (
        Channel.PATCH_VOICE,
        {"inbound_call_screening": "flag_calls"},
    )


def test_a_number_whose_own_and_voice_settings_change_is_one_job_and_not_two_patches() -> None:
    operation = only(world([phone()], {N1: {"tags": ("a",), SCREENING: "flag_calls"}}))
    assert (operation.call, operation.body) == (
        Channel.UPDATE_JOB,
        {"tags": ["a"], "voice": {"inbound_call_screening": "flag_calls"}},
    )


def test_two_numbers_that_change_alike_are_one_job() -> None:
    made = world([phone(1), phone(2)], {N1: {"tags": ("a",)}, N2: {"tags": ("a",)}})
    assert (only(made).call, only(made).numbers) == (Channel.UPDATE_JOB, (N1, N2))


def test_with_jobs_of_one_number_a_tie_goes_to_patch() -> None:
    made = world([phone(1), phone(2)], {N1: {"tags": ("a",)}, N2: {"tags": ("a",)}}, job_size=1)
    assert calls(made) == {"patch_number": 2}


def test_two_numbers_that_change_differently_are_two_patches() -> None:
    wishes = {N1: {"customer_reference": "a"}, N2: {"customer_reference": "b"}}
    assert calls(world([phone(1), phone(2)], wishes)) == {"patch_number": 2}


def test_a_nested_object_travels_whole_and_says_what_it_repeats() -> None:
    operation = only(world([phone()], {N1: {f"{FORWARDING}.forwards_to": TARGET}}))
    assert operation.body == {
        "call_forwarding": {
            "forwards_to": TARGET,
            "call_forwarding_enabled": False,
            "forwarding_type": "always",
        }
    }
    assert operation.guards == {
        f"{FORWARDING}.call_forwarding_enabled": False,
        f"{FORWARDING}.forwarding_type": "always",
    }


def test_numbers_whose_repeated_siblings_differ_never_share_a_body() -> None:
    one = phone(1)
    two = phone(2).have({f"{RECORDING}.inbound_call_recording_format": "mp3"})
    wish = {f"{RECORDING}.inbound_call_recording_enabled": True}
    assert calls(world([one, two], {N1: wish, N2: wish})) == {"patch_voice": 2}


# ---- messaging ---------------------------------------------------------------------------------


def test_one_profile_for_one_number_is_a_patch() -> None:
    operation = only(world([phone()], {N1: {PROFILE_ID: PROFILE}}))
    assert (operation.call, operation.body) == (
        Channel.PATCH_MESSAGING,
        {"messaging_profile_id": PROFILE},
    )


def test_one_profile_for_many_numbers_is_a_bulk_update_that_only_assigns() -> None:
    made = world([phone(1), phone(2)], {n: {PROFILE_ID: PROFILE} for n in (N1, N2)})
    assert (only(made).call, only(made).body) == (
        Channel.MESSAGING_BULK,
        {"messaging_profile_id": PROFILE, "assign_only": True},
    )


def test_taking_a_profile_from_many_numbers_sends_an_empty_text_and_no_assign_only() -> None:
    phones = [phone(at).have({PROFILE_ID: PROFILE}) for at in (1, 2)]
    made = world(phones, {n: {PROFILE_ID: None} for n in (N1, N2)})
    assert (only(made).call, only(made).body) == (
        Channel.MESSAGING_BULK,
        {"messaging_profile_id": ""},
    )


def test_product_and_profile_of_a_number_ride_in_one_patch() -> None:
    wish = {PROFILE_ID: PROFILE, PRODUCT: "P2P"}
    made = world([phone(1), phone(2)], {N1: wish, N2: wish})
    assert [(each.call, each.body) for each in made.operations] == 2 * [
        (
            Channel.PATCH_MESSAGING,
            {"messaging_profile_id": PROFILE, "messaging_product": "P2P"},
        )
    ]


def test_settings_and_messaging_of_one_number_wait_for_each_other() -> None:
    made = world([phone()], {N1: {"tags": ("a",), PROFILE_ID: PROFILE}})
    assert [(each.id, each.depends_on) for each in made.operations] == [
        ("op-0001", ()),
        ("op-0002", ("op-0001",)),
    ]


# ---- clearing ----------------------------------------------------------------------------------

CLEARED = [
    ("tags", ["a"], {"tags": []}),
    ("connection_id", TRUNK, {"connection_id": ""}),
    ("billing_group_id", GROUP, {"billing_group_id": ""}),
    ("customer_reference", "a", {"customer_reference": ""}),
    ("external_pin", "7315", {"external_pin": ""}),
    ("voice.translated_number", TARGET, {"translated_number": ""}),
    (PROFILE_ID, PROFILE, {"messaging_profile_id": ""}),
]


@pytest.mark.parametrize(("path", "value", "body"), CLEARED, ids=[each[0] for each in CLEARED])
def test_a_patch_clears_with_what_its_channel_takes(
    path: str, value: object, body: dict[str, object]
) -> None:
    wanted = () if path == "tags" else None
    assert only(world([phone().have({path: value})], {N1: {path: wanted}})).body == body


@pytest.mark.parametrize(
    ("path", "value", "body"), CLEARED[:6], ids=[each[0] for each in CLEARED[:6]]
)
def test_a_job_clears_with_what_its_channel_takes(
    path: str, value: object, body: dict[str, object]
) -> None:
    wanted = () if path == "tags" else None
    made = world(
        [phone(at).have({path: value}) for at in (1, 2)], {n: {path: wanted} for n in (N1, N2)}
    )
    assert only(made).call is Channel.UPDATE_JOB
    assert only(made).body == ({"voice": body} if path.startswith("voice.") else body)


def test_a_cleared_target_of_forwarding_is_an_empty_text_in_the_whole_object() -> None:
    found = phone().have({f"{FORWARDING}.forwards_to": TARGET})
    body = only(world([found], {N1: {f"{FORWARDING}.forwards_to": None}})).body
    assert body["call_forwarding"]["forwards_to"] == ""


# ---- secrets, and what cannot be expressed -----------------------------------------------------


def test_a_secret_stands_in_a_body_by_its_reference() -> None:
    operation = only(world([phone(external_pin="1111")], {N1: {"external_pin": PIN}}))
    assert operation.body == {"external_pin": {"secret": "env:PIN_DESK_1"}}
    assert "7315" not in repr(operation)


def test_an_operation_without_numbers_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="names the numbers"):
        Operation("op-0001", Channel.UPDATE_JOB, (), {"tags": []}, {})


def test_no_changes_are_no_calls() -> None:
    assert compile_operations(Difference((), (), (), (), 0, 0, 0), account(phone())) == ()
    assert write_calls_floor(()) == 0


# ---- large fleets ------------------------------------------------------------------------------


def test_ten_connections_times_ten_billing_groups_are_twenty_jobs() -> None:
    """10,000 numbers: one job for each connection and each group, not one for each pair."""
    places = range(10_000)
    wishes = {
        e164(at): {
            "connection_id": str(10**18 + at % 10),
            "billing_group_id": f"62e4bf2e-c278-4282-b524-{at // 10 % 10:012d}",
        }
        for at in places
    }
    made = world([phone(at) for at in places], wishes)
    assert calls(made) == {"update_job": 20}
    assert write_calls_floor(made.changes) == 10


def test_jobs_that_set_one_field_wait_for_none_of_their_kind() -> None:
    """All connections at once, then all billing groups at once."""
    wishes = {
        e164(at): {
            "connection_id": str(10**18 + at % 4),
            "billing_group_id": f"62e4bf2e-c278-4282-b524-{at // 4 % 4:012d}",
        }
        for at in range(64)
    }
    made = world([phone(at) for at in range(64)], wishes)
    first = [each for each in made.operations if not each.depends_on]
    assert [set(each.body) for each in first] == 4 * [{"connection_id"}]
    assert all(set(each.depends_on) == {one.id for one in first} for each in made.operations[4:])


def test_one_voice_change_and_one_reference_each_for_200_numbers_are_200_calls() -> None:
    """The references alone need 200; the shared voice change rides along in each."""
    places = range(200)
    wishes = {
        e164(at): {SCREENING: "flag_calls", "customer_reference": f"desk-{at}"} for at in places
    }
    made = world([phone(at) for at in places], wishes)
    assert len(made.operations) == 200
    assert write_calls_floor(made.changes) == 200


def test_one_change_of_10_000_numbers_is_ten_jobs() -> None:
    places = range(10_000)
    made = world([phone(at) for at in places], {e164(at): {"tags": ("a",)} for at in places})
    assert calls(made) == {"update_job": 10}
    assert write_calls_floor(made.changes) == 10


# ---- one body ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "path", "value"),
    [
        (Channel.UPDATE_JOB, "address_id", "1"),  # no such field in a job
        (Channel.PATCH_NUMBER, "deletion_lock_enabled", True),
        (Channel.PATCH_MESSAGING, PRODUCT, None),  # no way to clear it
        (Channel.DELETE_JOB, "tags", ("a",)),
    ],
)
def test_no_body_is_made_of_what_a_call_cannot_write(
    call: Channel, path: str, value: Value
) -> None:
    with pytest.raises(ValueError, match=r"cannot write|no way to clear"):
        body_of(call, [(ROWS[path], value)])


def test_an_operation_names_the_numbers_it_is_for() -> None:
    with pytest.raises(ValueError, match="names the numbers"):
        Operation("op-0001", Channel.UPDATE_JOB, (), {"tags": []}, {})
