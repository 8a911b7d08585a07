"""`--format github` and `--format markdown` as a workflow uses them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.sandbox.scripts import Failure
from tests.apply.account import ONE, TRUNK, TWO, Account
from tests.cli.support import Shell
from tests.report.rendered import rendered
from tests.report.runner import commands, outputs

DESK = {ONE: {"customer_reference": "desk-1"}}
MOVED = {ONE: {"connection_id": TRUNK}}


@pytest.fixture(autouse=True)
def step(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of a step, in a directory of their own."""
    files = tmp_path_factory.mktemp("step")
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.setenv(name, str(files / name))
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    return files


def summary(step: Path) -> str:
    return (step / "GITHUB_STEP_SUMMARY").read_text()


def values(step: Path) -> dict[str, str]:
    return outputs((step / "GITHUB_OUTPUT").read_text())


def test_a_plan_annotates_its_risks(account: Account, reconciler: Shell) -> None:
    account.declare(MOVED)
    (found,) = commands(reconciler("plan", "--format", "github").out)
    assert found.properties["title"] == "Risk: connection"
    assert found.properties["file"].endswith(".yaml")


def test_a_plan_is_told_as_text_too(account: Account, reconciler: Shell) -> None:
    account.declare(DESK)
    assert "Plan: 1 number to change" in reconciler("plan", "--format", "github").out


def test_a_plan_adds_to_the_summary(account: Account, reconciler: Shell, step: Path) -> None:
    (step / "GITHUB_STEP_SUMMARY").write_text("# Before\n")
    account.declare(DESK)
    reconciler("plan", "--format", "github")
    assert rendered(summary(step).removeprefix("# Before\n")).headings[0].startswith("Plan: 1 num")
    assert summary(step).startswith("# Before\n")


def test_a_plan_puts_out_its_counts(account: Account, reconciler: Shell, step: Path) -> None:
    account.declare(DESK)
    reconciler("plan", "--format", "github")
    assert values(step)["has-changes"] == "true"
    assert values(step)["numbers-changed"] == "1"


def test_the_digest_put_out_is_that_of_the_saved_plan(
    account: Account, reconciler: Shell, step: Path
) -> None:
    account.declare(DESK)
    saved = reconciler("plan", "--format", "github", "--out", "plan.json").err
    assert values(step)["plan-digest"] in saved
    shown = reconciler("show", "plan.json", "--format", "markdown").out
    assert values(step)["plan-digest"][:19] in shown


def test_without_the_files_there_is_no_summary_and_no_error(
    account: Account, reconciler: Shell, step: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    monkeypatch.delenv("GITHUB_OUTPUT")
    account.declare(DESK)
    said = reconciler("plan", "--format", "github")
    assert (said.code, list(step.iterdir())) == (0, [])


def test_a_summary_that_cannot_be_written_is_said_and_no_failure(
    account: Account, reconciler: Shell, step: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(step / "none" / "summary"))
    account.declare(DESK)
    said = reconciler("plan", "--format", "github")
    assert said.code == 0
    assert "warning: $GITHUB_STEP_SUMMARY cannot be written" in said.err


def test_a_full_summary_is_left_as_it_is(account: Account, reconciler: Shell, step: Path) -> None:
    full = "x" * (1024 * 1024)
    (step / "GITHUB_STEP_SUMMARY").write_text(full)
    account.declare(DESK)
    assert "no room" in reconciler("plan", "--format", "github").err
    assert summary(step) == full


def test_a_drift_keeps_its_exit_code(account: Account, reconciler: Shell) -> None:
    account.declare(DESK)
    said = reconciler("drift", "--format", "github")
    assert said.code == 2
    assert [each.properties["title"] for each in commands(said.out)] == ["Drift"]


def test_an_apply_tells_what_failed(account: Account, reconciler: Shell, step: Path) -> None:
    account.declare(DESK)
    account.control.script(call="patch_number", fail={ONE: Failure()})
    said = reconciler("apply", "--auto-approve", "--format", "github")
    assert said.code == 5
    assert "error" in {each.name for each in commands(said.out)}
    assert "Apply incomplete" in summary(step)
    assert values(step)["converged"] == "false"


def test_an_apply_as_markdown_is_a_comment(account: Account, reconciler: Shell) -> None:
    account.declare(DESK)
    out = reconciler("apply", "--auto-approve", "--format", "markdown").out
    assert out.startswith("<!-- telnyx-reconciler:apply -->\n### Apply complete")


def test_a_valid_project_says_so(account: Account, reconciler: Shell, step: Path) -> None:
    account.declare(DESK)
    said = reconciler("validate", "--format", "github")
    assert (said.code, commands(said.out)) == (0, [])
    assert "Valid: 1 number declared" in summary(step)


@pytest.mark.parametrize(
    "words", [["validate"], ["plan"], ["drift"], ["apply", "--auto-approve"]], ids=lambda w: w[0]
)
def test_an_error_in_the_yaml_is_annotated_by_every_command(
    reconciler: Shell, step: Path, words: list[str]
) -> None:
    Path("fleet.yaml").write_text(f'numbers:\n  "{TWO}": {{tag: [a]}}\n')
    said = reconciler(*words, "--format", "github")
    assert said.code == 1
    (found,) = commands(said.out)
    assert (found.name, found.properties["file"], found.properties["line"]) == (
        "error",
        "fleet.yaml",
        "2",
    )
    assert "Invalid: 1 error" in summary(step)


def test_any_other_error_is_annotated_without_a_place(account: Account, reconciler: Shell) -> None:
    account.declare(DESK)
    said = reconciler("plan", "--target", "+1999*", "--format", "github")
    (found,) = commands(said.out)
    assert found.data == "no declared number matches --target"


def test_files_are_named_from_the_root_of_the_repository(
    reconciler: Shell, step: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(".git").mkdir()
    Path("east").mkdir()
    Path("east/fleet.yaml").write_text(f'numbers:\n  "{TWO}": {{connection_id: "{TRUNK}"}}\n')
    monkeypatch.chdir("east")
    out = reconciler("plan", "--format", "github").out
    assert commands(out)[0].properties["file"] == "east/fleet.yaml"
    assert "<!-- telnyx-reconciler:plan east -->" in summary(step)


@pytest.mark.parametrize("name", ["::error::a.yaml", "##[error]a.yaml", "a,line=9.yaml"])
def test_the_name_of_a_file_is_no_command(reconciler: Shell, name: str) -> None:
    Path(name).write_text(f'numbers:\n  "{TWO}": {{tag: [a]}}\n')
    for words in (["validate"], ["validate", "--format", "json"], ["plan"]):
        said = reconciler(*words)
        assert commands(said.out) == commands(said.err) == []
    said = reconciler("validate", "--format", "github")
    assert commands(said.err) == []
    (found,) = commands(said.out)
    assert found.properties["line"] == "2"


def test_a_tag_is_no_command_in_any_stream(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: {"tags": ["##[add-mask]x", "::stop-commands::x"]}})
    for output_format in ("text", "json", "markdown", "github"):
        said = reconciler("apply", "--auto-approve", "--format", output_format)
        assert commands(said.out) == commands(said.err) == []


def test_what_stops_commands_differs_in_every_run(account: Account, reconciler: Shell) -> None:
    account.declare(DESK)
    runs = [reconciler("plan", "--format", "github").out for _ in range(2)]
    tokens = {line for out in runs for line in out.split(os.linesep) if "stop-commands" in line}
    assert len(tokens) == 2
