"""Every exit code of the contract, by what leads to it."""

from __future__ import annotations

import pytest

from reconciler.sandbox.faults import Respond
from reconciler.sandbox.scripts import Failure
from tests.apply.account import ONE, TWO, Account
from tests.cli.support import Shell

DESK = {ONE: {"customer_reference": "desk-1"}}


def test_plan_exits_0_with_changes(account: Account, reconciler: Shell) -> None:
    account.declare(DESK)
    assert reconciler("plan").code == 0


def test_plan_exits_2_with_changes_when_asked_to(account: Account, reconciler: Shell) -> None:
    account.declare(DESK)
    assert reconciler("plan", "--detailed-exitcode").code == 2


def test_plan_exits_0_without_changes_even_when_asked(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: {"customer_reference": None}})
    assert reconciler("plan", "--detailed-exitcode").code == 0


def test_plan_exits_2_with_something_withheld(account: Account, reconciler: Shell) -> None:
    account.control.change(ONE, "status", "port-pending")
    account.declare(DESK)
    assert reconciler("plan", "--detailed-exitcode").code == 2


def test_drift_exits_2_on_a_difference(account: Account, reconciler: Shell) -> None:
    account.declare(DESK)
    assert reconciler("drift").code == 2


def test_drift_exits_2_on_a_number_that_is_not_owned(account: Account, reconciler: Shell) -> None:
    account.declare({"+13125559999": {"customer_reference": None}})
    assert reconciler("drift").code == 2


def test_drift_exits_0_without_one(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: {"customer_reference": None}})
    assert reconciler("drift").code == 0


def test_apply_exits_0_when_it_converged(account: Account, reconciler: Shell) -> None:
    account.declare(DESK)
    assert reconciler("apply", "--auto-approve").code == 0


def test_apply_exits_5_when_a_number_failed(account: Account, reconciler: Shell) -> None:
    account.declare(DESK)
    account.control.script(call="patch_number", fail={ONE: Failure()})
    assert reconciler("apply", "--auto-approve").code == 5


def test_apply_exits_5_when_a_number_is_not_owned(account: Account, reconciler: Shell) -> None:
    account.declare({**DESK, "+13125559999": {"customer_reference": "x"}})
    assert reconciler("apply", "--auto-approve").code == 5


def test_apply_exits_3_when_a_part_is_withheld(account: Account, reconciler: Shell) -> None:
    account.control.change(TWO, "status", "port-pending")
    account.declare({**DESK, TWO: {"customer_reference": "desk-2"}})
    assert reconciler("apply", "--auto-approve").code == 3


@pytest.fixture
def emptied(account: Account) -> Account:
    """The account has no number any more."""
    for row in list(account.fleet.numbers):
        account.control.remove(row.phone_number)
    account.declare(DESK)
    return account


@pytest.mark.parametrize("command", [("drift",), ("apply", "--auto-approve")])
def test_an_empty_account_exits_3(
    emptied: Account, reconciler: Shell, command: tuple[str, ...]
) -> None:
    said = reconciler(*command)
    assert (said.code, "--allow-empty-account" in said.err) == (3, True)
    assert emptied.writes() == []


@pytest.mark.parametrize(("words", "code"), [((), 0), (("--detailed-exitcode",), 0)])
def test_plan_of_an_empty_account_says_what_would_be_refused(
    emptied: Account, reconciler: Shell, words: tuple[str, ...], code: int
) -> None:
    said = reconciler("plan", *words)
    assert (said.code, "--allow-empty-account" in said.err) == (code, True)
    assert emptied.writes() == []


def test_an_empty_account_that_is_allowed_is_a_number_not_owned(
    emptied: Account, reconciler: Shell
) -> None:
    assert reconciler("apply", "--auto-approve", "--allow-empty-account").code == 5
    assert emptied.writes() == []


