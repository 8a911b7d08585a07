"""Running what writes, with Ctrl-C in hand; shared by apply and resume."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable

import click

from reconciler.apply import Stop, Watcher
from reconciler.cli.terminal import painter, say, writing
from reconciler.core.outcome import Outcome
from reconciler.errors import Exit
from reconciler.report.formats import outcome_report

Work = Callable[[Watcher, Stop], Awaitable[Outcome]]


def carry_out(work: Work, no_color: bool) -> Outcome | None:
    """Run `work`; Ctrl-C asks it to finish what is in flight, a second one leaves at once: None.

    The journal is on disk by then, whichever moment it is.
    """
    stop = Stop()

    async def run() -> Outcome:
        loop = asyncio.get_running_loop()

        def interrupt() -> None:
            stop.now("interrupted", interrupted=True)
            loop.remove_signal_handler(signal.SIGINT)
            say("Interrupted: finishing the calls in flight; once more leaves at once.")

        loop.add_signal_handler(signal.SIGINT, interrupt)
        with writing(no_color) as watcher:
            return await work(watcher, stop)

    try:
        return asyncio.run(run())
    except KeyboardInterrupt:
        return None


def report(
    outcome: Outcome | None, output_format: str, no_color: bool, *, quiet: bool = False
) -> Exit:
    """Say what became of an apply; `quiet` where there was nothing to do and text says so."""
    if outcome is None:
        say(
            "Interrupted at once: what was sent is in the journal. `reconciler resume` settles it "
            "by reading, and finishes the rest."
        )
        return Exit.INTERRUPTED
    as_text = output_format == "text"
    if not (as_text and quiet):
        text = outcome_report(outcome, output_format, painter(no_color))
        click.echo(("\n" if as_text else "") + text)
    return outcome.exit_code
