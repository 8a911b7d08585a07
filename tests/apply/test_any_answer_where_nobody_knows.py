"""What the specification leaves open: an apply ends well under either answer."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.sandbox.fleet import number
from tests.apply.account import FOUR, ONE, PROFILE, THREE, TRUNK, TWO, Account
from tests.apply.conftest import MakeAccount

SWITCHES: list[dict[str, Any]] = [
    {"nullable_unset": "empty"},
    {"plain_unset": "empty"},
    {"slim_tags": "never"},
    {"sort": "ignored"},
    {"read_delay": 3.0},
    {"spelling": "legacy"},
    {"shows_write_only": True},
    {"error_style": "loose"},
    {"rate_header": "window"},
    {"job_echoes_parameters": True},
    {"nested": "replace"},
    {"unknown_fields": "ignore"},
    {"inactive_numbers": "accept"},
    {"not_owned": "fail"},
    {"empty_job": "everything"},
    {"job_with_failures": "failed"},
    {"bulk_not_owned": "reject"},
    {"bulk_resets_product": True},
    {"emergency_action": "immediate"},
]

VOICE = {
    "inbound_call_screening": "flag_calls",
    "call_recording": {"inbound_call_recording_enabled": True},
    "cnam_listing": {"cnam_listing_enabled": True, "cnam_listing_details": "ACME"},
    "translated_number": "+13035559999",
    "usage_payment_method": "channel",
    "caller_id_name_enabled": True,
}
FORWARDING = {
    "call_forwarding_enabled": True,
    "forwarding_type": "on-failure",
    "forwards_to": "+13035559123",
}
DECLARED: dict[str, Any] = {
    ONE: {
        "tags": ["support"],
        "connection_id": TRUNK,
        "billing_group_id": "62e4bf2e-c278-4282-b524-488d9c9c43b2",
        "customer_reference": "desk-1",
        "hd_voice_enabled": True,
        "voice": VOICE,
        "messaging": {"messaging_profile_id": PROFILE, "messaging_product": "P2P"},
    },
    TWO: {"voice": {**VOICE, "call_forwarding": FORWARDING}},
    THREE: {
        "tags": {"add": ["block-a"], "remove": ["legacy"]},
        "voice": VOICE,
        "messaging": {"messaging_profile_id": PROFILE},
    },
    FOUR: {
        **dict.fromkeys(("tags", "connection_id", "billing_group_id", "customer_reference")),
        "voice": {"translated_number": None, "inbound_call_screening": "disabled"},
        "messaging": {"messaging_profile_id": None},
    },
}


def account_under(make_account: MakeAccount, switches: dict[str, Any]) -> Account:
    """Two plain numbers, one with tags, one with everything that can be cleared."""
    full = number(
        FOUR,
        tags=["old"],
        connection_id=TRUNK,
        billing_group_id="62e4bf2e-c278-4282-b524-488d9c9c43b2",
        customer_reference="desk-4",
        voice={"translated_number": "7", "inbound_call_screening": "reject_calls"},
        messaging={"messaging_profile_id": PROFILE, "messaging_product": "P2P"},
    )
    off = {"call_forwarding": {"call_forwarding_enabled": False}}
    account = make_account(
        number(ONE), number(TWO, voice=off), number(THREE, tags=["legacy"]), full, **switches
    )
    account.declare(DECLARED)
    return account


@pytest.mark.parametrize("switches", SWITCHES, ids=str)
def test_an_apply_converges_under_either_answer(
    make_account: MakeAccount, switches: dict[str, Any]
) -> None:
    account = account_under(make_account, switches)
    assert account.apply().converged


@pytest.mark.parametrize("switches", SWITCHES, ids=str)
def test_the_plan_after_an_apply_is_empty_under_either_answer(
    make_account: MakeAccount, switches: dict[str, Any]
) -> None:
    account = account_under(make_account, switches)
    account.apply()
    account.control.behave(read_delay=0.0)
    assert account.is_settled()


def test_a_profile_that_is_left_out_once_cleared_is_not_taken_for_applied(
    make_account: MakeAccount,
) -> None:
    # Null could have been sent there, so a missing key says nothing.
    account = account_under(make_account, {"nullable_unset": "omit"})
    left = [(each.phone_number, each.path) for each in account.apply().unconfirmed]
    assert left == [(FOUR, "messaging.messaging_profile_id")]


def test_tags_that_are_added_to_what_stands_are_not_taken_for_applied(
    make_account: MakeAccount,
) -> None:
    account = make_account(number(ONE, tags=["old"]), tags="add")
    account.declare({ONE: {"tags": ["new"]}})
    assert [each.path for each in account.apply().unconfirmed] == ["tags"]


def test_a_bulk_order_leaves_the_product_alone(make_account: MakeAccount) -> None:
    held = {"messaging_product": "P2P"}
    account = make_account(
        number(ONE, messaging=held), number(TWO, messaging=held), bulk_resets_product=True
    )
    assigned = {"messaging": {"messaging_profile_id": PROFILE}}
    account.declare({ONE: assigned, TWO: assigned})
    account.apply()
    assert account.state()["messaging"]["messaging_product"] == "P2P"
