"""The journal as a file: a chain of checksums that no damage passes, and a torn end that is cut."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from reconciler import journal
from reconciler.errors import JournalError, LockedError, UsageError
from reconciler.journal import Journal, read_history, read_lines, seems_finished
from tests.apply.account import ONE, TWO, Account

FIRST = {"entry": "plan", "journal_version": 1}
ENTRIES: tuple[dict[str, Any], ...] = (
    {"entry": "intent", "operation": "op-0001", "numbers": ["+13125550001"]},
    {"entry": "answer", "operation": "op-0001", "came": "accepted", "text": "Süd \u2028 \x00"},
    {"entry": "end", "open": []},
)


def written(path: Path, *entries: dict[str, Any]) -> bytes:
    """A journal with these entries behind its first."""

    async def write() -> None:
        log = Journal.start(path, FIRST)
        for entry in entries:
            await log.write(entry)
        log.close()

    asyncio.run(write())
    return path.read_bytes()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a journal goes."""
    return tmp_path / ".reconciler" / "journal-1.jsonl"


def test_what_was_written_is_what_is_read(path: Path) -> None:
    written(path, *ENTRIES)
    assert read_lines(path).entries == (FIRST, *ENTRIES)


def test_nobody_else_may_read_it(path: Path) -> None:
    written(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_directory_that_the_user_names_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no directory"):
        Journal.start(tmp_path / "typo" / "journal.jsonl", FIRST)
    assert list(tmp_path.iterdir()) == []


def test_a_line_is_written_as_it_ever_was(path: Path) -> None:
    """A journal outlives the version that wrote it."""
    assert written(path) == (
        b'{"checksum":"13c204184ee2d1459a075c6e997b19454c037d42287c45f6f8c97ef7ac973fc5",'
        b'"entry":{"entry":"plan","journal_version":1}}\n'
    )


def test_a_link_to_nowhere_is_not_followed(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="never written over"):
        Journal.start(path, FIRST)
    assert path.is_symlink()


def test_it_is_never_written_over(path: Path) -> None:
    whole = written(path, *ENTRIES)
    with pytest.raises(UsageError, match="never written over"):
        Journal.start(path, FIRST)
    assert path.read_bytes() == whole


def test_a_journal_cut_anywhere_keeps_its_whole_lines(path: Path) -> None:
    whole = written(path, *ENTRIES)
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        lines = whole[:length].count(b"\n")
        if lines == 0:
            with pytest.raises(UsageError, match="no whole line"):
                read_lines(path)
        else:
            assert read_lines(path).entries == (FIRST, *ENTRIES)[:lines]


def test_any_flipped_bit_is_refused_or_takes_the_last_line_with_it(path: Path) -> None:
    whole = written(path, *ENTRIES)
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    for place in range(len(whole)):
        for bit in range(8):
            damaged = bytearray(whole)
            damaged[place] ^= 1 << bit
            path.write_bytes(damaged)
            if place == len(whole) - 1:  # the line has no end any more: it is torn
                assert read_lines(path).entries == (FIRST, *ENTRIES[:-1])
            else:
                with pytest.raises(UsageError) as refused:
                    read_lines(path)
                assert "damaged" in str(refused.value), (place, bit, place >= last)


@pytest.mark.parametrize("order", [(0, 2, 1, 3), (0, 1, 3), (0, 1, 1, 2, 3), (1, 2, 3)])
def test_lines_that_are_moved_missing_or_doubled_are_refused(
    path: Path, order: tuple[int, ...]
) -> None:
    lines = written(path, *ENTRIES).splitlines(keepends=True)
    path.write_bytes(b"".join(lines[place] for place in order))
    with pytest.raises(UsageError, match="damaged"):
        read_lines(path)


@pytest.mark.parametrize(
    "line",
    [
        b"null",
        b"[]",
        b"{}",
        b'{"entry": 5, "checksum": ""}',
        b'{"entry": "ab", "checksum": ""}',
        b'{"entry": [[1, 2]], "checksum": ""}',
        b'{"entry": {"a": 1e999}, "checksum": ""}',
        b'{"entry": {"a": ' + b"9" * 5000 + b'}, "checksum": ""}',
        b"[" * 100_000,
        b"\xff\xfe",
        b"",
    ],
    ids=lambda each: each[:24].decode(errors="replace"),
)
def test_what_is_no_line_of_ours_is_damage_and_no_crash(path: Path, line: bytes) -> None:
    written(path)
    path.write_bytes(path.read_bytes() + line + b"\n")
    with pytest.raises(UsageError, match="damaged"):
        read_lines(path)


@pytest.mark.parametrize("first", [b"not JSON", b'{"entry": {}}', b"[]"])
def test_a_first_line_that_is_none_of_ours_is_damage_and_no_crash(path: Path, first: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(first + b"\n")
    with pytest.raises(UsageError, match=r"journal-1.jsonl:1: the journal is damaged here"):
        read_lines(path)


def test_a_file_that_is_too_large_is_not_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(written(path, *ENTRIES))
    monkeypatch.setattr(journal, "_MOST_BYTES", size)
    assert read_lines(path).length == size
    monkeypatch.setattr(journal, "_MOST_BYTES", size - 1)
    with pytest.raises(UsageError, match="too large for a journal"):
        read_lines(path)


@pytest.mark.parametrize(
    ("entries", "torn", "finished"),
    [
        (ENTRIES, b"", True),
        (ENTRIES, b'{"checksum": "12', False),
        (ENTRIES, b"not JSON\n", False),
        (ENTRIES, b"[]\n", False),
        (ENTRIES[:2], b"", False),
        ((), b"", False),
        (({"entry": "end", "open": ["op-0001"]},), b"", False),
    ],
)
def test_a_journal_is_finished_where_its_last_line_says_so(
    path: Path, entries: tuple[dict[str, Any], ...], torn: bytes, finished: bool
) -> None:
    path.write_bytes(written(path, *entries) + torn)
    assert seems_finished(path) is finished


def test_an_empty_file_is_no_finished_journal(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    assert not seems_finished(path)


def test_a_torn_line_is_cut_off_before_the_next_is_written(path: Path) -> None:
    whole = written(path, *ENTRIES[:2])
    path.write_bytes(whole + b'{"checksum": "12')

    async def go_on() -> None:
        log = Journal.go_on(path, read_lines(path))
        await log.write(ENTRIES[2])
        log.close()

    asyncio.run(go_on())
    assert read_lines(path).entries == (FIRST, *ENTRIES)


@contextmanager
def nothing_left_open() -> Iterator[None]:
    """The lowest descriptor that is free is free again afterwards."""
    before = os.dup(0)
    os.close(before)
    yield
    after = os.dup(0)
    os.close(after)
    assert after == before


def test_nobody_goes_on_with_what_was_read_before_another_went_on(path: Path) -> None:
    written(path)
    before = read_lines(path)

    async def another() -> None:
        log = Journal.go_on(path, read_lines(path))
        await log.write(ENTRIES[0])
        log.close()

    asyncio.run(another())
    with nothing_left_open(), pytest.raises(UsageError, match="somebody else has gone on with it"):
        Journal.go_on(path, before)
    assert read_lines(path).entries == (FIRST, ENTRIES[0])


@pytest.mark.parametrize(
    ("call", "said"),
    [("os.ftruncate", "cannot be written: I/O"), ("fcntl.flock", "cannot be locked: I/O")],
)
def test_a_file_that_cannot_be_cut_or_locked_is_not_gone_on_with(
    path: Path, monkeypatch: pytest.MonkeyPatch, call: str, said: str
) -> None:
    written(path)
    read = read_lines(path)
    monkeypatch.setattr(call, _broken)
    with nothing_left_open(), pytest.raises(UsageError, match=said):
        Journal.go_on(path, read)


def test_what_another_process_is_writing_is_left_alone(path: Path) -> None:
    log = Journal.start(path, FIRST)
    with nothing_left_open(), pytest.raises(LockedError, match="another process is writing it"):
        Journal.go_on(path, read_lines(path))
    log.close()


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_to_is_refused(path: Path, mode: int) -> None:
    written(path)
    path.chmod(mode)
    with pytest.raises(UsageError, match="others may write to it"):
        read_lines(path)


def test_a_link_a_pipe_and_a_directory_are_refused(path: Path, tmp_path: Path) -> None:
    written(path)
    link, pipe = tmp_path / "link.jsonl", tmp_path / "pipe.jsonl"
    link.symlink_to(path)
    os.mkfifo(pipe, 0o600)
    for each in (link, pipe, tmp_path):
        with nothing_left_open(), pytest.raises(UsageError):
            read_lines(each)


def test_what_is_written_side_by_side_is_one_chain(path: Path) -> None:
    async def write() -> None:
        log = Journal.start(path, FIRST)
        await asyncio.gather(*(log.write({"entry": "resume", "at": each}) for each in range(50)))
        log.close()

    asyncio.run(write())
    assert [each.get("at") for each in read_lines(path).entries[1:]] == list(range(50))


def test_a_write_returns_when_the_disk_has_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        told.append("flushed")
        fsync(descriptor)

    monkeypatch.setattr("os.fsync", noted)
    written(path)
    told.clear()

    async def write() -> None:
        log = Journal.go_on(path, read_lines(path))
        await log.write(ENTRIES[0])
        told.append("returned")
        log.close()

    asyncio.run(write())
    assert told == ["flushed", "returned"]


def test_after_a_failure_nothing_more_is_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def write() -> None:
        log = Journal.start(path, FIRST)
        monkeypatch.setattr(journal, "flush_to_disk", _full)
        with pytest.raises(JournalError, match="No space left"):
            await log.write(ENTRIES[0])
        monkeypatch.undo()
        with pytest.raises(JournalError, match="No space left"):
            await log.write(ENTRIES[1])
        log.close()

    asyncio.run(write())
    assert read_lines(path).entries == (FIRST,)


@contextmanager
def room_for(more: int, path: Path) -> Iterator[None]:
    """No file of this process may grow further than `path` with so many bytes more: as on a disk
    that fills up, a write stops in the middle of a line."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + more, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)


def test_a_line_for_which_there_is_no_room_is_torn_and_cut_off_by_the_next_run(path: Path) -> None:
    whole = written(path, ENTRIES[0])

    async def fill() -> None:
        log = Journal.go_on(path, read_lines(path))
        with room_for(20, path), pytest.raises(JournalError, match="cannot be written"):
            await log.write(ENTRIES[1])
        with pytest.raises(JournalError):
            await log.write(ENTRIES[2])
        log.close()

    async def go_on() -> None:
        log = Journal.go_on(path, read_lines(path))
        await log.write(ENTRIES[1])
        log.close()

    asyncio.run(fill())
    torn = path.read_bytes()
    assert (len(torn), torn.startswith(whole)) == (len(whole) + 20, True)
    assert read_lines(path).entries == (FIRST, ENTRIES[0])
    asyncio.run(go_on())
    assert read_lines(path).entries == (FIRST, *ENTRIES[:2])


def test_a_first_line_for_which_there_is_no_room_leaves_no_file(path: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with room_for(20, tmp_path / "empty"), pytest.raises(UsageError, match="cannot be written"):
        Journal.start(path, FIRST)
    assert list(path.parent.iterdir()) == []


def test_a_file_that_was_removed_takes_nothing_more(path: Path) -> None:
    log = Journal.start(path, FIRST)

    async def write() -> None:
        with pytest.raises(JournalError, match="was removed"):
            await log.write(ENTRIES[0])

    path.unlink()
    asyncio.run(write())
    asyncio.run(write())
    log.close()
    assert not path.exists()


def _broken(*_: int) -> None:
    raise OSError(errno.EIO, "I/O")


def _full(descriptor: int, data: bytes) -> None:
    os.write(descriptor, data[:10])
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


# ---- what it says -------------------------------------------------------------------------------


def real(account: Account) -> Path:
    """The journal of a small apply."""
    account.declare({ONE: {"customer_reference": "desk-1"}, TWO: {"tags": ["a"]}})
    return Path(account.apply().journal)


def test_the_first_line_holds_the_whole_plan(account: Account) -> None:
    path = real(account)
    first = json.loads(path.read_text().splitlines()[0])["entry"]
    assert [each["phone_number"] for each in first["plan"]["changes"]] == [ONE, TWO]
    assert read_history(path, read_lines(path)).plan.digest == first["plan"]["digest"]


def forged(path: Path, entries: list[dict[str, Any]]) -> None:
    """A journal by somebody who knows how checksums are made."""
    checksum, data = "", b""
    for entry in entries:
        line, checksum = journal._sealed(entry, checksum)
        data += line
    path.write_bytes(data)


@pytest.mark.parametrize(
    "entry",
    [
        {"entry": "intent", "operation": "op-0009", "numbers": [ONE], "at": "2027-01-01T00:00:00"},
        {"entry": "intent", "operation": "op-0001", "numbers": ["+1999"], "at": "2027-01-01"},
        {"entry": "intent", "operation": "op-0001", "numbers": 7, "at": "2027-01-01"},
        {"entry": "intent", "operation": "op-0001", "numbers": [ONE], "at": "soon"},
        {"entry": "intent", "operation": "op-0001", "numbers": [ONE], "at": 5},
        {"entry": "answer", "operation": "op-0001", "came": "perhaps"},
        {"entry": "answer", "operation": "op-0001"},
        {"entry": "answer", "operation": "op-0001", "came": "refused", "errors": [{"x": 1}]},
        {"entry": "left out", "operation": "op-0001", "numbers": {"+1": ""}, "because": "moved"},
        {"entry": "left out", "operation": "op-0001", "numbers": {}, "because": "whim"},
        {"entry": "done", "operation": "op-0001", "applied": [[1]], "failed": {}, "settled": True},
        {"entry": "done", "operation": "op-0001", "applied": [], "failed": [], "settled": True},
        {"entry": "what"},
        {"entry": "what", "operation": "op-0001"},
        {"entry": None},
        {},
    ],
    ids=str,
)
def test_a_line_that_makes_no_sense_for_the_plan_is_refused(
    account: Account, entry: dict[str, Any]
) -> None:
    path = real(account)
    entries = list(read_lines(path).entries)
    forged(path, [entries[0], entry])
    with pytest.raises(UsageError, match="makes no sense"):
        read_history(path, read_lines(path))


@pytest.mark.parametrize(
    "change",
    [{"journal_version": 2}, {"entry": "end"}, {"plan": None}, {"plan": {"format_version": 1}}],
    ids=str,
)
def test_a_first_line_without_a_plan_of_ours_is_refused(
    account: Account, change: dict[str, Any]
) -> None:
    path = real(account)
    first = read_lines(path).entries[0]
    forged(path, [first | change])
    with pytest.raises(UsageError):
        read_history(path, read_lines(path))


def test_a_journal_of_another_version_is_refused_by_its_version(account: Account) -> None:
    path = real(account)
    entries = list(read_lines(path).entries)
    forged(path, [entries[0] | {"journal_version": 2}, *entries[1:]])
    with pytest.raises(UsageError, match="journal format 2 is not known"):
        read_history(path, read_lines(path))


@pytest.mark.parametrize("key", ["by", "connections", "pinned", "started_at", "plan"])
def test_a_first_line_that_lacks_something_is_refused(account: Account, key: str) -> None:
    path = real(account)
    first = dict(read_lines(path).entries[0])
    del first[key]
    forged(path, [first])
    with pytest.raises(UsageError):
        read_history(path, read_lines(path))
