"""Finding and opening the files of a project; nothing outside it, and nothing that is no file."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import Problem, UsageError
from reconciler.files import Loaded, load_documents, store, tree
from reconciler.files.globs import matches

steady = settings(deadline=None, derandomize=True, database=None)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A directory for the project, with room for others around it."""
    path = tmp_path / "project"
    path.mkdir()
    return path


def write(root: Path, **files: str) -> None:
    """Files by name, "__" for "/" and without the suffix."""
    for name, text in files.items():
        put(root / (name.replace("__", "/") + ".yaml"), text)


def put(path: Path, text: str = "a: 1\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def names(loaded: Loaded) -> list[str]:
    return [document.path for document in loaded.documents]


def load(root: Path, path: str | Path = ".") -> Loaded:
    return load_documents(Path(path), root)


def said(loaded: Loaded) -> list[str]:
    return [str(problem) for problem in loaded.problems]


def test_all_yaml_files_are_read_in_sorted_order(root: Path) -> None:
    write(root, b="", a__c="", a__b="")
    put(root / "z.yml")
    put(root / "notes.txt")
    assert names(load(root)) == ["a/b.yaml", "a/c.yaml", "b.yaml", "z.yml"]


def test_the_project_file_is_kept_apart(root: Path) -> None:
    write(root, reconciler="limits: {}\n", a="")
    loaded = load(root)
    assert loaded.project is not None
    assert (loaded.project.path, names(loaded)) == ("reconciler.yaml", ["a.yaml"])


def test_a_directory_without_files_is_no_error(root: Path) -> None:
    loaded = load(root)
    assert (loaded.documents, loaded.project, loaded.problems) == ((), None, ())


def test_names_that_begin_with_a_dot_are_skipped(root: Path) -> None:
    write(root, a="")
    put(root / ".b.yaml")
    put(root / ".git" / "c.yaml")
    assert names(load(root)) == ["a.yaml"]


def test_a_project_inside_a_project_is_skipped_whole(root: Path) -> None:
    write(root, reconciler="", a="", inner__reconciler="", inner__b="", inner__deep__c="")
    assert names(load(root)) == ["a.yaml"]


def test_a_directory_is_its_own_root_even_inside_a_project(root: Path) -> None:
    write(root, reconciler="", sub__a="")
    loaded = load(root, "sub")
    assert (loaded.root, loaded.project, names(loaded)) == (root / "sub", None, ["sub/a.yaml"])


# One file as PATH


def test_a_file_brings_its_project_but_only_its_numbers(root: Path) -> None:
    write(root, reconciler="", groups="", sub__fleet="")
    loaded = load(root, "sub/fleet.yaml")
    assert loaded.root == root
    assert loaded.project is not None
    assert names(loaded) == ["groups.yaml", "sub/fleet.yaml"]
    assert loaded.selected == frozenset({"sub/fleet.yaml"})


def test_a_file_without_a_project_stands_alone(root: Path) -> None:
    write(root, a="", b="")
    loaded = load(root, "a.yaml")
    assert (names(loaded), loaded.selected) == (["a.yaml"], frozenset({"a.yaml"}))


def test_the_project_file_stands_for_its_directory(root: Path) -> None:
    write(root, reconciler="", a="")
    loaded = load(root, "reconciler.yaml")
    assert (names(loaded), loaded.selected) == (["a.yaml"], None)


def test_a_file_that_the_project_leaves_out_is_read_when_named(root: Path) -> None:
    write(root, reconciler="files: {exclude: [old/]}\n", a="", old__b="", old__c="")
    loaded = load(root, "old/b.yaml")
    assert (names(loaded), loaded.selected) == (["a.yaml", "old/b.yaml"], frozenset({"old/b.yaml"}))


def test_a_hidden_file_is_read_when_named(root: Path) -> None:
    write(root, reconciler="", a="")
    put(root / ".drafts" / "b.yaml")
    loaded = load(root, ".drafts/b.yaml")
    assert (names(loaded), loaded.selected) == (
        [".drafts/b.yaml", "a.yaml"],
        frozenset({".drafts/b.yaml"}),
    )


def test_a_file_that_is_not_named_as_yaml_is_refused(root: Path) -> None:
    put(root / "live.json", "{}")
    assert said(load(root, "live.json")) == [
        "live.json: the name of a YAML file ends in .yaml or .yml"
    ]


def test_a_link_to_a_file_of_the_project_means_that_file(root: Path) -> None:
    write(root, reconciler="", a="", b="")
    (root / "link.yaml").symlink_to("a.yaml")
    loaded = load(root, "link.yaml")
    assert (names(loaded), loaded.selected) == (["a.yaml", "b.yaml"], frozenset({"a.yaml"}))


@pytest.mark.parametrize("path", ["missing", "missing.yaml", "a/b/c.yaml", "nul\0"])
def test_a_path_that_is_not_there_is_a_usage_error(root: Path, path: str) -> None:
    with pytest.raises(UsageError, match=r"no such file or directory$"):
        load(root, path)


# How paths are shown


def test_paths_below_the_current_directory_are_relative_to_it(root: Path) -> None:
    write(root, sub__a="")
    assert names(load(root, root / "sub")) == ["sub/a.yaml"]


def test_other_paths_are_joined_to_what_was_given(root: Path) -> None:
    write(root, a="")
    other = root.parent / "elsewhere"
    other.mkdir()
    assert names(load(other, "../project")) == ["../project/a.yaml"]
    assert names(load(other, root)) == [f"{root}/a.yaml"]


def test_files_of_a_project_above_are_shown_from_here(root: Path) -> None:
    write(root, reconciler="", groups="", sub__fleet="")
    loaded = load(root / "sub", "fleet.yaml")
    assert names(loaded) == ["../groups.yaml", "fleet.yaml"]
    assert loaded.selected == frozenset({"fleet.yaml"})


# include and exclude


def test_include_narrows_to_what_it_names(root: Path) -> None:
    write(
        root, reconciler="files: {include: ['fleet/*.yaml']}\n", a="", fleet__b="", fleet__x__c=""
    )
    assert names(load(root)) == ["fleet/b.yaml"]


def test_an_excluded_file_is_not_even_opened(root: Path) -> None:
    write(root, reconciler="files: {exclude: [old]}\n", a="", old__broken="[")
    os.mkfifo(root / "old" / "pipe.yaml")
    (root / "old" / "out").symlink_to("/")
    loaded = load(root)
    assert (names(loaded), loaded.problems) == (["a.yaml"], ())


@pytest.mark.parametrize("files", ["[]", "{exclude: a.yaml}", "{include: [1]}", "null", "x"])
def test_ill_formed_globs_narrow_nothing(root: Path, files: str) -> None:
    write(root, reconciler=f"files: {files}\n", a="")
    assert names(load(root)) == ["a.yaml"]


def test_a_broken_project_file_that_may_exclude_stops_the_reading(root: Path) -> None:
    write(root, reconciler="files: [\n", old="[")
    assert [problem.path for problem in load(root).problems] == ["reconciler.yaml"]


def test_a_broken_project_file_that_excludes_nothing_hides_no_other_error(root: Path) -> None:
    write(root, reconciler="limits: [\n", old="[")
    assert [problem.path for problem in load(root).problems] == ["old.yaml", "reconciler.yaml"]


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("*.yaml", "a.yaml", True),
        ("*.yaml", "d/a.yaml", False),
        ("**/*.yaml", "a.yaml", True),
        ("**/*.yaml", "d/e/a.yaml", True),
        ("d/", "d/e/a.yaml", True),
        ("d/**", "d/e/a.yaml", True),
        ("d", "d/a.yaml", True),
        ("./d/", "d/a.yaml", True),
        ("d", "de/a.yaml", False),
        ("d/*", "d/a.yaml", True),
        ("d/*", "d/e/a.yaml", False),
        ("d/**/a.yaml", "d/a.yaml", True),
        ("d/**/a.yaml", "d/x/y/a.yaml", True),
        ("**/old/**", "x/old/a.yaml", True),
        ("a?.yaml", "ab.yaml", True),
        ("a?.yaml", "a/.yaml", False),
        ("[ab].yaml", "b.yaml", True),
        ("[!ab].yaml", "b.yaml", False),
        ("A.yaml", "a.yaml", False),
        ("**", "d/a.yaml", True),
        ("", "a.yaml", False),
        ("../**", "a.yaml", False),
    ],
)
def test_a_glob_means_files_below_the_root(pattern: str, name: str, expected: bool) -> None:
    assert matches(pattern, name) is expected


