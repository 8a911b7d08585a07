"""What `--all` gives to a pull request and to GitHub."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.errors import Exit, UsageError
from reconciler.report.several import Row, error_markdown, joined_outputs, several_markdown
from reconciler.sandbox.scripts import Failure
from reconciler.sandbox.server import RunningSandbox
from tests.apply.account import ONE, TRUNK, TWO
from tests.cli.support import Shell
from tests.report.rendered import rendered
from tests.report.runner import commands, outputs
from tests.several.conftest import Tree
from tests.several.support import refer


@pytest.fixture
def two(tree: Tree, east: RunningSandbox, west: RunningSandbox) -> Tree:
    """A project with a risk, and one with two plain changes."""
    tree.project("east", {ONE: {"connection_id": TRUNK}}, east)
    tree.project("west", {ONE: refer("w-1"), TWO: refer("w-2")}, west)
    return tree


@pytest.fixture
def step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of a step."""
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    return tmp_path


# ---- Markdown ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("two")
def test_markdown_is_one_comment_with_a_table_and_a_section_each(reconciler: Shell) -> None:
    text = reconciler("plan", "--all", "--format", "markdown").out
    page = rendered(text)
    assert page.headings[:2] == [
        "Plan of 2 projects",
        "Plan of east: 1 number to change, 0 to release, 0 unchanged",
    ]
    assert text.count("<!-- telnyx-reconciler:") == 1
    assert "connection" in text


@pytest.mark.usefixtures("two")
def test_markdown_names_the_error_of_a_project(
    reconciler: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KEY_EAST")
    text = reconciler("drift", "--all", "--format", "markdown").out
    assert rendered(text).headings[:3] == ["Drift of 2 projects", "east", "Error"]


def reports(length: Callable[[str, int], int]) -> Callable[[int], list[str]]:
    """Two reports, each as long as `length` says for its name and limit."""
    return lambda limit: [name * length(name, limit) for name in "ab"]


ROWS = [Row("a", Exit.OK, "No changes."), Row("b", Exit.OK, "No changes.")]


def test_reports_that_are_too_long_together_share_the_room() -> None:
    text = several_markdown("plan", ROWS, reports(lambda _, limit: limit), limit=5_000)
    assert len(text) <= 5_000
    assert text.count("a") > 2_000
    assert text.count("b") > 2_000


def test_the_longest_gives_way_where_not_even_that_fits_and_says_so() -> None:
    text = several_markdown(
        "plan", ROWS, reports(lambda name, _: 9_000 if name == "a" else 900), limit=5_000
    )
    assert len(text) <= 5_000
    assert ("Too much to be shown here" in text, "b" * 900 in text) == (True, True)
    assert "`reconciler plan a`" in text


def test_projects_that_look_alike_when_they_are_printed_have_a_report_each(
    tree: Tree, east: RunningSandbox, reconciler: Shell
) -> None:
    tree.project("a\u200b/x", {ONE: refer("first")}, east)
    tree.project("a\\u200b/x", {TWO: refer("second")}, east)
    text = reconciler("plan", "--all", "--format", "markdown").out
    assert ("first" in text, "second" in text) == (True, True)


def test_an_error_cannot_write_markdown() -> None:
    page = rendered(error_markdown("<b>@you", UsageError("@everyone | <script>")))
    assert (page.alive, page.tags & {"b", "script"}) == ([], set())


# ---- GitHub -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("step")
def test_annotations_name_files_from_the_root_of_the_repository(
    two: Tree, reconciler: Shell
) -> None:
    subprocess.run(["git", "init", "-q", str(two.root.parent)], check=True)
    found = commands(reconciler("plan", "--all", "--format", "github").out)
    assert [(each.properties["file"], each.properties["line"]) for each in found] == [
        ("tree/east/numbers.yaml", "5")
    ]


@pytest.mark.usefixtures("step")
def test_an_error_of_a_project_is_an_annotation_that_names_it(
    two: Tree, reconciler: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KEY_WEST")
    (two.root / "east" / "numbers.yaml").write_text("version: 1\nnumbrs: {}\n")
    first, second = commands(reconciler("plan", "--all", "--format", "github").out)
    assert first.properties["file"].endswith("east/numbers.yaml")
    assert (second.name, second.properties["title"]) == ("error", "west")


@pytest.mark.usefixtures("two")
def test_counts_are_put_out_for_all_together(step: Path, reconciler: Shell) -> None:
    reconciler("plan", "--all", "--format", "github")
    given = outputs((step / "GITHUB_OUTPUT").read_text())
    assert (given["has-changes"], given["numbers-changed"]) == ("true", "3")
    assert "plan-digest" not in given


@pytest.mark.usefixtures("two")
def test_the_summary_is_the_comment(step: Path, reconciler: Shell) -> None:
    reconciler("drift", "--all", "--format", "github")
    summary = (step / "GITHUB_STEP_SUMMARY").read_text()
    assert rendered(summary).headings[0] == "Drift of 2 projects"


@pytest.mark.usefixtures("two")
def test_an_apply_has_converged_if_every_project_has(
    west: RunningSandbox, step: Path, reconciler: Shell
) -> None:
    west.control.script(call="patch_number", fail={ONE: Failure()})
    said = reconciler("apply", "--all", "--auto-approve", "--format", "github")
    given = outputs((step / "GITHUB_OUTPUT").read_text())
    assert (said.code, given["converged"], given["applied"], given["failed"]) == (
        5,
        "false",
        "2",
        "1",
    )
    titles = [each.properties.get("title") for each in commands(said.out)]
    assert titles == ["west: Failed", "west: Apply incomplete"]


def test_validate_annotates_and_sums_up(two: Tree, step: Path, reconciler: Shell) -> None:
    (two.root / "east" / "numbers.yaml").write_text("version: 1\nnumbrs: {}\n")
    (found,) = commands(reconciler("validate", "--all", "--format", "github").out)
    assert found.properties["file"].endswith("east/numbers.yaml")
    assert "Valid: 2 numbers declared." in (step / "GITHUB_STEP_SUMMARY").read_text()


def test_joined_outputs_leave_out_what_belongs_to_one_project() -> None:
    each = [
        {"has-changes": "true", "applied": "2", "converged": "true", "journal": "a"},
        {"has-changes": "false", "applied": "3", "converged": "false", "journal": "b"},
    ]
    assert joined_outputs(each) == {"has-changes": "true", "applied": "5", "converged": "false"}
