"""Plan files and journals that are not what we wrote: exit 1, and nothing is sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.planfile import digest
from reconciler.sandbox.fleet import number
from tests.apply.account import ONE, TWO, Account
from tests.apply.conftest import MakeAccount
from tests.cli.support import Said, Shell
from tests.crash.killing import Killer, apply_and_die, journal_of

FLAGGED = {"voice": {"inbound_call_screening": "flag_calls"}}
ELSEWHERE = tuple(number(each, id=f"77{each[-4:]}") for each in (ONE, TWO))
"""The same numbers in another account, under other ids."""


@pytest.fixture
def saved(account: Account, reconciler: Shell) -> Path:
    """A plan of one job for two numbers, and nothing in the log."""
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    assert reconciler("plan", "--out", "plan.json").code == 0
    account.control.forget()
    return account.root / "plan.json"


@pytest.fixture
def killed(account: Account, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The journal of an apply that died."""
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    apply_and_die(account, account.plan(), Killer(account, monkeypatch), 9)
    path = journal_of(account)
    assert path is not None
    account.control.forget()
    return path


def edit(path: Path, change: Callable[[Any], None], *, seal: bool) -> None:
    """Change a plan document; with `seal` its digest fits again."""
    document = json.loads(path.read_text())
    change(document)
    if seal:
        document["digest"] = digest(document)
    path.write_text(json.dumps(document))


def assert_refused(said: Said, account: Account, words: str) -> None:
    assert (said.code, said.out, account.control.log()) == (1, "", [])
    assert words in said.err
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize("place", [0.05, 0.3, 0.5, 0.7, 0.95])
@pytest.mark.parametrize("command", ["apply", "show"])
def test_a_flipped_byte(
    saved: Path, account: Account, reconciler: Shell, place: float, command: str
) -> None:
    raw = bytearray(saved.read_bytes())
    letters = [at for at, byte in enumerate(raw) if chr(byte).isalnum()]
    raw[letters[int(len(letters) * place)]] ^= 1
    saved.write_bytes(raw)
    assert_refused(reconciler(command, "plan.json"), account, "plan.json")


def more_numbers(document: Any) -> None:
    document["operations"][0]["numbers"].append("+13125550003")


def another_body(document: Any) -> None:
    document["operations"][0]["body"]["voice"]["inbound_call_screening"] = "reject_calls"


def a_filter(document: Any) -> None:
    document["operations"][0]["body"]["filter"] = {"status": "active"}


def another_call(document: Any) -> None:
    document["operations"][0]["call"] = "delete_job"


@pytest.mark.parametrize("change", [more_numbers, another_body, a_filter, another_call])
@pytest.mark.parametrize("seal", [False, True], ids=["as it is", "with a digest that fits"])
def test_an_edited_operation(
    saved: Path,
    account: Account,
    reconciler: Shell,
    change: Callable[[Any], None],
    seal: bool,
) -> None:
    edit(saved, change, seal=seal)
    words = "not a plan that `plan --out` wrote" if seal else "its digest does not match"
    assert_refused(reconciler("apply", "plan.json"), account, words)


def test_another_account_s_plan(saved: Path, make_account: MakeAccount, reconciler: Shell) -> None:
    assert saved.exists()
    other = make_account(*ELSEWHERE)
    said = reconciler("apply", "plan.json")
    assert (said.code, other.writes()) == (1, [])
    assert "another account" in said.err


def test_another_account_s_plan_by_its_base_url(
    saved: Path, account: Account, reconciler: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert saved.exists()
    monkeypatch.setenv("TELNYX_BASE_URL", "http://127.0.0.1:10/v2")
    assert_refused(reconciler("apply", "plan.json"), account, "the plan was made for http://")


@pytest.mark.parametrize("version", [0, 2, 10**20])
def test_another_version_s_plan(
    saved: Path, account: Account, reconciler: Shell, version: int
) -> None:
    edit(saved, lambda document: document.update(format_version=version), seal=True)
    said = reconciler("apply", "plan.json")
    assert (said.code, account.control.log()) == (1, [])
    assert f"plan format {version} is not known" in said.err or "no JSON" in said.err


def test_one_already_applied_says_so_nothing_sent(
    saved: Path, account: Account, reconciler: Shell
) -> None:
    assert saved.exists()
    assert reconciler("apply", "plan.json").code == 0
    account.control.forget()
    said = reconciler("apply", "plan.json")
    assert (said.code, account.writes()) == (0, [])
    assert "already applied" in (said.out + said.err).lower()


def test_one_already_applied_says_so_nothing_sent_by_resume(
    saved: Path, account: Account, reconciler: Shell
) -> None:
    assert saved.exists()
    assert reconciler("apply", "plan.json", "--journal", "j.jsonl").code == 0
    account.control.forget()
    said = reconciler("resume", "j.jsonl")
    assert (said.code, account.control.log()) == (0, [])
    assert "is finished: nothing was sent" in said.err


def test_a_journal_of_another_plan(
    killed: Path, account: Account, make_account: MakeAccount, reconciler: Shell
) -> None:
    other = make_account(*ELSEWHERE)
    said = reconciler("resume", str(killed))
    assert (said.code, other.writes(), account.writes()) == (1, [], [])
    assert "another account" in said.err


def test_a_journal_of_another_plan_put_together_of_two(
    killed: Path, account: Account, reconciler: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.declare({ONE: {"customer_reference": "desk-1"}})
    killed.rename(account.root / "one.jsonl")
    apply_and_die(account, account.plan(), Killer(account, monkeypatch), 9)
    other = journal_of(account)
    assert other is not None
    account.control.forget()
    first = other.read_bytes().splitlines(keepends=True)[0]
    rest = (account.root / "one.jsonl").read_bytes().splitlines(keepends=True)[1:]
    other.write_bytes(b"".join([first, *rest]))
    assert_refused(reconciler("resume"), account, "the journal is damaged here")


@pytest.mark.parametrize("seal", [False, True], ids=["as it is", "with a digest that fits"])
def test_a_duplicate_operation_id(
    saved: Path, account: Account, reconciler: Shell, seal: bool
) -> None:
    edit(
        saved, lambda document: document["operations"].append(document["operations"][0]), seal=seal
    )
    assert_refused(reconciler("apply", "plan.json"), account, "plan.json")


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_group_or_world_writable_files(
    saved: Path, account: Account, reconciler: Shell, mode: int
) -> None:
    saved.chmod(mode)
    assert_refused(reconciler("apply", "plan.json"), account, "others may write to it")


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
@pytest.mark.parametrize("command", ["resume", "revert --out undo.json"])
def test_group_or_world_writable_files_of_a_journal(
    killed: Path, account: Account, reconciler: Shell, mode: int, command: str
) -> None:
    killed.chmod(mode)
    said = reconciler(*command.split(), str(killed))
    assert_refused(said, account, "others may write to it")