@pytest.mark.parametrize("command", [("plan",), ("drift",), ("apply", "--auto-approve")])
def test_a_refused_key_exits_7(
    account: Account, reconciler: Shell, command: tuple[str, ...]
) -> None:
    account.declare(DESK)
    account.control.fault(Respond(status=401), times=None)
    assert reconciler(*command).code == 7


def test_a_key_that_may_not_write_exits_7(account: Account, reconciler: Shell) -> None:
    account.declare(DESK)
    account.control.forbid("patch_number")
    assert reconciler("apply", "--auto-approve").code == 7


@pytest.mark.parametrize("command", [("plan",), ("drift",), ("apply", "--auto-approve")])
def test_a_service_that_fails_exits_1(
    account: Account, reconciler: Shell, command: tuple[str, ...]
) -> None:
    account.declare(DESK)
    account.control.fault(Respond(status=500), times=None)
    assert reconciler(*command).code == 1


def test_an_apply_that_reached_nobody_exits_1(account: Account, reconciler: Shell) -> None:
    account.declare(DESK)
    account.control.fault(
        Respond(status=429, headers={"retry-after": "9999"}), method="PATCH", times=None
    )
    said = reconciler("apply", "--auto-approve")
    assert (said.code, "wait until" in said.err) == (1, True)


def test_the_gravest_code_wins(account: Account, reconciler: Shell) -> None:
    account.control.change(TWO, "status", "port-pending")
    account.declare({**DESK, TWO: {"customer_reference": "desk-2"}})
    account.control.script(call="patch_number", fail={ONE: Failure()})
    assert reconciler("apply", "--auto-approve").code == 5


WRONG = [
    ("no-such-command",),
    ("plan", "--no-such-option"),
    ("plan", "a", "b"),
    ("plan", "--only", "everything"),
    ("plan", "--max-wait", "-1"),
    ("plan", "--max-wait", "nan"),
    ("plan", "--max-wait", "inf"),
    ("plan", "--max-wait", "soon"),
    ("plan", "--concurrency", "0"),
    ("apply", "--auto-approve", "--job-timeout", "0"),
    ("apply", "--auto-approve", "--live", "live.json"),
    ("plan", "--format", "xml"),
    ("plan", "--target", "+19999999999"),
    ("plan", "no/such/place"),
    ("plan", "x" * 5000),
    ("plan", "--live", "no-such-file.json"),
    ("plan", "--live", "reconciler.yaml"),
    ("plan", "--live", "."),
    ("fetch",),
    ("fetch", "-o", "live.json", "--max-wait", "nan"),
    ("apply",),
    ("sandbox", "--port", "99999"),
    ("validate", "no/such/place"),
    (),
]


@pytest.mark.parametrize("words", WRONG, ids=lambda words: " ".join(words)[:40])
def test_a_wrong_call_exits_1_and_never_2(
    account: Account, reconciler: Shell, words: tuple[str, ...]
) -> None:
    account.declare(DESK)
    said = reconciler(*words)
    assert (said.code, bool(said.err.strip())) == (1, True)
    assert account.control.log() == []


def test_fmt_exits_0_when_it_formatted(account: Account, reconciler: Shell) -> None:
    (account.root / "more.yaml").write_text("numbers: {}\nversion: 1\n")
    assert reconciler("fmt").code == 0


def test_fmt_check_exits_2_when_a_file_would_change(account: Account, reconciler: Shell) -> None:
    (account.root / "more.yaml").write_text("numbers: {}\nversion: 1\n")
    assert reconciler("fmt", "--check").code == 2


def test_fmt_exits_1_on_what_is_no_yaml(account: Account, reconciler: Shell) -> None:
    (account.root / "more.yaml").write_text("numbers: {\n")
    assert reconciler("fmt", "--check").code == 1


@pytest.mark.parametrize("words", [("--help",), ("plan", "--help"), ("--version",)], ids=" ".join)
def test_help_exits_0(account: Account, reconciler: Shell, words: tuple[str, ...]) -> None:
    assert reconciler(*words).code == 0
    assert account.control.log() == []
