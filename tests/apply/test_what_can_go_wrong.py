"""Faults while writing: never carried out twice, never a success that is not one, and no hang."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from reconciler.core.fields import Channel
from reconciler.core.outcome import Outcome
from reconciler.errors import Exit, RateLimitedError, ReconcilerError
from reconciler.sandbox.faults import Delay, Distort, Drop, Respond, bad_json, html
from reconciler.sandbox.fleet import number
from reconciler.sandbox.scripts import Failure
from reconciler.sandbox.writes import FORWARD_ONLY
from reconciler.workflow import open_journal
from tests.apply.account import (
    FOUR,
    ONE,
    OTHER_TRUNK,
    PROFILE,
    THREE,
    TRUNK,
    TWO,
    Account,
    summary,
)
from tests.apply.conftest import MakeAccount
from tests.crash.killing import is_finished, resume

FLAGGED = {"voice": {"inbound_call_screening": "flag_calls"}}
ASSIGNED = {"messaging": {"messaging_profile_id": PROFILE}}
SCREENING = "voice.inbound_call_screening"
ALL = (ONE, TWO, THREE, FOUR)


def reasons(outcome: Outcome) -> str:
    """Everything an outcome says in words."""
    left = [*outcome.unconfirmed, *outcome.skipped]
    return " | ".join([*(each.reason for each in left), *(each.detail for each in outcome.failed)])


# ---- a number that fails ------------------------------------------------------------------------


def test_a_number_that_a_job_lists_as_failed_is_told_with_code_detail_and_pointer(
    account: Account,
) -> None:
    locked = Failure(code="10035", detail="It is locked", pointer="/voice")
    account.control.script(call="update_job", fail={TWO: locked})
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    (failed,) = account.apply().failed
    assert (failed.phone_number, failed.path, failed.code, failed.detail) == (
        TWO,
        SCREENING,
        "10035",
        "Resource locked: It is locked (/voice)",
    )


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_the_others_of_a_job_with_a_failure_are_applied(
    make_account: MakeAccount, status: str
) -> None:
    account = make_account(job_with_failures=status)
    account.control.script(call="update_job", fail={TWO: Failure()})
    account.declare(dict.fromkeys(ALL, FLAGGED))
    outcome = account.apply()
    assert (summary(outcome), outcome.exit_code) == ((3, 1, 0, 0), Exit.INCOMPLETE)


def test_a_number_that_failed_is_not_waited_for(account: Account) -> None:
    account.control.script(call="update_job", fail={TWO: Failure()})
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    assert account.apply().seconds < 10


def test_a_loose_error_is_told_as_well_as_a_documented_one(make_account: MakeAccount) -> None:
    account = make_account(error_style="loose")
    account.control.script(call="update_job", fail={TWO: Failure(code="10035", pointer="/voice")})
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    (failed,) = account.apply().failed
    assert (failed.code, "(/voice)" in failed.detail) == ("10035", True)


def test_a_refused_patch_fails_its_own_number_alone(account: Account) -> None:
    account.control.script(call="patch_voice", fail={ONE: Failure(code="10027")})
    account.declare(
        {ONE: FLAGGED, TWO: {"voice": {"inbound_call_screening": "reject_calls"}}},
    )
    outcome = account.apply()
    assert [(each.phone_number, each.code) for each in outcome.failed] == [(ONE, "10027")]
    assert [each.phone_number for each in outcome.applied] == [TWO]


def test_a_failed_number_of_a_bulk_order_is_told(account: Account) -> None:
    account.control.script(call="messaging_bulk", fail={TWO: Failure()})
    account.declare({ONE: ASSIGNED, TWO: ASSIGNED})
    outcome = account.apply()
    assert [each.phone_number for each in outcome.failed] == [TWO]
    assert [each.phone_number for each in outcome.applied] == [ONE]


@pytest.mark.parametrize("style", ["reject", "fail"])
def test_a_number_that_is_gone_meanwhile_is_left_out_and_takes_no_other_with_it(
    make_account: MakeAccount, style: str
) -> None:
    account = make_account(not_owned=style)
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    planned = account.plan()
    account.control.remove(TWO)
    outcome = account.apply(planned)
    assert [each.phone_number for each in outcome.applied] == [ONE]
    assert ([e.phone_number for e in outcome.skipped], outcome.exit_code) == (
        [TWO],
        Exit.INCOMPLETE,
    )


# ---- a job that fails ---------------------------------------------------------------------------


@pytest.mark.parametrize("ends", ["failed", "expired"])
def test_a_job_that_did_nothing_never_reads_as_success(account: Account, ends: str) -> None:
    account.control.script(call="update_job", ends=ends)
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    outcome = account.apply()
    assert (outcome.applied, outcome.exit_code) == ((), Exit.INCOMPLETE)


@pytest.mark.parametrize("ends", ["failed", "expired"])
def test_what_a_failed_job_did_is_found_by_reading(account: Account, ends: str) -> None:
    account.control.script(call="update_job", ends=ends, done=1)
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    outcome = account.apply()
    assert [each.phone_number for each in outcome.applied] == [ONE]


def test_a_job_that_lists_other_numbers_stops_all_writing(account: Account) -> None:
    account.control.script(call="update_job", lists=("+19995550000",), running=1.0)
    account.declare(
        {
            **dict.fromkeys((ONE, TWO), FLAGGED),
            THREE: {"voice": {"inbound_call_screening": "reject_calls"}},
        },
        limits={"jobs_in_flight": 1},
    )
    outcome = account.apply()
    assert "+19995550000" in outcome.stopped
    assert outcome.exit_code == Exit.INCOMPLETE


def test_a_job_after_one_that_lists_other_numbers_is_not_sent(account: Account) -> None:
    account.control.script(call="update_job", lists=("+19995550000",))
    account.declare(
        dict.fromkeys(ALL, FLAGGED),
        limits={"job_size": 2, "jobs_in_flight": 1},
    )
    account.apply()
    assert len(account.writes()) == 1


def test_a_job_that_never_ends_is_given_up_with_its_id(account: Account) -> None:
    account.control.script(call="update_job", stall=True)
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    outcome = account.apply(job_timeout=90.0)
    (job,) = account.sandbox.world.jobs
    assert (job in reasons(outcome), outcome.exit_code) == (True, Exit.INCOMPLETE)


def test_a_job_that_never_ends_is_given_up_at_its_time(account: Account) -> None:
    account.control.script(call="update_job", stall=True)
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    assert 90 <= account.apply(job_timeout=90.0).seconds < 90 + 10 + 120 + 10


def test_a_bulk_order_that_never_ends_is_given_up(account: Account) -> None:
    account.control.script(call="messaging_bulk", stall=True)
    account.declare({ONE: ASSIGNED, TWO: ASSIGNED})
    outcome = account.apply(job_timeout=60.0)
    (order,) = account.sandbox.world.orders
    assert (order in reasons(outcome), outcome.exit_code) == (True, Exit.INCOMPLETE)


def test_a_bulk_order_that_lists_other_numbers_stops_all_writing(account: Account) -> None:
    account.control.script(call="messaging_bulk", lists=("+19995550000",), pending=5.0)
    account.declare({ONE: ASSIGNED, TWO: ASSIGNED})
    assert "+19995550000" in account.apply().stopped


def test_a_job_whose_polling_fails_for_good_is_judged_by_reading(account: Account) -> None:
    account.control.timing(running=1.0)
    account.control.fault(Respond(status=404), call="get_job", times=None)
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    outcome = account.apply()
    assert (outcome.converged, outcome.seconds < 120) == (True, True)


def test_a_job_that_cannot_be_polled_takes_no_other_with_it(account: Account) -> None:
    account.control.timing(running=200.0)
    account.declare(dict.fromkeys(ALL, FLAGGED), limits={"job_size": 2})
    planned = account.plan()
    # Whatever the list of jobs shows, one of ours is not on it and cannot be asked for.
    first: list[str] = []

    def hide_one(request: httpx.Request) -> None:
        if request.method == "GET" and "jobs" in request.url.path and not first:
            first.extend(list(account.sandbox.world.jobs)[:1])
            account.sandbox.world.jobs.pop(first[0])

    account.asked = hide_one
    outcome = account.apply(planned, job_timeout=1000.0)
    assert {each.phone_number for each in outcome.applied} >= {THREE, FOUR}


def test_polling_outlives_a_bad_minute_of_the_service(account: Account) -> None:
    account.control.timing(running=100.0)
    account.control.fault(Respond(status=503), call="get_job", times=12)
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    assert account.apply().converged


def test_a_list_of_jobs_that_fails_for_a_while_is_asked_again(account: Account) -> None:
    account.control.timing(running=300.0)
    account.control.fault(Respond(status=404), call="list_jobs", times=3)
    account.declare(dict.fromkeys(ALL, FLAGGED), limits={"job_size": 2})
    assert account.apply().converged


def test_a_strange_job_of_somebody_else_does_not_hide_ours(account: Account) -> None:
    account.control.timing(running=300.0)
    strange = Distort(replace={'"type":"update_phone_numbers"': '"type":7,"etc":3,"status":[]'})
    account.control.fault(strange, call="list_jobs", times=None)
    account.declare(dict.fromkeys(ALL, FLAGGED), limits={"job_size": 2})
    assert account.apply().converged


@pytest.mark.parametrize("odd", ["", "../../phone_numbers", "a/b", "x" * 300, "\x1b[2J"])
def test_a_job_with_an_impossible_id_is_judged_by_reading(account: Account, odd: str) -> None:
    account.control.timing(running=1.0)
    account.control.fault(Distort(set={"id": odd}), call="update_job")
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    assert account.apply().converged


def test_two_jobs_with_one_id_leave_nobody_waiting(account: Account) -> None:
    account.control.timing(running=1.0)
    account.control.fault(Distort(set={"id": "the-same"}), call="update_job", times=None)
    account.declare(dict.fromkeys(ALL, FLAGGED), limits={"job_size": 2})
    assert account.apply().converged


def test_a_bulk_order_and_a_job_can_be_polled_while_more_are_sent(account: Account) -> None:
    account.control.timing(running=3.0)
    account.control.fault(Delay(0.05, after=True), call="get_messaging_bulk", times=None)
    account.declare(
        {ONE: {**ASSIGNED, **FLAGGED}, TWO: {**ASSIGNED, **FLAGGED}, THREE: FLAGGED, FOUR: FLAGGED},
        limits={"job_size": 2, "rate_per_second": 1},
    )
    assert account.apply().converged


def test_two_calls_on_one_number_are_never_in_flight_together(account: Account) -> None:
    account.control.timing(latency=0.01)
    account.declare({ONE: {"customer_reference": "desk-1", **FLAGGED, **ASSIGNED}})
    planned = account.plan()
    unanswered: list[int] = []

    def look(request: httpx.Request) -> None:
        if request.method != "GET":
            unanswered.append(sum(not entry.status for entry in account.writes()))

    account.asked = look
    account.apply(planned)
    assert len(unanswered) == len(account.writes()) > 1
    assert unanswered[1:] == [0] * (len(unanswered) - 1)


# ---- the caps of the service --------------------------------------------------------------------


def jobs_open(account: Account) -> int:
    return sum(job.open for job in account.sandbox.world.jobs.values())


def test_no_more_than_jobs_in_flight_are_open_at_once(make_account: MakeAccount) -> None:
    rows = [number(f"+1312555{each:04}") for each in range(24)]
    account = make_account(*rows)
    account.control.timing(running=5.0)
    account.declare(
        {row.phone_number: FLAGGED for row in rows},
        limits={"job_size": 2, "jobs_in_flight": 3},
    )
    most = 0

    def count(request: httpx.Request) -> None:
        nonlocal most
        most = max(most, jobs_open(account) + (request.method == "POST"))

    account.asked = count
    account.apply()
    assert most == 3


def test_jobs_are_polled_together(make_account: MakeAccount) -> None:
    rows = [number(f"+1312555{each:04}") for each in range(40)]
    account = make_account(*rows)
    account.control.timing(running=20.0)
    account.declare({row.phone_number: FLAGGED for row in rows}, limits={"job_size": 2})
    account.apply()
    counts = account.control.counts()
    assert (counts["update_job"], counts.get("get_job", 0)) == (20, 0)
    assert counts["list_jobs"] <= 12


def test_a_full_queue_of_jobs_is_waited_for(account: Account) -> None:
    account.control.timing(running=30.0)
    account.control.fault(
        Respond(
            status=422,
            body='{"errors": [{"code": "10015", "title": "Bad Request", "detail": "You can have at '
            'most 20 pending or in progress jobs", "source": {"pointer": "/base"}}]}',
        ),
        call="update_job",
        times=3,
    )
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    assert account.apply().converged


def test_a_queue_that_stays_full_is_not_waited_for_beyond_the_job_timeout(
    account: Account,
) -> None:
    body = '{"errors": [{"code": "10015", "detail": "You can have at most 20 pending jobs"}]}'
    account.control.fault(Respond(status=422, body=body), call="update_job", times=None)
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    outcome = account.apply(job_timeout=120.0)
    assert (outcome.exit_code, summary(outcome)) == (Exit.INCOMPLETE, (0, 0, 0, 2))
    assert outcome.open == ("op-0001",)


def test_another_bad_request_is_no_full_queue(account: Account) -> None:
    items = [
        {
            "code": "10015",
            "detail": "customer_reference is too long",
            "source": {"pointer": "/base"},
        },
        {"code": "10016", "detail": "too many jobs", "source": {"pointer": "/base"}},
        {"code": "10015", "detail": "the limit of jobs", "source": {"pointer": "/jobs"}},
    ]
    body = json.dumps({"errors": items})
    account.control.fault(Respond(status=422, body=body), call="update_job")
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    outcome = account.apply()
    assert (len(account.writes()), len(outcome.failed), outcome.open) == (1, 6, ())


def test_a_refusal_without_a_word_is_a_failure_with_its_status(account: Account) -> None:
    account.control.fault(Respond(status=422, body="{}"), call="patch_voice")
    account.declare({ONE: FLAGGED})
    outcome = account.apply()
    assert [(each.phone_number, each.code) for each in outcome.failed] == [(ONE, "422")]


def test_a_key_that_is_refused_while_a_job_runs_ends_all_writing(account: Account) -> None:
    account.control.timing(running=500.0)
    for call in ("list_jobs", "get_job"):
        account.control.fault(Respond(status=401), call=call, times=None)
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    outcome = account.apply()
    assert (outcome.exit_code, outcome.open) == (Exit.KEY_REFUSED, ("op-0001",))
    assert "it was sent, but not followed to its end" in reasons(outcome)


@pytest.mark.parametrize(
    ("running", "theirs", "most"),
    [(40.0, 15, 25), (100_000.0, 18, 40)],
    ids=["all places become free", "two places are left to us"],
)
def test_the_cap_of_twenty_jobs_is_met_and_waited_out(
    make_account: MakeAccount, running: float, theirs: int, most: int
) -> None:
    """15 jobs into a few places: one at a time finds out that there is none."""
    rows = [number(f"+1312555{each:04}") for each in range(30)]
    account = make_account(*rows)
    account.control.timing(running=running)
    ids = [account.state(row.phone_number)["id"] for row in rows]
    account.declare({row.phone_number: FLAGGED for row in rows}, limits={"job_size": 2})
    planned = account.plan()

    async def somebody_elses_jobs() -> None:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(account.sandbox.asgi),
            base_url="http://sandbox/v2",
            headers={"authorization": f"Bearer {account.sandbox.api_key}"},
        ) as client:
            for id_ in ids[:theirs]:
                body = {"phone_numbers": [id_], "hd_voice_enabled": False}
                await client.post("/phone_numbers/jobs/update_phone_numbers", json=body)

    account.do(somebody_elses_jobs())
    account.control.timing(running=40.0)
    outcome = account.apply(planned)
    assert (outcome.converged, 15 < outcome.calls[Channel.UPDATE_JOB] <= most) == (True, True)


# ---- a lost answer ------------------------------------------------------------------------------


@pytest.mark.parametrize("happened", [True, False])
@pytest.mark.parametrize(
    ("call", "declared"),
    [
        ("patch_voice", {ONE: FLAGGED}),
        ("update_job", {ONE: FLAGGED, TWO: FLAGGED}),
        (
            "messaging_bulk",
            {ONE: ASSIGNED, TWO: ASSIGNED},
        ),
    ],
)
def test_a_write_whose_answer_is_lost_is_sent_again_only_where_it_did_not_happen(
    account: Account, call: str, declared: dict[str, object], happened: bool
) -> None:
    account.control.fault(Respond(status=502, after=happened), call=call)
    account.declare(declared)
    outcome = account.apply()
    assert len(account.writes()) == (1 if happened else 2)
    assert outcome.converged


@pytest.mark.parametrize("after", [True, False])
def test_a_broken_connection_is_a_lost_answer(account: Account, after: bool) -> None:
    account.control.fault(Drop(after=after), call="patch_voice")
    account.declare({ONE: FLAGGED})
    outcome = account.apply()
    assert (len(account.writes()), outcome.converged) == (1 if after else 2, True)


NOT_THE_SERVICE = [
    html(),
    bad_json(),
    Respond(status=200, body=""),
    Respond(status=200, body="[]"),
]


@pytest.mark.parametrize("answer", NOT_THE_SERVICE)
def test_a_success_that_is_not_the_service_s_own_is_judged_by_reading(
    account: Account, answer: Respond
) -> None:
    account.control.fault(answer, call="update_job", times=None)
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    outcome = account.apply()
    assert (outcome.applied, len(outcome.unconfirmed), len(account.writes())) == ((), 2, 3)


def test_a_write_that_is_sent_elsewhere_is_not_followed_nor_sent_again(account: Account) -> None:
    answer = Respond(status=302, headers={"location": "https://elsewhere.example/"})
    account.control.fault(answer, call="update_job", times=None)
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    outcome = account.apply()
    assert (len(outcome.unconfirmed), len(account.writes())) == (2, 1)
    assert "elsewhere.example" in outcome.stopped


def test_a_lost_job_that_cannot_be_looked_for_is_not_sent_again(account: Account) -> None:
    account.control.fault(Respond(status=502), call="update_job")
    account.control.fault(Respond(status=500), call="list_jobs", times=None)
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    outcome = account.apply()
    assert (len(account.writes()), outcome.applied, len(outcome.unconfirmed)) == (1, (), 2)
    assert "the answer was lost" in reasons(outcome)
    assert "; and it could not be looked for: " in reasons(outcome)
    assert outcome.open == ("op-0001",)


def test_a_lost_answer_is_named_where_nothing_changed(account: Account) -> None:
    account.control.fault(Respond(status=502), call="patch_voice", times=None)
    account.declare({ONE: FLAGGED})
    outcome = account.apply()
    assert "the answer was lost" in reasons(outcome)
    assert len(account.writes()) == 3


def test_a_connection_refused_before_a_byte_is_tried_again(account: Account) -> None:
    account.declare({ONE: FLAGGED})
    planned = account.plan()
    left = [True, True]

    def refuse(request: httpx.Request) -> None:
        if request.method == "PATCH" and left:
            left.pop()
            raise httpx.ConnectError("refused", request=request)

    account.asked = refuse
    assert account.apply(planned).converged
    assert len(account.writes()) == 1


def test_a_service_that_is_not_there_at_all_is_an_error_and_nothing_written(
    account: Account,
) -> None:
    account.declare({ONE: FLAGGED})
    planned = account.plan()

    def refuse(request: httpx.Request) -> None:
        raise httpx.ConnectError("refused", request=request)

    account.asked = refuse
    with pytest.raises(ReconcilerError, match="nothing was written") as refused:
        account.apply(planned)
    assert refused.value.exit_code == Exit.ERROR
    assert is_finished(account)  # there is nothing to resume


def test_a_pause_beyond_max_wait_before_anything_was_written_is_an_error(account: Account) -> None:
    account.declare({ONE: FLAGGED})
    planned = account.plan()
    account.control.fault(
        Respond(status=429, headers={"retry-after": "900"}), method="PATCH", times=None
    )
    with pytest.raises(RateLimitedError, match="wait until"):
        account.apply(planned, max_wait=60.0)


def test_a_pause_beyond_max_wait_that_also_keeps_the_other_calls_from_looking_is_that_error(
    account: Account,
) -> None:
    account.declare(
        {ONE: FLAGGED, TWO: {"customer_reference": "desk-2"}}, limits={"concurrency": 1}
    )
    planned = account.plan()
    account.control.fault(
        Respond(status=429, headers={"retry-after": "900"}), method="PATCH", times=None
    )
    with pytest.raises(RateLimitedError, match="wait until"):
        account.apply(planned, max_wait=60.0)


def test_a_429_on_a_write_is_waited_out(account: Account) -> None:
    account.control.fault(Respond(status=429, headers={"retry-after": "7"}), call="patch_voice")
    account.declare({ONE: FLAGGED})
    outcome = account.apply()
    assert (outcome.converged, outcome.seconds >= 7) == (True, True)


# ---- 200 but nothing changed --------------------------------------------------------------------


@pytest.mark.parametrize("call", ["patch_voice", "update_job"])
def test_a_write_without_effect_is_unconfirmed_after_two_minutes(
    account: Account, call: str
) -> None:
    account.control.script(call=call, no_effect=True)
    numbers = (ONE,) if call == "patch_voice" else (ONE, TWO)
    account.declare(dict.fromkeys(numbers, FLAGGED))
    outcome = account.apply()
    assert (outcome.applied, len(outcome.unconfirmed)) == ((), len(numbers))
    assert 120 <= outcome.seconds < 140


def test_a_field_that_is_ignored_is_told_apart_from_those_that_are_not(account: Account) -> None:
    account.control.script(call="patch_voice", ignore=(SCREENING.partition(".")[2],))
    account.declare({ONE: {"voice": {**FLAGGED["voice"], "tech_prefix_enabled": True}}})
    outcome = account.apply()
    assert [each.path for each in outcome.applied] == ["voice.tech_prefix_enabled"]
    assert [each.path for each in outcome.unconfirmed] == [SCREENING]


def test_a_clear_that_is_ignored_is_unconfirmed(make_account: MakeAccount) -> None:
    account = make_account(
        number(ONE, customer_reference="desk-1"), ignored_clears=frozenset({"customer_reference"})
    )
    account.declare({ONE: {"customer_reference": None}})
    (left,) = account.apply().unconfirmed
    assert left.reason == 'it was sent, but still reads "desk-1"'


@pytest.mark.parametrize("seconds", [5.0, 60.0, 110.0])
def test_a_read_that_lags_behind_is_waited_for(make_account: MakeAccount, seconds: float) -> None:
    account = make_account(read_delay=seconds)
    account.declare(
        {ONE: FLAGGED, TWO: FLAGGED, THREE: {"messaging": {"messaging_profile_id": PROFILE}}}
    )
    assert account.apply().converged


def test_values_that_cannot_be_read_back_are_unconfirmed(account: Account) -> None:
    account.declare({ONE: {"voice": {"tech_prefix_enabled": True}}})
    planned = account.plan()
    account.asked = lambda request: (
        account.control.forbid("get_voice") if request.method == "PATCH" else None
    )
    outcome = account.apply(planned)
    assert (outcome.applied, reasons(outcome)) == ((), "it was sent, but could not be read back")


# ---- the key is refused -------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_refused_midway_stops_all_writing(make_account: MakeAccount, status: int) -> None:
    rows = [number(f"+1312555{each:04}") for each in range(60)]
    account = make_account(*rows)
    account.control.timing(latency=0.01)
    account.control.fault(Respond(status=status), method="PATCH", skip=5, times=None)
    account.declare(
        {row.phone_number: {"customer_reference": f"desk-{row.phone_number}"} for row in rows},
        limits={"concurrency": 1},
    )
    outcome = account.apply()
    assert (outcome.exit_code, len(account.writes())) == (Exit.KEY_REFUSED, 6)


def test_what_was_written_before_the_key_was_refused_is_still_told(
    make_account: MakeAccount,
) -> None:
    rows = [number(f"+1312555{each:04}") for each in range(12)]
    account = make_account(*rows)
    account.control.fault(Respond(status=403), method="PATCH", skip=5, times=None)
    account.declare(
        {row.phone_number: {"customer_reference": f"desk-{row.phone_number}"} for row in rows},
        limits={"concurrency": 1},
    )
    assert summary(account.apply()) == (5, 1, 0, 6)


def test_a_key_refused_while_polling_ends_the_wait(account: Account) -> None:
    account.control.timing(running=50.0)
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    planned = account.plan()
    account.control.fault(Respond(status=401), method="GET", times=None)
    outcome = account.apply(planned)
    assert (outcome.exit_code, outcome.seconds < 10) == (Exit.KEY_REFUSED, True)


def test_a_key_refused_while_reading_back_is_no_success(account: Account) -> None:
    account.declare({ONE: FLAGGED})
    planned = account.plan()
    account.control.fault(Respond(status=401), method="GET", times=None)
    outcome = account.apply(planned)
    assert (outcome.exit_code, outcome.applied) == (Exit.KEY_REFUSED, ())


# ---- the user stops it --------------------------------------------------------------------------


def stopping_at(account: Account, writes: int) -> None:
    """Ctrl-C when the sandbox has seen so many writes."""

    def look(request: httpx.Request) -> None:
        if request.method != "GET":
            left.append(request)
            if len(left) == writes:
                account.stop.now("interrupted", interrupted=True)

    left: list[httpx.Request] = []
    account.asked = look


def test_an_interrupt_sends_nothing_that_still_waits_for_its_turn(
    make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The latency is real and the clock is not: virtually, hours pass meanwhile.
    monkeypatch.setattr("reconciler.apply.hurry.MOMENT", 100_000.0)
    rows = [number(f"+1312555{each:04}") for each in range(60)]
    account = make_account(*rows)
    account.control.timing(latency=0.01)  # so that the others queue behind those in flight
    account.declare(
        {row.phone_number: {"customer_reference": f"desk-{row.phone_number}"} for row in rows},
        limits={"concurrency": 2},
    )
    planned = account.plan()
    stopping_at(account, 4)
    outcome = account.apply(planned)
    assert (outcome.exit_code, len(account.writes())) == (Exit.INTERRUPTED, 4)
    assert summary(outcome) == (4, 0, 0, 56)


def test_what_an_interrupt_left_no_time_to_look_at_was_interrupted(
    make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.apply.hurry.MOMENT", 0.0)
    rows = [number(f"+1312555{each:04}") for each in range(60)]
    account = make_account(*rows)
    account.declare(
        {row.phone_number: {"customer_reference": f"desk-{row.phone_number}"} for row in rows},
        limits={"page_size": 10},
    )
    planned = account.plan()

    def at_the_first_look_after_a_write(request: httpx.Request) -> None:
        if request.method == "GET" and account.writes():
            account.stop.now("interrupted", interrupted=True)

    account.asked = at_the_first_look_after_a_write
    outcome = account.apply(planned)
    assert outcome.exit_code is Exit.INTERRUPTED
    assert {each.reason for each in outcome.skipped} == {"interrupted"}
    assert len(outcome.skipped) + len(outcome.unconfirmed) == 60
    account.asked = lambda _request: None
    assert resume(account).converged
    assert len(account.writes()) == 60


def interrupting_the_last_look(account: Account) -> None:
    """Ctrl-C while the only write is read back."""

    def look(request: httpx.Request) -> None:
        if request.method == "GET" and account.writes():
            account.stop.interrupt()

    account.asked = look


def test_an_interrupt_when_all_is_written_and_read_back_stopped_nothing(account: Account) -> None:
    account.declare({ONE: FLAGGED})
    planned = account.plan()
    interrupting_the_last_look(account)
    outcome = account.apply(planned)
    assert (outcome.exit_code, outcome.converged) == (Exit.INTERRUPTED, True)
    assert (outcome.stopped, outcome.open) == ("", ())
    assert outcome.notes == ("the interrupt came when nothing was left to be sent or read back",)


def test_a_journal_that_such_an_interrupt_ended_has_nothing_left(account: Account) -> None:
    account.declare({ONE: FLAGGED})
    planned = account.plan()
    interrupting_the_last_look(account)
    history = open_journal(Path(account.apply(planned).journal)).history
    assert (history.finished, history.ended) == (True, Exit.OK)


def test_an_interrupt_that_cuts_the_reading_back_short_is_told_of(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.apply.hurry.MOMENT", 0.0)
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    planned = account.plan()
    stopping_at(account, 1)
    outcome = account.apply(planned)
    assert (outcome.stopped, outcome.converged, bool(outcome.open)) == ("interrupted", False, True)


def test_an_interrupt_does_not_wait_for_a_job(account: Account) -> None:
    account.control.timing(running=3000.0)
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    planned = account.plan()
    stopping_at(account, 1)
    outcome = account.apply(planned)
    assert (outcome.exit_code, outcome.seconds < 15) == (Exit.INTERRUPTED, True)


def test_an_interrupt_names_the_job_that_goes_on(account: Account) -> None:
    account.control.timing(running=3000.0)
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    planned = account.plan()
    stopping_at(account, 1)
    outcome = account.apply(planned)
    (job,) = account.sandbox.world.jobs
    assert f"job {job} was still in_progress when it was interrupted" in reasons(outcome)


def test_an_interrupt_while_a_full_queue_is_waited_for_sends_nothing_more(
    account: Account,
) -> None:
    body = '{"errors": [{"code": "10015", "detail": "You can have at most 20 pending jobs"}]}'
    account.control.fault(Respond(status=422, body=body), call="update_job", times=None)
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    planned = account.plan()
    stopping_at(account, 2)
    outcome = account.apply(planned)
    assert (len(account.writes()), summary(outcome)) == (2, (0, 0, 0, 2))


def test_a_bug_in_one_operation_is_no_success_and_takes_no_answer_away(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.declare({ONE: FLAGGED, TWO: {"customer_reference": "desk-2"}})
    planned = account.plan()

    def broken(*_: object) -> object:
        raise ZeroDivisionError("made up of 4711")

    monkeypatch.setattr("reconciler.apply.run.request_for", broken)
    outcome = account.apply(planned)
    assert outcome.exit_code == Exit.INCOMPLETE
    assert "ZeroDivisionError in broken" in outcome.stopped
    assert "4711" not in repr(outcome)  # what an error of this program says may hold a PIN


# ---- forwarding and the provider's own connection -----------------------------------------------

FORWARD = {
    "voice": {
        "call_forwarding": {
            "call_forwarding_enabled": True,
            "forwarding_type": "always",
            "forwards_to": "+13035559123",
        }
    }
}
OFF = {"call_forwarding": {"call_forwarding_enabled": False}}


@pytest.fixture
def forwarding(make_account: MakeAccount) -> Account:
    """Forwarding is off; switching it on moves the number to the provider's connection."""
    row = number(ONE, connection_id=TRUNK, voice=OFF)
    return make_account(row, forward_only_connection=True)


