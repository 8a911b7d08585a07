"""Bundles and addresses: no answer shows them, so they are written only where that is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler import workflow
from reconciler.core.fields import Channel
from reconciler.core.safety import Allowance
from reconciler.errors import Exit
from reconciler.sandbox.faults import Drop
from reconciler.sandbox.fleet import number
from reconciler.sandbox.scripts import Failure
from reconciler.workflow import Options
from tests.apply.account import ONE, TWO, Account, summary
from tests.apply.conftest import MakeAccount

BUNDLE, OTHER = "5194d8fc-87e6-4188-baa9-1c434bbe861b", "5194d8fc-87e6-4188-baa9-1c434bbe861c"
ADDRESS = "dc8f39ac-953d-4520-b93b-786ae87db0da"
IN: dict[str, Any] = {"bundle_id": BUNDLE}
UNREADABLE = frozenset({Allowance.UNREADABLE})
WRITE_ONLY = [IN, {"bundle_id": None}, {"address_id": ADDRESS}, {"address_id": None}]


def bodies(account: Account, call: str) -> list[Any]:
    return [each.body for each in account.writes(call)]


@pytest.mark.parametrize("declared", WRITE_ONLY, ids=str)
def test_what_no_answer_shows_is_withheld(account: Account, declared: Any) -> None:
    account.declare({ONE: declared})
    outcome = account.apply(allow=frozenset(Allowance) - UNREADABLE)
    assert [each.rule for each in outcome.withheld] == ["allow_unreadable"]
    assert (outcome.exit_code, account.writes()) == (Exit.REFUSED, [])


@pytest.mark.parametrize("declared", WRITE_ONLY, ids=str)
def test_what_no_answer_shows_is_sent_and_called_unverifiable(
    account: Account, declared: Any
) -> None:
    account.declare({ONE: declared})
    outcome = account.apply(allow=UNREADABLE)
    assert [each.path for each in outcome.unverifiable] == list(declared)
    assert outcome.exit_code == Exit.OK


def test_what_no_answer_shows_is_not_waited_for(account: Account) -> None:
    account.declare({ONE: {**IN, "address_id": ADDRESS}})
    assert account.apply(allow=UNREADABLE).seconds < 2


def test_a_number_joins_a_bundle(account: Account) -> None:
    account.declare({ONE: IN, TWO: IN})
    account.apply(allow=UNREADABLE)
    assert [account.state(each)["bundle_id"] for each in (ONE, TWO)] == [BUNDLE, BUNDLE]


def test_a_number_leaves_its_bundle_by_null(make_account: MakeAccount) -> None:
    account = make_account(number(ONE, bundle_id=BUNDLE))
    account.declare({ONE: {"bundle_id": None}})
    account.apply(allow=UNREADABLE)
    assert bodies(account, "bundle") == [{"bundle_id": None}]
    assert account.state()["bundle_id"] is None


def test_a_number_that_is_in_another_bundle_unseen_leaves_it_first(
    make_account: MakeAccount,
) -> None:
    account = make_account(number(ONE, bundle_id=OTHER))
    account.declare({ONE: IN})
    account.apply(allow=UNREADABLE)
    assert bodies(account, "bundle") == [{"bundle_id": None}, {"bundle_id": BUNDLE}]
    assert account.state(ONE)["bundle_id"] == BUNDLE


def test_a_lost_answer_that_nothing_can_settle_is_unconfirmed(account: Account) -> None:
    account.control.fault(Drop(after=True), call="bundle", times=2)
    account.declare({ONE: IN})
    outcome = account.apply(allow=UNREADABLE)
    assert (summary(outcome), len(account.writes())) == ((0, 0, 1, 0), 2)


def test_drift_passes_over_what_no_answer_shows(account: Account) -> None:
    account.declare({ONE: {**IN, "address_id": None}})
    drifted = account.do(workflow.drift(account.root, Options(allow=UNREADABLE)))
    assert not drifted.plan.has_drift


def test_drift_says_what_it_passes_over(account: Account) -> None:
    account.declare({ONE: {**IN, "address_id": None}})
    drifted = account.do(workflow.drift(account.root, Options()))
    assert len(drifted.notes) == 1


def test_drift_beside_what_no_answer_shows_is_found(account: Account) -> None:
    account.declare({ONE: {**IN, "customer_reference": "desk-1"}})
    drifted = account.do(workflow.drift(account.root, Options()))
    changes = drifted.plan.difference.changes
    assert [field.path for change in changes for field in change.fields] == ["customer_reference"]


# ---- an address rides along ---------------------------------------------------------------------


@pytest.mark.parametrize(("value", "wire"), [(ADDRESS, ADDRESS), (None, "")])
def test_an_address_rides_with_the_other_fields_of_the_number(
    account: Account, value: str | None, wire: str
) -> None:
    account.declare({ONE: {"address_id": value, "customer_reference": "desk-1"}})
    account.apply(allow=UNREADABLE)
    assert bodies(account, "patch_number") == [{"address_id": wire, "customer_reference": "desk-1"}]


def test_an_address_that_is_withheld_keeps_nothing_else_back(account: Account) -> None:
    account.declare({ONE: {"address_id": ADDRESS, "customer_reference": "desk-1"}})
    account.apply()
    assert bodies(account, "") == [{"customer_reference": "desk-1"}]


def test_addresses_of_many_beside_a_job_go_by_patches(account: Account) -> None:
    both = {"address_id": ADDRESS, "voice": {"tech_prefix_enabled": True}}
    account.declare({ONE: both, TWO: both})
    account.apply(allow=UNREADABLE)
    assert [account.state(each)["address_id"] for each in (ONE, TWO)] == [ADDRESS, ADDRESS]


def test_what_rides_with_an_address_is_confirmed(account: Account) -> None:
    account.control.script(call="patch_number", no_effect=True)
    account.declare({ONE: {"address_id": ADDRESS, "customer_reference": "desk-1"}})
    outcome = account.apply(allow=UNREADABLE)
    assert [each.path for each in outcome.unconfirmed] == ["customer_reference"]


# ---- where a row shows it all the same ----------------------------------------------------------


@pytest.fixture
def shown(make_account: MakeAccount) -> Account:
    """An account whose rows carry what no schema has; ONE is in a bundle."""
    account = make_account(number(ONE, bundle_id=OTHER), number(TWO), shows_write_only=True)
    account.declare({ONE: IN, TWO: {"customer_reference": "desk-2", "deletion_lock_enabled": True}})
    return account


def test_a_move_takes_two_calls(shown: Account) -> None:
    assert shown.apply().converged
    assert bodies(shown, "bundle") == [{"bundle_id": None}, {"bundle_id": BUNDLE}]


def test_the_second_call_of_a_move_waits_for_the_first(shown: Account) -> None:
    leave, join = (each for each in shown.plan().plan.operations if each.call is Channel.BUNDLE)
    assert join.depends_on == (leave.id,)


def test_what_a_row_shows_is_confirmed_by_reading(shown: Account) -> None:
    applied = shown.apply().applied
    assert (ONE, "bundle_id") in [(each.phone_number, each.path) for each in applied]


def test_a_move_that_is_ignored_is_not_called_done(shown: Account) -> None:
    shown.control.script(call="bundle", no_effect=True)
    outcome = shown.apply()
    assert (ONE, "bundle_id") in [(each.phone_number, each.path) for each in outcome.skipped]


def test_a_join_that_is_ignored_is_unconfirmed(make_account: MakeAccount) -> None:
    account = make_account(number(ONE), shows_write_only=True)
    account.control.script(call="bundle", no_effect=True)
    account.declare({ONE: {**IN, "deletion_lock_enabled": True}})
    outcome = account.apply()
    assert [each.path for each in outcome.unconfirmed] == ["bundle_id"]


def test_the_bundle_that_a_number_is_in_is_no_change(make_account: MakeAccount) -> None:
    account = make_account(number(ONE, bundle_id=BUNDLE), shows_write_only=True)
    account.declare({ONE: {**IN, "deletion_lock_enabled": False}})
    assert account.is_settled()


def test_a_number_that_cannot_leave_does_not_count_as_moved(shown: Account) -> None:
    shown.control.script(call="bundle", fail={ONE: Failure()})
    outcome = shown.apply()
    assert [(each.path, each.operation) for each in outcome.failed] == [("bundle_id", "op-0003")]
    assert len(shown.writes("bundle")) == 1
    assert shown.state()["bundle_id"] == OTHER
    assert outcome.open == ()  # nothing that a resume could finish


def test_a_number_that_left_and_could_not_join_is_a_failure(shown: Account) -> None:
    shown.control.script(call="bundle")
    shown.control.script(call="bundle", fail={ONE: Failure()})
    outcome = shown.apply()
    assert (outcome.exit_code, shown.state()["bundle_id"]) == (Exit.INCOMPLETE, None)
