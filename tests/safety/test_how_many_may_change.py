"""max_changes_percent and max_changes refuse the whole apply."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.scope import Scope
from reconciler.sandbox.fleet import number
from tests.apply.account import Account
from tests.apply.conftest import MakeAccount
from tests.cli.support import Shell
from tests.safety.project import APPLY, document, e164, references, refused

PERCENT = ("max_changes_percent", "--allow-max-changes")
COUNT = ("max_changes", "--allow-max-changes")


def of(make_account: MakeAccount, declared: int, changed: int, **project: Any) -> Account:
    """An account in which `changed` of the `declared` numbers differ."""
    account = make_account(*(number(e164(at)) for at in range(declared)))
    same = {e164(at): {"customer_reference": None} for at in range(changed, declared)}
    account.declare({**references(changed), **same}, **project)
    return account


@pytest.fixture
def account(make_account: MakeAccount) -> Account:
    """Ten declared numbers, of which four change."""
    return of(make_account, 10, 4)


def test_more_than_30_percent_is_refused(account: Account, reconciler: Shell) -> None:
    assert refused(reconciler(*APPLY), *PERCENT, account)


def test_the_message_counts_what_would_change(account: Account, reconciler: Shell) -> None:
    assert "4 of 10 declared numbers would change (40%)" in reconciler(*APPLY).err
    assert account.writes() == []


def test_the_option_lets_it_through(account: Account, reconciler: Shell) -> None:
    assert reconciler(*APPLY, "--allow-max-changes").code == 0
    assert account.is_settled()


@pytest.mark.parametrize(
    "option",
    ["--allow-release", "--allow-unlock", "--allow-unreadable", "--allow-emergency-off"],
)
def test_no_other_option_does(account: Account, reconciler: Shell, option: str) -> None:
    assert refused(reconciler(*APPLY, option), *PERCENT, account)


@pytest.mark.parametrize("detailed", [False, True])
def test_plan_prints_it_and_says_so(account: Account, reconciler: Shell, detailed: bool) -> None:
    said = reconciler("plan", *(["--detailed-exitcode"] if detailed else []))
    assert said.code == (2 if detailed else 0)
    assert "4 numbers to change" in said.out
    assert "apply would be refused" in said.err
    assert account.writes() == []


def test_drift_is_no_apply_and_says_nothing_of_it(account: Account, reconciler: Shell) -> None:
    said = reconciler("drift")
    assert (said.code, "refused" in said.err) == (2, False)
    assert account.writes() == []


@pytest.mark.parametrize(
    ("declared", "changed", "percent", "is_refused"),
    [
        (9, 9, 30, False),  # fewer than ten are declared
        (10, 3, 30, False),  # exactly so many
        (10, 4, 30, True),
        (10, 1, 0, True),
        (10, 0, 0, False),
        (10, 10, 100, False),
        (20, 1, 5, False),
        (20, 2, 5, True),
        (1000, 3, 0.3, False),
        (1000, 23, 2.3, False),
        (1000, 24, 2.3, True),
        (1000, 323, 32.3, False),  # 32.3 * 1000 is a little less than 32,300 to a float
        (1000, 324, 32.3, True),
    ],
)
def test_strictly_more_once_ten_are_declared(
    make_account: MakeAccount, declared: int, changed: int, percent: float, is_refused: bool
) -> None:
    account = of(make_account, declared, changed, safety={"max_changes_percent": percent})
    assert bool(account.plan().refusals) is is_refused


def test_all_declared_numbers_count_before_any_target(make_account: MakeAccount) -> None:
    account = of(make_account, 12, 12)
    targets = tuple(e164(at) for at in range(3))
    assert not account.plan(scope=Scope(targets=targets)).refusals


def test_a_target_does_not_blind_the_rule(make_account: MakeAccount) -> None:
    account = of(make_account, 12, 12)
    targets = tuple(e164(at) for at in range(4))
    assert account.plan(scope=Scope(targets=targets)).refusals


def test_a_released_number_counts(make_account: MakeAccount, reconciler: Shell) -> None:
    account = of(make_account, 10, 3)
    numbers = {e164(at): {"customer_reference": None} for at in range(4, 10)}
    account.declare({**references(3), e164(3): {"release": True}, **numbers})
    assert refused(reconciler(*APPLY, "--allow-release"), *PERCENT, account)


def test_a_withheld_number_does_not_count(make_account: MakeAccount, reconciler: Shell) -> None:
    account = of(make_account, 10, 3)
    numbers = {e164(at): {"customer_reference": None} for at in range(4, 10)}
    account.declare({**references(3), e164(3): {"release": True}, **numbers})
    assert reconciler(*APPLY).code == 3
    assert len(account.writes()) > 0


def test_an_ignored_number_does_not_count(make_account: MakeAccount) -> None:
    ignore = [{"numbers": e164(0), "paths": ["customer_reference"]}]
    assert not of(make_account, 10, 4, ignore=ignore).plan().refusals


# ---- max_changes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "most", "is_refused"),
    [(2, 1, True), (2, 2, False), (1, 0, True), (0, 0, False)],
)
def test_a_count_is_refused_when_greater(
    make_account: MakeAccount, changed: int, most: int, is_refused: bool
) -> None:
    account = of(make_account, 3, changed, safety={"max_changes": most})
    assert bool(account.plan().refusals) is is_refused


def test_the_count_refuses_the_whole_apply(make_account: MakeAccount, reconciler: Shell) -> None:
    account = of(make_account, 3, 2, safety={"max_changes": 1})
    assert refused(reconciler(*APPLY), *COUNT, account)


def test_the_option_lifts_the_count(make_account: MakeAccount, reconciler: Shell) -> None:
    account = of(make_account, 3, 2, safety={"max_changes": 1})
    assert reconciler(*APPLY, "--allow-max-changes").code == 0
    assert account.is_settled()


def test_both_rules_are_named_when_both_refuse(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    account = of(make_account, 10, 4, safety={"max_changes": 1})
    said = reconciler(*APPLY)
    assert refused(said, *PERCENT, account)
    assert refused(said, *COUNT, account)


def test_the_project_file_sets_the_percentage(make_account: MakeAccount) -> None:
    assert not of(make_account, 10, 4, safety={"max_changes_percent": 40}).plan().refusals


def test_the_option_stands_in_the_plan(make_account: MakeAccount, reconciler: Shell) -> None:
    of(make_account, 10, 4)
    assert document(reconciler, "--allow-max-changes")["allowed"] == ["allow_max_changes"]