@given(st.text("a*?/[]!.", max_size=30), st.text("a./", max_size=30))
@steady
def test_no_glob_is_slow_or_wrong_enough_to_raise(pattern: str, name: str) -> None:
    assert matches(pattern, name) in (True, False)


def test_a_glob_of_many_stars_does_not_backtrack() -> None:
    assert not matches("*a" * 60 + "/" + "**/" * 60 + "b", "a" * 250 + "/x" * 200)


# What is refused

NO_FILE = "not a file: it is not read"
LEAVES = "is a symbolic link that leaves the project: put the file itself there"


def test_a_pipe_is_refused_without_being_opened(root: Path) -> None:
    os.mkfifo(root / "p.yaml")
    assert said(load(root)) == [f"p.yaml: is a named pipe, {NO_FILE}"]


@pytest.mark.parametrize("name", ["p.yaml", "reconciler.yaml"])
def test_a_pipe_as_the_path_is_refused(root: Path, name: str) -> None:
    os.mkfifo(root / name)
    assert said(load(root, name)) == [f"{name}: is a named pipe, {NO_FILE}"]


def test_a_socket_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)  # the path of a socket has a short limit
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s.yaml")
        assert said(load(root)) == [f"s.yaml: is a socket, {NO_FILE}"]


def test_a_link_to_a_device_is_refused(root: Path) -> None:
    (root / "d.yaml").symlink_to("/dev/zero")
    assert said(load(root)) == [f"d.yaml: {LEAVES}"]


