"""What the command line knows of the terminal: colour, asking and telling."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import click

from reconciler.core.text import neutral_lines
from reconciler.report.text import Paint, plain

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


def approved(question: str) -> bool:
    """Whether the person at the terminal says yes."""
    click.echo(f"\n{question} Only 'yes' is taken for a yes.", err=True)
    answer: str = click.prompt(">", prompt_suffix=" ", default="", show_default=False, err=True)
    return answer.strip() == "yes"


def say(text: str) -> None:
    """A line for the person, on stderr: results alone go to stdout. Neutral, for it may name a
    file as somebody called it."""
    # Named, and not by click's `err`, which finds the stream below what a progress bar has put in
    # its place to write above itself.
    if sys.stderr is not None:
        click.echo(neutral_lines(text), file=sys.stderr)
