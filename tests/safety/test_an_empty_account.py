"""No live number at all, while some are declared, is somebody's mistake."""

from __future__ import annotations

import pytest

from reconciler.core.scope import Scope
from reconciler.sandbox.fleet import Fleet, mobile_number
from tests.apply.account import ONE, TWO, Account
from tests.apply.conftest import MakeAccount
from tests.cli.support import Shell
from tests.safety.project import APPLY, document, refused

RULE = ("empty account", "--allow-empty-account")


@pytest.fixture
def account(make_account: MakeAccount) -> Account:
    """No number is live, and one is declared."""
    account = make_account(fleet=Fleet.of([]))
    account.declare({ONE: {"customer_reference": "x"}})
    return account


def test_the_apply_is_refused(account: Account, reconciler: Shell) -> None:
    assert refused(reconciler(*APPLY), *RULE, account)


def test_drift_is_refused_as_well(account: Account, reconciler: Shell) -> None:
    said = reconciler("drift")
    assert (said.code, "--allow-empty-account" in said.err) == (3, True)
    assert account.writes() == []


@pytest.mark.parametrize(
    "option", ["--allow-max-changes", "--allow-release", "--allow-unreadable", "--allow-unlock"]
)
def test_no_other_option_opens_it(account: Account, reconciler: Shell, option: str) -> None:
    assert refused(reconciler(*APPLY, option), *RULE, account)


def test_allowed_it_is_a_number_that_is_not_owned(account: Account, reconciler: Shell) -> None:
    assert document(reconciler, "--allow-empty-account")["allowed"] == ["allow_empty_account"]
    assert reconciler(*APPLY, "--allow-empty-account").code == 5
    assert account.writes() == []


def test_a_target_does_not_hide_it(account: Account) -> None:
    assert account.plan(scope=Scope(targets=(ONE,))).refusals


def test_only_releases_declared_are_refused_too(account: Account, reconciler: Shell) -> None:
    """Everything given back already, or the key of another account: who can say?"""
    account.declare({ONE: {"release": True}})
    assert refused(reconciler(*APPLY), *RULE, account)


def test_nothing_declared_is_no_mistake(account: Account, reconciler: Shell) -> None:
    account.declare({})
    assert reconciler(*APPLY).code == 0


def test_ownership_is_not_asked_of_an_empty_account(account: Account) -> None:
    account.plan()
    assert "verify_ownership" not in account.control.counts()


def test_an_account_of_mobile_numbers_is_not_empty(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    account = make_account(mobile_number(TWO))
    account.declare({ONE: {"customer_reference": "x"}})
    assert reconciler(*APPLY).code == 5


def test_lists_that_may_not_be_read_do_not_make_an_account_empty(
    account: Account, reconciler: Shell
) -> None:
    account.control.forbid("list_voice")
    account.declare({ONE: {"voice": {"tech_prefix_enabled": True}}})
    assert reconciler("plan").code == 0
