"""Files out: written whole or not at all, and never through a link."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import UsageError
from reconciler.files.text import neutral


def check_output(path: Path) -> None:
    """Refuse a path that could not be written, before the work is done. UsageError."""
    if path.suffix.lower() in {".yaml", ".yml", ".csv"}:
        # A sheet too: what numbers_from names may hold the only list of some numbers, and PINs.
        raise UsageError(f"{path}: would be a file of the project; choose another name")
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        mode = stat.S_IFREG
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from None
    if stat.S_ISLNK(mode):
        raise UsageError(f"{path}: is a symbolic link; name the file itself")
    if not stat.S_ISREG(mode):
        raise UsageError(f"{path}: is not a plain file")
    if not path.parent.is_dir():
        raise UsageError(f"{path}: there is no directory {path.parent}")


def check_not_read(path: Path, *read: Path | None) -> None:
    """Refuse to write over a file that the command itself reads. UsageError."""
    if any(each is not None and each.resolve() == path.resolve() for each in read):
        raise UsageError(f"{path}: is what this command reads; choose another name")


def write_whole(path: Path, data: bytes) -> None:
    """Put `data` at `path`, mode 0600: a new file beside it, flushed to disk, then renamed.

    Its directory may be reached through links, as /tmp is on some systems; but it is opened once,
    so that all of this happens in one and the same. The file itself is never a link that is
    followed: one that comes into its place meanwhile is replaced. UsageError where `path` is a
    link, a directory, a device, or cannot be written.
    """
    check_output(path)
    new = f".{path.name}.{secrets.token_hex(4)}.new"
    try:
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _put_in(directory, new, data)
            try:
                os.replace(new, path.name, src_dir_fd=directory, dst_dir_fd=directory)
            except BaseException:
                os.unlink(new, dir_fd=directory)
                raise
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from None


def _put_in(directory: int, name: str, data: bytes) -> None:
    """A new file of an open directory, on disk; none where that fails."""
    how = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(name, how, 0o600, dir_fd=directory)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        os.unlink(name, dir_fd=directory)
        raise


def write_project(directory: Path, files: Mapping[str, str]) -> None:
    """New files of a project, by their names below `directory`: all of them or none, and none
    over what is there or through a link. They are made to be committed, so others may read them.

    All are on disk under hidden names, which no project reads, before the first gets its own.
    UsageError where something is in the way, or cannot be written.
    """
    for name in files:
        _check_new(directory, directory / name)
    made: dict[Path, None] = {}
    try:
        for path in (directory / name for name in files):
            for missing in _missing(path.parent):
                missing.mkdir()
                made[missing] = None
        staged = {
            directory / name: _staged(directory / name, text.encode(), made)
            for name, text in files.items()
        }
        for path, new in staged.items():
            _put(new, path)
            made[path] = None
            new.unlink(missing_ok=True)
            del made[new]
        for parent in {path.parent for path in staged}:
            _flush_directory(parent)
    except BaseException as error:
        _take_back(made)
        if isinstance(error, OSError):
            why = f"cannot be written: {error.strerror}; nothing was written"
            raise UsageError(f"{directory}: {why}") from None
        raise


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A file that is there, what was read from it, and what shall stand in it instead."""

    path: Path
    before: bytes
    after: bytes


def rewrite_files(files: Sequence[Rewrite]) -> None:
    """Put new content in files that are there, all or none; their modes stay.

    Every new file is on disk under a hidden name before the first takes its place. UsageError
    where one is a link or no plain file, was changed meanwhile, or cannot be written.
    """
    staged: dict[Path, None] = {}
    done: list[Rewrite] = []
    try:
        new = [_staged(each.path, each.after, staged, _mode_of(each)) for each in files]
        for each, fresh in zip(files, new, strict=True):
            _mode_of(each)  # again: it may have changed while others were written
            fresh.replace(each.path)
            del staged[fresh]
            done.append(each)
        for parent in {each.path.parent for each in files}:
            _flush_directory(parent)
    except BaseException as error:
        _take_back(staged)
        if lost := [str(each.path) for each in reversed(done) if not _put_back(each)]:
            why = "was rewritten, and what it held could not be put back, while others were not"
            raise UsageError(f"{neutral(', '.join(lost))}: {why}: see `git diff`") from error
        if isinstance(error, OSError):
            name = error.filename2 or error.filename or ""
            why = f"cannot be written: {error.strerror}; nothing was written"
            raise UsageError(f"{neutral(str(name))}: {why}") from None
        raise


def _put_back(file: Rewrite) -> bool:
    """Give a file what it held before; whether that went well."""
    made: dict[Path, None] = {}
    try:
        mode = stat.S_IMODE(file.path.stat().st_mode)
        _staged(file.path, file.before, made, mode).replace(file.path)
    except OSError:
        _take_back(made)
        return False
    return True


def _mode_of(file: Rewrite) -> int:
    """The mode of a file that still holds what was read from it; UsageError where it does not."""
    path = neutral(str(file.path))
    handle = os.open(file.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as opened:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            raise UsageError(f"{path}: is not a plain file; nothing was written")
        if opened.read(len(file.before) + 1) != file.before:
            raise UsageError(f"{path}: was changed meanwhile; nothing was written: run it again")
    return stat.S_IMODE(mode)


def _take_back(made: Iterable[Path]) -> None:
    """Remove what was made, in the order it was made in."""
    for path in reversed(list(made)):
        with suppress(OSError):  # a directory into which somebody else put something stays
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)


def _check_new(directory: Path, path: Path) -> None:
    """Refuse a path that is there, or that a link below `directory` leads away from it."""
    if path.is_symlink() or path.exists():
        raise UsageError(f"{path}: is there already; nothing was written")
    for parent in path.parents:
        if parent == directory:
            return
        if parent.is_symlink():
            raise UsageError(f"{parent}: is a symbolic link; make it a directory")


def _missing(directory: Path) -> list[Path]:
    """`directory` and those above it that do not exist, the uppermost first."""
    return [each for each in (*reversed(directory.parents), directory) if not each.exists()]


def _staged(path: Path, data: bytes, made: dict[Path, None], mode: int | None = None) -> Path:
    """A hidden file beside `path` that holds `data`, on disk; noted in `made`. `mode` is that of
    the file whose place it takes; None for a new one."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    how = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(new, how, 0o644 if mode is None else 0o600), "wb") as file:
        made[new] = None
        if mode is not None:
            os.fchmod(file.fileno(), mode)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return new


def _put(new: Path, path: Path) -> None:
    """Give the file `new` the name `path`, never over what is there."""
    try:
        os.link(new, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if path.exists():
            raise
        new.rename(path)


def make_private_directory(path: Path) -> None:
    """Make a directory that only its owner can enter, where there is none. UsageError where it
    is a link or something else."""
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        if path.is_symlink():
            raise UsageError(f"{path}: is a symbolic link; make it a directory")
    except OSError as error:
        raise UsageError(f"{path}: cannot be made: {error.strerror}") from None


def _flush_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