def test_a_connection_of_the_provider_s_own_is_told_in_a_note(forwarding: Account) -> None:
    forwarding.declare({ONE: FORWARD})
    outcome = forwarding.apply()
    assert outcome.converged
    moved = f"connection_id from {TRUNK} to {FORWARD_ONLY} when forwarding was switched on"
    assert outcome.notes == (f"{ONE}: the provider moved {moved}",)


def test_a_declared_connection_that_the_provider_moved_is_no_success(forwarding: Account) -> None:
    forwarding.declare({ONE: {"connection_id": TRUNK, **FORWARD}})
    outcome = forwarding.apply()
    assert (outcome.converged, outcome.exit_code) == (False, Exit.INCOMPLETE)
    assert [each.path for each in outcome.unconfirmed] == ["connection_id"]


def test_a_connection_that_the_plan_changes_is_not_the_provider_s_doing(
    make_account: MakeAccount,
) -> None:
    account = make_account(number(ONE, connection_id=TRUNK, voice=OFF))
    account.declare({ONE: {"connection_id": OTHER_TRUNK, **FORWARD}})
    outcome = account.apply()
    assert (outcome.converged, outcome.notes) == (True, ())


def large_order(make_account: MakeAccount, lost: Respond) -> list[str]:
    """What is called when the answer to an order for 1000 numbers is `lost`, up to its end."""
    names = [f"+1312555{each:04}" for each in range(1000)]
    account = make_account(*(number(each) for each in names))
    account.declare(dict.fromkeys(names, ASSIGNED))
    planned = account.plan()
    account.control.forget()
    account.control.fault(lost, call="messaging_bulk")
    assert account.apply(planned).converged
    return [entry.call for entry in account.control.log()]


