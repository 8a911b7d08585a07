"""`apply --all`: accounts side by side, the projects of one in turns, each with its journal."""

from __future__ import annotations

import json
import os
import shlex
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from reconciler import workflow
from reconciler.core.outcome import Outcome
from reconciler.lock import account_lock
from reconciler.sandbox.faults import Delay, Respond
from reconciler.sandbox.scripts import Failure
from reconciler.sandbox.server import RunningSandbox
from reconciler.workflow import Planned
from tests.apply.account import FOUR, ONE, THREE, TWO
from tests.cli.support import SECONDS, Shell, child, in_a_terminal, running, wait_for
from tests.several.conftest import Tree
from tests.several.support import refer, reference, writes

APPLY = ("apply", "--all", "--auto-approve")


@pytest.fixture
def two(tree: Tree, east: RunningSandbox, west: RunningSandbox) -> Tree:
    """Two projects, each with an account and two changes of its own."""
    tree.project("east", {ONE: refer("e-1"), TWO: refer("e-2")}, east)
    tree.project("west", {ONE: refer("w-1"), TWO: refer("w-2")}, west)
    return tree


@pytest.fixture
def shared(tree: Tree, east: RunningSandbox) -> Tree:
    """Two projects of one account."""
    tree.project("desks", {ONE: refer("d-1"), TWO: refer("d-2")}, east)
    tree.project("trunks", {THREE: refer("t-3"), FOUR: refer("t-4")}, east)
    return tree


def journals(project: Path) -> list[Path]:
    return sorted((project / ".reconciler").glob("journal-*.jsonl"))


# ---- every project converges ------------------------------------------------------------------


@pytest.mark.usefixtures("two")
def test_every_project_is_applied_to_its_own_account(
    east: RunningSandbox, west: RunningSandbox, reconciler: Shell
) -> None:
    said = reconciler(*APPLY)
    assert said.code == 0
    assert [reference(each, east) for each in (ONE, TWO)] == ["e-1", "e-2"]
    assert [reference(each, west) for each in (ONE, TWO)] == ["w-1", "w-2"]
    assert said.out.splitlines()[-3:] == [
        "project  exit  result",
        "east        0  2 changes on 2 numbers applied.",
        "west        0  2 changes on 2 numbers applied.",
    ]


def test_each_has_a_journal_of_its_own(two: Tree, reconciler: Shell) -> None:
    results = [each["result"] for each in reconciler(*APPLY, "--format", "json").json["projects"]]
    for name, result in zip(("east", "west"), results, strict=True):
        assert [Path(result["journal"])] == journals(two.root / name)
        assert (result["converged"], len(result["applied"])) == (True, 2)


@pytest.mark.usefixtures("two")
def test_a_second_apply_sends_nothing(
    east: RunningSandbox, west: RunningSandbox, reconciler: Shell
) -> None:
    reconciler(*APPLY)
    east.control.forget()
    west.control.forget()
    said = reconciler(*APPLY)
    assert (said.code, writes(east), writes(west)) == (0, [], [])
    assert said.out.splitlines()[-1] == "west        0  No changes."


@pytest.mark.usefixtures("two")
def test_accounts_are_written_side_by_side(
    east: RunningSandbox, west: RunningSandbox, reconciler: Shell
) -> None:
    """Neither answers its first write before the other has got its own."""
    for mine in (east, west):
        mine.control.fault(Delay(0.5), method="PATCH")
    assert reconciler(*APPLY).code == 0
    began = [writes(each)[0].at for each in (east, west)]
    ended = [max(entry.at for entry in writes(each)) for each in (east, west)]
    assert max(began) < min(ended)


@pytest.mark.parametrize("command", [("plan", "--all"), ("drift", "--all"), APPLY])
def test_accounts_at_work_share_the_connections_of_the_machine(
    shared: Tree,
    west: RunningSandbox,
    reconciler: Shell,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
) -> None:
    shared.project("west", {ONE: refer("w-1")}, west)
    asked: list[int] = []

    def connections(accounts: int = 1) -> int:
        asked.append(accounts)
        return 100 // accounts

    monkeypatch.setattr("reconciler.api.read.most_connections", connections)
    reconciler(*command)
    assert set(asked) == {2}  # three projects, of two accounts


