"""How reading and writing go, on stderr: on a terminal lines that are refreshed, in a log a line
now and then of what takes long. Nothing where stdout is for a machine."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.api.clock import Clock, SystemClock
from reconciler.api.together import together
from reconciler.cli.terminal import say
from reconciler.core.fields import Listing
from reconciler.core.forecast import Standing
from reconciler.core.text import neutral
from reconciler.errors import BugError
from reconciler.report.underway import reading_line, standing_line

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

_FIRST_SECONDS, _LONGEST_SECONDS = 10.0, 60.0
_REFRESH_SECONDS = 0.5

Reading = Callable[[Listing, int, int], None]
"""Told of a list, the rows that have come and those expected."""


def moments() -> Iterator[float]:
    """When a log gets a line: after ten seconds, then after twice as long each time, a minute at
    most; in seconds from the start."""
    at = pause = _FIRST_SECONDS
    while True:
        yield at
        pause = min(2 * pause, _LONGEST_SECONDS)
        at += pause


@contextmanager
def reading(no_color: bool = False, output_format: str = "text") -> Iterator[Reading]:
    """How the reading of lists goes."""
    with reading_several(no_color, output_format) as project:
        yield project("")


@contextmanager
def reading_several(
    no_color: bool = False, output_format: str = "text"
) -> Iterator[Callable[[str], Reading]]:
    """The same for several projects, by their names."""
    if output_format == "json":
        yield lambda _project: lambda _listing, _done, _total: None
    elif _is_terminal():
        with _bars(no_color) as bars:
            yield lambda project: _barred(bars, _prefix(project))
    else:
        log = _ReadingLog(time.monotonic)
        yield lambda project: log.of(_prefix(project))


def _barred(bars: Bars, prefix: str) -> Reading:
    tasks: dict[Listing, TaskID] = {}

    def show(listing: Listing, done: int, total: int) -> None:
        text = prefix + reading_line(listing, done, total)
        if listing not in tasks:
            tasks[listing] = bars.add_task(text, total=total)
        bars.update(tasks[listing], description=text, completed=done, total=total)

    return show


class _ReadingLog:
    """Lines about reading; `now` is the time in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._started = now()
        self._moments = moments()
        self._next = next(self._moments)

    def of(self, prefix: str) -> Reading:
        """For the lists of one project."""

        def show(listing: Listing, done: int, total: int) -> None:
            if (passed := self._now() - self._started) < self._next:
                return
            while self._next <= passed:
                self._next = next(self._moments)
            say(prefix + reading_line(listing, done, total))

        return show


@dataclass(slots=True)
class Writing:
    """How one apply goes, and where its journal is."""

    prefix: str = ""
    journal: str = ""
    standing: Callable[[], Standing] | None = None

    def began(self, journal: str) -> None:
        self.journal = journal

    def follow(self, standing: Callable[[], Standing]) -> None:
        self.standing = standing

    def said(self, text: str) -> None:
        say(f"{self.prefix}{neutral(text)}")


@asynccontextmanager
async def writing(no_color: bool = False, output_format: str = "text") -> AsyncIterator[Writing]:
    """Shows how an apply goes."""
    async with writing_several(no_color, output_format) as project:
        yield project("")


@asynccontextmanager
async def writing_several(
    no_color: bool = False, output_format: str = "text"
) -> AsyncIterator[Callable[[str], Writing]]:
    """The same for applies side by side, by the names of their projects."""
    board = _Board(SystemClock())
    if output_format == "json":
        yield board.watch
        return
    async with together([_shown(board, no_color)]):
        yield board.watch


async def _shown(board: _Board, no_color: bool) -> None:
    """Show how they go. What goes wrong in that is told, and keeps no apply from its end."""
    try:
        await board.show(no_color)
    except Exception as error:  # noqa: BLE001 - whatever it is, what is being written counts more
        say(f"warning: how it goes cannot be shown any more: {BugError(error)}")


@dataclass(slots=True)
class _Board:
    """All applies of a run, and how each goes."""

    clock: Clock
    applies: list[Writing] = field(default_factory=list)

    def watch(self, project: str) -> Writing:
        """One more of them."""
        self.applies.append(Writing(_prefix(project)))
        return self.applies[-1]

    async def show(self, no_color: bool) -> None:
        """For as long as the task lives."""
        if _is_terminal():
            await self._show_bars(no_color)
        else:
            await self._show_lines()

    async def _show_bars(self, no_color: bool) -> None:
        with _bars(no_color) as bars:
            tasks: dict[int, TaskID] = {}
            while True:
                for at, standing, line in self._standings():
                    if at not in tasks:
                        tasks[at] = bars.add_task("", total=standing.operations)
                    done = standing.operations - standing.operations_left
                    bars.update(tasks[at], description=line, completed=done, refresh=True)
                await self.clock.sleep(_REFRESH_SECONDS)

    async def _show_lines(self) -> None:
        started = self.clock.monotonic()
        for moment in moments():
            await self.clock.sleep(started + moment - self.clock.monotonic())
            for _, _, line in self._standings():
                say(line)

    def _standings(self) -> Iterator[tuple[int, Standing, str]]:
        """How each that is at work stands, its place among all of them first, and a line of it."""
        for at, each in enumerate(self.applies):
            if each.standing and (standing := each.standing()).is_open:
                line = standing_line(standing, self.clock.now().astimezone())
                yield at, standing, each.prefix + line


def _prefix(project: str) -> str:
    return f"{project}: " if project else ""


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


@contextmanager
def _bars(no_color: bool) -> Iterator[Bars]:
    """Progress bars on the terminal, gone when they are done with."""
    from rich.console import Console  # only a terminal needs it, and it takes long to load
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars
    from rich.table import Column

    columns = (
        BarColumn(bar_width=10),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False, table_column=Column(overflow="fold")),
    )
    no_color = no_color or bool(os.environ.get("NO_COLOR"))
    console = Console(stderr=True, no_color=no_color or None)
    with Bars(*columns, console=console, transient=True) as bars:
        yield bars
