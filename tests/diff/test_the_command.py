"""`reconciler diff` in real repositories: what is compared, how it is said, and when it fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import Shell
from tests.diff.repo import ONE, THREE, TWO, Repo, git
from tests.report.rendered import HOSTILE, OURS, rendered
from tests.report.runner import commands

PROJECT = "version: 1\ngroups:\n  desk:\n    customer_reference: desk\n    tags: [desk]\n"


def desks(*numbers: str) -> str:
    return "numbers:\n" + "".join(f'  "{each}": {{groups: [desk]}}\n' for each in numbers)


@pytest.fixture
def branch(repo: Repo) -> Repo:
    """On `topic`, which changes a line of a group; `main` went on without it."""
    repo.commit({"reconciler.yaml": PROJECT, "a.yaml": desks(ONE, TWO)})
    repo.branch("topic")
    repo.commit({"reconciler.yaml": PROJECT.replace("reference: desk", "reference: front")})
    repo.switch("main")
    repo.commit({"b.yaml": desks(THREE)})
    repo.switch("topic")
    return repo


def test_a_branch_is_compared_with_where_it_left(branch: Repo, reconciler: Shell) -> None:
    assert branch.git("status", "--short") == ""
    said = reconciler("diff", "main")
    assert (said.code, said.err) == (0, "")
    left = branch.git("merge-base", "main", "topic")[:10]
    head = branch.git("rev-parse", "HEAD")[:10]
    between = f"from {left} (where it left main) to HEAD ({head})"
    assert said.out.splitlines() == [
        f"  ~ 2 numbers: {ONE}, {TWO}",
        '      customer_reference: "desk" → "front"  # reconciler.yaml:4',
        "",
        f"Diff {between}: 2 numbers changed, 2 fields in all.",
    ]


def test_direct_compares_with_the_base_itself(branch: Repo, reconciler: Shell) -> None:
    found = reconciler("diff", "main", "--direct", "--format", "json").json
    assert {e["phone_number"]: e["change"] for e in found["numbers"]} == {
        ONE: "changed",
        TWO: "changed",
        THREE: "undeclared",
    }
    assert found["base"]["compared"] == branch.git("rev-parse", "main")


def test_without_a_common_ancestor_the_base_itself_is_compared(
    branch: Repo, reconciler: Shell
) -> None:
    branch.git("checkout", "--quiet", "--orphan", "island")
    branch.commit()
    said = reconciler("diff", "main")
    assert "note: no common ancestor is known, so this compares with main" in said.out
    assert "- " + THREE + " no longer declared, left as in the account" in said.out


def test_a_shallow_clone_says_what_it_cannot_know(
    branch: Repo, reconciler: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "clone", "-q", "--depth=1", "--no-single-branch", f"file://{branch.root}", "s")
    monkeypatch.chdir(tmp_path / "s")
    said = reconciler("diff", "origin/main")
    assert said.code == 0
    assert "no common ancestor is known in this shallow clone (git fetch --unshallow)" in said.out


def test_a_bare_repository_has_no_work_tree_to_look_at(
    branch: Repo, reconciler: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(branch.root), "bare.git")
    monkeypatch.chdir(tmp_path / "bare.git")
    for path in (".", "reconciler.yaml"):
        said = reconciler("diff", "main", "topic", path)
        assert '"desk" → "front"  # reconciler.yaml:4' in said.out, said


def test_a_dirty_work_tree_changes_nothing_and_is_not_changed(
    branch: Repo, reconciler: Shell
) -> None:
    clean = reconciler("diff", "main").out
    branch.write({"a.yaml": "[", "new.yaml": "["})
    branch.git("rm", "-q", "--cached", "reconciler.yaml")
    before = branch.git("status", "--porcelain")
    assert reconciler("diff", "main").out == clean
    assert branch.git("status", "--porcelain") == before


def test_an_ancestor_changes_nothing_and_says_why(branch: Repo, reconciler: Shell) -> None:
    said = reconciler("diff", "HEAD", "HEAD~1")
    assert said.out.startswith("No changes from")
    assert "is an ancestor of HEAD" in said.out
    assert '"front" → "desk"' in reconciler("diff", "HEAD", "HEAD~1", "--direct").out
    assert branch.git("rev-parse", "--abbrev-ref", "HEAD") == "topic"


@pytest.mark.parametrize(
    ("revision", "hint"),
    [
        ("nowhere", "fetch it first"),
        ("main..topic", "name the two apart"),
        ("a.yaml", "a PATH comes third"),
        ("only-there", "did you mean origin/only-there?"),
        (":/no such message", "fetch it first"),
        ("HEAD:a.yaml", "is no commit"),
        ("--output=pwned", "is no commit"),
        ("--all", "is no commit"),
        ("", "is no commit"),
    ],
)
def test_what_is_no_commit_is_an_error(
    branch: Repo, reconciler: Shell, revision: str, hint: str
) -> None:
    branch.git("update-ref", "refs/remotes/origin/only-there", "HEAD")
    said = reconciler("diff", "--", "main", revision)
    assert (said.code, said.out, hint in said.err) == (1, "", True), said
    assert not (branch.root / "pwned").exists()


def test_a_path_that_neither_side_has_is_an_error(branch: Repo, reconciler: Shell) -> None:
    said = reconciler("diff", "main", "HEAD", "nowhere")
    assert (said.code, "nowhere: neither main" in said.err) == (1, True)
    assert branch.root.is_dir()


def test_a_project_that_is_new_is_all_new(branch: Repo, reconciler: Shell) -> None:
    branch.commit({"more/x.yaml": f'numbers:\n  "{THREE}": {{customer_reference: x}}\n'})
    branch.write({"more/x.yaml": "["})
    said = reconciler("diff", "main", "HEAD", "more")
    assert f"  + {THREE} now declared\n" in said.out
    assert "has nothing at more" in said.out


def test_a_number_that_moves_between_files_has_not_changed(branch: Repo, reconciler: Shell) -> None:
    branch.commit({"a.yaml": desks(ONE), "c.yaml": desks(TWO)})
    for path in ("c.yaml", "a.yaml", "."):
        said = reconciler("diff", "HEAD~1", "HEAD", path)
        assert said.out.startswith("No changes"), said


def test_a_file_stands_for_its_own_numbers(branch: Repo, reconciler: Shell) -> None:
    branch.commit({"a.yaml": desks(ONE), "c.yaml": desks(TWO)})
    found = reconciler("diff", "main", "HEAD", "c.yaml", "--format", "json").json
    assert [each["phone_number"] for each in found["numbers"]] == [TWO]


def test_a_base_that_is_invalid_does_not_stop_its_repair(repo: Repo, reconciler: Shell) -> None:
    repo.commit({"a.yaml": "numbrs: {}\n"})
    repo.commit({"a.yaml": f'numbers:\n  "{ONE}": {{}}\n'})
    said = reconciler("diff", "HEAD~1")
    assert said.code == 0
    assert "  ! invalid in HEAD~1: a.yaml:1:1: " in said.out
    assert "Not compared: " in said.out
    found = reconciler("diff", "HEAD~1", "--format", "json").json
    assert (found["base"]["valid"], found["numbers"]) == (False, [])
    assert found["base"]["errors"][0]["line"] == 1
    assert reconciler("diff", "HEAD~1", "--detailed-exitcode").code == 2
    assert (
        "not compared, the base is invalid"
        in reconciler("diff", "HEAD~1", "--format", "markdown").out
    )


def test_a_head_that_is_invalid_is_every_error_at_its_line(branch: Repo, reconciler: Shell) -> None:
    branch.commit({"a.yaml": 'numbrs: {}\nnumbers:\n  "+1": {}\n'})
    branch.write({"a.yaml": desks(ONE)})
    said = reconciler("diff", "main")
    assert (said.code, said.out) == (1, "")
    assert "HEAD does not validate, as it is committed:" in said.err
    places = {line.partition(": ")[0] for line in said.err.splitlines()}
    assert places >= {"a.yaml:1:1", "a.yaml:3:3"}


def test_the_exit_code_tells_changes_only_when_asked(branch: Repo, reconciler: Shell) -> None:
    assert branch.root.is_dir()
    assert reconciler("diff", "main").code == 0
    assert reconciler("diff", "main", "--detailed-exitcode").code == 2
    assert reconciler("diff", "HEAD", "--detailed-exitcode").code == 0


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (("--target", ONE), [ONE]),
        (("--target", "+1312*"), [ONE, TWO]),
        (("--tag", "desk"), [ONE, TWO]),
        (("--tag", "desk", "--target", TWO), [TWO]),
        (("--only", "number"), [ONE, TWO]),
        (("--only", "tags"), []),
    ],
)
def test_the_scope_narrows(
    branch: Repo, reconciler: Shell, options: tuple[str, ...], numbers: list[str]
) -> None:
    assert branch.root.is_dir()
    found = reconciler("diff", "main", "--format", "json", *options).json
    assert [each["phone_number"] for each in found["numbers"]] == numbers


@pytest.mark.parametrize("options", [("--target", THREE), ("--tag", "no"), ("--only", "voice")])
def test_a_scope_that_means_nothing_is_an_error(
    branch: Repo, reconciler: Shell, options: tuple[str, ...]
) -> None:
    assert branch.root.is_dir()
    said = reconciler("diff", "main", *options)
    assert (said.code, "no declared number matches" in said.err) == (1, True)


def test_a_target_that_matches_on_neither_side_beside_one_that_does_is_noted(
    branch: Repo, reconciler: Shell
) -> None:
    assert branch.root.is_dir()
    said = reconciler("diff", "main", "--target", ONE, "--target", THREE)
    assert f"no declared number matches --target {THREE}" in said.out + said.err
    assert f"--target {ONE}" not in said.out + said.err


def test_no_pin_is_shown(repo: Repo, reconciler: Shell) -> None:
    text = f'numbers:\n  "{ONE}": {{external_pin: "48151623"}}\n  "{TWO}":\n'
    repo.commit({"a.yaml": text})
    after = text.replace("48151623", "42108").rstrip() + " {external_pin: {env: PIN_TWO}}\n"
    repo.commit({"a.yaml": after})
    for way in ("text", "json", "markdown", "github"):
        said = reconciler("diff", "HEAD~1", "--format", way)
        assert "48151623" not in said.out + said.err
        assert "42108" not in said.out + said.err
        assert "env:PIN_TWO" in said.out
    assert f"external_pin of {ONE} stands in clear, and is another one than before" in said.out


def test_json_leaves_out_what_is_not_managed(repo: Repo, reconciler: Shell) -> None:
    repo.commit({"a.yaml": f'numbers:\n  "{ONE}":\n    tags: {{add: [a]}}\n'})
    repo.commit({"a.yaml": f'numbers:\n  "{ONE}":\n    customer_reference: null\n'})
    (number,) = reconciler("diff", "HEAD~1", "--format", "json").json["numbers"]
    fields: dict[str, Any] = {each.pop("path"): each for each in number["fields"]}
    assert fields["tags"]["before"] == {"add": ["a"], "remove": []}
    assert "after" not in fields["tags"]
    assert (fields["tags"]["source"], fields["tags"]["before_source"]) == (None, "a.yaml:3")
    assert "before" not in fields["customer_reference"]
    assert fields["customer_reference"]["after"] is None


def hostile(repo: Repo) -> None:
    """Two commits that differ in text of somebody who wants to be read as more."""
    texts = [each for each in HOSTILE if each.isprintable() and each.strip()]
    numbers = [f"+1312555{at:04d}" for at in range(len(texts))]
    lines = [
        f'  "{number}": {{customer_reference: {json.dumps(text.replace("{", "{{"))}}}\n'
        for number, text in zip(numbers, texts, strict=True)
    ]
    repo.commit({"a b.yaml": "numbers:\n" + "".join(f'  "{each}":\n' for each in numbers)})
    repo.commit({"a b.yaml": "numbers:\n" + "".join(lines)})


def test_hostile_text_stays_text_in_markdown(repo: Repo, reconciler: Shell) -> None:
    hostile(repo)
    repo.git("branch", "@octocat#1-www.evil.example", "HEAD~1")
    said = reconciler("diff", "@octocat#1-www.evil.example", "--format", "markdown")
    found = rendered(said.out)
    assert (found.alive, found.tags <= OURS) == ([], True)
    assert [each for each in found.comments if "telnyx-reconciler" in each] == [
        " telnyx-reconciler:diff "
    ]


def test_hostile_text_is_no_command_to_a_runner(
    repo: Repo, reconciler: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile(repo)
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    said = reconciler("diff", "HEAD~1", "--format", "github")
    assert {each.name for each in commands(said.out)} <= {"warning"}
    assert "has-changes<<" in (tmp_path / "output").read_text()
    assert "### Diff" in (tmp_path / "summary").read_text()


def test_a_comment_keeps_its_length_and_every_release(repo: Repo, reconciler: Shell) -> None:
    numbers = [f"+1312555{at:04d}" for at in range(0, 6000, 2)]
    before = "".join(f'  "{each}": {{customer_reference: "r{each}"}}\n' for each in numbers)
    after = "".join(
        f'  "{each}": {{release: true}}\n'
        if at % 3 == 0
        else f'  "{each}": {{customer_reference: "other {each}"}}\n'
        for at, each in enumerate(numbers)
    )
    repo.commit({"a.yaml": "numbers:\n" + before})
    repo.commit({"a.yaml": "numbers:\n" + after})
    said = reconciler("diff", "HEAD~1", "--format", "markdown").out
    assert len(said) <= 60_000
    assert "#### To be given back: 1,000" in said
    assert all(f"`{each}`" in said for each in numbers[::3])


def test_no_key_is_needed_and_none_is_read(branch: Repo, reconciler: Shell) -> None:
    branch.commit({"reconciler.yaml": PROJECT + "account: {api_key_env: NOT_SET}\n"})
    said = reconciler("diff", "main")
    assert said.code == 0
    assert '  ! project: account.api_key_env: "TELNYX_API_KEY" → "NOT_SET"' in said.out