def test_projects_of_one_account_take_turns_under_one_lock(
    shared: Tree, east: RunningSandbox, reconciler: Shell
) -> None:
    said = reconciler(*APPLY)
    assert said.code == 0
    numbers = [each.path.rpartition("/")[2][-4:] for each in writes(east)]
    assert [each in {"0001", "0002"} for each in numbers] == [True, True, False, False]
    assert len(journals(shared.root / "desks")) == len(journals(shared.root / "trunks")) == 1


# ---- a failure of one -------------------------------------------------------------------------


@pytest.mark.usefixtures("two")
def test_what_fails_in_one_stops_no_other(
    east: RunningSandbox, west: RunningSandbox, reconciler: Shell
) -> None:
    east.control.script(call="patch_number", fail={ONE: Failure()})
    said = reconciler(*APPLY)
    assert said.code == 5
    assert (reference(ONE, east), reference(TWO, east)) == (None, "e-2")
    assert [reference(each, west) for each in (ONE, TWO)] == ["w-1", "w-2"]
    assert "run `reconciler plan east`, then apply again" in said.out


def test_what_a_rule_refuses_in_one_is_applied_in_the_others(
    two: Tree, east: RunningSandbox, west: RunningSandbox, reconciler: Shell
) -> None:
    two.project("east", {ONE: refer("e-1")}, east, safety={"max_changes": 0})
    said = reconciler(*APPLY)
    assert (said.code, writes(east), reference(ONE, west)) == (3, [], "w-1")
    assert "Error: east: nothing was written: " in said.err
    assert "--allow-max-changes" in said.out.splitlines()[-2]


def test_an_account_that_is_locked_stops_no_other(
    shared: Tree, east: RunningSandbox, west: RunningSandbox, reconciler: Shell
) -> None:
    shared.project("west", {ONE: refer("w-1")}, west)
    with account_lock(east.base_url, east.api_key, "somebody else", os.environ):
        said = reconciler(*APPLY)
    assert (said.code, east.control.log(), reference(ONE, west)) == (6, [], "w-1")
    assert said.err.count("another apply is at work on this account (somebody else)") == 2


def test_a_refused_key_ends_the_turns_of_its_account_and_no_other(
    shared: Tree, east: RunningSandbox, west: RunningSandbox, reconciler: Shell
) -> None:
    shared.project("west", {ONE: refer("w-1")}, west)
    east.control.fault(Respond(status=403), method="PATCH", times=None)
    said = reconciler(*APPLY)
    assert (said.code, len(writes(east)), reference(ONE, west)) == (7, 1, "w-1")
    assert (
        "Error: trunks: nothing was written: writing to this account stopped in desks" in said.err
    )
    assert east.api_key not in said.out + said.err


@pytest.mark.usefixtures("shared")
def test_the_next_project_of_an_account_goes_on_after_a_number_failed(
    east: RunningSandbox, reconciler: Shell
) -> None:
    east.control.script(call="patch_number", fail={ONE: Failure()})
    assert reconciler(*APPLY).code == 5
    assert [reference(each, east) for each in (TWO, THREE, FOUR)] == ["d-2", "t-3", "t-4"]


