"""Kills, signals, full disks, torn files and other processes."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from reconciler.journal import journals_in
from reconciler.sandbox.faults import Delay
from reconciler.sandbox.server import RunningSandbox
from tests.apply.account import FOUR, ONE, THREE, TWO, Account
from tests.cli.support import SECONDS, Shell, child, running, wait_for
from tests.crash.killing import Killer, apply_and_die, is_finished, journal_of
from tests.journal.test_around_a_send import full_from

ALL = (ONE, TWO, THREE, FOUR)
FLAGGED = {"voice": {"inbound_call_screening": "flag_calls"}}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Four numbers, each with a change of its own, one call after the other."""
    numbers = {each: {"customer_reference": f"desk {each}"} for each in ALL}
    (tmp_path / "numbers.yaml").write_text(json.dumps({"version": 1, "numbers": numbers}))
    (tmp_path / "reconciler.yaml").write_text("version: 1\nlimits: {concurrency: 1}\n")
    return tmp_path


@pytest.fixture
def env(served: RunningSandbox) -> dict[str, str]:
    """Where the sandbox is."""
    return {"TELNYX_BASE_URL": served.base_url, "TELNYX_API_KEY": served.api_key}


def patches(served: RunningSandbox) -> int:
    """How many writes have reached the sandbox."""
    return sum(one.method == "PATCH" for one in served.control.log())


def is_done(served: RunningSandbox) -> bool:
    """Whether every number is as declared."""
    return all(served.control.state(n)["customer_reference"] == f"desk {n}" for n in ALL)


# ---- kill -9 and Ctrl-C -------------------------------------------------------------------------


@pytest.mark.parametrize("after", [1, 2, 4])
@pytest.mark.parametrize("delay", [Delay(0.4), Delay(0.4, after=True)], ids=["before", "after"])
def test_kill_9_at_any_point_of_a_process_and_resume_converges(
    served: RunningSandbox, project: Path, env: dict[str, str], after: int, delay: Delay
) -> None:
    served.control.fault(delay, method="PATCH", times=None)
    with running(project, env, "apply", "--auto-approve") as process:
        wait_for(lambda: patches(served) >= after)
        process.send_signal(signal.SIGKILL)
        process.wait(SECONDS)
    served.control.clear()
    said = child("resume", "--format", "json", cwd=project, env=env)
    assert (said.code, said.json["converged"], is_done(served)) == (0, True, True)
    bodies = [json.dumps(one.body) for one in served.control.log() if one.method == "PATCH"]
    assert len(bodies) <= len(ALL) + 1  # the one in flight may not have arrived
    assert len(set(bodies)) == len(ALL)


