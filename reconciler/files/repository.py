"""A Git repository, read through plumbing: revisions, ancestors, objects.

Nothing that Git could be configured to run is run: no textconv, no filter, no hook, no pager, no
fsmonitor, no fetch of what a partial clone lacks. The index and the work tree are not looked at,
and neither are replacements of objects: an id stands for what it was made of.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final, NamedTuple

from reconciler.errors import UsageError
from reconciler.files.text import neutral

_SECONDS: Final = 120
_QUIET: Final = {
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_CONFIG: Final = (
    "protocol.allow=never",  # what GIT_NO_LAZY_FETCH says, to a Git before 2.45
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
)
_PIECE: Final = 1024 * 1024


class Unreadable(NamedTuple):
    """An object that is not here, or is larger than was asked for (`size`, else 0)."""

    size: int


@dataclass(frozen=True, slots=True)
class Repository:
    """`top` is the work tree, absolute; of a bare repository its own directory, which stands for
    the root of its commits. `here` is what names are relative to: the current directory, or
    `top` in a bare repository."""

    git: str
    start: Path
    top: Path
    here: Path
    shallow: bool

    def commit(self, revision: str) -> str:
        """The id of the commit that `revision` names, empty where it names none."""
        # No ref begins with a hyphen; --end-of-options is for what Git may yet think of.
        if revision.startswith("-"):
            return ""
        words = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        return self._line(*words)

    def tree(self, commit: str) -> str:
        """The id of the tree of a commit; UsageError where the clone lacks it."""
        found = self._line("rev-parse", "--verify", "--quiet", f"{commit}^{{tree}}")
        if not found:
            raise UsageError(f"commit {commit[:12]} is not whole in this clone: fetch it")
        return found

    def ancestors(self, one: str, other: str) -> list[str]:
        """The best common ancestors of two commits: usually one, none where there is none here."""
        return self._line("merge-base", "--all", one, other).split()

    @contextmanager
    def objects(self) -> Iterator[Objects]:
        """Objects by id, as many as are wanted, from one process."""
        command = _command(self.git, self.start, "cat-file", "--batch")
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | _QUIET,
        ) as process:
            if process.stdin is None or process.stdout is None:
                raise AssertionError("both were asked for")
            try:
                yield Objects(process.stdin, process.stdout)
            finally:
                process.kill()

    def _line(self, *words: str) -> str:
        return _said(_run(self.git, self.start, *words))


class Objects:
    """What `git cat-file --batch` answers."""

    def __init__(self, ask: IO[bytes], answer: IO[bytes]) -> None:
        self._ask = ask
        self._answer = answer

    def get(self, oid: str, most: int) -> bytes | Unreadable:
        """The content of the object `oid`, if that is at most `most` bytes."""
        try:
            self._ask.write(oid.encode() + b"\n")
            self._ask.flush()
        except BrokenPipeError:
            raise _gave_up(oid) from None
        words = self._answer.readline().split()
        if len(words) == 2:
            return Unreadable(0)  # "OID missing"
        if len(words) != 3:
            raise _gave_up(oid)
        size = int(words[2])
        if size > most:
            left = size + 1
            while left > 0 and (piece := self._answer.read(min(left, _PIECE))):
                left -= len(piece)
            return Unreadable(size)
        content = self._answer.read(size + 1)
        if len(content) != size + 1:
            raise _gave_up(oid)
        return content[:-1]


def _gave_up(oid: str) -> UsageError:
    return UsageError(
        f"Git could not read object {oid[:12]}: the clone is partial (fetch what it lacks) or "
        "damaged (git fsck)"
    )


def open_repository(cwd: Path, path: Path) -> tuple[Repository, Path]:
    """The repository around `cwd`, absolute, and `path` as it is to be read relative to `here`;
    where there is none, the one around `path`, which need not be there. UsageError where that is
    none either, or `path` lies outside of it."""
    git = shutil.which("git")
    if git is None:
        raise UsageError("git is not installed, or not on the PATH")
    whole = cwd / path
    found = _around(git, cwd)
    if isinstance(found, Repository):
        if not path.is_absolute():
            return found, path
    else:
        found, said = _around(git, _nearest(whole)), found
        if not isinstance(found, Repository):
            raise UsageError(neutral(f"Git finds no repository here: {said}"))
        found = replace(found, here=Path(os.path.realpath(cwd)))
    for absolute in (Path(os.path.normpath(whole)), Path(os.path.realpath(whole))):
        if absolute.is_relative_to(found.top):
            return found, absolute
    raise UsageError(neutral(f"{path}: is outside of the repository {found.top}"))


def _around(git: str, start: Path) -> Repository | str:
    """The repository around a directory, or why Git finds none."""
    words = ("--is-inside-work-tree", "--is-shallow-repository", "--absolute-git-dir")
    done = _run(git, start, "rev-parse", *words)
    if done.returncode:
        return done.stderr.decode(errors="replace").strip().partition("\n")[0]
    inside, shallow, own = _said(done).split("\n", 2)
    top, here = Path(os.path.realpath(own)), None
    if inside == "true":
        top = Path(os.path.realpath(_said(_run(git, start, "rev-parse", "--show-toplevel"))))
        here = Path(os.path.realpath(start))
    return Repository(git, start, top, here or top, shallow == "true")


def _nearest(path: Path) -> Path:
    """The nearest directory above `path`, or itself, that there is."""
    return next(each for each in (path, *path.parents) if each.is_dir())


def _command(git: str, start: Path, *words: str) -> list[str]:
    config = [word for each in _CONFIG for word in ("-c", each)]
    return [git, "--no-pager", "-C", str(start), *config, *words]


def _run(git: str, start: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    command = _command(git, start, *words)
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=os.environ | _QUIET,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UsageError(f"git {words[0]} gave no answer in {_SECONDS} s") from None
    except OSError as error:
        raise UsageError(f"git cannot be run: {error.strerror}") from None


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    """What a command printed, without the end of its line; nothing where it failed."""
    return os.fsdecode(done.stdout.removesuffix(b"\n")) if done.returncode == 0 else ""
