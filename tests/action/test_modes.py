"""Each mode of the action, its shell steps run as they stand in action.yml."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from reconciler.sandbox.faults import Delay, Respond
from reconciler.sandbox.server import RunningSandbox
from tests.action.conftest import WANTED, MakeRunner, declare
from tests.action.runner import FORK, Runner
from tests.apply.account import ONE
from tests.cli.support import SECONDS

ELSE = "sha256:" + "0" * 64
WANTED_BY = dict(zip("ab", WANTED, strict=True))


@pytest.fixture
def planned(runner: Runner) -> Path:
    """The plan that a pull request's run left as an artifact."""
    return runner.use("plan", path="telnyx").artifacts["telnyx-plan"] / "plan.json"


@pytest.fixture
def applying(make_runner: MakeRunner, key: dict[str, str]) -> Runner:
    """Another machine, after the merge."""
    return make_runner(env=key, event="push")


def reviewed(plan: Path) -> str:
    """The digest of a plan that was reviewed."""
    digest: str = json.loads(plan.read_text())["digest"]
    return digest


def written(served: RunningSandbox) -> list[str]:
    """Every request that could have changed the account."""
    return [each.method for each in served.control.log() if each.method != "GET"]


def git(directory: Path, *words: str) -> str:
    """One command of Git, by nobody in particular; what it says."""
    who = ("-c", "user.name=n", "-c", "user.email=e@example.com", "-c", "init.defaultBranch=main")
    command = ["git", *who, *words]
    done = subprocess.run(command, cwd=directory, check=True, capture_output=True, text=True)
    return done.stdout.strip()


# ---- validate -----------------------------------------------------------------------------------


def test_validate_needs_no_key(make_runner: MakeRunner) -> None:
    done = make_runner().use("validate", path="telnyx")
    assert (done.code, done.outputs["exit-code"]) == (0, "0"), done.log
    assert "2 numbers" in done.summary


def test_validate_fails_with_every_error_at_its_line(make_runner: MakeRunner) -> None:
    runner = make_runner()
    (runner.workspace / "telnyx" / "bad.yaml").write_text("version: 1\nnumbrs: {}\n")
    done = runner.use("validate", path="telnyx")
    assert (done.code, done.outputs["exit-code"]) == (1, "1")
    assert "::error file=" in done.log
    assert "bad.yaml,line=2" in done.log


# ---- plan ---------------------------------------------------------------------------------------


def test_plan_says_what_changes_and_keeps_the_plan(runner: Runner, served: RunningSandbox) -> None:
    done = runner.use("plan", path="telnyx")
    assert done.code == 0, done.log
    assert (done.outputs["has-changes"], done.outputs["numbers-changed"]) == ("true", "2")
    assert done.artifact("telnyx-plan") == {"plan.json", "report.md"}
    assert done.digest == reviewed(done.artifacts["telnyx-plan"] / "plan.json")
    assert "2 numbers to change" in done.summary
    assert written(served) == []


def test_options_go_to_the_command_word_by_word(runner: Runner) -> None:
    done = runner.use("plan", path="telnyx", args=f"--target {ONE}\n --only number")
    assert (done.code, done.outputs["numbers-changed"]) == (0, "1"), done.log


@pytest.mark.parametrize("name", ["path", "args", "base", "planfile", "digest", "mode"])
def test_no_input_is_read_as_shell(runner: Runner, name: str) -> None:
    inputs = {"mode": "plan", "path": "telnyx"} | {
        name: "$(touch pwned) `touch pwned`; touch pwned"
    }
    runner.use(**inputs)
    assert list(runner.home.rglob("pwned")) == []


def test_a_mode_that_is_none_is_an_error(runner: Runner) -> None:
    done = runner.use("destroy", path="telnyx")
    assert (done.code, "mode is none of" in done.log) == (1, True)


def test_a_plan_without_a_key_fails_where_there_should_be_one(make_runner: MakeRunner) -> None:
    done = make_runner().use("plan", path="telnyx")
    assert (done.code, done.outputs["exit-code"]) == (1, "1")
    assert "$TELNYX_API_KEY is empty" in done.log


def test_the_key_can_have_another_name(make_runner: MakeRunner, key: dict[str, str]) -> None:
    env = {"TELNYX_BASE_URL": key["TELNYX_BASE_URL"], "OTHER": key["TELNYX_API_KEY"]}
    runner = make_runner(env=env)
    (runner.workspace / "telnyx" / "reconciler.yaml").write_text(
        "version: 1\naccount: {api_key_env: OTHER}\n"
    )
    assert runner.use("plan", path="telnyx", api_key_env="OTHER").code == 0


