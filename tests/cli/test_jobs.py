"""`jobs list`, `jobs show` and `jobs wait`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.sandbox.faults import Respond
from reconciler.sandbox.scripts import Failure
from tests.apply.account import ONE, THREE, TWO, Account
from tests.cli.support import Said, Shell

PIN = "471147"
PATH = "jobs"
NUMBERS = {each: {"customer_reference": "new"} for each in (ONE, TWO, THREE)}


@pytest.fixture(autouse=True)
def _virtual_time(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.workflow.jobs.SystemClock", lambda: account.clock)
    account.declare({})


def a_job(account: Account, numbers: dict[str, Any] = NUMBERS) -> None:
    """An update job of all `numbers`, applied and followed."""
    account.declare(numbers)
    account.apply()
    account.control.forget()


def job(id_: str = "j1", **more: Any) -> dict[str, Any]:
    """A job as the API shows it."""
    shown = {"type": "update_phone_numbers", "created_at": "2026-07-01T12:00:00Z"}
    return {"id": id_, "status": "completed", "phone_numbers": [], **shown, **more}


def answer(account: Account, data: Any, **where: Any) -> None:
    """Let the jobs endpoints answer so."""
    body = json.dumps({"data": data})
    account.control.fault(Respond(status=200, body=body), **{"path": PATH, "times": None, **where})


def newest(reconciler: Shell) -> str:
    """The id of the newest job."""
    return str(reconciler("jobs", "list", "--format", "json").json[0]["id"])


# ---- list --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("account")
def test_an_account_without_jobs_says_so(reconciler: Shell) -> None:
    said = reconciler("jobs", "list")
    assert (said.code, said.out) == (0, "The account has no jobs.\n")
    assert reconciler("jobs", "list", "--format", "json").json == []


def test_a_line_a_job(account: Account, reconciler: Shell) -> None:
    a_job(account)
    (line,) = reconciler("jobs", "list").out.splitlines()
    assert line.startswith(newest(reconciler))
    assert "completed update_phone_numbers, 3 numbers: 3 done, 0 failed, 0 pending" in line


def test_the_newest_stands_first(account: Account, reconciler: Shell) -> None:
    a_job(account)
    first = newest(reconciler)
    a_job(account, {each: {"customer_reference": "newer"} for each in NUMBERS})
    listed = [each["id"] for each in reconciler("jobs", "list", "--format", "json").json]
    assert (len(listed), listed[1]) == (2, first)


def test_no_more_are_listed_than_asked_for(account: Account, reconciler: Shell) -> None:
    answer(account, [job(f"j{at}") for at in range(3)])
    assert len(reconciler("jobs", "list", "--most", "2").out.splitlines()) == 2


@pytest.mark.parametrize(
    "odd",
    [{}, 7, None, "x", {"id": 7}, {"id": "odd", "status": 3}, {"id": "o", "phone_numbers": 7}],
)
def test_an_odd_job_hides_no_other(account: Account, reconciler: Shell, odd: Any) -> None:
    answer(account, [odd, job()])
    assert [each["id"] for each in reconciler("jobs", "list", "--format", "json").json] == ["j1"]


@pytest.mark.parametrize("rows", [[7], [job()]], ids=["odd", "the same"])
def test_a_list_without_end_ends(account: Account, reconciler: Shell, rows: list[Any]) -> None:
    answer(account, rows * 250)
    assert reconciler("jobs", "list", "--most", "250").code == 0
    assert len(account.control.log()) < 50


def test_a_job_is_listed_once(account: Account, reconciler: Shell) -> None:
    answer(account, [job(), job()])
    assert len(reconciler("jobs", "list").out.splitlines()) == 1


@pytest.mark.parametrize("most", ["0", "-1", "many", "10001"])
def test_an_impossible_number_of_jobs_exits_1(
    account: Account, reconciler: Shell, most: str
) -> None:
    assert reconciler("jobs", "list", "--most", most).code == 1
    assert account.control.log() == []


# ---- show --------------------------------------------------------------------------------------


def test_a_job_shows_what_became_of_each_number(account: Account, reconciler: Shell) -> None:
    account.control.script(call="update_job", fail={TWO: Failure("10035", "it is locked", "/x")})
    a_job(account)
    out = reconciler("jobs", "show", newest(reconciler)).out
    assert "3 numbers: 2 done, 1 failed, 0 pending" in out
    assert f"  done: {ONE}\n" in out
    assert f"failed: {TWO}: 10035" in out
    assert "it is locked at /x" in out


def test_a_job_in_json(account: Account, reconciler: Shell) -> None:
    account.control.script(call="update_job", fail={TWO: Failure("10035", "it is locked", "/x")})
    a_job(account)
    shown = reconciler("jobs", "show", newest(reconciler), "--format", "json").json
    assert (shown["status"], shown["numbers"], sorted(shown["done"])) == (
        "completed",
        3,
        [ONE, THREE],
    )
    assert [(each["phone_number"], each["errors"][0]["code"]) for each in shown["failed"]] == [
        (TWO, "10035")
    ]


@pytest.mark.parametrize("command", ["show", "wait"])
@pytest.mark.usefixtures("account")
def test_a_job_that_nobody_knows_exits_1(reconciler: Shell, command: str) -> None:
    said = reconciler("jobs", command, "8f3b2f5c-0000-4000-8000-000000000000")
    assert (said.code, "404" in said.err, said.out) == (1, True, "")


@pytest.mark.parametrize("id_", ["", ".", "..", "../x", "a/b", "a b", "a?b=c", "a\x1b[2J", "%2e"])
@pytest.mark.parametrize("command", ["show", "wait"])
def test_what_can_be_no_id_exits_1_and_asks_nothing(
    account: Account, reconciler: Shell, command: str, id_: str
) -> None:
    said = reconciler("jobs", command, id_)
    assert (said.code, "not the id of a job" in said.err) == (1, True)
    assert account.control.log() == []
    assert "\x1b" not in said.err


def test_a_failed_job_that_is_shown_exits_0(account: Account, reconciler: Shell) -> None:
    answer(account, job(status="failed"))
    assert reconciler("jobs", "show", "j1").code == 0


def test_a_number_that_is_listed_as_done_and_failed_has_failed(
    account: Account, reconciler: Shell
) -> None:
    row = {"phone_number": ONE}
    answer(account, job(successful_operations=[row], failed_operations=[row]))
    shown = reconciler("jobs", "show", "j1", "--format", "json").json
    assert (shown["done"], len(shown["failed"])) == ([], 1)


# ---- wait --------------------------------------------------------------------------------------


def test_a_job_that_has_ended_is_not_waited_for(account: Account, reconciler: Shell) -> None:
    a_job(account)
    before = account.clock.time
    assert reconciler("jobs", "wait", newest(reconciler)).code == 0
    assert account.clock.time == before


def test_a_job_is_waited_for_until_it_has_ended(account: Account, reconciler: Shell) -> None:
    answer(account, job(status="in_progress"), times=3)
    answer(account, job())
    said = reconciler("jobs", "wait", "j1")
    assert (said.code, len(account.control.log())) == (0, 4)
    assert "completed" in said.out


def test_a_hyphen_in_a_status_is_all_the_same(account: Account, reconciler: Shell) -> None:
    answer(account, job(status="in-progress"))
    assert reconciler("jobs", "show", "j1", "--format", "json").json["status"] == "in_progress"


@pytest.mark.parametrize(
    "ended",
    [
        job(status="failed"),
        job(status="expired"),
        job(failed_operations=[{"phone_number": ONE}]),
        job(pending_operations=[{"phone_number": ONE}]),
    ],
    ids=["failed", "expired", "completed with a failure", "completed with something left"],
)
def test_a_job_that_did_not_do_everything_exits_5(
    account: Account, reconciler: Shell, ended: dict[str, Any]
) -> None:
    answer(account, ended)
    assert reconciler("jobs", "wait", "j1").code == 5


@pytest.mark.parametrize("status", ["pending", "in_progress", "a-new-status", ""])
def test_a_job_that_does_not_end_exits_5_when_the_time_is_over(
    account: Account, reconciler: Shell, status: str
) -> None:
    answer(account, job(status=status))
    before = account.clock.time
    said = reconciler("jobs", "wait", "j1", "--job-timeout", "60")
    assert (said.code, "jobs wait j1" in said.err) == (5, True)
    assert 60 <= account.clock.time - before < 75


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "soon"])
def test_an_impossible_time_exits_1(account: Account, reconciler: Shell, seconds: str) -> None:
    assert reconciler("jobs", "wait", "j1", "--job-timeout", seconds).code == 1
    assert account.control.log() == []


def test_a_job_that_vanishes_while_it_is_waited_for_exits_1(
    account: Account, reconciler: Shell
) -> None:
    answer(account, job(status="pending"), times=2)
    said = reconciler("jobs", "wait", "j1")
    assert (said.code, "404" in said.err) == (1, True)


# ---- errors and hostile answers ----------------------------------------------------------------

COMMANDS = [("list",), ("show", "j1"), ("wait", "j1")]
each_command = pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])


@each_command
@pytest.mark.parametrize(("status", "code"), [(401, 7), (403, 7), (422, 1), (500, 1)])
def test_a_refusal_has_its_exit_code(
    account: Account, reconciler: Shell, words: tuple[str, ...], status: int, code: int
) -> None:
    account.control.fault(Respond(status=status), times=None)
    said = reconciler("jobs", *words)
    assert (said.code, str(status) in said.err) == (code, True)


@each_command
@pytest.mark.parametrize("data", [None, 7, "x", {}, [[]], {"id": None}, {"id": "j1", "status": 7}])
def test_an_odd_answer_is_no_crash(
    account: Account, reconciler: Shell, words: tuple[str, ...], data: Any
) -> None:
    answer(account, data)
    assert reconciler("jobs", *words).code in {0, 1}


@each_command
@pytest.mark.parametrize("output", ["text", "json"])
def test_nothing_in_an_answer_steers_the_terminal(
    account: Account, reconciler: Shell, words: tuple[str, ...], output: str
) -> None:
    evil = "\x1b[2J\u202e\u200b\x9b\r::error::"
    errors = [{"code": evil, "title": evil, "detail": evil, "source": {"pointer": evil}}]
    hostile = job(
        evil,
        type=evil,
        created_at=evil,
        etc=evil,
        failed_operations=[{"phone_number": evil, "errors": errors}],
        successful_operations=[{"id": evil}],
    )
    answer(account, [hostile] if words[0] == "list" else hostile)
    said = reconciler("jobs", *words, "--format", output)
    assert not set(said.out + said.err) & set("\x1b\u202e\u200b\x9b\r")


@each_command
@pytest.mark.parametrize("output", ["text", "json"])
def test_no_pin_is_shown_that_a_job_echoes(
    account: Account, reconciler: Shell, words: tuple[str, ...], output: str
) -> None:
    detail = f'external_pin: "{PIN}" was refused'
    failed = [{"phone_number": ONE, "errors": [{"code": "1", "detail": detail}]}]
    echo = job(parameters={"external_pin": PIN}, external_pin=PIN, failed_operations=failed)
    answer(account, [echo] if words[0] == "list" else echo)
    said = reconciler("jobs", *words, "--format", output)
    assert PIN not in said.out + said.err


def test_no_pin_of_an_apply_is_shown(
    account: Account, reconciler: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIN_OF_ALL", PIN)
    account.control.behave(job_echoes_parameters=True)
    a_job(account, {each: {"external_pin": {"env": "PIN_OF_ALL"}} for each in NUMBERS})
    said: list[Said] = [
        reconciler("jobs", "list"),
        reconciler("jobs", "show", newest(reconciler)),
        reconciler("jobs", "show", newest(reconciler), "--format", "json"),
    ]
    assert not any(PIN in each.out + each.err for each in said)


def test_no_command_of_jobs_writes(account: Account, reconciler: Shell) -> None:
    answer(account, [job()], method="GET", times=1)
    answer(account, job())
    for words in COMMANDS:
        reconciler("jobs", *words)
    assert {entry.method for entry in account.control.log()} == {"GET"}
