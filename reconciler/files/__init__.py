"""YAML in: the files of a project, read strictly, with the place of everything in them; and out.

The law of this room: it reads only below the root of the project, on the disk or in a commit of
Git (`store`), follows no link out of it, waits for nothing, and reports what is wrong as Problems,
all of them at once. Only a PATH that is not there is raised. It knows YAML and directories, not
what the keys mean. `emit`, `splice`, `cells` and `sheetout` make text; `output` alone writes files,
each whole or not at all.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from reconciler.core.documents import Document, Foldable
from reconciler.errors import InputError, Problem
from reconciler.files.plain import is_for_quotes
from reconciler.files.reader import collector_paused, read_document
from reconciler.files.store import DISK, Store
from reconciler.files.tree import (
    SourceFile,
    Tree,
    find_project,
    holds_project,
    narrow,
    nearest_project,
    open_source,
)

__all__ = [
    "Loaded",
    "find_project",
    "holds_project",
    "load_documents",
    "narrow",
    "nearest_project",
    "open_source",
    "project_files",
    "read_document",
    "source_files",
]


class Hash(Protocol):
    """What is asked of a hash of hashlib."""

    def update(self, data: bytes, /) -> None:
        """Take in more."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A project as read: its documents in the order of their names, and what is wrong so far.

    `root` is absolute and free of links. `project` is the document of `reconciler.yaml`, which is
    not among `documents`. `selected` holds the `path` of the documents whose numbers are meant
    where PATH was a file; None means all. A file, or the sheet of one, that could not be read has
    problems instead, and makes the project `incomplete`: a name that nothing defines may well be
    defined in it. `digest` is `sha256:…` over the names and bytes of all files that were read.
    `submodules` are directories, as shown, of which a commit of Git does not hold the files;
    `nested` those below that are projects of their own.
    """

    root: Path
    project: Document | None
    documents: tuple[Document, ...]
    selected: frozenset[str] | None
    problems: tuple[Problem, ...]
    incomplete: bool
    digest: str
    submodules: tuple[str, ...] = ()
    nested: tuple[str, ...] = ()

    def all_problems(self, found: Iterable[Problem]) -> tuple[Problem, ...]:
        """Those of the files and those `found` in what the files hold, in order; one for a place.
        Reading takes what it complains of for text: where that is no use, what is found there
        says what is wanted; but what is no value at all, only reading can tell."""
        found = tuple(found)
        at = {_place(each) for each in found}
        own = [each for each in self.problems if _place(each) not in at or not is_for_quotes(each)]
        at = {_place(each) for each in own}
        return tuple(sorted({*own, *(each for each in found if _place(each) not in at)}))


def _place(problem: Problem) -> tuple[str, int, int]:
    return problem.path, problem.line, problem.column


def load_documents(
    path: Path, cwd: Path, store: Store = DISK, *, fold: Foldable | None = None
) -> Loaded:
    """Reads the project that `path` stands for; `cwd`, absolute, is what paths are shown against.

    With `fold` documents but that of the project file may be folded. Raises MissingPathError where
    there is nothing at `path`.
    """
    tree = find_project(path, cwd, store)
    problems: list[Problem] = []
    digest = sha256()
    project = None
    unread = False
    file = tree.project_file
    if file is not None:
        project, raw = _read(file, problems, digest)
        if project is not None:
            tree = _narrowed(tree, project.data)
            project, unread = _with_sheet(tree.root, file, project, problems, digest)
        elif raw is None or b"files" in raw:
            # It may exclude files, and which ones cannot be known: their errors would be noise.
            return Loaded(tree.root, None, (), tree.selected, tuple(problems), True, "")
    with collector_paused():  # once for all files, for it starts again with a full collection
        read = [_read_whole(tree.root, file, problems, digest, fold) for file in tree.files]
    documents = tuple(document for document, _ in read if document is not None)
    unread = unread or any(missing for _, missing in read)
    incomplete = unread or (tree.project_file is not None and not project)
    return Loaded(
        tree.root,
        project,
        documents,
        tree.selected,
        tuple(sorted(problems)),
        incomplete,
        f"sha256:{digest.hexdigest()}",
        tuple(each.path for each in tree.submodules),
        tree.nested,
    )


def project_files(path: Path, cwd: Path) -> tuple[SourceFile, ...]:
    """The files that `path` stands for, of a directory with its project file, none of them read
    but that. Raises as `load_documents` does; InputError where the project file cannot be read,
    for it may leave files out."""
    tree = _tree_of(path, cwd)
    return tuple(file for file in _all_of(tree) if not tree.selected or file.path in tree.selected)


def source_files(path: Path, cwd: Path) -> tuple[SourceFile, ...]:
    """All YAML files of the project that `path` belongs to; the same otherwise."""
    return _all_of(_tree_of(path, cwd))


def _all_of(tree: Tree) -> tuple[SourceFile, ...]:
    return (*([tree.project_file] if tree.project_file else []), *tree.files)


def _tree_of(path: Path, cwd: Path) -> Tree:
    tree = find_project(path, cwd)
    if tree.project_file is None:
        return tree
    problems: list[Problem] = []
    document, _ = _read(tree.project_file, problems, sha256())
    if document is None:
        raise InputError(problems)
    return _narrowed(tree, document.data)


def _take_in(digest: Hash, name: str, raw: bytes) -> None:
    """Add one file to the digest of a project."""
    for part in (os.fsencode(name), raw):
        digest.update(len(part).to_bytes(8))
        digest.update(part)


def _read(
    file: SourceFile, problems: list[Problem], digest: Hash, fold: Foldable | None = None
) -> tuple[Document | None, bytes | None]:
    raw = open_source(file)
    if isinstance(raw, Problem):
        problems.append(raw)
        return None, None
    # By its name in the project: the same wherever, and from wherever, the project is read.
    _take_in(digest, file.name, raw)
    document, found = read_document(file.path, raw, fold)
    problems += found
    return document, raw


def _read_whole(
    root: Path, file: SourceFile, problems: list[Problem], digest: Hash, fold: Foldable | None
) -> tuple[Document | None, bool]:
    """The document in `file`, with its sheet; and whether any of the two could not be read."""
    document, _ = _read(file, problems, digest, fold)
    if document is None:
        return None, True
    return _with_sheet(root, file, document, problems, digest)


def _with_sheet(
    root: Path, file: SourceFile, document: Document, problems: list[Problem], digest: Hash
) -> tuple[Document, bool]:
    """`document` with the rows of the CSV file that its `numbers_from` names; and whether they
    could not be read."""
    given = document.data.get("numbers_from") if isinstance(document.data, dict) else None
    if not isinstance(given, str) or not given.lower().endswith(".csv"):
        return document, False  # the schema says so
    from reconciler.files.sheet import find_sheet, read_sheet  # few projects have any

    found = find_sheet(root, file, given)
    raw = open_source(found)
    if isinstance(raw, Problem):
        text = f"numbers_from: {raw.path}: {raw.message}"
        problems.append(document.problem(["numbers_from"], text))
        return document, True
    _take_in(digest, found.name, raw)
    sheet, wrong = read_sheet(found.path, raw)
    problems += wrong
    return replace(document, sheet=sheet), sheet is None


def _narrowed(tree: Tree, data: Any) -> Tree:
    """`tree` as `files` of the project file has it; ill-formed parts, reported with the rest of
    the schema, narrow nothing."""
    files = data.get("files") if isinstance(data, dict) else None
    if not isinstance(files, dict):
        return tree
    include, exclude = _globs(files.get("include")), _globs(files.get("exclude"))
    return narrow(tree, include, exclude or ())


def _globs(value: Any) -> list[str] | None:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    return None
