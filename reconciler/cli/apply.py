"""`reconciler apply`."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.options import options_from, writing_options
from reconciler.errors import Exit, NotSupportedYetError, SafetyError, UsageError

if TYPE_CHECKING:
    from reconciler.core.outcome import Outcome
    from reconciler.workflow import Options, Planned


@click.command("apply")
@writing_options
@click.option("--auto-approve", is_flag=True, help="Do not ask first.")
def command(
    path: Path,
    output_format: str,
    no_color: bool,
    verbose: bool,
    auto_approve: bool,
    **given: Any,
) -> Exit:
    """Make the account what the YAML at PATH declares, and read every change back.

    Shows the plan and asks first.
    """
    from reconciler import workflow
    from reconciler.cli.planned import explain_reads, warn
    from reconciler.cli.terminal import painter, reading, say
    from reconciler.report.formats import outcome_report
    from reconciler.report.text import plan_text

    if path.suffix == ".json":
        raise NotSupportedYetError("applying a saved plan is not supported yet")
    if not auto_approve and (sys.stdin is None or not sys.stdin.isatty()):
        raise UsageError("apply asks first, but this is no terminal: add --auto-approve")
    options = options_from(given)
    paint = painter(no_color)
    with reading(no_color) as progress:
        planned = asyncio.run(workflow.plan(path, options, progress))
    if planned.refusals:
        raise SafetyError("nothing was written: " + "; ".join(planned.refusals))
    warn(planned)
    if verbose:
        explain_reads(planned)
    as_text = output_format == "text"
    # Otherwise stdout is for the outcome alone.
    click.echo(plan_text(planned.plan, reads=planned.reads, paint=paint), err=not as_text)
    if planned.plan.operations and not auto_approve and not _approved():
        say("Nothing was written.")
        return Exit.ERROR
    try:
        outcome = _run(planned, options, no_color)
    except KeyboardInterrupt:
        say(
            "Interrupted at once: some changes may have been written and none was read back. "
            "Run `reconciler plan` to see what is left, `reconciler jobs list` what still runs."
        )
        return Exit.INTERRUPTED
    if not as_text or planned.plan.operations:
        click.echo(("\n" if as_text else "") + outcome_report(outcome, output_format, paint))
    return outcome.exit_code


def _approved() -> bool:
    click.echo("\nApply these changes to the account? Only 'yes' is taken for a yes.", err=True)
    answer: str = click.prompt(">", prompt_suffix=" ", default="", show_default=False, err=True)
    return answer.strip() == "yes"


def _run(planned: Planned, options: Options, no_color: bool) -> Outcome:
    """Apply, with Ctrl-C asking to finish what is in flight; a second one leaves at once."""
    from reconciler import workflow
    from reconciler.apply import Stop
    from reconciler.cli.terminal import say, writing

    stop = Stop()

    async def run() -> Outcome:
        loop = asyncio.get_running_loop()

        def interrupt() -> None:
            stop.now("interrupted", interrupted=True)
            loop.remove_signal_handler(signal.SIGINT)
            say("Interrupted: finishing the calls in flight; once more leaves at once.")

        loop.add_signal_handler(signal.SIGINT, interrupt)
        with writing(no_color) as watcher:
            return await workflow.apply(planned, options, watcher, stop)

    return asyncio.run(run())