def test_one_number_tells_that_a_large_order_was_not_carried_out(
    make_account: MakeAccount,
) -> None:
    calls = large_order(make_account, Respond(status=502))
    first, again = (at for at, call in enumerate(calls) if call == "messaging_bulk")
    look = calls[:first]
    assert calls[first + 1 : again] == ["get_messaging", *look]


def test_all_numbers_tell_that_a_large_order_was_carried_out(make_account: MakeAccount) -> None:
    calls = large_order(make_account, Respond(status=502, after=True))
    first = calls.index("messaging_bulk")
    look = calls[:first]
    assert calls.count("messaging_bulk") == 1
    assert calls[first + 1 : first + 2 + len(look)] == ["get_messaging", *look]


ALONE = "+13125550105"


def forwarding_by_jobs(make_account: MakeAccount) -> Account:
    """Sixteen numbers, of which always four get the same connection, and other four forward to
    the same number: that takes jobs for the one and for the other. ALONE has a connection of its
    own."""
    names = [f"+131255501{each:02}" for each in range(16)]
    rows = [number(each, connection_id=TRUNK, voice=OFF) for each in names]
    account = make_account(*rows, forward_only_connection=True)
    on = FORWARD["voice"]["call_forwarding"]
    wishes: dict[str, dict[str, object]] = {
        each: {
            "connection_id": f"15219164480777764{place % 4:02}",
            "voice": {"call_forwarding": {**on, "forwards_to": f"+1303555912{place // 4}"}},
        }
        for place, each in enumerate(names)
    }
    wishes[ALONE]["connection_id"] = OTHER_TRUNK
    account.declare(wishes)
    return account


