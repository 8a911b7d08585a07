"""The journal of one apply: what was about to be sent and what came of it, safe on disk.

One JSON object a line. The first holds the whole plan, so that the journal alone suffices on
another machine; every line carries a checksum over itself and the line before, so that nothing
can be changed, taken out or moved without being seen. No PIN and no key is ever in it.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from reconciler.core.planfile import canonical_json
from reconciler.core.replay import History, replay
from reconciler.errors import JournalError, LockedError, ReconcilerError, UsageError
from reconciler.files.output import check_output, make_private_directory, write_whole

DIRECTORY = ".reconciler"
_MOST_BYTES = 8 * 1024**3
_LAST_LINE_BYTES = 1024 * 1024
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH

Entry = Mapping[str, Any]


def _sealed(entry: Entry, before: str) -> tuple[bytes, str]:
    """The line of an entry, and its checksum, which holds that of the line before."""
    text = canonical_json(dict(entry))
    checksum = hashlib.sha256(before.encode() + text).hexdigest()
    return canonical_json({"checksum": checksum, "entry": dict(entry)}) + b"\n", checksum


def check_new(path: Path) -> None:
    """Refuse a path at which no journal can be begun, before anything is read or asked for it.
    UsageError."""
    if path.exists() or path.is_symlink():
        raise UsageError(f"{path}: is there already; a journal is never written over")
    if path.parent.name != DIRECTORY:
        check_output(path)


class Journal:
    """Appends to one journal file, which no second writer gets hold of meanwhile."""

    def __init__(self, path: Path, descriptor: int, checksum: str) -> None:
        self.path = path
        self._descriptor = descriptor
        self._checksum = checksum
        self._waiting: list[bytes] = []
        self._commit: asyncio.Future[None] | None = None
        self._broken: JournalError | None = None

    @classmethod
    def start(cls, path: Path, plan: Entry) -> Journal:
        """A new file with its first line. UsageError where it stands already or cannot be made."""
        if path.parent.name == DIRECTORY:
            make_private_directory(path.parent)
        check_new(path)
        line, checksum = _sealed(plan, "")
        write_whole(path, line)
        return cls(path, _open_alone(path), checksum)

    @classmethod
    def go_on(cls, path: Path, read: Lines) -> Journal:
        """The file that was read, to be appended to; a torn last line is cut off first.

        LockedError where another process has it, UsageError where it is not what was read.
        """
        descriptor = _open_alone(path)
        try:
            if read_lines(path).checksum != read.checksum:
                _refuse(f"{path}: somebody else has gone on with it; resume it again")
            os.ftruncate(descriptor, read.length)
        except OSError as error:
            os.close(descriptor)
            raise UsageError(f"{path}: cannot be written: {error.strerror}") from None
        except ReconcilerError:
            os.close(descriptor)
            raise
        return cls(path, descriptor, read.checksum)

    async def write(self, entry: Entry) -> None:
        """Append an entry; returns when it is safe on disk. JournalError where it is not, and
        from then on: after a failure nothing more is written."""
        if self._broken:
            raise self._broken
        line, self._checksum = _sealed(entry, self._checksum)
        self._waiting.append(line)
        if self._commit is None:
            # What is written in the same turn of the loop is flushed together.
            loop = asyncio.get_running_loop()
            self._commit = loop.create_future()
            loop.call_soon(self._flush)
        await asyncio.shield(self._commit)

    def _flush(self) -> None:
        data, commit = b"".join(self._waiting), self._commit
        self._waiting.clear()
        self._commit = None
        try:
            flush_to_disk(self._descriptor, data)
        except OSError as error:
            self._broken = JournalError(f"{self.path}: cannot be written: {error.strerror}")
        else:
            if not os.fstat(self._descriptor).st_nlink:
                why = "was removed meanwhile: what is written down now is lost"
                self._broken = JournalError(f"{self.path}: {why}")
        if commit is not None and not commit.done():
            if self._broken:
                commit.set_exception(self._broken)
                commit.exception()  # told to every waiter; not once more when nobody waits
            else:
                commit.set_result(None)

    def close(self) -> None:
        """Close the file; everything written is on disk already."""
        os.close(self._descriptor)


def flush_to_disk(descriptor: int, data: bytes) -> None:
    """Write all of `data` and wait until the disk has it. OSError where it does not."""
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
    os.fsync(descriptor)


class Lines(msgspec.Struct, frozen=True):
    """The whole lines of a journal: the entries, the last checksum, and their length in bytes."""

    entries: tuple[dict[str, Any], ...]
    checksum: str
    length: int


def read_lines(path: Path) -> Lines:
    """Everything that is whole in a journal. A torn last line is dropped; UsageError for damage
    anywhere else, and for a file that others may write to."""
    data = _read(path)
    length = data.rfind(b"\n") + 1
    entries: list[dict[str, Any]] = []
    checksum = ""
    for place, line in enumerate(data[:length].splitlines(keepends=True), start=1):
        try:
            sealed = msgspec.json.decode(line)
            entry = sealed["entry"]
            again, checksum = _sealed(entry, checksum)
        except _NO_LINE:
            again = b""
        if again != line:
            raise UsageError(f"{path}:{place}: the journal is damaged here; nothing was sent")
        entries.append(entry)
    if not entries:
        raise UsageError(f"{path}: is no journal: it has no whole line")
    return Lines(tuple(entries), checksum, length)


def seems_finished(path: Path) -> bool:
    """Whether the last line says so; one that is torn or damaged does not."""
    descriptor = _open(path, os.O_RDONLY)
    with os.fdopen(descriptor, "rb") as file:
        file.seek(max(os.fstat(descriptor).st_size - _LAST_LINE_BYTES, 0))
        last = file.read().split(b"\n")[-2:]
    try:
        entry = msgspec.json.decode(last[0])["entry"]
        return not last[1] and entry["entry"] == "end" and not entry["open"]
    except (*_NO_LINE, IndexError):
        return False


def read_history(path: Path, lines: Lines) -> History:
    """What a journal tells. UsageError where it is none of ours."""
    return replay(lines.entries, str(path))


_NO_LINE = (
    msgspec.MsgspecError,
    RecursionError,
    TypeError,
    KeyError,
    ValueError,
    OverflowError,
)
"""What bytes that are no line of ours can raise."""


def _read(path: Path) -> bytes:
    descriptor = _open(path, os.O_RDONLY)
    with os.fdopen(descriptor, "rb") as file:
        if os.fstat(descriptor).st_size > _MOST_BYTES:
            raise UsageError(f"{path}: too large for a journal")
        return file.read()


def _refuse(why: str) -> NoReturn:
    raise UsageError(why)


def _open_alone(path: Path) -> int:
    """Open for appending, with the kernel's lock on the file: it goes with the process."""
    descriptor = _open(path, os.O_WRONLY | os.O_APPEND)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            raise LockedError(f"{path}: another process is writing it; nothing was sent") from None
        raise UsageError(f"{path}: cannot be locked: {error.strerror}") from None
    return descriptor


def _open(path: Path, how: int) -> int:
    """Open a plain file that nobody else may write to, never through a link."""
    try:
        descriptor = os.open(path, how | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError(f"{path}: cannot be opened: {error.strerror}") from None
    mode = os.fstat(descriptor).st_mode
    wrong = ""
    if not stat.S_ISREG(mode):
        wrong = "is not a plain file"
    elif mode & _OTHERS_MAY_WRITE:
        wrong = "others may write to it, so it cannot be trusted: chmod go-w"
    if wrong:
        os.close(descriptor)
        raise UsageError(f"{path}: {wrong}")
    return descriptor


def journals_in(directory: Path) -> list[Path]:
    """The journals of a project, the newest last."""
    return sorted((directory / DIRECTORY).glob("journal-*.jsonl"))
