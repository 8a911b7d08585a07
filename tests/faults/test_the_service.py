"""What the service can do to a plan and to an apply, and what the user then gets.

In process and in virtual time, but for the clock and the wire through everything that the command
line is made of.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from reconciler.sandbox.faults import (
    Action,
    Distort,
    Drop,
    Respond,
    bad_json,
    html,
    redirect,
)
from reconciler.sandbox.fleet import number
from reconciler.sandbox.scripts import Failure
from tests.apply.account import FOUR, ONE, PROFILE, THREE, TWO, Account
from tests.apply.conftest import MakeAccount
from tests.cli.support import Said, Shell

DESK = {ONE: {"customer_reference": "desk-1"}}
FLAGGED = {"voice": {"inbound_call_screening": "flag_calls"}}
BY_JOB = {ONE: FLAGGED, TWO: FLAGGED}
ADDRESS = "53829456729313"
APPLY = ("apply", "--auto-approve", "--format", "json")
FALSE_HEADERS = ("-5", "NaN", "1e400", "9" * 40, "Thu, 01 Jan 1970 00:00:00 GMT", "soon", "")
UNAVAILABLE: tuple[Action, ...] = (
    Respond(status=500),
    Respond(status=503),
    Drop(),
    Drop(reset=True),
)
NO_ANSWER: tuple[Action, ...] = (
    Drop(sent=20),
    bad_json(),
    bad_json("NaN"),
    Respond(status=200, body="{}", content_type="text/plain"),
)


def told(said: Said) -> Mapping[str, int]:
    """How many fields of each kind an apply reports, those of which there are any."""
    kinds = ("applied", "failed", "unconfirmed", "unverifiable", "skipped", "withheld")
    return {kind: len(said.json[kind]) for kind in kinds if said.json[kind]}


# ---- pace ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", ["40", "Wed, 01 Jul 2026 14:00:40 GMT"], ids=["seconds", "date"])
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_429_with_retry_after_seconds_or_date_is_waited_out(
    account: Account, reconciler: Shell, method: str, after: str
) -> None:
    headers = {"retry-after": after, "date": "Wed, 01 Jul 2026 14:00:00 GMT"}
    account.declare(DESK)
    account.control.fault(Respond(status=429, headers=headers), method=method, times=2)
    started = account.clock.time
    said = reconciler(*APPLY)
    assert (said.code, told(said)) == (0, {"applied": 1})
    assert 80 <= account.clock.time - started < 120


@pytest.mark.parametrize(
    ("method", "code"), [("GET", 1), ("PATCH", 1)], ids=["while reading", "before a first write"]
)
def test_429_with_retry_after_seconds_or_date_beyond_max_wait_names_the_time(
    account: Account, reconciler: Shell, method: str, code: int
) -> None:
    account.declare(DESK)
    account.control.fault(
        Respond(status=429, headers={"retry-after": "900"}), method=method, times=None
    )
    said = reconciler(*APPLY, "--max-wait", "60")
    assert said.code == code
    assert "the API asks to wait until 20" in said.err
    assert "--max-wait is 60 s" in said.err


def test_429_with_retry_after_seconds_or_date_beyond_max_wait_after_a_write_exits_5(
    account: Account, reconciler: Shell
) -> None:
    account.declare(
        {ONE: DESK[ONE], TWO: {"customer_reference": "desk-2"}}, limits={"concurrency": 1}
    )
    account.control.fault(
        Respond(status=429, headers={"retry-after": "900"}), method="PATCH", skip=1, times=None
    )
    said = reconciler(*APPLY)
    assert (said.code, told(said)["skipped"]) == (5, 1)
    assert "the API asks to wait until 20" in said.out
    assert "reconciler resume" in said.err + said.out


def test_429_without_it_waits_for_the_reset(account: Account, reconciler: Shell) -> None:
    account.declare(DESK)
    account.control.fault(Respond(status=429, headers={"x-ratelimit-reset": "33"}), method="GET")
    started = account.clock.time
    assert reconciler("plan").code == 0
    assert 33 <= account.clock.time - started < 36


def test_429_without_it_and_without_a_reset_waits_from_1_to_60_seconds(
    account: Account, reconciler: Shell
) -> None:
    account.declare(DESK)
    account.control.fault(Respond(status=429), method="GET", times=3)
    started = account.clock.time
    assert reconciler("plan").code == 0
    assert 3 <= account.clock.time - started <= 180


@pytest.mark.parametrize("text", FALSE_HEADERS)
@pytest.mark.parametrize("name", ["retry-after", "x-ratelimit-reset", "x-ratelimit-limit"])
@pytest.mark.parametrize("status", [429, 503])
def test_a_header_that_is_negative_nan_huge_past_is_ignored_capped(
    account: Account, reconciler: Shell, name: str, text: str, status: int
) -> None:
    account.declare(DESK)
    account.control.fault(Respond(status=status, headers={name: text}), times=2)
    started = account.clock.time
    said = reconciler(*APPLY)
    assert (said.code, told(said)) == (0, {"applied": 1})
    assert account.clock.time - started < 300


def test_a_header_that_is_negative_nan_huge_past_holds_nothing_back_on_a_good_answer(
    account: Account, reconciler: Shell
) -> None:
    account.declare(DESK)
    headers = {"x-ratelimit-limit": "0", "x-ratelimit-remaining": "-1", "x-ratelimit-reset": "nan"}
    body = '{"data": [], "meta": {"total_results": 0}}'
    account.control.fault(Respond(status=200, body=body, headers=headers), call="list_voice")
    assert reconciler("plan").code == 0


# ---- answers that do not come, or are none ------------------------------------------------------


@pytest.mark.parametrize("fault", UNAVAILABLE, ids=repr)
def test_5xx_timeout_reset_on_a_read_is_tried_up_to_6_times(
    account: Account, reconciler: Shell, fault: Action
) -> None:
    account.declare(DESK)
    account.control.fault(fault, method="GET", times=5)
    assert reconciler("plan").code == 0
    account.control.forget()
    account.control.fault(fault, method="GET", times=None)
    said = reconciler("plan")
    assert (said.code, said.out, len(account.control.log())) == (1, "", 6)
    assert "GET /phone_numbers" in said.err


def test_5xx_timeout_reset_on_a_read_has_a_retry_budget(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    numbers = [f"+1312555{each:04}" for each in range(300)]
    account = make_account(*(number(each) for each in numbers))
    account.declare({n: {"customer_reference": "x"} for n in numbers}, limits={"page_size": 3})
    account.control.fault(Respond(status=500), method="GET", skip=1, times=None)
    assert reconciler("plan").code == 1
    assert len(account.control.log()) < 120


@pytest.mark.parametrize("happened", [True, False], ids=["it happened", "it did not"])
@pytest.mark.parametrize("declared", [DESK, BY_JOB], ids=["patch", "job"])
@pytest.mark.parametrize("how", ["5xx", "reset"])
def test_5xx_timeout_reset_on_a_write_is_looked_into_before_it_is_sent_again(
    account: Account, reconciler: Shell, declared: Any, happened: bool, how: str
) -> None:
    account.declare(declared)
    fault = (
        Respond(status=502, after=happened) if how == "5xx" else Drop(after=happened, reset=True)
    )
    account.control.fault(fault, method="PATCH|POST", path="jobs|phone_numbers/[0-9a-f-]+$")
    said = reconciler(*APPLY)
    assert (said.code, told(said)) == (0, {"applied": len(declared)})
    writes = [entry for entry in account.writes() if entry.call != "verify_ownership"]
    assert len(writes) == (1 if happened else 2)


def test_5xx_timeout_reset_on_a_write_finds_the_job_that_is_slow_and_sends_no_second(
    account: Account, reconciler: Shell
) -> None:
    account.declare(BY_JOB)
    account.control.timing(pending=300.0)
    account.control.fault(Respond(status=502, after=True), call="update_job")
    said = reconciler(*APPLY)
    assert (said.code, told(said)) == (0, {"applied": 2})
    assert len(account.writes("update_job")) == 1


def test_connection_refused_before_a_byte_was_sent_is_a_safe_retry(
    account: Account, reconciler: Shell
) -> None:
    account.declare(DESK)
    left = [2]

    def refused(request: httpx.Request) -> None:
        if request.method == "PATCH" and left[0]:
            left[0] -= 1
            raise httpx.ConnectError("[Errno 111] Connection refused")

    account.asked = refused
    said = reconciler(*APPLY)
    assert (said.code, told(said), len(account.writes())) == (0, {"applied": 1}, 1)


@pytest.mark.parametrize("fault", NO_ANSWER, ids=repr)
def test_truncated_body_bad_json_wrong_content_type_on_a_read_is_tried_again_then_an_error(
    account: Account, reconciler: Shell, fault: Action
) -> None:
    account.declare(DESK)
    account.control.fault(fault, method="GET", times=2)
    assert reconciler("plan").code == 0
    account.control.fault(fault, method="GET", times=None)
    said = reconciler("plan")
    assert (said.code, said.out) == (1, "")


@pytest.mark.parametrize(
    "fault",
    [
        Drop(sent=20),
        Respond(status=200, body="{", after=True),
        Respond(status=200, body="{}", content_type="text/plain", after=True),
    ],
    ids=repr,
)
@pytest.mark.parametrize("declared", [DESK, BY_JOB], ids=["patch", "job"])
def test_truncated_body_bad_json_wrong_content_type_on_a_write_is_unknown(
    account: Account, reconciler: Shell, declared: Any, fault: Action
) -> None:
    account.declare(declared)
    account.control.fault(fault, method="PATCH|POST", path="jobs|phone_numbers/[0-9a-f-]+$")
    said = reconciler(*APPLY)
    assert (said.code, len(account.writes("patch_number") + account.writes("update_job"))) == (0, 1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_3xx_is_never_followed_and_the_host_is_named(
    account: Account, reconciler: Shell, method: str, status: int
) -> None:
    account.declare(DESK)
    elsewhere = redirect("https://elsewhere.example/v2", status)
    account.control.fault(elsewhere, method=method, times=None)
    said = reconciler(*APPLY)
    assert said.code in {1, 5}
    assert "elsewhere.example" in said.err + said.out
    assert sum(entry.method == method for entry in account.control.log()) == 1
    assert account.state()["customer_reference"] is None


@pytest.mark.parametrize("command", ["plan", "drift", "apply --auto-approve --allow-empty-account"])
def test_200_with_html_a_captive_portal_is_an_error_never_an_empty_account(
    account: Account, reconciler: Shell, command: str
) -> None:
    account.declare(DESK)
    account.control.fault(html(), times=None)
    said = reconciler(*command.split())
    assert (said.code, said.out) == (1, "")
    assert "captive portal" in said.err


def test_200_with_html_a_captive_portal_on_a_write_is_no_success(
    account: Account, reconciler: Shell
) -> None:
    account.declare(DESK)
    account.control.fault(html(), method="PATCH", times=None)
    said = reconciler(*APPLY)
    assert (said.code, "applied" in told(said)) == (5, False)


# ---- what is read -------------------------------------------------------------------------------

NUMBERS = tuple(f"+1312555{each:04}" for each in range(35))
MOVES: dict[str, Mapping[str, Any]] = {
    "shift": {"add": ({"phone_number": "+13125540000"},), "remove": (NUMBERS[30],)},
    "repeat": {"add": ({"phone_number": "+13125540000"},)},
    "vanish": {"remove": (NUMBERS[1],)},
}


@pytest.mark.parametrize("move", MOVES)
def test_rows_shift_repeat_or_vanish_while_paging_and_no_number_is_lost(
    make_account: MakeAccount, reconciler: Shell, move: str
) -> None:
    account = make_account(*(number(each) for each in NUMBERS))
    account.declare({n: {"customer_reference": "x"} for n in NUMBERS}, limits={"page_size": 10})
    account.control.meanwhile("list_slim", 3, **MOVES[move])
    said = reconciler("plan", "--format", "json")
    gone = set(MOVES[move].get("remove", ()))
    assert {each["phone_number"] for each in said.json["not_owned"]} == gone
    assert said.json["summary"]["numbers_changed"] == len(NUMBERS) - len(gone)


@pytest.mark.parametrize(
    "lie", [Distort(total=1), Distort(lose=1), Distort(repeat=1)], ids=["shift", "vanish", "repeat"]
)
def test_rows_shift_repeat_or_vanish_while_paging_is_an_error_after_3_rescans(
    make_account: MakeAccount, reconciler: Shell, lie: Distort
) -> None:
    account = make_account(*(number(each) for each in NUMBERS))
    account.declare({n: {"customer_reference": "x"} for n in NUMBERS}, limits={"page_size": 10})
    account.control.fault(lie, call="list_slim", times=None)
    said = reconciler("apply", "--auto-approve")
    firsts = [one for one in account.control.log() if "page%5Bnumber%5D=1&" in one.query]
    assert (said.code, len(firsts), account.writes()) == (1, 4, [])
    assert "kept changing while it was read" in said.err


def test_no_live_number_at_all_while_some_are_declared_is_refused(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    account = make_account(fleet=type(make_account().fleet).of(()))
    account.declare(DESK)
    said = reconciler("apply", "--auto-approve")
    assert (said.code, account.writes()) == (3, [])
    assert "--allow-empty-account" in said.err
    assert reconciler("apply", "--auto-approve", "--allow-empty-account").code == 5


def test_the_lists_disagree_about_a_number_and_it_is_unknown_and_not_planned(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    two = account.state(TWO)["id"]
    # The id of one number stands under the other in the voice list.
    account.control.fault(
        Distort(replace={f'"phone_number":"{TWO}"': f'"phone_number":"{THREE}"'}),
        call="list_voice",
        times=None,
    )
    said = reconciler("plan", "--format", "json")
    assert two
    assert [each["phone_number"] for each in said.json["changes"]] == [ONE]
    assert {each["phone_number"] for each in said.json["unknown"]} == {TWO}


def test_the_lists_disagree_about_a_number_and_no_option_writes_it(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    account.control.fault(
        Distort(replace={f'"phone_number":"{TWO}"': f'"phone_number":"{THREE}"'}),
        call="list_voice",
        times=None,
    )
    said = reconciler("plan", "--allow-unreadable", "--format", "json")
    assert [each["phone_number"] for each in said.json["changes"]] == [ONE]


def test_403_on_some_lists_leaves_their_fields_unknown_not_null_and_says_so(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: {**DESK[ONE], "messaging": {"messaging_profile_id": None}}})
    account.control.forbid("list_messaging")
    said = reconciler("plan", "--format", "json")
    (unknown,) = said.json["unknown"]
    assert (said.code, unknown["path"]) == (0, "messaging.messaging_profile_id")
    assert "its fields are unknown" in said.err
    assert reconciler("apply", "--auto-approve").code == 5


# ---- jobs and orders ----------------------------------------------------------------------------


def test_a_job_pending_past_its_time_exits_5_with_its_id_and_resume_polls_the_same(
    account: Account, reconciler: Shell
) -> None:
    account.declare(BY_JOB)
    account.control.timing(pending=500.0)
    said = reconciler("apply", "--auto-approve", "--job-timeout", "60")
    (job,) = account.sandbox.world.jobs
    assert (said.code, job in said.out + said.err) == (5, True)
    account.control.forget()
    again = reconciler("resume", "--format", "json")
    assert (again.code, told(again), account.writes()) == (0, {"applied": 2}, [])
    assert any(job in entry.path for entry in account.control.log())


@pytest.mark.parametrize("ends", ["expired", "failed"])
@pytest.mark.parametrize("done", [0, 1, 2])
def test_a_job_expired_failed_or_partly_failed_is_read_number_by_number(
    account: Account, reconciler: Shell, ends: str, done: int
) -> None:
    account.declare(BY_JOB)
    account.control.script(call="update_job", ends=ends, done=done)
    said = reconciler(*APPLY)
    count = told(said)
    assert count.get("applied", 0) == done
    assert sum(count.values()) == 2
    assert said.code == (0 if done == 2 else 5)


def test_a_job_that_lists_other_numbers_than_were_sent_stops_all_writing(
    account: Account, reconciler: Shell
) -> None:
    account.declare({**BY_JOB, THREE: DESK[ONE]}, limits={"concurrency": 1, "jobs_in_flight": 1})
    account.control.script(call="update_job", lists=(FOUR,))
    said = reconciler(*APPLY)
    assert (said.code, FOUR in said.out) == (5, True)
    assert len(account.writes("update_job")) == 1


def test_messaging_bulk_pending_for_ever_stops_at_job_timeout(
    account: Account, reconciler: Shell
) -> None:
    messaging = {"messaging": {"messaging_profile_id": PROFILE}}
    account.declare({ONE: messaging, TWO: messaging})
    account.control.script(call="messaging_bulk", stall=True, done=1)
    started = account.clock.time
    said = reconciler(*APPLY, "--job-timeout", "60")
    assert (said.code, told(said)) == (5, {"applied": 1, "unconfirmed": 1})
    assert 60 <= account.clock.time - started < 300


@pytest.mark.parametrize("declared", [DESK, BY_JOB], ids=["patch", "job"])
def test_200_but_nothing_changed_is_read_again_for_120_s_then_unconfirmed(
    account: Account, reconciler: Shell, declared: Any
) -> None:
    account.declare(declared)
    account.control.script(call="*", no_effect=True)
    started = account.clock.time
    said = reconciler(*APPLY)
    assert (said.code, told(said)) == (5, {"unconfirmed": len(declared)})
    assert said.json["converged"] is False
    assert 120 <= account.clock.time - started < 150


def test_emergency_provisioning_failed_exits_5_and_is_listed_first(
    account: Account, reconciler: Shell
) -> None:
    emergency = {"emergency": {"emergency_enabled": True, "emergency_address_id": ADDRESS}}
    account.declare({ONE: FLAGGED, FOUR: emergency})
    account.control.script(call="patch_voice", fail={ONE: Failure()})
    account.control.script(call="enable_emergency", emergency="provisioning-failed")
    said = reconciler(*APPLY)
    assert (said.code, said.json["failed"][0]["phone_number"]) == (5, FOUR)
    assert "provisioning" in said.json["failed"][0]["detail"]


# ---- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 403])
def test_401_403_midway_stops_writing_and_exits_7_and_the_key_is_never_printed(
    account: Account, reconciler: Shell, status: int
) -> None:
    key = account.sandbox.api_key
    account.declare(
        {each: {"customer_reference": each} for each in (ONE, TWO, THREE, FOUR)},
        limits={"concurrency": 1},
    )
    body = f'{{"errors": [{{"code": "10009", "detail": "the key {key} is no good"}}]}}'
    account.control.fault(Respond(status=status, body=body), method="PATCH", skip=1, times=None)
    said = reconciler(*APPLY)
    assert (said.code, key in said.out + said.err) == (7, False)
    assert len(account.writes("patch_number")) == 2
    (journal,) = (account.root / ".reconciler").iterdir()
    assert key not in journal.read_text()


def test_422_fails_that_operation_with_its_pointer_without_a_retry_and_the_others_go_on(
    account: Account, reconciler: Shell
) -> None:
    account.declare({each: {"customer_reference": each} for each in (ONE, TWO, THREE)})
    body = (
        '{"errors": [{"code": "10015", "title": "Bad", "detail": "too long",'
        ' "source": {"pointer": "/customer_reference"}}]}'
    )
    account.control.fault(Respond(status=422, body=body), method="PATCH")
    said = reconciler(*APPLY)
    assert (said.code, told(said)) == (5, {"applied": 2, "failed": 1})
    assert "/customer_reference" in said.json["failed"][0]["detail"]
    assert len(account.writes("patch_number")) == 3


@pytest.mark.parametrize(
    "detail",
    [
        "You can have at most 20 pending or in progress jobs",
        "You can have at most 500 pending or in progress jobs",
        "Too many jobs are pending",
    ],
)
def test_job_cap_reached_20_500_waits_for_a_free_place(
    make_account: MakeAccount, reconciler: Shell, detail: str
) -> None:
    account = make_account(*(number(each) for each in NUMBERS))
    account.declare(
        dict.fromkeys(NUMBERS, FLAGGED),
        limits={"job_size": 7},
        safety={"max_changes_percent": 100},
    )
    body = (
        f'{{"errors": [{{"code": "10015", "title": "Bad Request", "detail": "{detail}",'
        ' "source": {"pointer": "/base"}}]}'
    )
    account.control.fault(Respond(status=422, body=body), call="update_job", skip=2, times=4)
    said = reconciler(*APPLY)
    assert (said.code, told(said)) == (0, {"applied": len(NUMBERS)})
