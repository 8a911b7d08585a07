"""New files of a project: all or none, and never over or through what is there."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from reconciler.errors import UsageError
from reconciler.files.output import write_project

FILES = {"reconciler.yaml": "version: 1\n", "numbers/a.yaml": "a\n", "numbers/b.yaml": "b\n"}


def test_the_files_are_there_and_nothing_else_is(tmp_path: Path) -> None:
    write_project(tmp_path / "new", FILES)
    found = {
        str(each.relative_to(tmp_path / "new")): each.read_text()
        for each in (tmp_path / "new").rglob("*")
        if each.is_file()
    }
    assert found == FILES


def test_others_may_read_them_as_far_as_the_umask_lets_them(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_project(tmp_path, FILES)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "numbers" / "a.yaml").stat().st_mode) == 0o640


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = iter([True, False])

    def full(handle: int) -> None:
        del handle
        if not next(left):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match="No space left on device; nothing was written"):
        write_project(tmp_path / "new", FILES)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def interrupted(new: Path, path: Path) -> None:
        if path.name == "b.yaml":
            raise KeyboardInterrupt
        link(new, path)

    monkeypatch.setattr(os, "link", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_project(tmp_path, FILES)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", sorted(FILES))
def test_what_is_there_stays_as_it_was(tmp_path: Path, name: str) -> None:
    (tmp_path / "numbers").mkdir()
    (tmp_path / name).write_text("mine")
    with pytest.raises(UsageError, match="is there already; nothing was written"):
        write_project(tmp_path, FILES)
    assert [each.read_text() for each in tmp_path.rglob("*") if each.is_file()] == ["mine"]


def test_what_comes_in_between_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def beaten(new: Path, path: Path) -> None:
        if path.name == "b.yaml":
            path.write_text("mine")
        link(new, path)

    monkeypatch.setattr(os, "link", beaten)
    with pytest.raises(UsageError, match="File exists"):
        write_project(tmp_path, FILES)
    assert [each.read_text() for each in tmp_path.rglob("*") if each.is_file()] == ["mine"]


def test_a_file_system_without_hard_links_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*names: Path) -> None:
        del names
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refused)
    write_project(tmp_path, FILES)
    assert {each.name for each in tmp_path.rglob("*") if each.is_file()} == {
        "reconciler.yaml",
        "a.yaml",
        "b.yaml",
    }


def test_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "numbers").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="symbolic link"):
        write_project(tmp_path / "project", FILES)
    assert list((tmp_path / "elsewhere").iterdir()) == []
