"""The scripts of the example workflows: which plan is applied after a merge, and the one issue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.action.conftest import WANTED, MakeRunner, declare
from tests.action.runner import ROOT, Done, Runner
from tests.apply.account import ONE

EXAMPLES = ROOT / "examples" / "ci" / "github"
MERGED = {
    "number": 7,
    "merged_at": "2026-01-02T03:04:05Z",
    "merge_commit_sha": "c0ffee",
    "head": {"sha": "beef"},
}
RUN = {"id": 11, "head_sha": "beef", "event": "pull_request", "status": "success"}


def step_of(workflow: str, job: str, name: str) -> dict[str, Any]:
    """A step of an example, by its name."""
    content = yaml.safe_load((EXAMPLES / workflow).read_text())
    (step,) = [each for each in content["jobs"][job]["steps"] if each.get("name") == name]
    found: dict[str, Any] = step
    return found


FIND = step_of("telnyx-apply.yml", "reviewed", "Find the plan that was reviewed")
ISSUE = step_of("telnyx-drift.yml", "drift", "Keep the issue")


# ---- the plan after a merge ---------------------------------------------------------------------


@pytest.fixture
def merged(runner: Runner) -> Runner:
    """A pull request was planned, reviewed and merged; main is checked out."""
    done = runner.use("plan", path="telnyx")
    assert done.code == 0, done.log
    artifacts = {"11/telnyx-plan": str(done.artifacts["telnyx-plan"])}
    runner.on_github(pulls=[MERGED], runs=[RUN], artifacts=artifacts)
    return runner


def found(runner: Runner) -> tuple[int, str]:
    """The exit code and log of the step that finds the plan."""
    return runner.script(FIND, {})


def test_the_plan_that_was_reviewed_is_found(merged: Runner) -> None:
    code, log = found(merged)
    assert (code, "2 numbers to change" in log) == (0, True), log
    assert (merged.workspace / "reviewed" / "plan.json").is_file()


def test_a_commit_that_no_pull_request_brought_applies_nothing(merged: Runner) -> None:
    merged.on_github(pulls=[MERGED | {"merge_commit_sha": "other"}, MERGED | {"merged_at": None}])
    code, log = found(merged)
    assert (code, "No merged pull request" in log) == (1, True), log


@pytest.mark.parametrize(
    "run",
    [RUN | {"head_sha": "older"}, RUN | {"status": "failure"}, RUN | {"event": "push"}],
    ids=["of an older push", "that failed", "of another event"],
)
def test_a_run_that_does_not_count_applies_nothing(merged: Runner, run: dict[str, Any]) -> None:
    merged.on_github(runs=[run])
    code, log = found(merged)
    assert (code, "has no successful run" in log) == (1, True), log


def test_a_plan_that_expired_applies_nothing(merged: Runner) -> None:
    merged.on_github(artifacts={})
    code, log = found(merged)
    assert (code, "is not there any more" in log) == (1, True), log


def test_the_run_of_a_fork_left_no_plan_to_apply(merged: Runner, tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "report.md").touch()
    merged.on_github(artifacts={"11/telnyx-plan": str(tmp_path / "report")})
    code, log = found(merged)
    assert (code, "No plan was made" in log) == (1, True), log


def another_plan(runner: Runner) -> Done:
    """A plan of the same YAML that allows more, and so has another digest."""
    return runner.use("plan", path="telnyx", comment="false", args="--allow-release")


def test_a_plan_whose_digest_the_comment_does_not_show_is_not_applied(merged: Runner) -> None:
    other = another_plan(merged).artifacts["telnyx-plan"]
    merged.on_github(artifacts={"11/telnyx-plan": str(other)})
    code, log = found(merged)
    assert (code, "not the one that its comment shows" in log) == (1, True), log


def test_a_digest_that_somebody_else_comments_does_not_count(merged: Runner) -> None:
    other = another_plan(merged)
    (comment,) = merged.comments()
    forged = f"{comment['body'].splitlines()[0]}\n<!-- telnyx-reconciler:digest {other.digest} -->"
    merged.on_github(
        comments={"7": [{"id": 1, "user": {"login": "mallory"}, "body": forged}, comment]},
        artifacts={"11/telnyx-plan": str(other.artifacts["telnyx-plan"])},
    )
    assert found(merged)[0] == 1


def test_a_plan_of_other_yaml_than_main_has_is_not_applied(merged: Runner) -> None:
    declare(merged.workspace / "telnyx", WANTED | {ONE: {"customer_reference": "meanwhile"}})
    code, log = found(merged)
    assert (code, "another state of telnyx than main" in log) == (1, True), log


def test_an_edited_plan_is_not_applied(merged: Runner) -> None:
    plan = Path(merged.github["artifacts"]["11/telnyx-plan"]) / "plan.json"
    plan.write_text(plan.read_text().replace("desk-1", "desk-9"))
    code, log = found(merged)
    assert (code, "cannot be read" in log) == (1, True), log


# ---- the issue about drift ----------------------------------------------------------------------


def keep_issue(runner: Runner, done: Done) -> None:
    """What the workflow does after a drift."""
    code, log = runner.script(ISSUE, {"steps": {"drift": {"outputs": done.outputs}}})
    assert code == 0, log


def test_drift_opens_an_issue_once_and_updates_it(runner: Runner) -> None:
    keep_issue(runner, runner.use("drift", path="telnyx"))
    declare(runner.workspace / "telnyx", {ONE: WANTED[ONE]})
    keep_issue(runner, runner.use("drift", path="telnyx"))
    (issue,) = runner.github["issues"]
    assert (issue["open"], issue["labels"]) == (True, ["telnyx-drift"])
    assert "1 field on 1 number" in issue["body"]


def test_the_issue_is_closed_when_the_drift_is_gone(
    runner: Runner, make_runner: MakeRunner, key: dict[str, str]
) -> None:
    keep_issue(runner, runner.use("drift", path="telnyx"))
    planned = runner.use("plan", path="telnyx")
    plan = planned.artifacts["telnyx-plan"] / "plan.json"
    make_runner(env=key).use("apply", path="telnyx", planfile=str(plan), digest=planned.digest)
    keep_issue(runner, runner.use("drift", path="telnyx"))
    (issue,) = runner.github["issues"]
    assert (issue["open"], len(issue["comments"])) == (False, 1)


def test_drift_that_comes_back_opens_a_new_issue(runner: Runner) -> None:
    keep_issue(runner, runner.use("drift", path="telnyx"))
    (issue,) = runner.github["issues"]
    runner.on_github(issues=[issue | {"open": False}])
    keep_issue(runner, runner.use("drift", path="telnyx"))
    assert [each["open"] for each in runner.github["issues"]] == [False, True]


def test_without_drift_there_is_no_issue(
    runner: Runner, make_runner: MakeRunner, key: dict[str, str]
) -> None:
    planned = runner.use("plan", path="telnyx")
    plan = planned.artifacts["telnyx-plan"] / "plan.json"
    make_runner(env=key).use("apply", path="telnyx", planfile=str(plan), digest=planned.digest)
    keep_issue(runner, runner.use("drift", path="telnyx"))
    assert runner.github["issues"] == []