@pytest.mark.parametrize("moment", [1, 4, 7, 11, 16, 22])
def test_kill_9_at_any_point_sends_nothing_that_the_plan_does_not_hold(
    account: Account, reconciler: Shell, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    account.declare({ONE: FLAGGED, TWO: FLAGGED, THREE: {"customer_reference": "desk-3"}})
    planned = account.plan()
    apply_and_die(account, planned, Killer(account, monkeypatch), moment)
    if not is_finished(account):
        assert reconciler("resume").code == 0
    assert account.control.violations() == []
    assert {entry.call for entry in account.writes()} <= {"update_job", "patch_number"}


def test_kill_9_at_any_point_is_told_by_the_next_apply(
    account: Account, reconciler: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.declare({ONE: FLAGGED, TWO: FLAGGED, THREE: {"customer_reference": "desk-3"}})
    apply_and_die(account, account.plan(), Killer(account, monkeypatch), 11)
    journal = journals_in(account.root)[-1]
    said = reconciler("apply", "--auto-approve")
    assert f"To settle it first: reconciler resume {journal}\n" in said.err
    assert reconciler("resume", str(journal)).code == 0
    assert "was not finished" not in reconciler("apply", "--auto-approve").err


def test_kill_9_at_any_point_is_not_told_by_a_journal_that_others_may_write(
    account: Account, reconciler: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.declare({ONE: FLAGGED})
    apply_and_die(account, account.plan(), Killer(account, monkeypatch), 11)
    journals_in(account.root)[-1].chmod(0o666)
    said = reconciler("apply", "--auto-approve")
    assert (said.code, "was not finished" in said.err) == (0, False)


def test_ctrl_c_once_twice_at_the_first_it_finishes_the_call_and_journals(
    served: RunningSandbox, project: Path, env: dict[str, str]
) -> None:
    served.control.fault(Delay(0.5), method="PATCH", times=None)
    with running(project, env, "apply", "--auto-approve", "--format", "json") as process:
        wait_for(lambda: patches(served) == 1)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=SECONDS)
    told = json.loads(out)
    assert (process.returncode, len(told["applied"]), patches(served)) == (130, 1, 1)
    served.control.clear()
    assert child("resume", cwd=project, env=env).code == 0
    assert (is_done(served), patches(served)) == (True, len(ALL))


def test_ctrl_c_once_twice_at_the_second_it_leaves_and_the_journal_is_safe(
    served: RunningSandbox, project: Path, env: dict[str, str]
) -> None:
    served.control.fault(Delay(20.0), method="PATCH")
    with running(project, env, "apply", "--auto-approve") as process:
        wait_for(lambda: patches(served) == 1)
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, b"Traceback" in err) == (130, False)
    assert time.monotonic() - started < 10
    served.control.clear()
    assert child("resume", cwd=project, env=env).code == 0
    assert is_done(served)


# ---- the disk -----------------------------------------------------------------------------------


def test_disk_full_before_a_send_after_it_before_nothing_is_sent(
    account: Account, reconciler: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    full_from(monkeypatch, "intent")
    said = reconciler("apply", "--auto-approve")
    assert (said.code, account.writes()) == (1, [])
    assert "No space left on device" in said.err


def test_disk_full_before_a_send_after_it_after_the_job_is_told(
    account: Account, reconciler: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    full_from(monkeypatch, "answer")
    said = reconciler("apply", "--auto-approve")
    (job,) = account.sandbox.world.jobs
    assert (said.code, job in said.err) == (5, True)


# ---- the journal --------------------------------------------------------------------------------


@pytest.fixture
def killed(account: Account, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The journal of an apply that died when its request had left."""
    account.declare({ONE: FLAGGED, TWO: FLAGGED, THREE: {"customer_reference": "desk-3"}})
    apply_and_die(account, account.plan(), Killer(account, monkeypatch), 9)
    path = journal_of(account)
    assert path is not None
    account.control.forget()
    return path


@pytest.mark.parametrize("torn", [b"{", b'{"checksum":"00', b'{"checksum":"0","entry":{}}'])
def test_a_torn_last_line_in_the_journal_is_dropped(
    killed: Path, account: Account, reconciler: Shell, torn: bytes
) -> None:
    killed.write_bytes(killed.read_bytes() + torn)
    assert reconciler("resume").code == 0
    assert account.is_settled()


def test_a_torn_last_line_in_the_journal_is_dropped_but_damage_elsewhere_is_refused(
    killed: Path, account: Account, reconciler: Shell
) -> None:
    raw = bytearray(killed.read_bytes())
    raw[raw.index(b"\n") + 20] ^= 1
    killed.write_bytes(raw)
    said = reconciler("resume")
    assert (said.code, account.control.log()) == (1, [])
    assert "journal is damaged here" in said.err


# ---- two at once, and what moved ----------------------------------------------------------------


def test_two_applies_at_once_one_writes_and_the_other_exits_6_naming_the_holder(
    served: RunningSandbox, project: Path, env: dict[str, str], tmp_path: Path
) -> None:
    served.control.fault(Delay(20.0), method="PATCH")
    mine = env | {"XDG_STATE_HOME": str(tmp_path / "state")}
    with running(project, mine, "apply", "--auto-approve") as process:
        wait_for(lambda: patches(served) == 1)
        said = child("apply", "--auto-approve", cwd=project, env=mine)
        assert (said.code, f"process {process.pid} " in said.err) == (6, True)
        assert patches(served) == 1
        process.send_signal(signal.SIGKILL)
        process.wait(SECONDS)
    # A dead holder's lock is free.
    served.control.clear()
    assert child("resume", cwd=project, env=mine).code == 0


@pytest.mark.parametrize(("on_stale", "code", "written"), [("abort", 4, 0), ("skip", 4, 1)])
def test_live_moved_since_the_plan_per_number_and_field(
    account: Account, reconciler: Shell, on_stale: str, code: int, written: int
) -> None:
    account.declare({ONE: {"customer_reference": "a"}, TWO: {"customer_reference": "b"}})
    assert reconciler("plan", "--out", "plan.json").code == 0
    account.control.change(ONE, "customer_reference", "somebody else's")
    account.control.change(TWO, "tags", ["of no matter"])
    said = reconciler("apply", "plan.json", "--on-stale", on_stale)
    assert (said.code, ONE in said.err + said.out) == (code, True)
    assert len(account.writes("patch_number")) == written
    assert account.state(ONE)["customer_reference"] == "somebody else's"


def test_the_umask_of_the_user_makes_no_file_readable_to_others(
    project: Path, env: dict[str, str]
) -> None:
    before = os.umask(0)
    try:
        child("plan", "--out", "plan.json", cwd=project, env=env)
        child("fetch", "-o", "live.json", cwd=project, env=env)
        child("apply", "plan.json", cwd=project, env=env)
    finally:
        os.umask(before)
    (journal,) = (project / ".reconciler").iterdir()
    made = (project / "plan.json", project / "live.json", journal)
    assert [oct(each.stat().st_mode & 0o777) for each in made] == ["0o600"] * 3
