"""What an earlier run left, and what the next one makes of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from reconciler import workflow
from reconciler.apply import Stop
from reconciler.core.fields import Channel
from reconciler.core.forecast import Standing
from reconciler.errors import Exit, LockedError, UsageError
from reconciler.journal import Journal, read_lines
from reconciler.sandbox.faults import Drop, Respond
from reconciler.sandbox.fleet import number
from reconciler.sandbox.scripts import Failure
from tests.apply.account import FOUR, ONE, OTHER_TRUNK, THREE, TRUNK, TWO, Account, Watched, summary
from tests.apply.conftest import MakeAccount
from tests.apply.test_what_can_go_wrong import ALONE, forwarding_by_jobs
from tests.crash.killing import Killer, is_finished, journal_of, resume

FLAGGED = {"voice": {"inbound_call_screening": "flag_calls"}}
HD = {"hd_voice_enabled": True}
SCREENING = "voice.inbound_call_screening"
FORWARD = {
    "voice": {
        "call_forwarding": {
            "call_forwarding_enabled": True,
            "forwarding_type": "always",
            "forwards_to": "+13035559123",
        }
    }
}


def stop_at(account: Account, writes: int) -> None:
    """Ctrl-C when so many writes have left."""
    left = writes

    def look(request: httpx.Request) -> None:
        nonlocal left
        left -= request.method != "GET"
        if not left:
            left = -1
            account.stop.now("interrupted", interrupted=True)

    account.asked = look


def later(account: Account, seconds: float) -> None:
    """Time goes by, and what runs in the background with it."""
    account.clock.time += seconds
    account.sandbox.world.settle()


def test_a_resume_shows_from_its_first_moment_what_is_left_of_the_whole_plan(
    make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [number(f"+1312555{each:04}") for each in range(10)]
    account = make_account(*rows)
    account.declare(
        {row.phone_number: {"customer_reference": f"desk-{row.phone_number}"} for row in rows},
        limits={"concurrency": 1},
    )
    stop_at(account, 4)
    assert len(account.apply().open) == 6
    seen: list[tuple[int, int]] = []

    def follow(_watched: Watched, standing: Callable[[], Standing]) -> None:
        seen.append((standing().operations, standing().operations_left))

    monkeypatch.setattr(Watched, "follow", follow)
    assert resume(account).converged
    assert seen == [(10, 6)]


# ---- jobs ---------------------------------------------------------------------------------------


def test_a_job_past_its_time_is_polled_again_and_not_sent_again(account: Account) -> None:
    account.control.timing(running=50.0)
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    first = account.apply(job_timeout=5.0)
    assert (first.exit_code, first.open) == (Exit.INCOMPLETE, ("op-0001",))
    second = resume(account)
    assert (second.converged, len(account.writes())) == (True, 1)
    assert is_finished(account)


def test_a_job_that_ctrl_c_left_behind_is_polled_again(account: Account) -> None:
    account.control.timing(running=300.0)
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    planned = account.plan()
    stop_at(account, 1)
    assert account.apply(planned).exit_code == Exit.INTERRUPTED
    assert (resume(account).converged, len(account.writes())) == (True, 1)


def test_a_job_that_is_known_no_more_is_settled_by_reading(account: Account) -> None:
    account.control.script(call="update_job", no_effect=True, pending=100.0)
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    account.apply(job_timeout=5.0)
    account.sandbox.world.jobs.clear()
    assert resume(account).converged
    assert len(account.writes()) == 2


def test_a_job_that_lists_strangers_stops_a_resume_before_it_sends_anything(
    account: Account,
) -> None:
    account.control.script(call="update_job", lists=(THREE,), stall=True)
    account.declare({ONE: FLAGGED, TWO: FLAGGED, THREE: {"customer_reference": "desk-3"}})
    planned = account.plan()
    account.control.fault(Respond(status=503), call="patch_number", times=None)
    stop_at(account, 2)
    account.apply(planned)
    account.control.clear()
    account.asked = lambda _: None
    written = len(account.writes())
    outcome = resume(account)
    assert "lists numbers that were not sent" in outcome.stopped
    assert (outcome.exit_code, len(account.writes())) == (Exit.INCOMPLETE, written)


def test_the_job_of_an_apply_just_before_is_not_taken_for_a_lost_one(account: Account) -> None:
    tagged = {"tags": ["before"]}
    account.declare({ONE: tagged, TWO: tagged})
    assert account.apply().converged
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    planned = account.plan()
    account.control.fault(Drop(), call="update_job")
    outcome = account.apply(planned)
    assert (outcome.converged, len(account.writes())) == (True, 3)


def test_a_lost_job_is_found_though_the_clocks_are_apart(account: Account) -> None:
    account.sandbox.world._epoch -= 90  # the API's clock is behind
    account.control.fault(Drop(after=True), call="update_job")
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    outcome = account.apply()
    assert (outcome.converged, len(account.writes())) == (True, 1)


def test_a_lost_job_with_a_failure_is_not_sent_again(account: Account) -> None:
    account.sandbox.world._epoch -= 90  # the API's clock is behind
    account.control.script(call="update_job", fail={TWO: Failure()})
    account.control.fault(Drop(after=True), call="update_job")
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    outcome = account.apply()
    assert (summary(outcome), len(account.writes())) == ((1, 1, 0, 0), 1)


@pytest.mark.parametrize("behind", [0, 90])
def test_a_lost_job_that_was_found_is_written_down(account: Account, behind: int) -> None:
    account.sandbox.world._epoch -= behind
    account.control.fault(Drop(after=True), call="update_job")
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    account.apply()
    path = journal_of(account)
    assert path is not None
    came = [
        (each["came"], each.get("background"))
        for each in read_lines(path).entries
        if each["entry"] == "answer"
    ]
    assert came == [("lost", None), ("accepted", next(iter(account.sandbox.world.jobs)))]


def two_jobs(make_account: MakeAccount) -> Account:
    """Four numbers and what takes two jobs, one after the other."""
    account = make_account(*map(number, (ONE, TWO, THREE, FOUR)))
    limits = {"jobs_in_flight": 1}
    account.declare({ONE: FLAGGED, TWO: FLAGGED, THREE: HD, FOUR: HD}, limits=limits)
    return account


@pytest.mark.parametrize("look", ["strangers", "refused"])
def test_what_was_never_sent_waits_until_known_jobs_were_looked_at(
    make_account: MakeAccount, look: str
) -> None:
    account = two_jobs(make_account)
    strangers = (ONE, THREE) if look == "strangers" else ()
    account.control.script(call="update_job", lists=strangers, pending=300.0)
    planned = account.plan()
    stop_at(account, 1)
    account.apply(planned)
    account.asked = lambda _: None
    if look == "refused":
        account.control.fault(Respond(status=401), call="get_job")
    outcome = resume(account)
    left = Exit.INCOMPLETE if look == "strangers" else Exit.KEY_REFUSED
    assert (outcome.exit_code, len(account.writes())) == (left, 1)


def test_a_known_job_with_strangers_also_stops_what_would_go_before_it(
    make_account: MakeAccount,
) -> None:
    account = two_jobs(make_account)
    planned = account.plan()
    of_the_first = account.state(ONE)["id"]

    def refuse(request: httpx.Request) -> None:
        if request.method == "POST" and of_the_first in request.content.decode():
            raise httpx.ConnectError("refused", request=request)

    account.asked = refuse
    account.control.script(call="update_job", lists=(ONE, THREE), stall=True)
    first = account.apply(planned, job_timeout=5.0)
    assert (first.open, len(account.writes())) == (("op-0001", "op-0002"), 1)
    account.asked = lambda _: None
    outcome = resume(account, job_timeout=5.0)
    assert "lists numbers that were not sent" in outcome.stopped
    assert len(account.writes()) == 1


def test_what_was_kept_back_after_a_lost_answer_is_sent_by_a_resume(account: Account) -> None:
    account.declare({ONE: FLAGGED})
    planned = account.plan()
    account.control.fault(Respond(status=502), call="patch_voice")
    wait = Respond(status=429, headers={"retry-after": "7200"})
    account.control.fault(wait, call="patch_voice", skip=1)
    first = account.apply(planned)
    assert (first.applied, first.open) == ((), ("op-0001",))
    later(account, 7200.0)
    account.control.clear()
    assert resume(account).converged


# ---- what an earlier run has settled -------------------------------------------------------------


def test_what_an_earlier_run_could_not_confirm_is_told_and_not_sent_again(account: Account) -> None:
    account.control.timing(running=50.0)
    account.control.script(call="patch_number", no_effect=True)
    account.declare({ONE: FLAGGED, TWO: FLAGGED, THREE: {"customer_reference": "desk-3"}})
    account.apply(job_timeout=5.0)
    outcome = resume(account)
    assert [(each.phone_number, each.reason) for each in outcome.unconfirmed] == [
        (THREE, "an earlier run could not confirm it")
    ]
    assert len(account.writes("patch_number")) == 1
    assert is_finished(account)


def test_what_was_so_already_in_an_earlier_run_is_no_loss(make_account: MakeAccount) -> None:
    account = two_jobs(make_account)
    account.control.script(call="update_job", pending=100.0)
    planned = account.plan()
    account.control.change(FOUR, "hd_voice_enabled", True)
    first = account.apply(planned, job_timeout=5.0)
    assert first.open == ("op-0001",)
    outcome = resume(account)
    assert (outcome.converged, [each.phone_number for each in outcome.already]) == (True, [FOUR])


# ---- numbers that were left out -----------------------------------------------------------------


def test_a_number_that_could_not_be_read_is_sent_by_a_resume(account: Account) -> None:
    # Pages of one row, so that numbers are looked at one by one.
    account.declare(dict.fromkeys((ONE, TWO, THREE), FLAGGED), limits={"page_size": 1})
    planned = account.plan()
    id_ = account.state(TWO)["id"]
    account.control.fault(Respond(status=403), path=f"{id_}/voice$", times=None)
    outcome = account.apply(planned)
    assert ([each.phone_number for each in outcome.skipped], bool(outcome.open)) == ([TWO], True)
    account.control.clear()
    again = resume(account)
    assert (again.converged, again.calls) == (True, {Channel.UPDATE_JOB: 1})
    sent = [each.body for each in account.writes()]
    assert [len(body["phone_numbers"]) for body in sent if isinstance(body, dict)] == [2, 1]


def test_what_was_so_already_is_no_loss_after_a_kill(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.control.timing(running=20.0)
    account.declare({ONE: FLAGGED, TWO: FLAGGED, THREE: FLAGGED})
    planned = account.plan()
    account.control.change(THREE, SCREENING, "flag_calls")
    killer = Killer(account, monkeypatch)
    with killer.at(18):  # the job is on its way
        account.apply(planned)
    assert len(account.writes()) == 1
    outcome = resume(account)
    assert (outcome.converged, [each.phone_number for each in outcome.already]) == (True, [THREE])


@pytest.mark.parametrize("moment", range(1, 22, 3))
def test_what_somebody_changed_after_a_kill_is_not_written_over(
    account: Account, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    account.declare({ONE: FLAGGED, TWO: FLAGGED, THREE: {"customer_reference": "desk-3"}})
    planned = account.plan()
    with Killer(account, monkeypatch).at(moment):
        account.apply(planned)
    later(account, 600.0)
    account.control.change(TWO, SCREENING, "reject_calls")
    account.control.change(THREE, "customer_reference", "mine")
    if journal_of(account) is None:
        return
    outcome = resume(account)
    assert account.state(TWO)["voice"]["inbound_call_screening"] == "reject_calls"
    assert account.state(THREE)["customer_reference"] == "mine"
    left = {each.phone_number for each in (*outcome.skipped, *outcome.unconfirmed)}
    assert left == {TWO, THREE}
    assert is_finished(account)


def test_what_moved_stays_left_out_though_it_moved_back(account: Account) -> None:
    account.control.timing(running=50.0)
    account.declare(dict.fromkeys((ONE, TWO, THREE), FLAGGED))
    planned = account.plan()
    account.control.change(TWO, SCREENING, "reject_calls")
    account.apply(planned, job_timeout=5.0)
    account.control.change(TWO, SCREENING, "disabled")
    outcome = resume(account)
    assert [each.phone_number for each in outcome.skipped] == [TWO]
    assert (is_finished(account), len(account.writes())) == (True, 1)


# ---- failures -----------------------------------------------------------------------------------


def test_what_the_api_refused_is_reported_and_not_tried_again(account: Account) -> None:
    account.control.timing(running=50.0)
    account.control.script(call="patch_number", fail={THREE: Failure(code="10027")})
    account.declare({ONE: FLAGGED, TWO: FLAGGED, THREE: {"customer_reference": "desk-3"}})
    account.apply(job_timeout=5.0)
    outcome = resume(account)
    assert summary(outcome) == (2, 1, 0, 0)
    assert [each.code for each in outcome.failed] == ["10027"]
    assert len(account.writes()) == 2


@pytest.mark.parametrize("status", [401, 403])
def test_what_a_refused_key_kept_back_is_sent_with_a_good_one(
    account: Account, status: int
) -> None:
    account.control.fault(Respond(status=status), method="PATCH", times=None)
    account.declare({ONE: {"customer_reference": "desk-1"}, TWO: FLAGGED})
    first = account.apply()
    assert (first.exit_code, bool(first.open)) == (Exit.KEY_REFUSED, True)
    account.control.clear()
    assert resume(account).converged


# ---- what was read back -------------------------------------------------------------------------


def test_emergency_service_on_its_way_is_waited_for_and_not_asked_for_again(
    account: Account,
) -> None:
    account.control.timing(emergency=500.0)
    service = {"emergency": {"emergency_enabled": True, "emergency_address_id": "53829456729313"}}
    account.declare({ONE: service, TWO: service})
    first = account.apply(job_timeout=130.0)
    assert (first.exit_code, bool(first.open)) == (Exit.INCOMPLETE, True)
    assert (resume(account).converged, len(account.writes())) == (True, 1)


@pytest.mark.parametrize("moment", range(6, 14))
def test_a_declared_connection_that_the_provider_moved_is_no_success_after_a_kill(
    make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    off = {"call_forwarding": {"call_forwarding_enabled": False}}
    account = make_account(
        number(ONE, connection_id=TRUNK, voice=off), forward_only_connection=True
    )
    account.declare({ONE: {"connection_id": TRUNK, **FORWARD}})
    planned = account.plan()
    with Killer(account, monkeypatch).at(moment):
        account.apply(planned)
    outcome = resume(account)
    assert [each.path for each in outcome.unconfirmed] == ["connection_id"]


@pytest.mark.parametrize("moment", range(40, 76, 3))
def test_a_connection_that_forwarding_moved_is_set_as_planned_after_a_kill(
    make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    account = forwarding_by_jobs(make_account)
    planned = account.plan()
    with Killer(account, monkeypatch).at(moment):
        account.apply(planned)
    assert not is_finished(account)
    resume(account)
    assert account.state(ALONE)["connection_id"] == OTHER_TRUNK
    again = account.plan().plan
    assert {c.fields[0].path for c in again.difference.changes} <= {"connection_id"}
    assert resume_skips(account) == []


def resume_skips(account: Account) -> list[str]:
    """What the journal says was left out for good."""
    path = journal_of(account)
    assert path is not None
    history = workflow.open_journal(path).history
    return [number for past in history.operations.values() for number in past.skipped]


def test_what_an_earlier_run_read_back_is_not_waited_for_again(account: Account) -> None:
    account.control.timing(running=50.0)
    account.declare({ONE: FLAGGED, TWO: FLAGGED, THREE: {"customer_reference": "desk-3"}})
    account.apply(job_timeout=5.0)
    account.clock.time += 100.0
    account.control.change(THREE, "customer_reference", "mine")
    outcome = resume(account)
    assert (summary(outcome), outcome.seconds < 20) == ((3, 0, 0, 0), True)


# ---- elsewhere ----------------------------------------------------------------------------------


def test_the_journal_alone_suffices_on_another_machine(
    account: Account, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    planned = account.plan()
    with Killer(account, monkeypatch).at(6):
        account.apply(planned)
    there = tmp_path_factory.mktemp("there")
    path = journal_of(account)
    assert path is not None
    copy = Path(shutil.copy(path, there / "carried.jsonl"))
    monkeypatch.chdir(there)
    found = workflow.open_journal(copy)
    outcome = account.do(workflow.resume(found, workflow.Options(), account.watched, Stop()))
    assert outcome.converged


def test_a_journal_that_somebody_has_gone_on_with_is_not_written_over(account: Account) -> None:
    account.control.timing(running=50.0)
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    account.apply(job_timeout=5.0)
    path = journal_of(account)
    assert path is not None
    found = workflow.open_journal(path)
    assert resume(account).converged
    whole = path.read_bytes()
    with pytest.raises(UsageError, match="somebody else has gone on"):
        account.do(workflow.resume(found, workflow.Options(), account.watched, Stop()))
    assert path.read_bytes() == whole


def test_a_journal_has_one_writer(account: Account) -> None:
    account.control.timing(running=50.0)
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    account.apply(job_timeout=5.0)
    path = journal_of(account)
    assert path is not None
    held = Journal.go_on(path, read_lines(path))
    with pytest.raises(LockedError, match="another process is writing it"):
        resume(account)
    held.close()
    assert resume(account).converged
