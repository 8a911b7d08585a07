"""How few the calls are: against the true optimum of small plans, and in fleets of every shape."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pytest

from reconciler.core.changes import Difference
from reconciler.core.diff import diff
from reconciler.core.operations import Operation, restated
from reconciler.core.plan import Plan
from reconciler.core.planfile import plan_document
from reconciler.core.planload import read_plan
from reconciler.core.policy import withhold
from reconciler.core.safety import Ignore, Safety
from reconciler.core.values import Secret, TagEdit
from tests.plan.optimum import Compared, compared
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
    declare,
    phone,
    plan_for,
    plan_of,
)

TARGET = "+13035559123"
ADDRESS = "53829456729313"
Wishes = Mapping[str, Mapping[str, Any]]


def plan(phones: list[Phone], wishes: Wishes, job_size: int = 1000) -> Plan:
    return plan_for(declare(wishes), account(*phones), job_size=job_size)


def fleet(wishes: Sequence[Mapping[str, Any]], job_size: int = 1000) -> Plan:
    """The plan for as many plain numbers as there are wishes."""
    off = {"emergency.emergency_status": "disabled"}
    phones = [phone(at).have(off) for at in range(len(wishes))]
    by_number = {each.phone_number: wish for each, wish in zip(phones, wishes, strict=True)}
    return plan(phones, by_number, job_size)


def calls(made: Plan) -> dict[str, int]:
    return {str(call): count for call, count in made.summary.calls.items() if count}


def only(made: Plan) -> Operation:
    (operation,) = made.operations
    return operation


def trunk(at: int) -> str:
    return str(10**18 + at)


def group(at: int) -> str:
    return f"62e4bf2e-c278-4282-b524-{at:012d}"


# ---- against the optimum -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small() -> Compared:
    """150 small plans; `python -m tests.plan.optimum` makes 2,000."""
    return compared(seed=7, instances=150)


def test_nine_of_ten_small_plans_take_the_fewest_calls_there_can_be(small: Compared) -> None:
    assert small.equal >= 0.9 * small.instances


def test_small_plans_are_at_most_a_twentieth_above_the_optimum_on_average(small: Compared) -> None:
    assert small.above <= 0.05


def test_the_floor_is_never_above_the_optimum(small: Compared) -> None:
    assert all(made.summary.write_calls_floor <= best for made, best in small.optima)


def test_no_plan_takes_fewer_calls_than_there_can_be(small: Compared) -> None:
    assert all(made.summary.write_calls >= best for made, best in small.optima)


def test_every_small_plan_is_taken_back_from_its_file(small: Compared) -> None:
    for made, _ in small.optima:
        document = plan_document(made)
        assert plan_document(read_plan(document, "plan.json")) == document


# ---- fleets of every shape -----------------------------------------------------------------------


def test_a_shared_setting_and_200_references_in_10_000_numbers_are_210_calls() -> None:
    wishes: list[Mapping[str, Any]] = [{SCREENING: "flag_calls"} for _ in range(9_800)]
    wishes += [{SCREENING: "flag_calls", "customer_reference": f"desk-{at}"} for at in range(200)]
    assert calls(fleet(wishes)) == {"update_job": 10, "patch_number": 200}


def test_numbers_that_drifted_each_in_its_own_way_are_one_job() -> None:
    """All are declared alike, so each may be sent all of it."""
    declared = {
        "tags": ("a",),
        "connection_id": OTHER_TRUNK,
        "billing_group_id": GROUP,
        "hd_voice_enabled": True,
        SCREENING: "flag_calls",
        "voice.tech_prefix_enabled": True,
    }
    rng = random.Random(1)
    phones = []
    for at in range(300):
        kept = rng.sample(sorted(declared), rng.randint(0, 5))
        phones.append(phone(at).have({path: _raw(declared[path]) for path in kept}))
    made = plan(phones, {each.phone_number: declared for each in phones})
    assert calls(made) == {"update_job": 1}


def _raw(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def test_a_regular_and_an_irregular_part_of_a_fleet_each_go_their_own_way() -> None:
    """100 pairs go by 20 jobs, though 5 other groups go by the whole body."""
    pairs = [
        {"connection_id": trunk(at % 10), "billing_group_id": group(at // 10 % 10)}
        for at in range(2_000)
    ]
    alike = [
        {"connection_id": trunk(at % 5), "billing_group_id": group(100 + at % 5)}
        for at in range(200)
    ]
    made = fleet([*pairs, *alike], job_size=200)
    assert made.summary.write_calls == 25


def test_five_groups_that_share_one_of_two_fields_are_five_jobs() -> None:
    wishes = [{"connection_id": trunk(0), "billing_group_id": group(at % 5)} for at in range(1_500)]
    assert calls(fleet(wishes)) == {"update_job": 5}


def test_what_does_not_fill_a_job_goes_along_where_there_is_room() -> None:
    """Each group has 3 numbers too many for its jobs; half of them need one field only."""
    both = [{"connection_id": trunk(0), "billing_group_id": group(at % 5)} for at in range(15)]
    one = [{"billing_group_id": group(at % 5)} for at in range(25)]
    made = fleet([*both, *one], job_size=10)
    assert made.summary.write_calls == 7


def test_three_fields_are_cut_where_that_takes_fewest_jobs() -> None:
    """Two fields go together as their values do, the third on its own."""
    wishes = [
        {
            "connection_id": trunk(at % 10),
            "billing_group_id": group(at % 10),
            "customer_reference": f"r{at // 10 % 10}",
        }
        for at in range(1_000)
    ]
    assert fleet(wishes, job_size=100).summary.write_calls == 20


def test_one_number_too_many_for_a_job_goes_by_patch() -> None:
    wish = {"customer_reference": "x"}
    assert calls(fleet([wish] * 5, job_size=4)) == {"update_job": 1, "patch_number": 1}


def test_one_profile_too_many_for_a_bulk_update_goes_by_patch() -> None:
    wish = {PROFILE_ID: PROFILE}
    assert calls(fleet([wish] * 5, job_size=4)) == {"messaging_bulk": 1, "patch_messaging": 1}


def test_one_address_too_many_for_an_emergency_job_is_set_alone() -> None:
    wish = {"emergency.emergency_enabled": True, "emergency.emergency_address_id": ADDRESS}
    assert calls(fleet([wish] * 5, job_size=4)) == {"emergency_job": 1, "enable_emergency": 1}


def test_on_a_tie_a_number_goes_by_patch_and_shares_a_job_for_the_rest() -> None:
    """A job for it alone would do as well: the other has room for it."""
    shared = {SCREENING: "flag_calls"}
    made = fleet([shared, shared, {**shared, "customer_reference": "x"}])
    assert calls(made) == {"update_job": 1, "patch_number": 1}


# ---- what is sent again --------------------------------------------------------------------------

HALF_DONE = [
    phone(1).have({"billing_group_id": GROUP}),
    phone(2).have({"connection_id": OTHER_TRUNK}),
]
BOTH = {"connection_id": OTHER_TRUNK, "billing_group_id": GROUP}


def test_two_numbers_that_each_hold_what_the_other_needs_are_one_job() -> None:
    operation = only(plan(HALF_DONE, {N1: BOTH, N2: BOTH}))
    assert operation.body == BOTH
    assert operation.guards == BOTH


def test_what_a_number_is_sent_again_is_its_guard_and_no_other_numbers() -> None:
    made = plan(HALF_DONE, {N1: BOTH, N2: BOTH})
    first, second = made.difference.changes
    assert restated(only(made), first) == {"billing_group_id": GROUP}
    assert restated(only(made), second) == {"connection_id": OTHER_TRUNK}


def test_what_is_not_managed_is_never_sent_again() -> None:
    made = plan(HALF_DONE, {N1: {"connection_id": OTHER_TRUNK}, N2: {"billing_group_id": GROUP}})
    assert calls(made) == {"patch_number": 2}


def test_a_nested_object_is_sent_again_where_all_of_it_is_managed() -> None:
    recording = {
        f"{RECORDING}.inbound_call_recording_enabled": True,
        f"{RECORDING}.inbound_call_recording_format": "mp3",
        f"{RECORDING}.inbound_call_recording_channels": "dual",
    }
    wish = {**recording, SCREENING: "flag_calls"}
    phones = [phone(1).have(recording), phone(2).have({SCREENING: "flag_calls"})]
    operation = only(plan(phones, {N1: wish, N2: wish}))
    assert operation.guards == wish
    assert set(operation.body["voice"]) == {"call_recording", "inbound_call_screening"}


def test_a_nested_object_is_not_sent_again_where_a_part_of_it_is_not_managed() -> None:
    on = {f"{RECORDING}.inbound_call_recording_enabled": True}
    wish = {**on, SCREENING: "flag_calls"}
    phones = [phone(1).have(on), phone(2).have({SCREENING: "flag_calls"})]
    assert calls(plan(phones, {N1: wish, N2: wish})) == {"patch_voice": 2}


def test_numbers_that_change_different_parts_of_one_object_share_a_job() -> None:
    """What they become is the same; each guards what it has already."""
    wish = {f"{CNAM}.cnam_listing_enabled": True, f"{CNAM}.cnam_listing_details": "ACME"}
    half = phone(2).have({f"{CNAM}.cnam_listing_details": "ACME"})
    operation = only(plan([phone(1), half], {N1: wish, N2: wish}))
    assert operation.guards == {f"{CNAM}.cnam_listing_details": "ACME"}


def test_tags_of_which_some_are_declared_are_not_sent_again() -> None:
    edit = TagEdit(frozenset({"a"}), frozenset())
    wish = {"tags": edit, SCREENING: "flag_calls"}
    phones = [phone(1).have({"tags": ["a"]}), phone(2).have({SCREENING: "flag_calls"})]
    assert calls(plan(phones, {N1: wish, N2: wish})) == {"patch_number": 1, "patch_voice": 1}


def test_a_pin_is_not_sent_again() -> None:
    pin = Secret("env:PIN")
    wish = {"external_pin": pin, SCREENING: "flag_calls"}
    phones = [phone(1, external_pin="7315"), phone(2).have({SCREENING: "flag_calls"})]
    made = plan_for(declare({N1: wish, N2: wish}), account(*phones), secrets={pin.ref: "7315"})
    assert calls(made) == {"patch_number": 1, "patch_voice": 1}


def test_a_connection_is_not_sent_again_with_a_change_of_forwarding() -> None:
    """Switching forwarding on may move it."""
    wish = {
        "connection_id": OTHER_TRUNK,
        f"{FORWARDING}.call_forwarding_enabled": True,
        f"{FORWARDING}.forwarding_type": "always",
        f"{FORWARDING}.forwards_to": TARGET,
    }
    moved = phone(2).have({path: wish[path] for path in wish if path != "connection_id"})
    phones = [phone(1).have({"connection_id": OTHER_TRUNK}), moved]
    made = plan(phones, {N1: wish, N2: wish})
    assert calls(made) == {"patch_number": 1, "patch_voice": 1}


def test_what_is_ignored_is_not_sent_again() -> None:
    snapshot = account(*HALF_DONE)
    rule = Ignore(N1, ("billing_group_id",))
    difference = withhold(
        diff(declare({N1: BOTH, N2: BOTH}), snapshot, {}),
        snapshot,
        Safety(ignore=(rule,)),
        frozenset(),
        date(2026, 7, 1),
    )
    assert calls(plan_of(difference, snapshot)) == {"patch_number": 2}


def test_a_number_whose_address_goes_by_patch_needs_no_job_for_what_rides_along() -> None:
    snapshot = account(phone(1), phone(2), phone(3))
    wish = {"customer_reference": "x", "address_id": ADDRESS}
    difference = diff(declare(dict.fromkeys((N1, N2, N3), wish)), snapshot, {})
    assert calls(plan_of(difference, snapshot)) == {"patch_number": 3}


# ---- the same every time -------------------------------------------------------------------------


def test_a_plan_of_many_kinds_is_the_same_every_time_and_writes_each_change_once() -> None:
    rng = random.Random(2)
    wishes: list[Mapping[str, Any]] = [
        {
            "connection_id": trunk(rng.randrange(4)),
            "billing_group_id": group(rng.randrange(5)),
            "customer_reference": f"r{rng.randrange(30)}",
            SCREENING: rng.choice(["flag_calls", "reject_calls"]),
        }
        for _ in range(400)
    ]
    made, again = fleet(wishes, job_size=20), fleet(wishes, job_size=20)
    assert made.operations == again.operations
    assert plan_document(read_plan(plan_document(made), "plan.json")) == plan_document(made)
    sizes = Counter(len(each.numbers) for each in made.operations)
    assert max(sizes) <= 20


def test_an_empty_difference_has_no_calls() -> None:
    made = plan_of(Difference((), (), (), (), 0, 0, 0), account(phone()))
    assert (made.operations, made.summary.write_calls_floor) == ((), 0)


# ---- the floor -----------------------------------------------------------------------------------


def test_the_floor_counts_the_field_that_needs_most() -> None:
    wishes = [
        {"connection_id": TRUNK[:-1] + str(at % 2), "billing_group_id": group(at % 5)}
        for at in range(50)
    ]
    assert fleet(wishes, job_size=10).summary.write_calls_floor == 6


def test_the_floor_adds_what_no_call_can_serve_both() -> None:
    wish = {
        "customer_reference": "x",
        PROFILE_ID: PROFILE,
        "emergency.emergency_enabled": True,
        "emergency.emergency_address_id": ADDRESS,
    }
    assert fleet([wish] * 15, job_size=10).summary.write_calls_floor == 6


def test_the_floor_adds_voice_settings_to_addresses_that_go_by_patch() -> None:
    snapshot = account(phone(1), phone(2))
    wishes = {n: {"address_id": ADDRESS, SCREENING: "flag_calls"} for n in (N1, N2)}
    made = plan_of(diff(declare(wishes), snapshot, {}), snapshot)
    assert (made.summary.write_calls_floor, made.summary.write_calls) == (3, 3)
