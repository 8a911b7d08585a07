"""action.yml, the example workflows and the hook, read as a security reviewer reads them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.action.runner import ACTION, ROOT

CI = ROOT / "examples" / "ci"
WORKFLOWS = {each.name: yaml.safe_load(each.read_text()) for each in (CI / "github").iterdir()}
# `!reference` is GitLab's own: here the list that it names a place by stands in its place.
GITLAB = yaml.safe_load((CI / "gitlab-ci.yml").read_text().replace("!reference ", ""))
SCRIPTS = sorted((ROOT / ".github" / "action").glob("*.sh"))
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")

# What a job may write at most. Everything else is reading.
WRITES = {
    ("telnyx-pull-request.yml", "plan"): {"pull-requests"},
    ("telnyx-drift.yml", "drift"): {"issues"},
}


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every job of the examples, with its workflow."""
    for name, workflow in WORKFLOWS.items():
        for job, content in workflow["jobs"].items():
            yield name, job, content


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every step there is."""
    yield from (("action.yml", step) for step in ACTION["runs"]["steps"])
    for name, job, content in jobs():
        yield from ((f"{name} {job}", step) for step in content["steps"])


USES = [pytest.param(step, id=where) for where, step in steps() if "uses" in step]
RUNS = [pytest.param(step, id=where) for where, step in steps() if "run" in step]
JOBS = [pytest.param(name, job, content, id=f"{name} {job}") for name, job, content in jobs()]


@pytest.mark.parametrize("step", USES)
def test_everything_used_is_pinned_to_a_commit(step: dict[str, Any]) -> None:
    assert PINNED.fullmatch(step["uses"])


@pytest.mark.parametrize("step", RUNS)
def test_no_expression_stands_in_a_script(step: dict[str, Any]) -> None:
    assert "${{" not in step["run"]


@pytest.mark.parametrize("step", RUNS)
def test_every_script_stops_at_its_first_error(step: dict[str, Any]) -> None:
    assert step["shell"] == "bash"
    text = step["run"]
    if found := re.search(r"\.github/action/\w+\.sh", text):
        text = (ROOT / found[0]).read_text()
    assert "set -euo pipefail" in text


def test_no_input_takes_a_secret_of_telnyx() -> None:
    assert not [each for each in ACTION["inputs"] if re.search("secret|api-key$|password", each)]


def test_only_the_step_that_calls_the_api_has_the_key() -> None:
    others = [
        step
        for step in ACTION["runs"]["steps"]
        if step.get("id") != "run" and step["env"]["TELNYX_API_KEY"] != ""
    ]
    assert others == []


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_gives_nothing_to_jobs_that_do_not_ask(name: str) -> None:
    assert WORKFLOWS[name]["permissions"] == {}


@pytest.mark.parametrize(("name", "job", "content"), JOBS)
def test_a_job_may_do_no_more_than_it_needs(name: str, job: str, content: dict[str, Any]) -> None:
    permissions = content["permissions"]
    assert set(permissions.values()) <= {"read", "write"}
    assert {each for each, how in permissions.items() if how == "write"} == WRITES.get(
        (name, job), set()
    )
    assert permissions["contents"] == "read"


@pytest.mark.parametrize(("name", "job", "content"), JOBS)
def test_a_job_ends_and_its_checkout_keeps_no_token(
    name: str, job: str, content: dict[str, Any]
) -> None:
    del name, job
    assert content["timeout-minutes"] > 0
    (checkout,) = [
        step for step in content["steps"] if step.get("uses", "").startswith("actions/checkout@")
    ]
    assert checkout["with"]["persist-credentials"] is False


@pytest.mark.parametrize(("name", "job", "content"), JOBS)
def test_the_key_is_given_only_in_an_environment_and_to_one_step(
    name: str, job: str, content: dict[str, Any]
) -> None:
    del name, job
    assert "secrets." not in str(content.get("env", ""))
    with_key = [step for step in content["steps"] if "secrets." in str(step)]
    assert len(with_key) == ("environment" in content)


def test_no_workflow_runs_the_code_of_a_fork_with_secrets() -> None:
    # YAML 1.1 reads the key `on` as true.
    triggers = {event for workflow in WORKFLOWS.values() for event in workflow[True]}
    assert triggers == {"pull_request", "push", "workflow_dispatch", "schedule"}


def test_one_apply_runs_at_a_time_and_is_never_cancelled() -> None:
    apply = WORKFLOWS["telnyx-apply.yml"]["jobs"]["apply"]
    assert apply["environment"] == "telnyx-production"
    assert apply["concurrency"] == {
        "group": "telnyx-account-production",
        "cancel-in-progress": False,
        "queue": "max",
    }


def test_only_a_reviewed_plan_is_applied() -> None:
    applies = [step["with"] for _, step in steps() if step.get("with", {}).get("mode") == "apply"]
    assert [each["digest"] for each in applies] == [
        "${{ needs.reviewed.outputs.digest || needs.anew.outputs.digest }}"
    ]


def test_every_input_that_an_example_gives_exists() -> None:
    given = [
        each
        for _, step in steps()
        if step.get("uses", "").startswith("telnyx-reconciler/")
        for each in step["with"]
    ]
    assert given
    assert set(given) <= set(ACTION["inputs"])


def test_the_gitlab_jobs_keep_data_of_the_account_short_and_for_members() -> None:
    kept = {name: each["artifacts"] for name, each in GITLAB.items() if "artifacts" in each}
    assert set(kept) == {"diff", "plan", "apply", "drift"}
    assert all(each["access"] == "developer" and each["expire_in"] for each in kept.values())


def test_the_gitlab_apply_waits_for_a_person_and_for_the_apply_before() -> None:
    apply = GITLAB["apply"]
    assert apply["resource_group"] == "telnyx-account-production"
    assert [rule["when"] for rule in apply["rules"]] == ["manual"]
    assert apply["environment"]["name"] == "telnyx-production"
    assert apply["interruptible"] is False


@pytest.mark.parametrize("command", ["validate", "fmt"])
def test_the_hooks_take_whole_projects(command: str) -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    (hook,) = (each for each in hooks if each["id"] == f"telnyx-reconciler-{command}")
    assert (hook["entry"], hook["language"]) == (f"reconciler {command}", "python")
    assert hook["pass_filenames"] is False
    assert re.search(hook["files"], "numbers/support.yaml")
    assert re.search(hook["files"], "support.yml")
    assert not re.search(hook["files"], "README.md")


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_finds_nothing(tmp_path: Path) -> None:
    inline = []
    for at, (_, step) in enumerate(steps()):
        if "run" in step:
            inline.append(tmp_path / f"{at}.sh")
            inline[-1].write_text("#!/usr/bin/env bash\n" + step["run"])
    done = subprocess.run(["shellcheck", *SCRIPTS, *inline], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
