"""The files of a commit, as the loader sees files on the disk.

The root of the commit stands where the work tree has it, so that the same names mean the same, and
a link leads where it would lead after a checkout. What lies outside of the repository is not looked
at: a link to there counts as one to some file, which the loader refuses where it would read it.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Final, NamedTuple

from reconciler.errors import UsageError
from reconciler.files.repository import Objects, Unreadable
from reconciler.files.store import MAX_BYTES, Entry, kind_refusal, size_refusal

_MOST_LINKS: Final = 40
_LONGEST_LINK: Final = 4096
_LFS: Final = b"version https://git-lfs.github.com/spec/"


class _Named(NamedTuple):
    """What a tree says of a name."""

    mode: int
    oid: str


class Commit:
    """A `Store`; `top` is where the tree with the id `tree` would be checked out."""

    def __init__(self, objects: Objects, top: Path, tree: str) -> None:
        self._objects = objects
        self._top = top
        self._root = _Named(stat.S_IFDIR, tree)
        self._trees: dict[str, dict[str, _Named]] = {}
        self._real: dict[Path, Path] = {}

    def real(self, path: Path) -> Path:
        """`path` with every link of the commit in it followed."""
        found = self._real.get(path)
        if found is None:
            found = self._real[path] = self._follow(path)
        return found

    def mode(self, path: Path) -> int:
        """The mode of what `path` leads to; beside the repository everything counts as a file."""
        real = self.real(path)
        if not real.is_relative_to(self._top):
            return stat.S_IFDIR if self._top.is_relative_to(real) else stat.S_IFREG
        mode = self.own_mode(real)
        if stat.S_ISLNK(mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        return mode

    def own_mode(self, path: Path) -> int:
        """The mode in the tree; FileNotFoundError where there is no such name."""
        return self._named(path).mode

    def entries(self, directory: Path) -> list[Entry]:
        """The names of a tree."""
        found = self._tree(self._named(self.real(directory)).oid)
        return sorted(Entry(name, stat.S_IFMT(each.mode)) for name, each in found.items())

    def read(self, path: Path) -> bytes | str:
        """The blob."""
        try:
            found = self._named(path)
        except FileNotFoundError:
            return "cannot be read: no such file or directory"
        if refusal := kind_refusal(found.mode):
            return refusal
        raw = self._objects.get(found.oid, MAX_BYTES)
        if isinstance(raw, Unreadable):
            return size_refusal(raw.size) or "is not in this partial clone: fetch it"
        if raw.startswith(_LFS):
            return "is kept in Git LFS, so that Git itself has no YAML of it: take it out of LFS"
        return raw

    def _follow(self, path: Path) -> Path:
        place, rest, links = Path("/"), list(reversed(path.parts[1:])), 0
        while rest:
            part = rest.pop()
            if part == "..":
                place = place.parent
                continue
            target = self._target(place / part) if links < _MOST_LINKS else ""
            if not target:
                place /= part
                continue
            links += 1
            if target.startswith("/"):
                place = Path("/")
            rest += [each for each in reversed(target.split("/")) if each not in ("", ".")]
        return place

    def _target(self, path: Path) -> str:
        """What a link says; empty where `path` is none."""
        try:
            found = self._named(path)
        except FileNotFoundError:
            return ""
        if not stat.S_ISLNK(found.mode):
            return ""
        raw = self._objects.get(found.oid, _LONGEST_LINK)
        return "" if isinstance(raw, Unreadable) else os.fsdecode(raw)

    def _named(self, path: Path) -> _Named:
        """What stands at `path`, which leads over no link."""
        found = self._root
        if not path.is_relative_to(self._top):
            raise _nothing()
        for part in path.relative_to(self._top).parts:
            below = self._tree(found.oid) if stat.S_ISDIR(found.mode) else {}
            if part not in below:
                raise _nothing()
            found = below[part]
        return found

    def _tree(self, oid: str) -> dict[str, _Named]:
        found = self._trees.get(oid)
        if found is None:
            raw = self._objects.get(oid, MAX_BYTES)
            if isinstance(raw, Unreadable):
                raise UsageError(
                    f"tree {oid[:12]} is not in this clone: fetch it without --filter=tree:0"
                )
            found = self._trees[oid] = dict(_names(raw, len(oid) // 2))
        return found


def _names(raw: bytes, width: int) -> list[tuple[str, _Named]]:
    """The entries of a tree object: `MODE NAME NUL ID`, the id in `width` bytes."""
    found: list[tuple[str, _Named]] = []
    at = 0
    while at < len(raw):
        blank = raw.index(b" ", at)
        end = raw.index(b"\0", blank)
        after = end + 1 + width
        name = os.fsdecode(raw[blank + 1 : end])
        found.append((name, _Named(int(raw[at:blank], 8), raw[end + 1 : after].hex())))
        at = after
    return found


def _nothing() -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
