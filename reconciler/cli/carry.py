"""Running what writes, with Ctrl-C in hand; shared by apply and resume."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from reconciler.apply import Stop, Watcher
from reconciler.cli import leave_stdout
from reconciler.cli.progress import Writing, writing
from reconciler.cli.repository import project_name
from reconciler.cli.running import run
from reconciler.cli.terminal import painter, say
from reconciler.core.outcome import Outcome
from reconciler.errors import Exit
from reconciler.report.formats import outcome_report
from reconciler.report.text import resume_command

Work = Callable[[Watcher, Stop], Awaitable[Outcome]]


_SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""What asks a run to stop: a person's Ctrl-C, and a CI system that cancels the job."""


@dataclass(frozen=True, slots=True)
class Left:
    """A run that was left at once. `journal` is where it is written down, "" where nothing was
    sent."""

    journal: str


def carry_out(work: Work, no_color: bool, output_format: str) -> Outcome | Left:
    """Run `work`; Ctrl-C asks it to finish what is in flight, a second one leaves at once.

    The journal is on disk by then, whichever moment it is.
    """
    stop = Stop()
    began: list[Writing] = []

    async def carried_out() -> Outcome:
        stopped_by_signals([stop])
        async with writing(no_color, output_format) as watcher:
            began.append(watcher)
            return await work(watcher, stop)

    try:
        return run(carried_out())
    except KeyboardInterrupt:
        return Left(began[0].journal if began else "")


def stopped_by_signals(stops: Sequence[Stop]) -> None:
    """From now on, while the loop runs, the first signal stops them all; the next has its usual
    effect."""
    loop = asyncio.get_running_loop()

    def interrupt() -> None:
        for stop in stops:
            stop.interrupt()
        for each in _SIGNALS:
            loop.remove_signal_handler(each)
        say("Interrupted: finishing the calls in flight; once more leaves at once.")

    for each in _SIGNALS:
        loop.add_signal_handler(each, interrupt)


def how_left(journal: str) -> str:
    """What is said of an apply that was left at once; `journal` as in Left."""
    if not journal:
        return "Interrupted: nothing was written."
    return (
        "Interrupted at once: what was sent is in the journal. To settle it by reading, "
        f"and finish the rest: {resume_command(journal)}"
    )


def report(
    outcome: Outcome | Left,
    output_format: str,
    no_color: bool,
    *,
    quiet: bool = False,
    root: Path | None = None,
) -> Exit:
    """Say what became of an apply of the project at `root` (here); `quiet` where there was nothing
    to do and text says so."""
    if isinstance(outcome, Left):
        say(how_left(outcome.journal))
        return Exit.INTERRUPTED
    project = project_name(root or Path.cwd())
    try:
        _publish(outcome, output_format, no_color, project, quiet)
        sys.stdout.flush()
    except OSError as error:
        # Its exit code tells what became of the account, and must not say that nothing did.
        leave_stdout()
        say(f"The report could not be written: {error.strerror or error}")
        if outcome.journal:
            say(f"What was done is in the journal: {outcome.journal}")
    return outcome.exit_code


def _publish(
    outcome: Outcome, output_format: str, no_color: bool, project: str, quiet: bool
) -> None:
    if output_format == "github":
        from reconciler.cli.github import publish_outcome

        publish_outcome(outcome, project)
        return
    as_text = output_format == "text"
    if not (as_text and quiet):
        text = outcome_report(outcome, output_format, painter(no_color), project)
        click.echo(("\n" if as_text else "") + text)
