"""What the command line knows of the terminal: colour, progress, and asking."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from reconciler.core.fields import Channel, Listing
from reconciler.core.live import NAMES
from reconciler.core.text import neutral
from reconciler.report.text import Paint, plain
from reconciler.report.words import channel_name

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

_STYLES: dict[str, Callable[[str], str]] = {
    "bold": lambda text: click.style(text, bold=True),
    "dim": lambda text: click.style(text, dim=True),
    "good": lambda text: click.style(text, fg="green", bold=True),
    "change": lambda text: click.style(text, fg="yellow"),
    "risk": lambda text: click.style(text, fg="red", bold=True),
}


def painter(no_color: bool) -> Paint:
    """Colour for a terminal, none for a pipe, with NO_COLOR or with --no-color."""
    if no_color or os.environ.get("NO_COLOR") or not sys.stdout.isatty():
        return plain
    return lambda text, role: _STYLES[role](text)


@contextmanager
def _bars(no_color: bool) -> Iterator[Bars | None]:
    """Progress bars on stderr where that is a terminal; nothing elsewhere."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # only a terminal needs it, and it takes long to load
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    no_color = no_color or bool(os.environ.get("NO_COLOR"))
    console = Console(stderr=True, no_color=no_color or None)
    with Bars(*columns, console=console, transient=True) as bars:
        yield bars


Reading = Callable[[Listing, int, int], None]
"""Told of a list, the rows that have come and those expected."""


@contextmanager
def reading(no_color: bool = False) -> Iterator[Reading]:
    """Bars for lists being read, one a list."""
    with reading_several(no_color) as project:
        yield project("")


@contextmanager
def reading_several(no_color: bool = False) -> Iterator[Callable[[str], Reading]]:
    """The same for several projects, by their names."""
    with _bars(no_color) as bars:
        yield lambda project: _reading(bars, f"{project}: " if project else "")


def _reading(bars: Bars | None, prefix: str) -> Reading:
    tasks: dict[Listing, TaskID] = {}

    def show(listing: Listing, done: int, total: int) -> None:
        if bars is None:
            return
        if listing not in tasks:
            tasks[listing] = bars.add_task(f"{prefix}Reading {NAMES[listing]}", total=total)
        bars.update(tasks[listing], completed=done, total=total)

    return show


class Writing:
    """Bars for an apply, one a channel and one for reading back; and where its journal is."""

    def __init__(self, bars: Bars | None, prefix: str = "") -> None:
        self._bars = bars
        self._prefix = prefix
        self._tasks: dict[Channel, TaskID] = {}
        self.journal = ""

    def began(self, journal: str) -> None:
        self.journal = journal

    def planned(self, channel: Channel, numbers: int) -> None:
        if self._bars:
            title = f"{self._prefix}Writing by {channel_name(channel)}"
            self._tasks[channel] = self._bars.add_task(title, total=numbers)

    def advanced(self, channel: Channel, numbers: int) -> None:
        if self._bars:
            self._bars.advance(self._tasks[channel], numbers)

    def confirming(self, numbers: int) -> None:
        if self._bars and numbers:
            self._bars.add_task(f"{self._prefix}Reading {numbers:,} numbers back", total=None)

    def said(self, text: str) -> None:
        say(f"{self._prefix}{neutral(text)}")


@contextmanager
def writing(no_color: bool = False) -> Iterator[Writing]:
    """Bars for an apply."""
    with _bars(no_color) as bars:
        yield Writing(bars)


@contextmanager
def writing_several(no_color: bool = False) -> Iterator[Callable[[str], Writing]]:
    """Bars for applies side by side, by the names of their projects."""
    with _bars(no_color) as bars:
        yield lambda project: Writing(bars, f"{project}: ")


def approved(question: str) -> bool:
    """Whether the person at the terminal says yes."""
    click.echo(f"\n{question} Only 'yes' is taken for a yes.", err=True)
    answer: str = click.prompt(">", prompt_suffix=" ", default="", show_default=False, err=True)
    return answer.strip() == "yes"


def say(text: str) -> None:
    """A line for the person, on stderr: results alone go to stdout."""
    click.echo(text, err=True)
