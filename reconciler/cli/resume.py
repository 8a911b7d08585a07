"""`reconciler resume`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reconciler.cli.options import options_from, resuming_options
from reconciler.core.text import neutral
from reconciler.errors import Exit


@click.command("resume")
@click.argument("journal", required=False, type=click.Path(path_type=Path), metavar="[JOURNAL]")
@resuming_options
def command(journal: Path | None, output_format: str, no_color: bool, **given: Any) -> Exit:
    """Finish an interrupted apply from its JOURNAL (the newest unfinished one).

    What is unknown is settled by reading; nothing is sent that the plan does not hold.
    """
    from reconciler import workflow  # see cli/__init__
    from reconciler.cli.carry import carry_out, report

    options = options_from(given)
    found = workflow.open_journal(journal) if journal else workflow.newest_unfinished()
    if found.history.finished:
        return _nothing_to_do(found.path, found.history.ended)
    root = workflow.project_of(found.path)
    with workflow.one_apply_in(root, options):
        # Somebody may have gone on with it until the lock was ours.
        found = workflow.open_journal(found.path)
        if found.history.finished:
            return _nothing_to_do(found.path, found.history.ended)
        outcome = carry_out(
            lambda watcher, stop: workflow.resume(found, options, watcher, stop),
            no_color,
            output_format,
        )
    return report(outcome, output_format, no_color, root=root)


def _nothing_to_do(path: Path, ended: Exit) -> Exit:
    """Its outcome stands: what failed or was withheld then is no success now."""
    from reconciler.cli.terminal import say

    text = f"{neutral(str(path))} is finished: nothing was sent."
    if ended is not Exit.OK:
        text += f" It ended with exit code {ended}; for what is left now: reconciler plan"
    say(text)
    return ended
