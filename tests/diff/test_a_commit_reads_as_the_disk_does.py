"""The loader finds in a commit what it finds after a checkout, and runs nothing of Git's."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import MissingPathError, UsageError
from reconciler.files import Loaded, commit, load_documents
from reconciler.files.repository import open_repository
from tests.diff.repo import Repo, git, new_repo

NUMBERS = 'numbers:\n  "+13125550001": {}\n'


def found(loaded: Loaded) -> tuple[object, ...]:
    """What a reader can tell of a project."""
    project = loaded.project.path if loaded.project else None
    documents = [(each.path, each.data) for each in loaded.documents]
    problems = [str(each) for each in loaded.problems]
    return loaded.root, project, documents, problems, loaded.selected, loaded.digest


def on_disk(repo: Repo, path: str = ".") -> Loaded:
    return load_documents(Path(path), repo.root)


@pytest.mark.parametrize("path", [".", "a", "a/b.yaml", "a/c.yml", "reconciler.yaml", "./a/../a"])
def test_every_path_of_a_project_means_the_same(repo: Repo, path: str) -> None:
    repo.commit(
        {
            "reconciler.yaml": "version: 1\nfiles: {exclude: [a/no.yaml]}\n",
            "a/b.yaml": NUMBERS,
            "a/c.yml": "groups: {g: {}}\n",
            "a/no.yaml": "[",
            "a/notes.txt": "none",
            "a/.hidden/x.yaml": "[",
            ".hidden.yaml": "[",
            "other/reconciler.yaml": "version: 1\n",
            "other/x.yaml": "[",
        }
    )
    assert found(repo.load(path)) == found(on_disk(repo, path))


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("link.yaml", "a/b.yaml"),
        ("link.yaml", "../outside.yaml"),
        ("link.yaml", "missing.yaml"),
        ("link.yaml", "a"),
        ("link.yaml", "link.yaml"),
        ("link.yaml", ".hidden.yaml"),
        ("link", "a"),
        ("link", ".hidden"),
        ("link", ".."),
        ("link", "."),
        ("link", "missing"),
        ("a/link", ".."),
        ("a/link", "./../a/../.hidden"),
        ("reconciler.yaml", "a/b.yaml"),
        ("a/up.yaml", "../.hidden/x.yaml"),
        ("deep/link", "../a"),
    ],
)
def test_a_link_leads_where_it_leads_on_the_disk(repo: Repo, name: str, target: str) -> None:
    files = {"a/b.yaml": NUMBERS, ".hidden.yaml": "aliases: {}\n", ".hidden/x.yaml": "groups: {}\n"}
    repo.write(files | {"deep/x.yaml": "groups: {}\n"})
    (repo.root.parent / "outside.yaml").write_text("")
    (repo.root / name).symlink_to(target)
    repo.commit()
    assert found(repo.load()) == found(on_disk(repo))


def test_an_absolute_link_leads_where_it_leads_on_the_disk(repo: Repo) -> None:
    repo.write({".kept/b.yaml": NUMBERS})
    (repo.root / "link").symlink_to(repo.root / ".kept")
    repo.commit()
    assert [each.path for each in repo.load().documents] == ["link/b.yaml"]
    assert found(repo.load()) == found(on_disk(repo))


NAMES = st.sampled_from(["a", "b.yaml", "c.yml", ".d", "reconciler.yaml", "é.yaml", "x y.yaml"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
TEXTS = st.sampled_from([NUMBERS, "", "[", "groups: {g: {}}\n", "files: {exclude: [a]}\n"])
LINKS = st.sampled_from(["a", "..", "../a", "b.yaml", "a/b.yaml", ".d", "../.d", "missing.yaml"])


@settings(deadline=None, derandomize=True, database=None, max_examples=20)
@given(st.dictionaries(PATHS, TEXTS, max_size=6), st.dictionaries(PATHS, LINKS, max_size=3))
def test_any_tree_reads_the_same(files: dict[str, str], links: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        repo = new_repo(Path(os.path.realpath(directory)) / "repo")
        # What is beside the repository cannot be known from Git: it counts as files.
        for name in ("a", ".d"):
            (repo.root.parent / name).touch()
        for name, text in files.items():
            try:
                repo.write({name: text})
            except (FileExistsError, NotADirectoryError, IsADirectoryError):
                continue  # the name is a file for one path and a directory for another
        for name, target in links.items():
            place = repo.root / name
            if place.parent.is_dir() and not os.path.lexists(place):
                place.symlink_to(target)
        # An empty directory is in no commit, and a name that only links lead to needs none.
        repo.commit()
        git(repo.root, "clean", "-qfd")
        assert found(repo.load()) == found(on_disk(repo))


def test_only_what_is_committed_counts(repo: Repo) -> None:
    repo.commit({"a.yaml": NUMBERS})
    repo.write({"a.yaml": "[", "untracked.yaml": "["})
    assert (repo.load().problems, [each.path for each in repo.load().documents]) == (
        (),
        ["a.yaml"],
    )


def test_a_path_need_not_be_on_the_disk(repo: Repo) -> None:
    first = repo.commit({"gone/a.yaml": NUMBERS})
    repo.git("rm", "-rq", "gone")
    repo.commit({"b.yaml": ""})
    assert [each.path for each in repo.load("gone", first).documents] == ["gone/a.yaml"]
    with pytest.raises(MissingPathError, match="gone: no such file"):
        repo.load("gone")


def test_paths_are_shown_as_they_would_be_typed(repo: Repo) -> None:
    repo.commit({"reconciler.yaml": "version: 1\n", "a/b.yaml": NUMBERS})
    with repo.store() as store:
        loaded = load_documents(Path("b.yaml"), repo.root / "a", store)
    assert [each.path for each in loaded.documents] == ["b.yaml"]
    assert loaded.project is not None
    assert loaded.project.path == "../reconciler.yaml"


def test_an_oversize_file_is_refused_and_the_rest_is_read(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "MAX_BYTES", 1_000_000)
    monkeypatch.setattr("reconciler.files.store.MAX_BYTES", 1024 * 1024)
    repo.commit({"a.yaml": "#" * 3_000_000, "b.yaml": NUMBERS})
    loaded = repo.load()
    assert [str(each) for each in loaded.problems] == [
        "a.yaml: larger than 1 MiB: split it into several files"
    ]
    assert [each.path for each in loaded.documents] == ["b.yaml"]


def test_a_pointer_of_git_lfs_is_no_yaml(repo: Repo) -> None:
    repo.commit({"a.yaml": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"})
    assert "is kept in Git LFS" in str(repo.load().problems[0])


def test_a_submodule_is_passed_over_and_told(repo: Repo) -> None:
    other = new_repo(repo.root.parent / "other")
    other.commit({"x.yaml": "["})
    repo.write({"a.yaml": NUMBERS})
    allow = ("-c", "protocol.file.allow=always")
    repo.git(*allow, "submodule", "--quiet", "add", str(other.root), "sub")
    repo.commit()
    loaded = repo.load()
    assert (loaded.submodules, loaded.problems) == (("sub",), ())
    with pytest.raises(UsageError, match="sub: is a submodule"):
        repo.load("sub")


def test_an_excluded_submodule_is_not_told(repo: Repo) -> None:
    other = new_repo(repo.root.parent / "other")
    other.commit()
    repo.write({"reconciler.yaml": "files: {exclude: [sub]}\n"})
    allow = ("-c", "protocol.file.allow=always")
    repo.git(*allow, "submodule", "--quiet", "add", str(other.root), "sub")
    repo.commit()
    assert repo.load().submodules == ()


@pytest.mark.parametrize("format_", ["sha1", "sha256"])
def test_both_kinds_of_object_ids_are_read(tmp_path: Path, format_: str) -> None:
    root = tmp_path / "r"
    root.mkdir()
    git(root, "init", "--quiet", f"--object-format={format_}")
    repo = Repo(root)
    repo.commit({"d/a.yaml": NUMBERS})
    assert [each.path for each in repo.load().documents] == ["d/a.yaml"]


def test_nothing_that_git_could_be_told_to_run_is_run(repo: Repo) -> None:
    """Filters, textconv, hooks, an fsmonitor, a pager, an external diff."""
    ran = repo.root.parent / "ran"
    script = repo.root.parent / "script"
    script.write_text(f'#!/bin/sh\ntouch "{ran}"\ncat\n')
    script.chmod(0o755)
    repo.commit({"a.yaml": NUMBERS, ".gitattributes": "*.yaml filter=x diff=x\n"})
    for key in ("filter.x.smudge", "filter.x.clean", "diff.x.textconv", "diff.x.command",
                "core.fsmonitor", "core.pager", "core.sshCommand", "diff.external"):  # fmt: skip
        repo.git("config", key, str(script))
    hooks = repo.root / ".git" / "hooks"
    for name in ("post-checkout", "post-index-change", "reference-transaction"):
        (hooks / name).write_text(script.read_text())
        (hooks / name).chmod(0o755)
    assert [each.path for each in repo.load().documents] == ["a.yaml"]
    assert not ran.exists()


def test_a_replaced_object_is_read_as_it_was_made(repo: Repo) -> None:
    repo.commit({"a.yaml": NUMBERS})
    real = repo.git("rev-parse", "HEAD:a.yaml")
    repo.write({"../else": "[\n"})
    other = repo.git("hash-object", "-w", "../else")
    repo.git("replace", real, other)
    assert repo.load().problems == ()


def test_what_a_partial_clone_lacks_is_said_and_not_fetched(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.commit({"a.yaml": NUMBERS})
    repo.git("config", "uploadpack.allowFilter", "true")
    allow = ("-c", "protocol.file.allow=always")
    origin = f"file://{repo.root}"
    git(tmp_path, *allow, "clone", "-q", "--no-checkout", "--filter=blob:none", origin, "partial")
    partial = Repo(tmp_path / "partial")
    monkeypatch.chdir(partial.root)
    try:
        said = str(partial.load().problems[0])
    except UsageError as error:  # a Git before 2.45 leaves the room
        said = str(error)
    assert "partial" in said


def test_outside_of_a_repository_git_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Git finds no repository here"):
        open_repository(tmp_path, Path())


def test_a_path_names_its_repository_from_elsewhere(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a/b.yaml": NUMBERS})
    repository, path = open_repository(tmp_path, Path("repo/a"))
    assert (repository.top, path) == (repo.root, repo.root / "a")


def test_a_path_out_of_the_repository_is_refused(repo: Repo, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is outside of the repository"):
        open_repository(repo.root, tmp_path)
