"""`reconciler fmt` on projects."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from reconciler.core.starter import starter
from reconciler.errors import UsageError
from reconciler.files.output import Rewrite, rewrite_files
from tests.cli.support import Shell

UNTIDY = "numbers: {}\nversion: 1\n"
TIDY = "version: 1\nnumbers: {}\n"


@pytest.fixture
def reconciler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    monkeypatch.chdir(tmp_path)
    return Shell(monkeypatch, capsys)


def test_it_writes_and_names_what_changed(tmp_path: Path, reconciler: Shell) -> None:
    (tmp_path / "a.yaml").write_text(UNTIDY)
    (tmp_path / "b.yaml").write_text(TIDY)
    said = reconciler("fmt")
    assert (said.code, said.out) == (0, "a.yaml\n")
    assert (tmp_path / "a.yaml").read_text() == TIDY
    again = reconciler("fmt")
    assert (again.code, again.out) == (0, "")


def test_check_names_and_writes_nothing(tmp_path: Path, reconciler: Shell) -> None:
    (tmp_path / "a.yaml").write_text(UNTIDY)
    said = reconciler("fmt", "--check")
    assert (said.code, said.out) == (2, "a.yaml\n")
    assert (tmp_path / "a.yaml").read_text() == UNTIDY
    (tmp_path / "a.yaml").write_text(TIDY)
    assert reconciler("fmt", "--check").code == 0


def test_one_file_that_is_no_yaml_keeps_all_from_being_written(
    tmp_path: Path, reconciler: Shell
) -> None:
    (tmp_path / "a.yaml").write_text(UNTIDY)
    (tmp_path / "b.yaml").write_text("numbers:\n  x: [\n")
    said = reconciler("fmt")
    assert said.code == 1
    assert "b.yaml:3:1: " in said.err
    assert (tmp_path / "a.yaml").read_text() == UNTIDY


def test_a_file_by_name_is_the_only_one(tmp_path: Path, reconciler: Shell) -> None:
    for name in ("reconciler.yaml", "a.yaml", "b.yaml"):
        (tmp_path / name).write_text(UNTIDY)
    assert reconciler("fmt", "a.yaml").out == "a.yaml\n"


def test_the_project_says_which_files_it_has(tmp_path: Path, reconciler: Shell) -> None:
    (tmp_path / "reconciler.yaml").write_text("version: 1\nfiles: {exclude: [b.yaml]}\n")
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(UNTIDY)
    assert reconciler("fmt").out == "a.yaml\n"


def test_modes_stay_and_nothing_is_left_over(tmp_path: Path, reconciler: Shell) -> None:
    (tmp_path / "a.yaml").write_text(UNTIDY)
    (tmp_path / "a.yaml").chmod(0o640)
    assert reconciler("fmt").code == 0
    assert stat.S_IMODE((tmp_path / "a.yaml").stat().st_mode) == 0o640
    assert [each.name for each in tmp_path.iterdir()] == ["a.yaml"]


def test_a_link_stays_a_link(tmp_path: Path, reconciler: Shell) -> None:
    (tmp_path / ".real.yaml").write_text(UNTIDY)
    (tmp_path / "a.yaml").symlink_to(".real.yaml")
    assert reconciler("fmt").out == "a.yaml\n"
    assert (tmp_path / "a.yaml").is_symlink()
    assert (tmp_path / ".real.yaml").read_text() == TIDY


def test_a_file_that_changed_meanwhile_keeps_all_from_being_written(tmp_path: Path) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text("old")
    second.write_text("edited")
    with pytest.raises(UsageError, match="changed meanwhile"):
        rewrite_files([Rewrite(first, b"old", b"new"), Rewrite(second, b"old", b"new")])
    assert (first.read_text(), second.read_text()) == ("old", "edited")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.yaml", "b.yaml"]


def test_a_name_that_cannot_be_taken_gives_the_others_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    for path in (first, second):
        path.write_text("old")
    replace = Path.replace

    def refuse(self: Path, target: Path) -> Path:
        if target == second:
            raise PermissionError(1, "not permitted", str(target))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(UsageError, match="nothing was written"):
        rewrite_files([Rewrite(first, b"old", b"new"), Rewrite(second, b"old", b"new")])
    assert (first.read_text(), second.read_text()) == ("old", "old")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.yaml", "b.yaml"]


def test_what_cannot_be_put_back_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    for path in (first, second):
        path.write_text("old")
    replace = Path.replace
    taken: list[Path] = []

    def refuse(self: Path, target: Path) -> Path:
        if taken:
            raise OSError(28, "No space left on device", str(target))
        taken.append(target)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(UsageError, match=r"a\.yaml: was rewritten, .* could not be put back"):
        rewrite_files([Rewrite(first, b"old", b"new"), Rewrite(second, b"old", b"new")])
    assert (first.read_text(), second.read_text()) == ("new", "old")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.yaml", "b.yaml"]


def test_the_starter_project_is_in_form(tmp_path: Path, reconciler: Shell) -> None:
    for name, text in starter().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    said = reconciler("fmt", "--check")
    assert (said.code, said.out) == (0, "")
