"""Each allow rule holds back its own changes; the rest is applied."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from reconciler.sandbox.faults import Distort
from reconciler.sandbox.fleet import number
from tests.apply.account import ONE, TWO, Account
from tests.apply.conftest import MakeAccount
from tests.cli.support import Shell
from tests.safety.project import ADDRESS, APPLY, EVERY_OPTION, document, rules

BUNDLE = "8194fbd9-0f3a-4a0c-9d3b-0b5a1c9f6a11"


@dataclass(frozen=True)
class Case:
    """One rule: what is live, what is declared, what is held back, and which options open it."""

    rule: str
    declared: dict[str, Any]
    path: str
    live: dict[str, Any] = field(default_factory=dict)
    options: tuple[str, ...] = ()

    def prepare(self, make_account: MakeAccount, **project: Any) -> Account:
        """An account in which ONE breaks the rule, and TWO changes without breaking any."""
        account = make_account(number(ONE, **self.live), number(TWO))
        account.declare({ONE: self.declared, TWO: {"customer_reference": "rest"}}, **project)
        return account


SERVICE = {
    "emergency": {
        "emergency_enabled": True,
        "emergency_address_id": ADDRESS,
        "emergency_status": "active",
    }
}
CASES = [
    Case("allow_release", {"release": True}, "release", options=("--allow-release",)),
    Case(
        "allow_emergency_off",
        {"emergency": {"emergency_enabled": False}},
        "emergency.emergency_enabled",
        SERVICE,
        ("--allow-emergency-off",),
    ),
    Case(
        "allow_unlock",
        {"deletion_lock_enabled": False},
        "deletion_lock_enabled",
        {"deletion_lock_enabled": True},
        ("--allow-unlock",),
    ),
    Case("allow_unreadable", {"bundle_id": BUNDLE}, "bundle_id", options=("--allow-unreadable",)),
]
each_rule = pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)


@each_rule
def test_a_rule_holds_back_its_own_change_only(
    make_account: MakeAccount, reconciler: Shell, case: Case
) -> None:
    case.prepare(make_account)
    plan = document(reconciler)
    assert rules(plan) == {(ONE, case.path, case.rule)}
    assert [each["phone_number"] for each in plan["changes"]] == [TWO]


@each_rule
def test_the_rest_is_applied_and_the_exit_code_is_3(
    make_account: MakeAccount, reconciler: Shell, case: Case
) -> None:
    account = case.prepare(make_account)
    before = account.state(ONE)
    said = reconciler(*APPLY)
    assert (said.code, account.state(TWO)["customer_reference"]) == (3, "rest")
    assert account.state(ONE) == before


@each_rule
def test_the_message_names_the_rule_and_its_option(
    make_account: MakeAccount, reconciler: Shell, case: Case
) -> None:
    case.prepare(make_account)
    out = reconciler(*APPLY).out
    assert f"withheld ({case.rule})" in out
    assert all(option in out for option in case.options)


@each_rule
def test_its_option_opens_it(make_account: MakeAccount, reconciler: Shell, case: Case) -> None:
    account = case.prepare(make_account)
    said = reconciler(*APPLY, *case.options)
    assert said.code == 0, said
    assert account.writes()


@each_rule
def test_the_project_file_opens_it(
    make_account: MakeAccount, reconciler: Shell, case: Case
) -> None:
    case.prepare(make_account, safety={case.rule: True})
    plan = document(reconciler)
    assert (rules(plan), plan["allowed"]) == (set(), [case.rule])


@each_rule
@pytest.mark.parametrize("option", EVERY_OPTION)
def test_no_other_option_opens_it(
    make_account: MakeAccount, reconciler: Shell, case: Case, option: str
) -> None:
    case.prepare(make_account)
    plan = document(reconciler, option)
    assert (not plan["withheld"]) is (option in case.options)
    assert plan["allowed"] == [option.removeprefix("--").replace("-", "_")]


@each_rule
def test_a_false_in_the_project_file_opens_nothing(
    make_account: MakeAccount, reconciler: Shell, case: Case
) -> None:
    case.prepare(make_account, safety={case.rule: False})
    assert rules(document(reconciler)) == {(ONE, case.path, case.rule)}


@each_rule
def test_the_option_and_the_file_add_up(
    make_account: MakeAccount, reconciler: Shell, case: Case
) -> None:
    case.prepare(make_account, safety={case.rule: True})
    plan = document(reconciler, "--allow-max-changes")
    assert plan["allowed"] == sorted({case.rule, "allow_max_changes"})


def test_a_plan_without_options_was_allowed_nothing(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: {"customer_reference": "x"}})
    assert document(reconciler)["allowed"] == []


# ---- two rules on one number -------------------------------------------------------------------


def served(make_account: MakeAccount) -> Account:
    """A number with emergency service is to be given back."""
    account = make_account(number(ONE, **SERVICE), number(TWO))
    account.declare({ONE: {"release": True}, TWO: {}})
    return account


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ((), "allow_release"),
        (("--allow-emergency-off",), "allow_release"),
        (("--allow-release",), "allow_emergency_off"),
    ],
)
def test_a_release_that_ends_emergency_service_needs_both_options(
    make_account: MakeAccount, reconciler: Shell, options: tuple[str, ...], rule: str
) -> None:
    account = served(make_account)
    assert reconciler(*APPLY, *options).code == 3
    assert account.writes() == []
    assert rules(document(reconciler, *options)) == {(ONE, "release", rule)}


def test_with_both_options_it_is_given_back(make_account: MakeAccount, reconciler: Shell) -> None:
    account = served(make_account)
    assert reconciler(*APPLY, "--allow-release", "--allow-emergency-off").code == 0
    with pytest.raises(KeyError):
        account.state(ONE)


@pytest.mark.parametrize("status", ["provisioning", "deprovisioning", "provisioning-failed"])
def test_service_that_is_not_surely_off_counts_as_service(
    make_account: MakeAccount, reconciler: Shell, status: str
) -> None:
    service = {**SERVICE["emergency"], "emergency_enabled": False, "emergency_status": status}
    account = make_account(number(ONE, emergency=service), number(TWO))
    account.declare({ONE: {"release": True}, TWO: {}})
    assert rules(document(reconciler, "--allow-release")) == {
        (ONE, "release", "allow_emergency_off")
    }


def test_a_locked_number_is_never_given_back(make_account: MakeAccount, reconciler: Shell) -> None:
    account = make_account(number(ONE, deletion_lock_enabled=True), number(TWO))
    account.declare({ONE: {"release": True}, TWO: {}})
    said = reconciler(*APPLY, *EVERY_OPTION)
    assert (said.code, "withheld (deletion-lock)" in said.out) == (3, True)
    assert account.writes() == []


def test_a_lock_that_cannot_be_read_counts_as_one(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    account = make_account(number(ONE), number(TWO))
    account.control.fault(Distort(drop=("deletion_lock_enabled",)), call="list_numbers", times=None)
    account.declare({ONE: {"release": True}, TWO: {}})
    assert rules(document(reconciler, *EVERY_OPTION)) == {(ONE, "release", "deletion-lock")}


def test_unlocked_in_one_apply_it_is_given_back_in_the_next(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    account = make_account(number(ONE, deletion_lock_enabled=True), number(TWO))
    account.declare({ONE: {"deletion_lock_enabled": False}, TWO: {}})
    assert reconciler(*APPLY, "--allow-unlock").code == 0
    account.declare({ONE: {"release": True}, TWO: {}})
    assert reconciler(*APPLY, "--allow-release").code == 0
    assert account.is_settled()


def test_a_number_that_is_gone_already_needs_no_option(account: Account, reconciler: Shell) -> None:
    account.declare({"+13125559999": {"release": True}})
    assert reconciler(*APPLY).code == 0


def test_the_other_changes_of_the_same_number_are_applied(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    account = make_account(number(ONE, deletion_lock_enabled=True), number(TWO))
    account.declare({ONE: {"deletion_lock_enabled": False, "customer_reference": "new"}})
    assert reconciler(*APPLY).code == 3
    assert account.state(ONE)["customer_reference"] == "new"
    assert account.state(ONE)["deletion_lock_enabled"] is True


def test_locking_needs_no_option(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: {"deletion_lock_enabled": True}})
    assert reconciler(*APPLY).code == 0
    assert account.state(ONE)["deletion_lock_enabled"] is True


def test_switching_emergency_on_needs_no_option(account: Account, reconciler: Shell) -> None:
    wanted = {"emergency_enabled": True, "emergency_address_id": ADDRESS}
    account.declare({ONE: {"emergency": wanted}})
    assert reconciler(*APPLY).code == 0
    assert account.state(ONE)["emergency"]["emergency_status"] == "active"


def test_a_write_only_field_that_is_allowed_is_unverifiable_and_exits_0(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: {"bundle_id": BUNDLE}})
    said = reconciler(*APPLY, "--allow-unreadable", "--format", "json")
    assert said.code == 0
    assert [(e["phone_number"], e["path"]) for e in said.json["unverifiable"]] == [
        (ONE, "bundle_id")
    ]


# ---- status ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status", ["port-pending", "port_pending", "emergency-only", "ported-out", "new-status", ""]
)
def test_only_active_numbers_are_written(account: Account, reconciler: Shell, status: str) -> None:
    account.control.change(ONE, "status", status)
    account.declare({ONE: {"customer_reference": "a"}, TWO: {"customer_reference": "b"}})
    said = reconciler(*APPLY, *EVERY_OPTION)
    assert (said.code, "withheld (status)" in said.out) == (3, True)
    assert account.state(ONE)["customer_reference"] is None
    assert account.state(TWO)["customer_reference"] == "b"


def test_an_inactive_number_that_is_as_declared_is_unchanged(
    account: Account, reconciler: Shell
) -> None:
    account.control.change(ONE, "status", "port-pending")
    account.declare({ONE: {"customer_reference": None}})
    assert reconciler(*APPLY).code == 0


def test_an_inactive_number_is_not_given_back(account: Account, reconciler: Shell) -> None:
    account.control.change(ONE, "status", "port-pending")
    account.declare({ONE: {"release": True}, TWO: {}})
    assert rules(document(reconciler, *EVERY_OPTION)) == {(ONE, "release", "status")}


# ---- parts of a linked object ------------------------------------------------------------------


def test_emergency_is_not_switched_on_with_an_ignored_address(
    account: Account, reconciler: Shell
) -> None:
    """The address is not this project's to write, and there is none: nothing can be sent."""
    wanted = {"emergency_enabled": True, "emergency_address_id": ADDRESS}
    ignore = [{"numbers": ONE, "paths": ["emergency.emergency_address_id"]}]
    account.declare({ONE: {"emergency": wanted}}, ignore=ignore)
    said = reconciler(*APPLY)
    assert (said.code, account.writes()) == (3, [])
    assert "emergency_address_id" in said.out


