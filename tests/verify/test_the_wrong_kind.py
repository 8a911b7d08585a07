"""A number that is declared under the wrong key is an error at plan time."""

from __future__ import annotations

import json

import pytest

from reconciler.sandbox.fleet import mobile_number, number
from reconciler.sandbox.state import Row
from tests.apply.account import ONE, TWO, Account
from tests.apply.conftest import MakeAccount
from tests.cli.support import Shell

COMMANDS = [("plan",), ("drift",), ("apply", "--auto-approve")]
each_command = pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[0])
BOTH: list[Row] = [number(ONE, phone_number_type="mobile"), mobile_number(ONE)]


def declare(account: Account, key: str, setting: str = "customer_reference") -> None:
    """Declare ONE under `key`."""
    account.declare({})
    text = json.dumps({key: {ONE: {setting: "new"}}}, indent=1)
    (account.root / "numbers.yaml").write_text(text)


@each_command
@pytest.mark.parametrize(
    "rows", [BOTH, [mobile_number(ONE)], [mobile_number(ONE), number(TWO)]], ids=len
)
def test_a_mobile_number_under_numbers(
    make_account: MakeAccount, reconciler: Shell, command: tuple[str, ...], rows: list[Row]
) -> None:
    account = make_account(*rows)
    declare(account, "numbers")
    said = reconciler(*command)
    assert (said.code, account.writes()) == (1, [])
    assert said.err.startswith(f"numbers.yaml:3:3: {ONE} is not one of numbers")
    assert "declare it under mobile_numbers" in said.err


@each_command
@pytest.mark.parametrize("rows", [[number(ONE)], [number(ONE), mobile_number(TWO)]], ids=len)
def test_a_plain_number_under_mobile_numbers(
    make_account: MakeAccount, reconciler: Shell, command: tuple[str, ...], rows: list[Row]
) -> None:
    account = make_account(*rows)
    declare(account, "mobile_numbers")
    said = reconciler(*command)
    assert (said.code, account.writes()) == (1, [])
    assert said.err.startswith(f"numbers.yaml:3:3: {ONE} is not one of mobile_numbers")
    assert "declare it under numbers" in said.err


def test_a_number_in_both_lists_is_mobile(make_account: MakeAccount, reconciler: Shell) -> None:
    account = make_account(*BOTH)
    declare(account, "mobile_numbers")
    assert reconciler("apply", "--auto-approve").code == 0
    assert {entry.call for entry in account.writes()} == {"patch_mobile"}


def test_every_misplaced_number_is_named(make_account: MakeAccount, reconciler: Shell) -> None:
    account = make_account(mobile_number(ONE), mobile_number(TWO))
    account.declare({ONE: {}, TWO: {}})
    said = reconciler("plan")
    assert said.err.endswith("2 errors\n")


def test_a_release_of_a_mobile_number_is_an_error_too(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    account = make_account(*BOTH)
    account.declare({ONE: {"release": True}})
    said = reconciler("apply", "--auto-approve", "--allow-release")
    assert (said.code, account.writes()) == (1, [])


def test_a_mobile_list_that_may_not_be_read_is_no_error_for_plain_numbers(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    account = make_account(number(ONE), number(TWO))
    account.control.forbid("list_mobile")
    account.declare({ONE: {"customer_reference": "x"}, "+13125559999": {}})
    assert reconciler("drift").code == 2
