"""Which files a project has. Only names are looked at here; `open_source` reads one of them.

Listing and reading are two steps so that the project file can leave files out before they are
opened: a broken file in an excluded directory is no error. What cannot be read (a pipe, a link
that leaves the root) stays in the list with its reason, because it may be excluded as well.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from reconciler.errors import Problem, UsageError
from reconciler.files.globs import matches_any
from reconciler.files.reader import MAX_BYTES
from reconciler.files.text import hidden_in_name, name_as_text, neutral

PROJECT_FILE: Final = "reconciler.yaml"
_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file (or a directory that cannot be looked into) of a project.

    `name` is relative to the root, `path` what the user would type, safe to print; `where` is
    what to open. `refusal` says why it cannot be read.
    """

    name: str
    path: str
    where: Path
    refusal: str = ""
    is_directory: bool = False


@dataclass(frozen=True, slots=True)
class Tree:
    """The files of a project in sorted order, the project file apart.

    `selected` holds the paths (as shown) of the files whose numbers are meant; None means all.
    """

    root: Path
    project_file: SourceFile | None
    files: tuple[SourceFile, ...]
    selected: frozenset[str] | None = None


def find_project(path: Path, cwd: Path) -> Tree:
    """The project that `path`, a directory or a file, stands for; `cwd` is absolute.

    Raises UsageError where there is nothing at `path`.
    """
    given = cwd / path
    try:
        mode = given.stat().st_mode
    except (OSError, ValueError) as error:
        reason = "no such file or directory"
        if isinstance(error, OSError) and error.errno and not isinstance(error, FileNotFoundError):
            reason = os.strerror(error.errno).lower()
        raise UsageError(f"{neutral(str(path))}: {reason}") from None
    if stat.S_ISDIR(mode):
        return _of_directory(Path(os.path.realpath(given)), path, cwd)
    return _of_file(given, path, cwd)


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

    return replace(tree, files=tuple(file for file in tree.files if stays(file)))


def open_source(file: SourceFile) -> bytes | Problem:
    """The bytes of `file`, or why there are none. Never waits, never reads without bound."""
    if file.refusal:
        return Problem(file.path, 0, 0, file.refusal)
    try:
        # Non-blocking and without following links: the file may have been swapped since.
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(file.where, flags), "rb") as stream:
            status = os.fstat(stream.fileno())
            refusal = _kind_refusal(status.st_mode) or _size_refusal(status.st_size)
            if refusal:
                return Problem(file.path, 0, 0, refusal)
            raw = stream.read(status.st_size + 1)
    except OSError as error:
        return Problem(file.path, 0, 0, _cannot_read(error))
    if len(raw) != status.st_size:
        return Problem(file.path, 0, 0, "changed while it was being read: try again")
    return raw


def _cannot_read(error: OSError) -> str:
    reason = os.strerror(error.errno).lower() if error.errno else "unknown reason"
    return f"cannot be read: {reason}"


def _size_refusal(size: int) -> str:
    if size <= MAX_BYTES:
        return ""
    return f"larger than {MAX_BYTES // (1024 * 1024)} MiB: split it into several files"


def _kind_refusal(mode: int) -> str:
    if stat.S_ISREG(mode):
        return ""
    if stat.S_ISDIR(mode):
        return "is a directory with the name of a file: rename it"
    kinds = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}
    return f"is {kinds.get(stat.S_IFMT(mode), 'a device')}, not a file: it is not read"


def _name_refusal(name: str) -> str:
    found = hidden_in_name(name_as_text(name))
    if found is None:
        return ""
    code = ord(found.group())
    if 0xDC80 <= code <= 0xDCFF:
        return "the file name is not UTF-8: rename it"
    return f"the file name holds U+{code:04X}, which is not allowed: rename it"


def _of_directory(root: Path, path: Path, cwd: Path) -> Tree:
    return _tree(root, _Listing(root, _names(root, path, cwd)).files(), None)


def _tree(root: Path, files: Sequence[SourceFile], selected: frozenset[str] | None) -> Tree:
    project = next((file for file in files if file.name == PROJECT_FILE), None)
    others = tuple(file for file in files if file is not project)
    return Tree(root, project, others, selected)


