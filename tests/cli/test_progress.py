"""How reading and writing are shown: lines now and then in a log, nothing for a machine."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace
from functools import partial
from itertools import islice

import pytest

from reconciler.cli import progress
from reconciler.cli.terminal import say
from reconciler.core.fields import Listing
from reconciler.core.forecast import Standing
from tests.pace.virtual import VirtualClock


class Terminal(io.StringIO):
    """A stderr that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_log_gets_a_line_after_ten_seconds_then_more_rarely_and_each_minute_at_last() -> None:
    assert list(islice(progress.moments(), 6)) == [10, 30, 70, 130, 190, 250]


def an_apply_of(seconds: float, patch: pytest.MonkeyPatch, output_format: str = "text") -> None:
    """One that settles an operation a second, and knows when it ends."""
    clock = VirtualClock()
    patch.setattr(progress, "SystemClock", lambda: clock)

    def standing() -> Standing:
        left = max(seconds - clock.monotonic(), 0.0)
        return Standing(int(seconds), int(left), 3, 7, 0, left)

    async def apply() -> None:
        async with progress.writing(output_format=output_format) as watcher:
            watcher.follow(standing)
            await asyncio.sleep(seconds)

    clock.run(apply())


def test_a_short_apply_says_nothing_in_a_log(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    an_apply_of(9, monkeypatch)
    assert capsys.readouterr() == ("", "")


def test_a_long_apply_says_on_stderr_what_is_left_and_when_it_ends(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    an_apply_of(80, monkeypatch)
    said = capsys.readouterr()
    assert said.out == ""
    left = "operations left, on 3 numbers, about 7 calls; ends about 12:01:20 UTC, in"
    assert said.err.splitlines() == [
        f"Applying: 70 of 80 {left} 1 min",
        f"Applying: 50 of 80 {left} 50 s",
        f"Applying: 10 of 80 {left} 10 s",
    ]


def test_where_stdout_is_for_a_machine_nothing_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    an_apply_of(80, monkeypatch, "json")
    with progress.reading(output_format="json") as show:
        show(Listing.SLIM, 1, 2)
    assert capsys.readouterr() == ("", "")


def test_applies_side_by_side_are_told_apart(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = VirtualClock()
    monkeypatch.setattr(progress, "SystemClock", lambda: clock)

    async def apply() -> None:
        async with progress.writing_several() as project:
            for name, left in (("east", 5), ("west", 0), ("not begun", None)):
                watcher = project(name)
                if left is not None:
                    standing = Standing(9, left, 3, 7, 0, None)
                    watcher.follow(partial(replace, standing))
            await asyncio.sleep(15)

    clock.run(apply())
    said = capsys.readouterr().err
    assert said == "east: Applying: 5 of 9 operations left, on 3 numbers, about 7 calls\n"


def test_on_a_terminal_one_line_is_refreshed_and_gone_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    an_apply_of(5, monkeypatch)
    shown = terminal.getvalue()
    assert "Applying: 4 of 5 operations left, on 3 numbers, about 7 calls; ends about" in shown
    assert shown.count("\n") == 1, "all is on one line, which the end leaves to take it away"
    assert shown.endswith("\x1b[2K")


def test_what_is_said_meanwhile_stands_above_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    clock = VirtualClock()
    monkeypatch.setattr(progress, "SystemClock", lambda: clock)

    async def apply() -> None:
        async with progress.writing() as watcher:
            watcher.follow(lambda: Standing(9, 5, 3, 7, 0, None))
            await asyncio.sleep(2)
            say("Interrupted: finishing the calls in flight")
            watcher.said("op-0001 went out as job-7")
            await asyncio.sleep(2)

    clock.run(apply())
    for said in ("Interrupted: finishing the calls in flight", "op-0001 went out as job-7"):
        assert f"\r\x1b[2K{said}\n" in terminal.getvalue()


def test_long_reading_says_in_a_log_how_far_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = 0.0
    monkeypatch.setattr("time.monotonic", lambda: seconds)
    with progress.reading_several() as project:
        shows = project(""), project("east")
        for page in range(1, 81):
            seconds += 1.0
            shows[page % 2](Listing.SLIM, 250 * page, 20_000)
    assert capsys.readouterr().err.splitlines() == [
        "Reading the slim number list: 2,500 of 20,000 rows",
        "Reading the slim number list: 7,500 of 20,000 rows",
        "Reading the slim number list: 17,500 of 20,000 rows",
    ]


def test_an_apply_goes_on_where_showing_how_it_goes_fails_and_that_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, ended = VirtualClock(), []
    monkeypatch.setattr(progress, "SystemClock", lambda: clock)

    def broken() -> Standing:
        raise ZeroDivisionError("its text may hold a key")

    async def apply() -> None:
        async with progress.writing() as watcher:
            watcher.follow(broken)
            await asyncio.sleep(100)
            ended.append(True)

    clock.run(apply())
    said = capsys.readouterr()
    assert ended == [True]
    assert said.err.startswith("warning: how it goes cannot be shown any more: a bug in")
    assert ("ZeroDivisionError in broken" in said.err, "may hold" in said.err) == (True, False)