def test_a_directory_with_the_name_of_a_file_is_refused(root: Path) -> None:
    put(root / "x.yaml" / "a.yaml")
    assert said(load(root)) == ["x.yaml: is a directory with the name of a file: rename it"]


def test_a_linked_file_that_leaves_the_root_is_refused(root: Path) -> None:
    put(root.parent / "outside.yaml")
    (root / "in.yaml").symlink_to("../outside.yaml")
    assert said(load(root)) == [f"in.yaml: {LEAVES}"]


def test_a_linked_directory_that_leaves_the_root_is_refused(root: Path) -> None:
    put(root.parent / "outside" / "a.yaml")
    (root / "shared").symlink_to("../outside")
    loaded = load(root)
    assert (said(loaded), names(loaded)) == ([f"shared: {LEAVES}"], [])


def test_a_file_as_the_path_may_not_be_a_link_that_leaves_either(root: Path) -> None:
    put(root.parent / "outside.yaml")
    (root / "in.yaml").symlink_to("../outside.yaml")
    assert said(load(root, "in.yaml")) == [f"in.yaml: {LEAVES}"]


def test_a_directory_with_the_same_first_letters_is_outside(root: Path) -> None:
    put(root.parent / "project-2" / "a.yaml")
    (root / "x").symlink_to("../project-2")
    assert said(load(root)) == [f"x: {LEAVES}"]


def test_a_linked_project_file_that_leaves_the_root_is_refused(root: Path) -> None:
    put(root.parent / "outside.yaml")
    (root / "reconciler.yaml").symlink_to("../outside.yaml")
    assert said(load(root)) == [f"reconciler.yaml: {LEAVES}"]


def test_a_link_inside_the_root_is_read_once_under_its_real_name(root: Path) -> None:
    write(root, z="", d__y="")
    (root / "a.yaml").symlink_to("z.yaml")
    (root / "c").symlink_to("d")
    loaded = load(root)
    assert (names(loaded), loaded.problems) == (["d/y.yaml", "z.yaml"], ())


def test_a_file_that_only_links_name_is_read_once_under_the_first(root: Path) -> None:
    put(root / "..data" / "real.yaml")
    (root / "b.yaml").symlink_to("..data/real.yaml")
    (root / "a.yaml").symlink_to("..data/real.yaml")
    assert names(load(root)) == ["a.yaml"]


def test_the_project_file_may_be_a_link_inside_the_root(root: Path) -> None:
    write(root, shared="limits: {}\n", a="")
    (root / "reconciler.yaml").symlink_to("shared.yaml")
    loaded = load(root)
    assert loaded.project is not None
    assert (loaded.project.path, names(loaded)) == ("reconciler.yaml", ["a.yaml"])


def test_loops_of_links_end(root: Path) -> None:
    write(root, d__a="")
    (root / "d" / "up").symlink_to("..")
    (root / "d" / "self").symlink_to("self")
    (root / "one").symlink_to("two")
    (root / "two").symlink_to("one")
    loaded = load(root)
    assert (names(loaded), loaded.problems) == (["d/a.yaml"], ())


@pytest.mark.parametrize("target", ["nothing.yaml", "loop.yaml"])
def test_a_link_to_nothing_is_refused(root: Path, target: str) -> None:
    (root / "loop.yaml").symlink_to(target)
    assert said(load(root)) == ["loop.yaml: is a symbolic link to nothing: remove it"]


