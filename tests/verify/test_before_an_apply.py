"""verify_ownership as a pre-flight: for what no list showed, and for what goes by jobs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler import workflow
from reconciler.sandbox.faults import Respond
from reconciler.sandbox.fleet import number
from reconciler.workflow import Options
from tests.apply.account import FOUR, ONE, THREE, TWO, Account
from tests.apply.conftest import MakeAccount
from tests.cli.support import Shell

GONE = "+13125559999"
NEW = {"customer_reference": "new"}
APPLY = ("apply", "--auto-approve")
BY_JOB = {ONE: NEW, TWO: NEW, THREE: NEW}


def answer(account: Account, found: tuple[str, ...] = (), not_found: tuple[str, ...] = ()) -> None:
    """Let the pre-flight be answered so."""
    data = {
        "record_type": "number_ownership_verification",
        "found": [{"id": "1", "number_val_e164": each} for each in found],
        "not_found": list(not_found),
    }
    body = json.dumps({"data": data})
    account.control.fault(Respond(status=200, body=body), call="verify_ownership", times=None)


def asked(account: Account) -> list[list[str]]:
    """The numbers of every pre-flight call so far."""
    return [
        body["phone_numbers"]
        for entry in account.control.log()
        if entry.call == "verify_ownership" and isinstance(body := entry.body, dict)
    ]


# ---- what is asked -----------------------------------------------------------------------------


def test_nothing_is_asked_when_every_number_was_seen(account: Account) -> None:
    account.declare({ONE: NEW})
    account.plan()
    assert asked(account) == []


def test_a_number_that_no_list_showed_is_asked_about(account: Account) -> None:
    account.declare({ONE: NEW, GONE: NEW})
    account.plan()
    assert asked(account) == [[GONE]]


def test_what_goes_by_jobs_is_asked_about(account: Account) -> None:
    account.declare({**BY_JOB, FOUR: {"tags": ["alone"]}})
    account.plan()
    assert [sorted(each) for each in asked(account)] == [[ONE, TWO, THREE]]


def test_a_number_that_is_only_given_back_already_is_not(account: Account) -> None:
    account.declare({GONE: {"release": True}, ONE: NEW})
    account.plan()
    assert asked(account) == []


def test_a_thousand_go_in_a_call(make_account: MakeAccount) -> None:
    account = make_account(number(ONE))
    account.declare({f"+1847{at:07}": {} for at in range(2001)})
    account.plan()
    assert sorted(len(each) for each in asked(account)) == [1, 1000, 1000]


def test_no_number_is_asked_about_twice(make_account: MakeAccount) -> None:
    account = make_account(number(ONE))
    account.declare({f"+1847{at:07}": {} for at in range(1500)})
    account.plan()
    numbers = [each for call in asked(account) for each in call]
    assert len(numbers) == len(set(numbers)) == 1500


def test_a_snapshot_on_disk_asks_nothing(account: Account) -> None:
    account.declare({**BY_JOB, GONE: NEW})
    file = account.root / "live.json"
    file.write_bytes(workflow.snapshot_json(account.do(workflow.fetch_everything(Options()))))
    account.control.forget()
    assert len(account.plan(live=file).plan.difference.not_owned) == 1
    assert account.control.log() == []


def test_it_counts_as_a_read_and_not_as_a_write(account: Account) -> None:
    account.declare({ONE: {}, GONE: {}})
    planned = account.plan()
    assert planned.reads == len(account.control.log())
    assert account.writes() == []


# ---- what the answer means ---------------------------------------------------------------------


def test_a_number_that_is_not_found_is_not_owned(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: {}, GONE: NEW})
    said = reconciler(*APPLY)
    assert (said.code, f"{GONE} (numbers.yaml:" in said.out) == (5, True)


def test_a_number_that_is_owned_after_all_is_unknown_and_not_missing(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: {}, GONE: NEW})
    answer(account, found=(GONE,))
    plan = reconciler("plan", "--format", "json").json
    assert plan["not_owned"] == []
    assert [(e["phone_number"], e["path"]) for e in plan["unknown"]] == [
        (GONE, "customer_reference")
    ]


def test_a_number_of_which_nothing_is_said_is_unknown(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: {}, GONE: NEW})
    answer(account)
    plan = reconciler("plan", "--format", "json").json
    assert (plan["summary"]["not_owned"], plan["summary"]["unknown"]) == (0, 1)


def test_an_unknown_number_without_settings_is_said_too(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: {}, GONE: {}})
    answer(account)
    assert reconciler("drift").code == 2
    assert reconciler(*APPLY).code == 5


def test_a_number_that_cannot_be_edited_is_withheld_with_its_line(
    account: Account, reconciler: Shell
) -> None:
    account.declare(BY_JOB)
    answer(account, found=(ONE, THREE))
    said = reconciler("plan")
    assert "withheld (not-editable)" in said.out
    assert TWO in said.out
    assert "numbers.yaml:" in said.out


def test_the_others_are_written(account: Account, reconciler: Shell) -> None:
    account.declare(BY_JOB)
    answer(account, found=(ONE, THREE))
    assert reconciler(*APPLY).code == 3
    written = {each for each in BY_JOB if account.state(each)["customer_reference"] == "new"}
    assert written == {ONE, THREE}


def test_a_release_by_job_is_withheld_too(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: {"release": True}, TWO: {"release": True}, THREE: {}})
    answer(account, found=(ONE,))
    plan = reconciler("plan", "--allow-release", "--format", "json").json
    assert [(e["phone_number"], e["path"], e["rule"]) for e in plan["withheld"]] == [
        (TWO, "release", "not-editable")
    ]
    assert [each["phone_number"] for each in plan["changes"]] == [ONE]


def test_every_number_is_counted_once_after_it(account: Account, reconciler: Shell) -> None:
    account.declare({**BY_JOB, GONE: NEW, FOUR: {}})
    answer(account, found=(ONE,))
    summary = reconciler("plan", "--format", "json").json["summary"]
    wanted = {"declared": 5, "numbers_changed": 1, "unchanged": 1, "not_owned": 0}
    assert {key: summary[key] for key in wanted} == wanted


def test_numbers_that_nobody_asked_about_are_passed_over(account: Account) -> None:
    account.declare({ONE: NEW, GONE: NEW})
    answer(account, found=("+19999999999",), not_found=(GONE, "+18888888888"))
    difference = account.plan().plan.difference
    assert [each.phone_number for each in difference.not_owned] == [GONE]


# ---- when it cannot be asked -------------------------------------------------------------------


def test_a_refusal_is_said_and_not_fatal(account: Account, reconciler: Shell) -> None:
    account.declare(BY_JOB)
    account.control.forbid("verify_ownership")
    said = reconciler(*APPLY)
    assert (said.code, "ownership could not be verified" in said.err) == (0, True)


def test_a_refused_key_is_fatal(account: Account, reconciler: Shell) -> None:
    account.declare(BY_JOB)
    account.control.fault(Respond(status=401), call="verify_ownership")
    assert reconciler(*APPLY).code == 7
    assert account.writes() == []


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        '{"data": {}}',
        '{"data": {"found": 3}}',
        '{"data": {"found": [7]}}',
        '{"data": {"found": null, "not_found": null}}',
        "[]",
        "<html>",
    ],
)
def test_an_odd_answer_is_an_error_and_writes_nothing(
    account: Account, reconciler: Shell, body: str
) -> None:
    account.declare(BY_JOB)
    odd = Respond(status=200, body=body)
    account.control.fault(odd, call="verify_ownership", times=None)
    assert reconciler(*APPLY).code == 1
    assert account.writes() == []


@pytest.mark.parametrize(
    "row", [{}, {"number_val_e164": 7}, {"number_val_e164": None}, {"number_val_e164": ["x"]}]
)
def test_an_odd_row_names_no_number(
    account: Account, reconciler: Shell, row: dict[str, Any]
) -> None:
    account.declare(BY_JOB)
    body = json.dumps({"data": {"found": [row], "not_found": [{"a": 1}, 7]}})
    account.control.fault(Respond(status=200, body=body), call="verify_ownership", times=None)
    assert reconciler(*APPLY).code == 3
    assert account.writes() == []