def _of_file(given: Path, path: Path, cwd: Path) -> Tree:
    parent = Path(os.path.realpath(given.parent))
    root = next((up for up in (parent, *parent.parents) if holds_project(up)), None)
    if root is None:
        listing = _Listing(parent, _names(parent, path.parent, cwd))
        alone = listing.named(given.name)
        return Tree(parent, None, (alone,), frozenset({alone.path}))
    names = _names(root, path.parent, cwd, up=len(parent.relative_to(root).parts))
    listing = _Listing(root, names)
    files = listing.files()
    if given.name == PROJECT_FILE:
        return _tree(root, files, None)
    named = listing.named((parent / given.name).relative_to(root).as_posix())
    meant = next((file for file in files if file.where == named.where), named)
    if meant is named:
        files = sorted([*files, named], key=_by_name)
    return _tree(root, files, frozenset({meant.path}))


def _by_name(file: SourceFile) -> str:
    return file.name


def holds_project(directory: Path) -> bool:
    """Whether `directory` has a project file of any kind; a directory of that name is none."""
    try:
        mode = (directory / PROJECT_FILE).lstat().st_mode
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


def _names(root: Path, path: Path, cwd: Path, up: int = 0) -> _Names:
    """The names below `root`, which is `up` directories above what the user typed, `path`."""
    current = Path(os.path.realpath(cwd))
    if root.is_relative_to(current):
        return _Names(root.relative_to(current).as_posix(), "")
    here = f"{current.relative_to(root).as_posix()}/" if current.is_relative_to(root) else ""
    if not up:
        return _Names(os.path.normpath(path), here)
    return _Names(str(root) if path.is_absolute() else os.path.relpath(root, current), here)


class _Listing:
    """A walk below a root that follows no link out of it and enters no directory twice."""

    def __init__(self, root: Path, names: _Names) -> None:
        self._root = root
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
        where = Path(os.path.realpath(self._root / name))
        if not name.endswith(_SUFFIXES):
            return self._source(name, where, "the name of a YAML file ends in .yaml or .yml")
        if not where.is_relative_to(self._root):
            return self._source(name, where, self._leaves())
        return self._source(name, where, self._refusal(where))

    def _walk(self, start: str) -> None:
        todo = [start]
        while todo:
            name = todo.pop()
            directory = self._root / name
            real = Path(os.path.realpath(directory))
            if real in self._entered:
                continue
            self._entered.add(real)
            if real != self._root and holds_project(real):
                continue
            try:
                with os.scandir(directory) as entries:
                    found = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                self._refuse(name, _cannot_read(error), is_directory=True)
                continue
            todo += [below for entry in found if (below := self._visit(name, entry))]

    def _visit(self, directory: str, entry: os.DirEntry[str]) -> str:
        """Notes a file; the name of a directory to walk, else ""."""
        if entry.name.startswith("."):
            return ""
        name = f"{directory}/{entry.name}" if directory else entry.name
        is_yaml = entry.name.endswith(_SUFFIXES)
        if entry.is_symlink():
            self._links.append(name)
        elif entry.is_dir(follow_symlinks=False):
            if not is_yaml:
                return name
            self._refuse(name, _kind_refusal(stat.S_IFDIR), is_directory=True)
        elif is_yaml:
            where = Path(os.path.realpath(self._root / directory)) / entry.name
            self._found.setdefault(where, self._source(name, where, self._refusal(where)))
        return ""

    def _follow(self, name: str) -> None:
        """A link: to a file of the project it adds nothing, and out of the root it is refused."""
        is_yaml = name.endswith(_SUFFIXES)
        where = Path(os.path.realpath(self._root / name))
        try:
            is_directory = stat.S_ISDIR(where.stat().st_mode)
        except OSError:
            if is_yaml:
                self._refuse(name, "is a symbolic link to nothing: remove it")
            return
        if not is_directory and not is_yaml:
            return
        if not where.is_relative_to(self._root):
            self._refuse(name, self._leaves(), is_directory=is_directory)
        elif is_directory and is_yaml:
            self._refuse(name, _kind_refusal(stat.S_IFDIR), is_directory=True)
        elif is_directory:
            self._walk(name)
        elif where not in self._found or name == PROJECT_FILE:
            self._found[where] = self._source(name, where, self._refusal(where))

    def _leaves(self) -> str:
        return "is a symbolic link that leaves the project: put the file itself there"

    def _refusal(self, where: Path) -> str:
        try:
            return _kind_refusal(where.lstat().st_mode)
        except OSError as error:
            return _cannot_read(error)

    def _refuse(self, name: str, refusal: str, *, is_directory: bool = False) -> None:
        where = self._root / name
        self._refused.append(self._source(name, where, refusal, is_directory=is_directory))

    def _source(
        self, name: str, where: Path, refusal: str, *, is_directory: bool = False
    ) -> SourceFile:
        shown = self._names.shown(name)
        return SourceFile(name, shown, where, refusal or _name_refusal(name), is_directory)
