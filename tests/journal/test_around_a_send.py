"""The order of things around a send: intent on disk, the look, the send, the answer on disk."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.errors import Exit, JournalError
from reconciler.journal import flush_to_disk, read_lines
from reconciler.sandbox.faults import Drop, Respond
from tests.apply.account import ONE, TWO, Account
from tests.cli.support import Said, Shell, child
from tests.crash.killing import journal_of, resume

FLAGGED = {"voice": {"inbound_call_screening": "flag_calls"}}
PIN, KEY = "90210-secret", "RECONCILER_SECRET_KEY"


class Told:
    """What reached the disk and what left this machine, in order."""

    def __init__(self, account: Account, patch: pytest.MonkeyPatch) -> None:
        self.order: list[str] = []
        account.asked = self._asked
        patch.setattr("reconciler.journal.flush_to_disk", self._flush)

    def _asked(self, request: httpx.Request) -> None:
        self.order.append("look" if request.method == "GET" else "send")

    def _flush(self, descriptor: int, data: bytes) -> None:
        flush_to_disk(descriptor, data)
        self.order += [json.loads(line)["entry"]["entry"] for line in data.splitlines()]


def test_the_intent_is_on_disk_before_the_send_and_the_answer_before_the_next_step(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.declare({ONE: {"customer_reference": "desk-1"}})
    planned = account.plan()
    told = Told(account, monkeypatch)
    assert account.apply(planned).converged
    assert told.order == ["intent", "look", "send", "answer", "look", "done", "end"]


def full_from(monkeypatch: pytest.MonkeyPatch, entry: str, with_: str = "") -> None:
    """A disk that is full when this kind of line is to be written, and from then on."""
    is_full = False

    def flush(descriptor: int, data: bytes) -> None:
        nonlocal is_full
        is_full = is_full or (f'"entry":"{entry}"'.encode() in data and with_.encode() in data)
        if is_full:
            os.write(descriptor, data[: len(data) // 3])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        flush_to_disk(descriptor, data)

    monkeypatch.setattr("reconciler.journal.flush_to_disk", flush)


def test_a_disk_full_before_a_send_sends_nothing(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    planned = account.plan()
    full_from(monkeypatch, "intent")
    with pytest.raises(JournalError, match="No space left on device") as failed:
        account.apply(planned)
    assert (failed.value.exit_code, account.writes()) == (Exit.ERROR, [])


def test_a_disk_full_after_a_send_tells_the_job_and_stops(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    planned = account.plan()
    full_from(monkeypatch, "answer")
    outcome = account.apply(planned)
    (job,) = account.sandbox.world.jobs
    assert account.watched.told == [f"op-0001 went out as {job}"]
    assert (outcome.exit_code, "No space left" in outcome.stopped) == (Exit.INCOMPLETE, True)
    assert len(account.writes()) == 1


def test_a_disk_full_when_a_lost_job_is_found_tells_the_job_and_stops(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    planned = account.plan()
    account.control.fault(Drop(after=True), call="update_job")
    full_from(monkeypatch, "answer", with_='"accepted"')
    outcome = account.apply(planned)
    (job,) = account.sandbox.world.jobs
    assert account.watched.told == [f"op-0001 went out as {job}"]
    assert (outcome.exit_code, "No space left" in outcome.stopped) == (Exit.INCOMPLETE, True)


def test_a_disk_that_was_full_after_a_send_is_resumed_without_a_second_send(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    planned = account.plan()
    with monkeypatch.context() as patch:
        full_from(patch, "answer")
        account.apply(planned)
    assert (resume(account).converged, len(account.writes())) == (True, 1)


def test_a_disk_full_at_the_very_end_is_no_success(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.declare({ONE: FLAGGED})
    planned = account.plan()
    full_from(monkeypatch, "done")
    outcome = account.apply(planned)
    assert (len(outcome.applied), outcome.exit_code) == (1, Exit.INCOMPLETE)


def test_a_journal_that_cannot_be_made_means_nothing_is_sent(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: FLAGGED})
    (account.root / ".reconciler").write_text("in the way")
    said = reconciler("apply", "--auto-approve")
    assert (said.code, account.writes()) == (1, [])


def test_no_pin_and_no_key_is_in_a_journal(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIN_DESK", PIN)
    monkeypatch.setenv(KEY, "binding-key-0123456789")
    account.declare({ONE: {"external_pin": {"env": "PIN_DESK"}}})
    assert account.apply().converged
    path = journal_of(account)
    assert path is not None
    text = path.read_text()
    assert (PIN in text, account.sandbox.api_key in text, "binding-key" in text) == (False,) * 3


@pytest.mark.parametrize("moment", ["the look", "the send"])
def test_a_journal_that_is_removed_meanwhile_stops_all_writing(
    account: Account, reconciler: Shell, moment: str
) -> None:
    account.declare({ONE: {"customer_reference": "a"}, TWO: {"customer_reference": "b"}})
    method = {"the look": "GET", "the send": "PATCH"}[moment]

    def removed(request: httpx.Request) -> None:
        path = journal_of(account)
        if path is not None and request.method == method:
            path.unlink()

    account.asked = removed
    said = reconciler("apply", "--auto-approve", "--format", "json", "--concurrency", "1")
    assert (said.code, len(account.writes())) == (5, 1)
    assert "was removed meanwhile" in said.out + said.err


def test_a_disk_that_is_full_at_a_resume_sends_nothing_and_the_next_resume_goes_on(
    account: Account, reconciler: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(account)
    written = len(account.writes())
    with monkeypatch.context() as patch:
        full_from(patch, "resume")
        said = reconciler("resume")
    assert (said.code, "No space left" in said.err) == (1, True)
    assert len(account.writes()) == written
    assert reconciler("resume").code == 0


def test_two_resumes_at_once_one_goes_on_and_the_other_exits_6_naming_the_holder(
    account: Account, reconciler: Shell
) -> None:
    path = interrupted(account)
    told: list[Said] = []

    def meanwhile(request: httpx.Request) -> None:
        if request.method == "GET" and not told:
            told.append(child("resume", str(path), cwd=account.root))

    account.asked = meanwhile
    assert reconciler("resume", str(path)).code == 0
    (other,) = told
    assert (other.code, f"process {os.getpid()}" in other.err) == (6, True)


# ---- the command --------------------------------------------------------------------------------


def interrupted(account: Account) -> Path:
    """The journal of an apply whose job took too long."""
    account.control.timing(running=50.0)
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    account.apply(job_timeout=5.0)
    path = journal_of(account)
    assert path is not None
    return path


def test_resume_takes_the_unfinished_journal_and_finishes_it(
    account: Account, reconciler: Shell
) -> None:
    interrupted(account)
    said = reconciler("resume", "--format", "json")
    assert (said.code, said.json["converged"], said.json["go_on"]) == (0, True, None)


def test_resume_of_a_finished_journal_says_so_and_sends_nothing(
    account: Account, reconciler: Shell
) -> None:
    path = interrupted(account)
    reconciler("resume")
    account.control.forget()
    said = reconciler("resume", str(path))
    assert (said.code, "is finished: nothing was sent" in said.err) == (0, True)
    assert account.control.log() == []


def test_resume_of_a_finished_journal_that_left_a_failure_is_no_success(
    account: Account, reconciler: Shell
) -> None:
    account.control.fault(Respond(status=422), call="patch_number")
    account.declare({ONE: {"customer_reference": "x"}})
    assert account.apply().exit_code == 5
    account.control.forget()
    said = reconciler("resume", str(journal_of(account)))
    assert (said.code, account.control.log()) == (5, [])
    assert "is finished: nothing was sent. It ended with exit code 5" in said.err


def test_without_an_unfinished_journal_there_is_nothing_to_resume(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: FLAGGED})
    account.apply()
    said = reconciler("resume")
    assert (said.code, "nothing to resume" in said.err) == (1, True)


def test_several_unfinished_journals_are_listed(account: Account, reconciler: Shell) -> None:
    path = interrupted(account)
    other = path.with_name("journal-20200101T000000000000Z.jsonl")
    other.write_bytes(path.read_bytes())
    other.chmod(0o600)
    said = reconciler("resume")
    assert (said.code, path.name in said.err, other.name in said.err) == (1, True, True)


def test_a_damaged_journal_of_long_ago_is_named_and_not_in_the_way_when_finished(
    account: Account, reconciler: Shell
) -> None:
    path = interrupted(account)
    old = path.with_name("journal-20200101T000000000000Z.jsonl")
    reconciler("resume")
    data = bytearray(path.read_bytes())
    data[10] ^= 1
    old.write_bytes(data)
    old.chmod(0o600)
    assert "nothing to resume" in reconciler("resume").err


def test_a_damaged_journal_is_refused_and_nothing_is_sent(
    account: Account, reconciler: Shell
) -> None:
    path = interrupted(account)
    data = bytearray(path.read_bytes())
    data[data.index(b"\n") + 20] ^= 1
    path.write_bytes(data)
    account.control.forget()
    said = reconciler("resume", str(path))
    assert (said.code, "2: the journal is damaged here" in said.err) == (1, True)
    assert account.control.log() == []


def test_a_journal_of_another_address_is_refused(
    account: Account, reconciler: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = interrupted(account)
    monkeypatch.setenv("TELNYX_BASE_URL", "http://127.0.0.1:8/v2")
    said = reconciler("resume", str(path))
    assert (said.code, "the plan was made for http://127.0.0.1:9/v2" in said.err) == (1, True)


def test_a_journal_of_another_account_is_refused(account: Account, reconciler: Shell) -> None:
    interrupted(account)
    for each in (ONE, TWO):
        row = account.state(each)
        account.control.remove(each)
        account.control.add({**row, "id": f"9{row['id'][1:]}"})
    written = len(account.writes())
    said = reconciler("resume")
    assert (said.code, "another account's plan" in said.err) == (1, True)
    assert len(account.writes()) == written


@pytest.mark.parametrize("output", ["text", "json"])
def test_what_is_left_comes_with_the_exact_command_to_go_on(
    account: Account, reconciler: Shell, output: str
) -> None:
    account.control.timing(running=50.0)
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    journal = "my journal's.jsonl"
    said = reconciler(
        *("apply", "--auto-approve", "--job-timeout", "5"),
        *("--journal", journal, "--format", output),
    )
    command = "reconciler resume 'my journal'\"'\"'s.jsonl'"
    found = said.json["go_on"] if output == "json" else said.out
    assert (said.code, command in found) == (5, True)
    assert reconciler("resume", journal).code == 0


def test_the_project_is_the_one_that_the_journal_lies_in(
    account: Account,
    reconciler: Shell,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = interrupted(account)
    settings: dict[str, Any] = {"version": 1, "account": {"api_key_env": "OTHER_KEY"}}
    (account.root / "reconciler.yaml").write_text(json.dumps(settings))
    monkeypatch.setenv("OTHER_KEY", os.environ["TELNYX_API_KEY"])
    monkeypatch.delenv("TELNYX_API_KEY")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert reconciler("resume", str(path)).code == 0


def test_a_run_is_written_down_from_its_first_line_to_its_last(account: Account) -> None:
    path = interrupted(account)
    assert resume(account).converged
    kinds = [each["entry"] for each in read_lines(path).entries]
    assert kinds == ["plan", "intent", "answer", "done", "end", "resume", "done", "end"]