def test_the_key_shows_nowhere(runner: Runner, served: RunningSandbox) -> None:
    done = runner.use("plan", path="telnyx")
    kept = [each.read_text() for each in done.artifacts["telnyx-plan"].iterdir()]
    said = [done.log, done.summary, json.dumps(runner.github), *done.outputs.values(), *kept]
    assert not any(served.api_key in each for each in said)


# ---- diff, and forks ----------------------------------------------------------------------------


@pytest.fixture
def merge_of_a_fork(make_runner: MakeRunner) -> Runner:
    """A fork's pull request, checked out as GitHub does: a merge whose first parent is main."""
    runner = make_runner(pull=FORK)
    git(runner.workspace, "init")
    git(runner.workspace, "add", ".")
    git(runner.workspace, "commit", "-m", "main")
    git(runner.workspace, "checkout", "-b", "theirs")
    declare(runner.workspace / "telnyx", WANTED | {ONE: {"customer_reference": "theirs"}})
    git(runner.workspace, "commit", "-am", "theirs")
    git(runner.workspace, "checkout", "main")
    git(runner.workspace, "merge", "--no-ff", "theirs")
    return runner


def record_commands(runner: Runner) -> Path:
    """Put a command in place of reconciler that writes down what it is asked for."""
    said = runner.home / "said"
    directory = runner.temp / "telnyx-reconciler" / "bin"
    directory.unlink()
    directory.mkdir()
    command = directory / "reconciler"
    command.write_text(f'#!/bin/sh\necho "$@" >>"{said}"\necho "what is declared"\n')
    command.chmod(0o755)
    return said


@pytest.mark.parametrize("mode", ["diff", "plan"])
def test_a_fork_is_compared_with_the_first_parent(merge_of_a_fork: Runner, mode: str) -> None:
    said = record_commands(merge_of_a_fork)
    done = merge_of_a_fork.use(mode, path="telnyx")
    main = git(merge_of_a_fork.workspace, "rev-parse", "HEAD^1")
    assert said.read_text() == f"diff {main} HEAD . --format markdown\n"
    assert (done.code, done.summary) == (0, "what is declared\n"), done.log


def test_a_base_that_is_given_is_the_base(merge_of_a_fork: Runner) -> None:
    said = record_commands(merge_of_a_fork)
    merge_of_a_fork.use("diff", path="telnyx", base="v1")
    assert said.read_text() == "diff v1 HEAD . --format markdown\n"


def test_diff_compares_with_what_a_pull_request_goes_into(merge_of_a_fork: Runner) -> None:
    done = merge_of_a_fork.use("diff", path="telnyx")
    assert (done.code, "desk-1" in done.summary, "theirs" in done.summary) == (0, True, True)
    assert "desk-2" not in done.summary


def test_diff_says_what_it_lacks_in_a_shallow_checkout(runner: Runner) -> None:
    git(runner.workspace, "init")
    done = runner.use("diff", path="telnyx")
    assert (done.code, "fetch-depth 2" in done.log) == (1, True)


def test_a_fork_gets_a_diff_in_place_of_a_plan(merge_of_a_fork: Runner) -> None:
    done = merge_of_a_fork.use("plan", path="telnyx", args="--allow-release")
    assert (done.code, done.outputs["mode"], done.outputs["plan-digest"]) == (0, "diff", "")
    assert "::notice title=No plan::" in done.log
    assert "theirs" in done.summary


def test_nothing_is_written_on_the_pull_request_of_a_fork(merge_of_a_fork: Runner) -> None:
    merge_of_a_fork.use("plan", path="telnyx")
    assert merge_of_a_fork.comments() == []


def test_dependabot_is_treated_as_a_fork(make_runner: MakeRunner) -> None:
    runner = make_runner(actor="dependabot[bot]")
    git(runner.workspace, "init")
    done = runner.use("plan", path="telnyx")
    assert ("::notice title=No plan::" in done.log, runner.comments()) == (True, [])


# ---- apply --------------------------------------------------------------------------------------


def test_apply_carries_out_the_plan_that_was_reviewed(
    applying: Runner, planned: Path, served: RunningSandbox
) -> None:
    done = applying.use("apply", path="telnyx", planfile=str(planned), digest=reviewed(planned))
    assert (done.code, done.outputs["converged"]) == (0, "true"), done.log
    assert served.control.state(ONE)["customer_reference"] == "desk-1"
    assert done.artifact("telnyx-apply") == {"plan.json", "report.md"}
    assert done.artifact("telnyx-apply-journal-1") == set()