def test_a_connection_that_forwarding_moved_just_before_is_set_as_planned(
    make_account: MakeAccount,
) -> None:
    """Jobs switch forwarding on; the one number whose connection nobody shares gets it after its
    job, by PATCH, and finds it moved: by the job, and not by somebody else."""
    account = forwarding_by_jobs(make_account)
    outcome = account.apply()
    (patch,) = account.writes("patch_number")
    assert patch.body == {"connection_id": OTHER_TRUNK}
    assert outcome.skipped == ()
    assert account.state(ALONE)["connection_id"] == OTHER_TRUNK


# ---- secrets ------------------------------------------------------------------------------------

PIN = "90210-secret"


@pytest.fixture
def with_pin(account: Account, monkeypatch: pytest.MonkeyPatch) -> Account:
    """One number is to get a PIN."""
    monkeypatch.setenv("PIN_DESK_1", PIN)
    account.declare({ONE: {"external_pin": {"env": "PIN_DESK_1"}}})
    return account


def test_a_pin_is_written_and_confirmed(with_pin: Account) -> None:
    assert with_pin.apply().converged
    assert with_pin.state()["external_pin"] == PIN


def test_a_pin_is_in_no_outcome(with_pin: Account) -> None:
    assert PIN not in repr(with_pin.apply())


