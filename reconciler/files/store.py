"""Where the files of a project are kept: on the disk, or in a commit of Git (`files.commit`).

The loader reads through this one seam, so that a project means the same wherever it lies.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final, NamedTuple, Protocol

MAX_BYTES: Final = 64 * 1024 * 1024
"""The most of one file."""

SUBMODULE: Final = 0o160000
"""The mode of a directory that another repository fills; only a commit has any."""


class Entry(NamedTuple):
    """A name in a directory, and its own kind: S_IFREG, S_IFDIR, S_IFLNK, SUBMODULE, or 0."""

    name: str
    kind: int


class Store(Protocol):
    """What the loader asks of a tree of files. Paths are absolute."""

    def real(self, path: Path) -> Path:
        """`path` with every link in it followed, as far as there is anything."""

    def mode(self, path: Path) -> int:
        """The mode of what `path` leads to; OSError or ValueError where there is nothing."""

    def own_mode(self, path: Path) -> int:
        """The same of `path` itself, which may be a link."""

    def entries(self, directory: Path) -> list[Entry]:
        """What is in `directory`, by name; OSError."""

    def read(self, path: Path) -> bytes | str:
        """The bytes of the file at `path`, which leads over no link, or why there are none. Never
        waits, never reads without bound."""


class Disk:
    """The files as they are now."""

    def real(self, path: Path) -> Path:
        """By the file system."""
        return Path(os.path.realpath(path))

    def mode(self, path: Path) -> int:
        """By the file system."""
        return path.stat().st_mode

    def own_mode(self, path: Path) -> int:
        """By the file system."""
        return path.lstat().st_mode

    def entries(self, directory: Path) -> list[Entry]:
        """Without a look at each file: the directory knows its kind."""
        with os.scandir(directory) as found:
            entries = [Entry(each.name, _kind(each)) for each in found]
        return sorted(entries)

    def read(self, path: Path) -> bytes | str:
        """Whole, or not at all where it changes meanwhile."""
        try:
            # Non-blocking and without following links: the file may have been swapped since.
            flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(path, flags), "rb") as stream:
                status = os.fstat(stream.fileno())
                refusal = kind_refusal(status.st_mode) or size_refusal(status.st_size)
                if refusal:
                    return refusal
                raw = stream.read(status.st_size + 1)
        except OSError as error:
            return cannot_read(error)
        if len(raw) != status.st_size:
            return "changed while it was being read: try again"
        return raw


DISK: Final = Disk()


def _kind(entry: os.DirEntry[str]) -> int:
    if entry.is_symlink():
        return stat.S_IFLNK
    if entry.is_dir(follow_symlinks=False):
        return stat.S_IFDIR
    return stat.S_IFREG if entry.is_file(follow_symlinks=False) else 0


def cannot_read(error: OSError) -> str:
    """Why something cannot be read."""
    reason = os.strerror(error.errno).lower() if error.errno else "unknown reason"
    return f"cannot be read: {reason}"


def size_refusal(size: int) -> str:
    """Why a file of this many bytes is not read; empty where it is."""
    if size <= MAX_BYTES:
        return ""
    return f"larger than {MAX_BYTES // (1024 * 1024)} MiB: split it into several files"


def kind_refusal(mode: int) -> str:
    """Why what has this mode is no file to read; empty where it is one."""
    if stat.S_ISREG(mode):
        return ""
    if stat.S_ISDIR(mode):
        return "is a directory with the name of a file: rename it"
    kinds = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}
    return f"is {kinds.get(stat.S_IFMT(mode), 'a device')}, not a file: it is not read"
