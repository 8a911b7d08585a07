"""Files out: written whole or not at all, readable by their owner only, never through a link."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from reconciler.errors import UsageError


def check_output(path: Path) -> None:
    """Refuse a path that could not be written, before the work is done. UsageError."""
    if path.suffix in {".yaml", ".yml"}:
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


def write_whole(path: Path, data: bytes) -> None:
    """Put `data` at `path`, mode 0600: a new file beside it, flushed to disk, then renamed.

    UsageError where `path` is a link, a directory, a device, or cannot be written.
    """
    check_output(path)
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    try:
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
        _flush_directory(path.parent)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from None


def write_project(directory: Path, files: Mapping[str, str]) -> None:
    """New files of a project, by their names below `directory`: all of them or none, and none
    over what is there. They are made to be committed, so others may read them."""
    for name in files:
        if (directory / name).is_symlink() or (directory / name).exists():
            raise UsageError(f"{directory / name}: is there already; nothing was written")
    made: list[Path] = []
    try:
        for name, text in files.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            how = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(path, how, 0o644), "wb") as file:
                made.append(path)
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
    except OSError as error:
        for path in made:
            path.unlink(missing_ok=True)
        raise UsageError(f"{directory}: cannot be written: {error.strerror}") from None


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
