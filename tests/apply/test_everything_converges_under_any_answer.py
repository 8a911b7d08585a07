"""Every question that the specification leaves open, under every answer, with every kind of write
in one apply: emergency service, releases, bundles, mobile numbers, the lock and all settings."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from reconciler import workflow
from reconciler.core.fields import Channel
from reconciler.core.safety import Allowance
from reconciler.errors import Exit
from reconciler.sandbox.behaviour import Behaviour
from reconciler.sandbox.fleet import mobile_number, number
from reconciler.workflow import Options
from tests.apply.account import PROFILE, TRUNK, Account
from tests.apply.conftest import MakeAccount

HQ, BRANCH = "53829456729313", "53829456729314"
BUNDLE, OTHER = "5194d8fc-87e6-4188-baa9-1c434bbe861b", "5194d8fc-87e6-4188-baa9-1c434bbe861c"
ADDRESS = "dc8f39ac-953d-4520-b93b-786ae87db0da"
GROUP = "62e4bf2e-c278-4282-b524-488d9c9c43b2"
TARGET = "+13035559123"
EVERYTHING = frozenset(Allowance)
(
    SET,
    CLEARED,
    MANY,
    MORE,
    NEW,
    NEW_TOO,
    MOVED,
    OFF,
    ONE_GONE,
    GONE,
    GONE_TOO,
    GONE_NEXT,
    EDITED,
) = (f"+1312555{each:04}" for each in range(13))
CELL, CLEARED_CELL = "+13125560000", "+13125560001"

SETTINGS: dict[str, Any] = {
    "tags": ["support"],
    "connection_id": TRUNK,
    "billing_group_id": GROUP,
    "customer_reference": "desk-1",
    "external_pin": "4711",
    "hd_voice_enabled": True,
    "voice": {
        "inbound_call_screening": "flag_calls",
        "call_forwarding": {
            "call_forwarding_enabled": True,
            "forwarding_type": "on-failure",
            "forwards_to": TARGET,
        },
        "call_recording": {"inbound_call_recording_enabled": True},
        "cnam_listing": {"cnam_listing_enabled": True, "cnam_listing_details": "ACME"},
        "translated_number": "+13035559999",
    },
    "messaging": {"messaging_profile_id": PROFILE, "messaging_product": "P2P"},
}
ROOT = ("tags", "connection_id", "billing_group_id", "customer_reference", "external_pin")
CLEARS: dict[str, Any] = {
    **dict.fromkeys(ROOT),
    "voice": {
        "inbound_call_screening": "disabled",
        "call_forwarding": {"call_forwarding_enabled": False, "forwards_to": None},
        "cnam_listing": {"cnam_listing_enabled": False, "cnam_listing_details": None},
        "translated_number": None,
    },
    "messaging": {"messaging_profile_id": None},
}
MOBILE: dict[str, Any] = {
    "connection_id": TRUNK,
    "tags": ["field-team"],
    "noise_suppression": "both",
    "call_recording": {"inbound_call_recording_enabled": True},
    "cnam_listing": {"cnam_listing_enabled": True, "cnam_listing_details": "ACME"},
    "inbound": {"interception_app_id": "1293384261075731499"},
}
MOBILE_CLEARS: dict[str, Any] = {
    "connection_id": None,
    "tags": None,
    "noise_suppression": "disabled",
    "cnam_listing": {"cnam_listing_enabled": False, "cnam_listing_details": None},
    "inbound": {"interception_app_id": None},
}


def on(address: str) -> dict[str, Any]:
    return {"emergency_enabled": True, "emergency_address_id": address}


LOCKED = {"deletion_lock_enabled": True, "emergency": on(HQ)}
DECLARED: dict[str, Any] = {
    SET: SETTINGS,
    CLEARED: CLEARS,
    MANY: {"voice": {"tech_prefix_enabled": True}, "messaging": {"messaging_profile_id": PROFILE}},
    MORE: {"voice": {"tech_prefix_enabled": True}, "messaging": {"messaging_profile_id": PROFILE}},
    NEW: LOCKED,
    NEW_TOO: LOCKED,
    MOVED: {"emergency": on(BRANCH), "bundle_id": BUNDLE, "address_id": ADDRESS},
    OFF: {"emergency": {"emergency_enabled": False}, "bundle_id": None, "address_id": None},
    ONE_GONE: {"release": True},
    GONE: {"release": True},
    GONE_TOO: {"release": True},
    GONE_NEXT: {"release": True},
    EDITED: {"tags": {"add": ["block-a"], "remove": ["legacy"]}},
}

SWITCHES: dict[str, list[Any]] = {
    "nullable_unset": ["null", "empty", "omit"],
    "plain_unset": ["omit", "empty"],
    "slim_tags": ["on-request", "never"],
    "sort": ["honoured", "ignored"],
    "read_delay": [0.0, 3.0],
    "spelling": ["documented", "legacy"],
    "shows_write_only": [False, True],
    "error_style": ["documented", "loose"],
    "rate_header": ["plain", "window"],
    "job_echoes_parameters": [False, True],
    "nested": ["merge", "replace"],
    "tags": ["replace", "add"],
    "ignored_clears": [frozenset(), frozenset({"billing_group_id"})],
    "forward_only_connection": [False, True],
    "unknown_fields": ["refuse", "ignore"],
    "inactive_numbers": ["refuse", "accept"],
    "noise_suppression_on": ["both", "inbound", "outbound"],
    "not_owned": ["reject", "fail"],
    "empty_job": ["refuse", "everything"],
    "job_with_failures": ["completed", "failed"],
    "bulk_not_owned": ["fail", "reject"],
    "bulk_resets_product": [False, True],
    "bulk_maximum": [None, 2],
    "emergency_action": ["requested", "immediate"],
    "emergency_enabled_while_provisioning": [False, True],
    "emergency_off_keeps_address": [True, False],
}
CASES = [(name, value) for name, values in SWITCHES.items() for value in values]
LEFT: dict[tuple[str, Any], list[tuple[str, str]]] = {
    # Null could have been sent, so a missing key says nothing.
    ("nullable_unset", "omit"): [
        (CLEARED, "messaging.messaging_profile_id"),
        (CLEARED_CELL, "connection_id"),
    ],
    ("tags", "add"): [
        (CLEARED, "tags"),
        (CLEARED_CELL, "tags"),
        (EDITED, "tags"),
    ],
    ("ignored_clears", frozenset({"billing_group_id"})): [(CLEARED, "billing_group_id")],
    ("noise_suppression_on", "inbound"): [(CELL, "noise_suppression")],
    ("noise_suppression_on", "outbound"): [(CELL, "noise_suppression")],
    # The provider's own connection takes the place of the declared one: the next apply sets it.
    ("forward_only_connection", True): [(SET, "connection_id")],
}
"""What an apply cannot make true under an answer, and must not call done."""


def account_under(make_account: MakeAccount, **switches: Any) -> Account:
    """An account with something to do for every call."""
    service = {"emergency": on(HQ)}
    rows = [
        number(SET, voice={"call_forwarding": {"call_forwarding_enabled": False}}),
        number(CLEARED, **SETTINGS),
        *map(number, (MANY, MORE, NEW, NEW_TOO, GONE, GONE_TOO, GONE_NEXT)),
        number(MOVED, **service),
        number(OFF, **service),
        number(ONE_GONE, **service),
        number(EDITED, tags=["vip", "legacy"]),
        mobile_number(CELL),
        mobile_number(CLEARED_CELL, **{**MOBILE, "call_recording": {}}),
    ]
    account = make_account(*rows, **switches)
    account.control.timing(pending=1.0, running=2.0, emergency=300.0)
    account.declare(DECLARED, mobile_numbers={CELL: MOBILE, CLEARED_CELL: MOBILE_CLEARS})
    return account


def test_every_answer_to_every_open_question_is_tried() -> None:
    hints = get_type_hints(Behaviour)
    assert set(SWITCHES) == {field.name for field in fields(Behaviour)}
    documented = {
        name: set(get_args(hint)) for name, hint in hints.items() if get_origin(hint) is Literal
    }
    assert {name: set(SWITCHES[name]) for name in documented} == documented


@pytest.mark.parametrize(("name", "value"), CASES)
def test_only_what_an_answer_makes_impossible_is_left(
    make_account: MakeAccount, name: str, value: Any
) -> None:
    outcome = account_under(make_account, **{name: value}).apply(allow=EVERYTHING)
    left = sorted((each.phone_number, each.path) for each in outcome.unconfirmed)
    assert left == sorted(LEFT.get((name, value), []))
    others = (outcome.failed, outcome.skipped, outcome.withheld, outcome.unknown, outcome.not_owned)
    assert others == ((), (), (), (), ())
    assert outcome.exit_code == (Exit.INCOMPLETE if left else Exit.OK)


@pytest.mark.parametrize(("name", "value"), [case for case in CASES if case not in LEFT])
def test_a_fresh_drift_finds_nothing(make_account: MakeAccount, name: str, value: Any) -> None:
    account = account_under(make_account, **{name: value})
    account.apply(allow=EVERYTHING)
    account.control.behave(read_delay=0.0)
    again = account.do(workflow.drift(account.root, Options(allow=EVERYTHING)))
    assert not again.plan.has_drift, again.plan.difference


@pytest.mark.parametrize(("name", "value"), CASES)
def test_a_second_apply_writes_only_what_is_left(
    make_account: MakeAccount, name: str, value: Any
) -> None:
    account = account_under(make_account, **{name: value})
    account.apply(allow=EVERYTHING)
    account.control.behave(read_delay=0.0)
    written = len(account.writes())
    account.apply(allow=EVERYTHING - {Allowance.UNREADABLE})
    again = {each.path for each in account.writes()[written:]}
    assert len(again) <= len(LEFT.get((name, value), []))


def test_every_call_that_writes_is_used(make_account: MakeAccount) -> None:
    calls = account_under(make_account).apply(allow=EVERYTHING).calls
    # The one left out writes one number where here many are alike.
    assert set(Channel) - set(calls) == {Channel.PATCH_VOICE}
