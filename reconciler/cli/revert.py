"""`reconciler revert`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reconciler.cli.options import options_from, reverting_options
from reconciler.cli.running import run
from reconciler.errors import Exit


@click.command("revert")
@click.argument("journal", type=click.Path(path_type=Path), metavar="JOURNAL")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="Where to save the plan, for `apply FILE`.",
)
@reverting_options
def command(
    journal: Path, out: Path, output_format: str, no_color: bool, verbose: bool, **given: Any
) -> Exit:
    """Write the plan that undoes what the apply of JOURNAL changed. Only reads.

    What cannot be undone is listed on stderr: a number given back, a PIN, what was changed again.
    """
    from reconciler import workflow  # see cli/__init__
    from reconciler.cli.planned import explain_reads, show_plan, warn
    from reconciler.cli.progress import reading
    from reconciler.cli.terminal import painter, say
    from reconciler.files.output import check_not_read, check_output
    from reconciler.report.text import left_lines

    check_output(out)
    check_not_read(out, journal)
    with reading(no_color, output_format) as progress:
        found = workflow.open_journal(journal)
        reverted = run(workflow.revert(found, options_from(given), progress))
    warn(reverted.planned)
    if verbose:
        explain_reads(reverted.planned)
    show_plan(reverted.planned, output_format, painter(no_color))
    for line in left_lines("cannot be undone", reverted.left):
        say(line)
    digest = workflow.save_plan(reverted.planned.plan, out)
    say(f"Saved as {out} ({digest}). To carry out exactly this plan: reconciler apply {out}")
    return Exit.OK