@pytest.mark.parametrize("digest", [ELSE, "", "sha256:", "$(id)"])
def test_apply_refuses_a_plan_that_was_not_reviewed(
    applying: Runner, planned: Path, served: RunningSandbox, digest: str
) -> None:
    before = len(served.control.log())
    done = applying.use("apply", path="telnyx", planfile=str(planned), digest=digest)
    assert (done.code, "nothing was written" in done.log) == (1, True)
    assert len(served.control.log()) == before


def test_apply_refuses_a_plan_that_was_edited_after_the_review(
    applying: Runner, planned: Path, served: RunningSandbox
) -> None:
    digest = reviewed(planned)
    planned.write_text(planned.read_text().replace("desk-1", "desk-9"))
    done = applying.use("apply", path="telnyx", planfile=str(planned), digest=digest)
    assert (done.code, written(served)) == (1, [])


def test_apply_without_a_plan_is_an_error(applying: Runner, served: RunningSandbox) -> None:
    done = applying.use("apply", path="telnyx", planfile="missing.json", digest=ELSE)
    assert (done.code, served.control.log()) == (1, [])


def test_a_plan_that_went_stale_is_exit_4_and_nothing_is_written(
    applying: Runner, planned: Path, served: RunningSandbox
) -> None:
    served.control.change(ONE, "customer_reference", "walk-in")
    done = applying.use("apply", path="telnyx", planfile=str(planned), digest=reviewed(planned))
    assert (done.code, done.outputs["exit-code"], written(served)) == (4, "4", [])


def test_an_apply_that_fails_keeps_its_journal(
    applying: Runner, planned: Path, served: RunningSandbox
) -> None:
    served.control.fault(Respond(status=422), method="PATCH", times=None)
    done = applying.use("apply", path="telnyx", planfile=str(planned), digest=reviewed(planned))
    assert (done.code, done.outputs["exit-code"]) == (5, "5"), done.log
    assert done.artifact("telnyx-apply-journal-1") == {"journal.jsonl"}
    assert "desk-1" in done.summary or ONE in done.summary


def test_an_apply_that_is_cancelled_finishes_its_call_and_keeps_its_journal(
    applying: Runner, planned: Path, served: RunningSandbox
) -> None:
    served.control.fault(Delay(1.0), method="PATCH", times=None)

    def cancel(process: subprocess.Popen[str]) -> None:
        def once_it_writes() -> None:
            end = time.monotonic() + SECONDS
            while process.poll() is None and time.monotonic() < end:
                if "PATCH" in written(served):
                    process.send_signal(signal.SIGINT)
                    return
                time.sleep(0.01)

        threading.Thread(target=once_it_writes).start()

    applying.while_running = cancel
    (applying.workspace / "telnyx" / "reconciler.yaml").write_text(
        "version: 1\nlimits: {concurrency: 1}\n"
    )
    done = applying.use("apply", path="telnyx", planfile=str(planned), digest=reviewed(planned))
    assert (done.code, written(served)) == (130, ["PATCH"]), done.log
    assert done.artifact("telnyx-apply-journal-1") == {"journal.jsonl"}


# ---- drift --------------------------------------------------------------------------------------


def test_drift_is_exit_2_and_says_so(runner: Runner) -> None:
    done = runner.use("drift", path="telnyx")
    assert (done.code, done.outputs["exit-code"], done.outputs["has-changes"]) == (2, "2", "true")
    assert done.artifact("telnyx-drift") == {"report.md"}
    assert runner.comments() == []


def test_no_drift_is_exit_0(runner: Runner, applying: Runner, planned: Path) -> None:
    done = applying.use("apply", path="telnyx", planfile=str(planned), digest=reviewed(planned))
    assert done.code == 0, done.log
    done = runner.use("drift", path="telnyx")
    assert (done.code, done.outputs["exit-code"], done.outputs["has-changes"]) == (0, "0", "false")


def test_drift_of_every_project_below_a_directory_is_one_step(
    make_runner: MakeRunner, key: dict[str, str]
) -> None:
    runner = make_runner(env=key | {"KEY_OF_TEAMS": key["TELNYX_API_KEY"]})
    for team in ("a", "b"):
        place = runner.workspace / "teams" / team
        declare(place, {WANTED_BY[team]: WANTED[WANTED_BY[team]]})
        (place / "reconciler.yaml").write_text(
            "version: 1\naccount: {api_key_env: KEY_OF_TEAMS}\n", encoding="utf-8"
        )
    done = runner.use("drift", path="teams", args="--all")
    assert (done.code, done.outputs["numbers-changed"]) == (2, "2"), done.log