@pytest.mark.parametrize(
    ("section", "switch", "detail", "value"),
    [
        ("call_forwarding", "call_forwarding_enabled", "forwards_to", "+13035559123"),
        ("cnam_listing", "cnam_listing_enabled", "cnam_listing_details", "ACME"),
    ],
)
def test_a_feature_is_not_switched_on_without_its_ignored_detail(
    account: Account, reconciler: Shell, section: str, switch: str, detail: str, value: str
) -> None:
    account.control.change(ONE, f"voice.{section}.{switch}", False)
    ignore = [{"numbers": ONE, "paths": [f"voice.{section}.{detail}"]}]
    account.declare({ONE: {"voice": {section: {switch: True, detail: value}}}}, ignore=ignore)
    said = reconciler(*APPLY)
    assert (said.code, account.writes()) == (3, [])
    assert detail in said.out


def test_an_ignored_detail_that_is_live_serves(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    listing = {"cnam_listing_details": "OTHER"}
    account = make_account(number(ONE, voice={"cnam_listing": listing}), number(TWO))
    ignore = [{"numbers": ONE, "paths": ["voice.cnam_listing.cnam_listing_details"]}]
    wanted = {"cnam_listing_enabled": True, "cnam_listing_details": "ACME"}
    account.declare({ONE: {"voice": {"cnam_listing": wanted}}}, ignore=ignore)
    assert reconciler(*APPLY).code == 0
    assert account.state(ONE)["voice"]["cnam_listing"] == {
        "cnam_listing_enabled": True,
        "cnam_listing_details": "OTHER",
    }


def test_a_feature_is_switched_off_whatever_of_it_is_ignored(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    """Also where its detail, which is somebody else's to write, is not set."""
    account = make_account(number(ONE, voice={"cnam_listing": {"cnam_listing_enabled": True}}))
    ignore = [{"numbers": ONE, "paths": ["voice.cnam_listing.cnam_listing_details"]}]
    account.declare(
        {ONE: {"voice": {"cnam_listing": {"cnam_listing_enabled": False}}}}, ignore=ignore
    )
    assert reconciler(*APPLY).code == 0
    assert account.state(ONE)["voice"]["cnam_listing"]["cnam_listing_enabled"] is False


def test_a_listing_is_switched_off_and_emptied_together(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    listing = {"cnam_listing_enabled": True, "cnam_listing_details": "ACME"}
    account = make_account(number(ONE, voice={"cnam_listing": listing}), number(TWO))
    off = {"cnam_listing_enabled": False, "cnam_listing_details": None}
    account.declare({ONE: {"voice": {"cnam_listing": off}}})
    assert reconciler(*APPLY).code == 0
    assert account.is_settled()


def test_a_listing_is_not_named_while_its_ignored_switch_is_off(
    account: Account, reconciler: Shell
) -> None:
    ignore = [{"numbers": ONE, "paths": ["voice.cnam_listing.cnam_listing_enabled"]}]
    wanted = {"cnam_listing_enabled": True, "cnam_listing_details": "ACME"}
    account.declare({ONE: {"voice": {"cnam_listing": wanted}}}, ignore=ignore)
    assert rules(document(reconciler)) == {
        (ONE, "voice.cnam_listing.cnam_listing_details", "unreachable")
    }