@pytest.mark.parametrize(
    ("name", "shown", "why"),
    [
        ("a\x1b[31m.yaml", "a\\x1b[31m.yaml", "the file name holds U+001B"),
        ("a\n.yaml", "a\\x0a.yaml", "the file name holds U+000A"),
        ("a\u202e.yaml", "a\\u202e.yaml", "the file name holds U+202E"),
        ("a\u200b.yaml", "a\\u200b.yaml", "the file name holds U+200B"),
    ],
)
def test_a_name_that_could_deceive_is_refused(root: Path, name: str, shown: str, why: str) -> None:
    put(root / name)
    assert said(load(root)) == [f"{shown}: {why}, which is not allowed: rename it"]


def test_a_name_that_is_not_utf8_is_refused(root: Path) -> None:
    put(Path(os.fsdecode(os.fsencode(root) + b"/d\xe9/x.yaml")))
    assert said(load(root)) == ["d\\xe9/x.yaml: the file name is not UTF-8: rename it"]


def denied(*_: object, **__: object) -> int:
    raise PermissionError(13, "Permission denied")


def test_an_unreadable_file_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(root, a="")
    monkeypatch.setattr("reconciler.files.tree.os.open", denied)
    assert said(load(root)) == ["a.yaml: cannot be read: permission denied"]


def test_an_unreadable_directory_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(root, a="")
    monkeypatch.setattr("reconciler.files.tree.os.scandir", denied)
    assert said(load(root)) == [".: cannot be read: permission denied"]


def test_an_oversize_file_is_not_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MAX_BYTES", 1024 * 1024)
    (root / "a.yaml").write_bytes(b"#" * (1024 * 1024 + 1))
    assert said(load(root)) == ["a.yaml: larger than 1 MiB: split it into several files"]


def test_a_sparse_file_of_a_terabyte_is_not_read(root: Path) -> None:
    with (root / "a.yaml").open("wb") as stream:
        stream.truncate(store.MAX_BYTES * 1000)
    assert said(load(root)) == ["a.yaml: larger than 64 MiB: split it into several files"]


def test_a_file_that_changes_while_it_is_read_is_refused(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root, a="a: 1\n")
    real = os.fstat

    def growing(descriptor: int) -> os.stat_result:
        status = real(descriptor)
        put(root / "a.yaml", "a: 1\nb: 2\n")
        return status

    monkeypatch.setattr("reconciler.files.tree.os.fstat", growing)
    assert said(load(root)) == ["a.yaml: changed while it was being read: try again"]


def test_a_file_swapped_for_a_link_is_not_followed(root: Path) -> None:
    write(root, a="")
    put(root.parent / "outside.yaml")
    found = tree.find_project(Path(), root).files[0]
    (root / "a.yaml").unlink()
    (root / "a.yaml").symlink_to("../outside.yaml")
    assert isinstance(tree.open_source(found), Problem)


def test_a_file_swapped_for_a_pipe_does_not_hang(root: Path) -> None:
    write(root, a="")
    found = tree.find_project(Path(), root).files[0]
    (root / "a.yaml").unlink()
    os.mkfifo(root / "a.yaml")
    assert tree.open_source(found) == Problem("a.yaml", 0, 0, f"is a named pipe, {NO_FILE}")


def test_problems_of_all_files_come_together(root: Path) -> None:
    write(root, reconciler="a: yes\n", b="+1312: 1\n", c="[")
    os.mkfifo(root / "p.yaml")
    found = [problem.path for problem in load(root).problems]
    assert found == ["b.yaml", "c.yaml", "p.yaml", "reconciler.yaml"]


def test_nothing_is_written(root: Path) -> None:
    write(root, reconciler="", a="")
    before = sorted((path, path.stat().st_mtime_ns) for path in root.rglob("*"))
    load(root)
    assert sorted((path, path.stat().st_mtime_ns) for path in root.rglob("*")) == before


def test_the_digest_is_the_same_from_wherever_the_project_is_read(root: Path) -> None:
    write(root, reconciler="", a="x: 1\n")
    assert load(root).digest == load(root.parent, root.name).digest == load(root, root).digest


def test_a_file_under_another_name_is_another_digest(root: Path) -> None:
    write(root, a="x: 1\n")
    before = load(root).digest
    (root / "a.yaml").rename(root / "b.yaml")
    assert load(root).digest != before