def test_a_pin_that_was_not_taken_is_not_shown(with_pin: Account) -> None:
    with_pin.control.script(call="patch_number", no_effect=True)
    assert reasons(with_pin.apply()) == "it was sent, but still reads another value"


def test_a_pin_that_an_error_repeats_is_redacted(with_pin: Account) -> None:
    failure = Failure(detail=f"{PIN} is too easy to guess")
    with_pin.control.script(call="patch_number", fail={ONE: failure})
    outcome = with_pin.apply()
    assert (PIN in repr(outcome), len(outcome.failed)) == (False, 1)


def test_a_pin_and_a_key_that_a_job_repeats_are_redacted(
    make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIN_DESK_1", PIN)
    account = make_account(job_echoes_parameters=True)
    detail = f"{PIN} of {account.sandbox.api_key} is too easy to guess"
    account.control.script(call="update_job", fail={TWO: Failure(detail=detail)})
    pinned = {"external_pin": {"env": "PIN_DESK_1"}}
    account.declare({ONE: pinned, TWO: pinned})
    outcome = account.apply()
    journal = Path(outcome.journal).read_text()
    assert ("[redacted]" in journal, '"failed":{"' in journal) == (True, True)
    for text in (repr(outcome), journal):
        assert (PIN in text, account.sandbox.api_key in text) == (False, False)
