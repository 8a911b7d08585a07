"""`protect: true` holds everything back; `when_owned: true` waits for a number in silence."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.sandbox.fleet import number
from tests.apply.account import ONE, TRUNK, TWO, Account
from tests.apply.conftest import MakeAccount
from tests.cli.support import Shell
from tests.safety.project import APPLY, EVERY_OPTION, document, rules

NEW = {"customer_reference": "new"}
ELSEWHERE = "+13125550999"
BLOCK = "+13125550990..+13125550999"


@pytest.fixture
def account(make_account: MakeAccount) -> Account:
    """Two numbers, nothing set."""
    return make_account(number(ONE, connection_id=TRUNK), number(TWO))


@pytest.mark.parametrize(
    ("entry", "groups"),
    [
        ({"protect": True}, {}),
        ({"groups": ["g"]}, {"g": {"protect": True}}),
        ({"groups": ["h"]}, {"g": {"protect": True}, "h": {"extends": ["g"]}}),
    ],
    ids=["a number", "a group", "what a group extends"],
)
def test_nothing_of_a_protected_number_is_written_whatever_is_allowed(
    account: Account, reconciler: Shell, entry: dict[str, Any], groups: dict[str, Any]
) -> None:
    account.declare({ONE: {**NEW, **entry}, TWO: NEW}, groups=groups)
    assert rules(document(reconciler)) == {(ONE, "customer_reference", "protected")}
    assert reconciler(*APPLY, *EVERY_OPTION).code == 3
    assert account.state(ONE)["customer_reference"] != "new"
    assert account.state(TWO)["customer_reference"] == "new"


def test_a_protected_number_that_is_as_declared_is_no_finding(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: {"connection_id": TRUNK, "protect": True}})
    assert document(reconciler)["withheld"] == []
    assert reconciler("drift").code == 0


def test_a_layer_above_may_take_the_protection_off(account: Account, reconciler: Shell) -> None:
    account.declare(
        {ONE: {**NEW, "groups": ["g"], "protect": False}}, groups={"g": {"protect": True}}
    )
    assert document(reconciler)["withheld"] == []


def test_a_number_on_its_way_is_no_error(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: NEW, ELSEWHERE: {**NEW, "when_owned": True}})
    said = reconciler(*APPLY, "--allow-max-changes")
    assert said.code == 0, said
    assert "1 declared number is not in the account yet, as when_owned allows" in said.err
    assert reconciler("drift").code == 0


def test_the_numbers_of_the_plan_add_up_with_those_on_their_way(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: NEW, BLOCK: {**NEW, "when_owned": True}})
    plan = document(reconciler)
    summary = plan["summary"]
    assert (summary["declared"], summary["numbers_changed"], summary["unchanged"]) == (11, 1, 10)
    assert plan["not_owned"] == []


def test_once_the_account_has_it_it_is_changed_as_any_other(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: {**NEW, "when_owned": True}})
    assert document(reconciler)["summary"]["numbers_changed"] == 1


def test_verify_counts_those_on_their_way_apart(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: NEW, ELSEWHERE: {"when_owned": True}})
    said = reconciler("verify")
    assert (said.code, "0 not owned, 1 not owned yet (when_owned)." in said.out) == (0, True)
