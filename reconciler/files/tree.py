"""Which files a project has. Only names are looked at here; `open_source` reads one of them.

Listing and reading are two steps so that the project file can leave files out before they are
opened: a broken file in an excluded directory is no error. What cannot be read (a pipe, a link
that leaves the root) stays in the list with its reason, because it may be excluded as well.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from reconciler.errors import MissingPathError, Problem, UsageError
from reconciler.files.globs import matches_any
from reconciler.files.store import DISK, SUBMODULE, Entry, Store, cannot_read, kind_refusal
from reconciler.files.text import hidden_in_name, name_as_text, neutral

PROJECT_FILE: Final = "reconciler.yaml"
_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file (or a directory that cannot be looked into) of a project.

    `name` is relative to the root, `path` what the user would type, safe to print; `where` is
    what to open in `store`. `refusal` says why it cannot be read.
    """

    name: str
    path: str
    where: Path
    refusal: str = ""
    is_directory: bool = False
    store: Store = field(default=DISK, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Tree:
    """The files of a project in sorted order, the project file apart.

    `selected` holds the paths (as shown) of the files whose numbers are meant; None means all.
    `submodules` are directories of a commit whose files another repository has, `nested` those
    that are projects of their own and so none of this one's, by name; a link to one is not told.
    """

    root: Path
    project_file: SourceFile | None
    files: tuple[SourceFile, ...]
    selected: frozenset[str] | None = None
    submodules: tuple[SourceFile, ...] = ()
    nested: tuple[str, ...] = ()


def find_project(path: Path, cwd: Path, store: Store = DISK) -> Tree:
    """The project that `path`, a directory or a file, stands for; `cwd` is absolute.

    Raises MissingPathError where there is nothing at `path`, UsageError where it cannot be told.
    """
    given = cwd / path
    try:
        mode = store.mode(given)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        no_directory = isinstance(error, NotADirectoryError)
        reason = "not a directory" if no_directory else "no such file or directory"
        raise MissingPathError(f"{neutral(str(path))}: {reason}") from None
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno else "cannot be read"
        raise UsageError(f"{neutral(str(path))}: {reason}") from None
    if mode == SUBMODULE:
        raise UsageError(f"{neutral(str(path))}: is a submodule: name its own commits, from there")
    if stat.S_ISDIR(mode):
        return _of_directory(store.real(given), path, cwd, store)
    return _of_file(given, path, cwd, store)


def narrow(tree: Tree, include: Sequence[str] | None, exclude: Sequence[str]) -> Tree:
    """`tree` with only the files that `include` means (None: all) and `exclude` does not.

    A file that the user named stays: naming it is the stronger wish. A directory that cannot be
    looked into stays unless excluded, for nobody knows what `include` would mean in it.
    """

    def stays(file: SourceFile) -> bool:
        if tree.selected and file.path in tree.selected:
            return True
        included = include is None or file.is_directory or matches_any(include, file.name)
        return included and not matches_any(exclude, file.name)

    return replace(
        tree,
        files=tuple(file for file in tree.files if stays(file)),
        submodules=tuple(file for file in tree.submodules if stays(file)),
    )


def open_source(file: SourceFile) -> bytes | Problem:
    """The bytes of `file`, or why there are none. Never waits, never reads without bound."""
    if file.refusal:
        return Problem(file.path, 0, 0, file.refusal)
    raw = file.store.read(file.where)
    return Problem(file.path, 0, 0, raw) if isinstance(raw, str) else raw


def _name_refusal(name: str) -> str:
    found = hidden_in_name(name_as_text(name))
    if found is None:
        return ""
    code = ord(found.group())
    if 0xDC80 <= code <= 0xDCFF:
        return "the file name is not UTF-8: rename it"
    return f"the file name holds U+{code:04X}, which is not allowed: rename it"


def _of_directory(root: Path, path: Path, cwd: Path, store: Store) -> Tree:
    return _tree(_Listing(root, _names(root, path, cwd, store), store))


def _tree(listing: _Listing, selected: str = "") -> Tree:
    """The tree that `listing` finds, and in it the file of which only is asked."""
    files = listing.files()
    chosen = None
    if selected:
        named = listing.named(selected)
        meant = next((file for file in files if file.where == named.where), named)
        if meant is named:
            files = sorted([*files, named], key=_by_name)
        chosen = frozenset({meant.path})
    project = next((file for file in files if file.name == PROJECT_FILE), None)
    others = tuple(file for file in files if file is not project)
    submodules, nested = tuple(listing.submodules), tuple(listing.nested)
    return Tree(listing.root, project, others, chosen, submodules, nested)


def _of_file(given: Path, path: Path, cwd: Path, store: Store) -> Tree:
    parent = store.real(given.parent)
    root = nearest_project(parent, store)
    if root is None:
        listing = _Listing(parent, _names(parent, path.parent, cwd, store), store)
        alone = listing.named(given.name)
        return Tree(parent, None, (alone,), frozenset({alone.path}))
    up = len(parent.relative_to(root).parts)
    listing = _Listing(root, _names(root, path.parent, cwd, store, up), store)
    if given.name == PROJECT_FILE:
        return _tree(listing)
    return _tree(listing, (parent / given.name).relative_to(root).as_posix())


def _by_name(file: SourceFile) -> str:
    return file.name


def nearest_project(directory: Path, store: Store = DISK) -> Path | None:
    """The first of `directory`, absolute and free of links, and those above it that has a project
    file; None where none has."""
    above = (directory, *directory.parents)
    return next((each for each in above if holds_project(each, store)), None)


def holds_project(directory: Path, store: Store = DISK) -> bool:
    """Whether `directory` has a project file of any kind; a directory of that name is none."""
    try:
        mode = store.own_mode(directory / PROJECT_FILE)
    except OSError:
        return False
    return not stat.S_ISDIR(mode)


@dataclass(frozen=True, slots=True)
class _Names:
    """How the user would type the files below a root: `prefix` stands for the root; where the
    current directory lies below the root, at `here`, its own files need no prefix."""

    prefix: str
    here: str

    def shown(self, name: str) -> str:
        """The path of the file `name`, safe to print."""
        if self.here and name.startswith(self.here):
            return neutral(name_as_text(name.removeprefix(self.here)))
        return neutral(name_as_text(Path(self.prefix, name).as_posix()))


def _names(root: Path, path: Path, cwd: Path, store: Store, up: int = 0) -> _Names:
    """The names below `root`, which is `up` directories above what the user typed, `path`."""
    current = store.real(cwd)
    if root.is_relative_to(current):
        return _Names(root.relative_to(current).as_posix(), "")
    here = f"{current.relative_to(root).as_posix()}/" if current.is_relative_to(root) else ""
    if not up:
        return _Names(os.path.normpath(path), here)
    return _Names(str(root) if path.is_absolute() else os.path.relpath(root, current), here)


class _Listing:
    """A walk below a root that follows no link out of it and enters no directory twice."""

    def __init__(self, root: Path, names: _Names, store: Store) -> None:
        self.root = root
        self.submodules: list[SourceFile] = []
        self.nested: list[str] = []
        self._store = store
        self._names = names
        self._found: dict[Path, SourceFile] = {}
        self._refused: list[SourceFile] = []
        self._links: list[str] = []
        self._entered: set[Path] = set()

    def files(self) -> list[SourceFile]:
        """All YAML files below the root by name. A file with several names has its real one; where
        that is not itself a name of the project (a hidden one), the first of the others."""
        self._walk("")
        while self._links:
            links, self._links = sorted(self._links), []
            for name in links:
                self._follow(name)
        return sorted([*self._found.values(), *self._refused], key=_by_name)

    def named(self, name: str) -> SourceFile:
        """The file at `name`, which the user gave, refused where it cannot be read."""
        where = self._store.real(self.root / name)
        if not name.endswith(_SUFFIXES):
            return self._source(name, where, "the name of a YAML file ends in .yaml or .yml")
        if not where.is_relative_to(self.root):
            return self._source(name, where, self._leaves())
        return self._source(name, where, self._refusal(where))

    def _walk(self, start: str) -> None:
        todo = [start]
        while todo:
            name = todo.pop()
            directory = self.root / name
            real = self._store.real(directory)
            if real in self._entered:
                continue
            self._entered.add(real)
            if real != self.root and holds_project(real, self._store):
                if real == directory:
                    self.nested.append(name)
                continue
            try:
                found = self._store.entries(directory)
            except OSError as error:
                self._refuse(name, cannot_read(error), is_directory=True)
                continue
            todo += [below for entry in found if (below := self._visit(name, entry))]

    def _visit(self, directory: str, entry: Entry) -> str:
        """Notes a file; the name of a directory to walk, else ""."""
        if entry.name.startswith("."):
            return ""
        name = f"{directory}/{entry.name}" if directory else entry.name
        is_yaml = entry.name.endswith(_SUFFIXES)
        if entry.kind == SUBMODULE:
            where = self.root / name
            self.submodules.append(self._source(name, where, "", is_directory=True))
        elif stat.S_ISLNK(entry.kind):
            self._links.append(name)
        elif stat.S_ISDIR(entry.kind):
            if not is_yaml:
                return name
            self._refuse(name, kind_refusal(stat.S_IFDIR), is_directory=True)
        elif is_yaml:
            where = self._store.real(self.root / directory) / entry.name
            self._found.setdefault(where, self._source(name, where, self._refusal(where)))
        return ""

    def _follow(self, name: str) -> None:
        """A link: to a file of the project it adds nothing, and out of the root it is refused."""
        is_yaml = name.endswith(_SUFFIXES)
        where = self._store.real(self.root / name)
        try:
            is_directory = stat.S_ISDIR(self._store.mode(where))
        except OSError:
            if is_yaml:
                self._refuse(name, "is a symbolic link to nothing: remove it")
            return
        if not is_directory and not is_yaml:
            return
        if not where.is_relative_to(self.root):
            self._refuse(name, self._leaves(), is_directory=is_directory)
        elif is_directory and is_yaml:
            self._refuse(name, kind_refusal(stat.S_IFDIR), is_directory=True)
        elif is_directory:
            self._walk(name)
        elif where not in self._found or name == PROJECT_FILE:
            self._found[where] = self._source(name, where, self._refusal(where))

    def _leaves(self) -> str:
        return "is a symbolic link that leaves the project: put the file itself there"

    def _refusal(self, where: Path) -> str:
        try:
            return kind_refusal(self._store.own_mode(where))
        except OSError as error:
            return cannot_read(error)

    def _refuse(self, name: str, refusal: str, *, is_directory: bool = False) -> None:
        where = self.root / name
        self._refused.append(self._source(name, where, refusal, is_directory=is_directory))

    def _source(
        self, name: str, where: Path, refusal: str, *, is_directory: bool = False
    ) -> SourceFile:
        shown = self._names.shown(name)
        why = refusal or _name_refusal(name)
        return SourceFile(name, shown, where, why, is_directory, self._store)
