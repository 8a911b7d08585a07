"""`reconciler verify`: which declared numbers the account owns and may edit."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.sandbox.faults import Respond
from reconciler.sandbox.fleet import mobile_number, number
from tests.apply.account import FOUR, ONE, THREE, TWO, Account
from tests.apply.conftest import MakeAccount
from tests.cli.support import Shell

GONE = "+13125559999"


@pytest.fixture
def account(make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch) -> Account:
    """ONE and TWO are plain; THREE and FOUR are mobile, and FOUR is not active."""
    account = make_account(
        number(ONE, tags=["a"]), number(TWO), mobile_number(THREE), mobile_number(FOUR, status="x")
    )
    monkeypatch.setattr("reconciler.workflow.ownership.SystemClock", lambda: account.clock)
    return account


def mobile(account: Account, *numbers: str) -> None:
    """Declare mobile numbers as well."""
    text = json.dumps({"mobile_numbers": {each: {} for each in numbers}})
    (account.root / "mobile.yaml").write_text(text)


def groups(said: Any) -> dict[str, list[str]]:
    """The numbers of the JSON report."""
    return {name: [each["phone_number"] for each in those] for name, those in said.json.items()}


def test_all_owned_and_editable_exits_0(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: {}, TWO: {}})
    said = reconciler("verify")
    counts = "2 declared numbers owned and editable, 0 owned but not editable, 0 not owned.\n"
    assert (said.code, said.out) == (0, counts)


def test_a_number_that_is_not_owned_exits_5_and_is_named_with_its_line(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: {}, GONE: {}})
    said = reconciler("verify")
    assert (said.code, f"! not owned: {GONE}  # numbers.yaml:3" in said.out) == (5, True)


def test_the_report_in_json(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: {}, GONE: {}})
    said = reconciler("verify", "--format", "json")
    assert said.code == 5
    assert said.json == {
        "editable": [{"phone_number": ONE, "source": "numbers.yaml:2"}],
        "not_editable": [],
        "not_owned": [{"phone_number": GONE, "source": "numbers.yaml:3"}],
    }


def test_a_number_in_neither_list_is_owned_but_not_editable(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: {}, TWO: {}})
    body = json.dumps({"data": {"found": [{"number_val_e164": ONE}], "not_found": []}})
    account.control.fault(Respond(status=200, body=body), call="verify_ownership")
    said = reconciler("verify", "--format", "json")
    assert (said.code, groups(said)["not_editable"]) == (5, [TWO])


def test_mobile_numbers_are_looked_up_in_their_own_list(
    account: Account, reconciler: Shell
) -> None:
    account.declare({})
    mobile(account, THREE, FOUR, GONE)
    said = reconciler("verify", "--format", "json")
    assert said.code == 5
    assert groups(said) == {"editable": [THREE], "not_editable": [FOUR], "not_owned": [GONE]}
    assert account.control.counts() == {"list_mobile": 1}


def test_plain_and_mobile_numbers_together(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: {}})
    mobile(account, THREE)
    said = reconciler("verify", "--format", "json")
    assert (said.code, sorted(groups(said)["editable"])) == (0, [ONE, THREE])


def test_what_is_to_be_given_back_is_not_asked_about(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: {}, GONE: {"release": True}})
    assert reconciler("verify").code == 0


def test_targets_narrow_it(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: {}, GONE: {}})
    assert reconciler("verify", "--target", ONE).code == 0
    assert reconciler("verify", "--target", "+131255599*").code == 5


def test_tags_narrow_it(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: {"tags": ["a"]}, GONE: {"tags": ["b"]}})
    assert reconciler("verify", "--tag", "a").code == 0
    assert reconciler("verify", "--tag", "b").code == 5


@pytest.mark.parametrize("words", [("--target", "+19999999999"), ("--tag", "nobody")])
def test_nothing_matched_exits_1(
    account: Account, reconciler: Shell, words: tuple[str, ...]
) -> None:
    account.declare({ONE: {}})
    said = reconciler("verify", *words)
    assert (said.code, account.control.log()) == (1, [])


def test_nothing_declared_exits_0_and_asks_nothing(account: Account, reconciler: Shell) -> None:
    account.declare({})
    assert reconciler("verify").code == 0
    assert account.control.log() == []


def test_a_thousand_go_in_a_call(account: Account, reconciler: Shell) -> None:
    account.declare({f"+1847{at:07}": {} for at in range(2001)})
    assert reconciler("verify").code == 5
    assert account.control.counts() == {"verify_ownership": 3, "list_slim": 1}


@pytest.mark.parametrize(("status", "code"), [(401, 7), (403, 7), (422, 1), (500, 1)])
def test_a_refusal_has_its_exit_code(
    account: Account, reconciler: Shell, status: int, code: int
) -> None:
    account.declare({ONE: {}})
    account.control.fault(Respond(status=status), times=None)
    said = reconciler("verify")
    assert (said.code, "x-request-id" in said.err) == (code, True)


def test_a_mobile_list_that_may_not_be_read_exits_7(account: Account, reconciler: Shell) -> None:
    account.declare({})
    mobile(account, THREE)
    account.control.forbid("list_mobile")
    assert reconciler("verify").code == 7


def test_a_mistake_in_the_files_is_said_first(account: Account, reconciler: Shell) -> None:
    (account.root / "numbers.yaml").write_text("numbers: {'+1312': {}}\n")
    said = reconciler("verify")
    assert (said.code, account.control.log()) == (1, [])
    assert said.err.startswith("numbers.yaml:1:")


def test_secrets_are_not_needed(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: {"external_pin": {"env": "NO_SUCH_VARIABLE"}}})
    assert reconciler("verify").code == 0


def test_a_number_that_is_still_being_ported_is_owned_and_its_status_is_told(
    make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch, reconciler: Shell
) -> None:
    account = make_account(number(ONE), number(TWO, status="port-pending"))
    monkeypatch.setattr("reconciler.workflow.ownership.SystemClock", lambda: account.clock)
    account.declare({ONE: {}, TWO: {}, GONE: {}})
    said = reconciler("verify")
    assert said.code == 5
    assert [line.split("  #")[0] for line in said.out.splitlines()[:2]] == [
        f"  ! not owned: {GONE}",
        f"  ! not editable (port-pending): {TWO}",
    ]
    assert "1 owned but not editable, 1 not owned." in said.out
    (found,) = reconciler("verify", "--format", "json").json["not_editable"]
    assert (found["phone_number"], found["status"]) == (TWO, "port-pending")


def test_where_no_list_may_be_read_the_word_of_the_api_has_to_do(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: {}, GONE: {}})
    account.control.fault(Respond(status=403), call="list_slim", times=None)
    assert groups(reconciler("verify", "--format", "json"))["not_owned"] == [GONE]


def test_a_target_that_matches_nothing_beside_one_that_does_is_told(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: {}})
    said = reconciler("verify", "--target", ONE, "--target", GONE)
    assert (said.code, said.err) == (0, f"warning: no declared number matches --target {GONE}\n")