@pytest.mark.usefixtures("two")
def test_a_bug_in_one_project_stops_no_other(
    west: RunningSandbox, reconciler: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(planned: Planned, *rest: Any) -> Outcome:
        if planned.project.root.name == "east":
            raise KeyError("its text may hold a key")
        return await workflow.apply(planned, *rest)

    monkeypatch.setattr("reconciler.workflow.several.apply", broken)
    said = reconciler(*APPLY)
    assert (said.code, reference(ONE, west), "may hold" in said.err) == (1, "w-1", False)
    assert "Error: east: a bug in this program, please report it: KeyError in broken" in said.err


# ---- the question -----------------------------------------------------------------------------


@pytest.mark.parametrize(("answer", "code", "is_"), [(b"yes\n", 0, "w-1"), (b"no\n", 1, None)])
def test_one_question_is_asked_for_all(
    two: Tree, west: RunningSandbox, answer: bytes, code: int, is_: str | None
) -> None:
    got, shown = in_a_terminal(("apply", "--all"), answer, two.root, {})
    assert (got, reference(ONE, west)) == (code, is_), shown
    assert shown.count("Apply the changes of these 2 projects: east, west?") == 1


def test_the_question_names_the_only_project_that_has_changes(
    two: Tree, west: RunningSandbox
) -> None:
    for each, value in ((ONE, "w-1"), (TWO, "w-2")):
        west.control.change(each, "customer_reference", value)
    _, shown = in_a_terminal(("apply", "--all"), b"no\n", two.root, {})
    assert shown.count("Apply the changes of the project east?") == 1


@pytest.mark.usefixtures("east", "west")
def test_nothing_is_asked_where_nothing_is_to_be_done(two: Tree, reconciler: Shell) -> None:
    reconciler(*APPLY)
    code, shown = in_a_terminal(("apply", "--all"), b"", two.root, {})
    assert (code, "Only 'yes'" in shown) == (0, False)


# ---- Ctrl-C -----------------------------------------------------------------------------------


def test_ctrl_c_stops_every_project_and_each_can_be_resumed(
    two: Tree, east: RunningSandbox, west: RunningSandbox
) -> None:
    for each in (east, west):
        each.control.fault(Delay(1.0), method="PATCH", times=None)
    for name in ("east", "west"):
        path = two.root / name / "reconciler.yaml"
        settings = json.loads(path.read_text())
        path.write_text(
            json.dumps(settings | {"limits": {"concurrency": 1, "rate_per_second": 1000}})
        )
    with running(two.root, {}, *APPLY, "--format", "json") as process:
        wait_for(lambda: all(writes(each) for each in (east, west)))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, err.count(b"Interrupted: finishing")) == (130, 1)
    projects = json.loads(out)["projects"]
    assert [each["exit_code"] for each in projects] == [130, 130]
    assert [len(writes(each)) for each in (east, west)] == [1, 1]
    for each in (east, west):
        each.control.clear()
    for project in projects:
        command = shlex.split(project["result"]["go_on"].removeprefix("To finish it: reconciler "))
        assert child(*command, cwd=two.root).code == 0
    assert [reference(each, east) for each in (ONE, TWO)] == ["e-1", "e-2"]
    assert [reference(each, west) for each in (ONE, TWO)] == ["w-1", "w-2"]


def test_ctrl_c_keeps_the_next_project_of_an_account_from_beginning(
    shared: Tree, east: RunningSandbox
) -> None:
    east.control.fault(Delay(1.0), method="PATCH", times=None)
    with running(shared.root, {}, *APPLY, "--format", "json") as process:
        wait_for(lambda: bool(writes(east)))
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=SECONDS)
    _, second = json.loads(out)["projects"]
    assert (process.returncode, second["exit_code"], journals(shared.root / "trunks")) == (
        130,
        130,
        [],
    )
    assert second["result"]["error"] == "nothing was written: interrupted before its turn"


def test_ctrl_c_twice_leaves_at_once_and_names_each_journal(
    two: Tree, east: RunningSandbox, west: RunningSandbox
) -> None:
    for each in (east, west):
        each.control.fault(Delay(20.0), method="PATCH", times=None)
    with running(two.root, {}, *APPLY) as process:
        wait_for(lambda: all(writes(each) for each in (east, west)))
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stderr.readline().startswith(b"Interrupted: finishing")
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=SECONDS)
    assert (process.returncode, time.monotonic() - started < 10) == (130, True)
    for name in ("east", "west"):
        (journal,) = journals(two.root / name)
        assert f"reconciler resume {journal}" in out.decode()


def test_ctrl_c_twice_still_tells_of_what_had_ended_in_an_error(
    two: Tree, east: RunningSandbox, west: RunningSandbox
) -> None:
    (two.root / "east" / ".reconciler").write_text("no directory: no journal can be begun here")
    west.control.fault(Delay(20.0), method="PATCH", times=None)
    with running(two.root, {}, *APPLY) as process:
        wait_for(lambda: bool(writes(west)))
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stderr.readline().startswith(b"Interrupted: finishing")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, writes(east)) == (130, [])
    assert b"Error: east: Interrupted" not in err
    assert b"Error: east: " in err
    assert out.decode().splitlines()[-2].startswith("east        1  ")
