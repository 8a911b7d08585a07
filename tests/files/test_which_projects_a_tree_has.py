"""Which directories of a tree are projects: nothing is read twice, and nothing is left out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import MissingPathError, UsageError
from reconciler.files import load_documents
from reconciler.files.projects import find_projects


def put(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("version: 1\n")


def found(root: Path, path: str = ".") -> list[str]:
    return [str(each) for each in find_projects(Path(path), root)]


def test_every_directory_with_a_project_file_is_one(tmp_path: Path) -> None:
    put(tmp_path, "b/reconciler.yaml", "a/reconciler.yaml", "teams/c/reconciler.yaml")
    assert found(tmp_path) == ["a", "b", "teams/c"]


def test_what_lies_in_none_of_them_is_a_project_too(tmp_path: Path) -> None:
    put(tmp_path, "a/reconciler.yaml", "numbers/support.yaml")
    assert found(tmp_path) == [".", "a"]


def test_a_project_can_lie_in_another(tmp_path: Path) -> None:
    put(tmp_path, "a/reconciler.yaml", "a/b/reconciler.yaml", "a/b/c/reconciler.yaml")
    assert found(tmp_path) == ["a", "a/b", "a/b/c"]


def test_a_tree_without_nested_projects_is_one(tmp_path: Path) -> None:
    put(tmp_path, "numbers.yaml")
    assert found(tmp_path) == ["."]


def test_they_are_named_from_where_the_user_stands(tmp_path: Path) -> None:
    put(tmp_path, "teams/a/reconciler.yaml", "teams/b/reconciler.yaml")
    assert found(tmp_path, "teams") == ["teams/a", "teams/b"]
    assert found(tmp_path / "teams" / "a", "..") == ["../a", "../b"]
    assert found(tmp_path / "teams", str(tmp_path)) == [
        f"{tmp_path}/teams/a",
        f"{tmp_path}/teams/b",
    ]


@pytest.mark.parametrize("place", [".hidden", "node_modules", "venv/lib/site-packages", ".git/x"])
def test_what_is_hidden_or_from_a_package_manager_is_none(tmp_path: Path, place: str) -> None:
    put(tmp_path, "a/reconciler.yaml", f"{place}/theirs/reconciler.yaml")
    assert found(tmp_path) == ["a"]


def test_a_link_to_a_project_is_no_second_one(tmp_path: Path) -> None:
    put(tmp_path, "a/reconciler.yaml")
    (tmp_path / "again").symlink_to("a")
    assert found(tmp_path) == ["a"]


def test_a_link_to_what_is_skipped_brings_nothing_back(tmp_path: Path) -> None:
    put(tmp_path, "a/reconciler.yaml", ".old/b/reconciler.yaml")
    (tmp_path / "b").symlink_to(".old/b")
    (tmp_path / "old").symlink_to(".old")
    assert found(tmp_path) == ["a"]


def test_a_link_out_of_the_tree_makes_no_project(tmp_path: Path) -> None:
    put(tmp_path, "outside/reconciler.yaml", "tree/a/reconciler.yaml")
    (tmp_path / "tree" / "b").symlink_to(tmp_path / "outside")
    assert found(tmp_path / "tree") == ["a"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look into everything")
def test_a_directory_that_cannot_be_looked_into_is_not_passed_over(tmp_path: Path) -> None:
    put(tmp_path, "a/reconciler.yaml", "closed/numbers.yaml")
    (tmp_path / "closed").chmod(0)
    try:
        assert found(tmp_path) == [".", "a"]
        assert "closed" in str(load_documents(Path(), tmp_path).problems[0])
    finally:
        (tmp_path / "closed").chmod(0o700)


def test_a_file_is_no_tree(tmp_path: Path) -> None:
    put(tmp_path, "numbers.yaml")
    with pytest.raises(UsageError, match="--all takes a directory"):
        found(tmp_path, "numbers.yaml")


def test_a_tree_without_any_yaml_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    with pytest.raises(UsageError, match="no project"):
        found(tmp_path)


def test_a_path_that_leads_nowhere_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MissingPathError, match="nowhere"):
        found(tmp_path, "nowhere")


PLACES = ("", "a/", "a/b/", "a/b/c/", "d/", "d/e/")


@settings(deadline=None, derandomize=True, database=None, max_examples=40)
@given(
    st.sets(st.sampled_from(PLACES)),
    st.sets(
        st.sampled_from([f"{each}{name}.yaml" for each in PLACES for name in "xy"]), min_size=1
    ),
)
def test_every_file_belongs_to_just_one_project(
    tmp_path_factory: pytest.TempPathFactory, projects: set[str], files: set[str]
) -> None:
    root = tmp_path_factory.mktemp("tree")
    put(root, *files, *(f"{each}reconciler.yaml" for each in projects))
    read = [
        document.path
        for each in find_projects(Path(), root)
        for document in load_documents(each, root).documents
    ]
    assert sorted(read) == sorted(files)
