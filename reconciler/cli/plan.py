"""`reconciler plan`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.options import all_option, options_from, reading_options
from reconciler.cli.running import runner
from reconciler.errors import Exit

if TYPE_CHECKING:
    from reconciler.workflow import Planned


@click.command("plan")
@reading_options
@all_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Save the plan, for `apply FILE` and `show FILE`.",
)
@click.option(
    "--detailed-exitcode",
    is_flag=True,
    help="Exit 2 when there are changes, pending or withheld, or a policy is broken.",
)
@click.option(
    "--show-unmanaged",
    is_flag=True,
    help="List the live numbers that nobody declares.",
)
def command(
    path: Path,
    output_format: str,
    no_color: bool,
    verbose: bool,
    every: bool,
    out: Path | None,
    detailed_exitcode: bool,
    **given: Any,
) -> Exit:
    """Show what apply would do to the account. Only reads: it cannot send a write.

    \b
    reconciler plan --out plan.json              to be reviewed, and applied as it is
    reconciler plan --tag support --only voice   some of the numbers, a part of each
    reconciler plan teams --all                  every project below a directory
    """
    from reconciler import workflow
    from reconciler.cli.planned import explain_reads, show_plan, show_unmanaged, warn
    from reconciler.cli.progress import reading
    from reconciler.cli.terminal import painter, say
    from reconciler.files.output import check_not_read, check_output

    def judge(planned: Planned) -> Exit:
        found = planned.plan.has_changes or planned.plan.has_findings
        return Exit.CHANGES if detailed_exitcode and found else Exit.OK

    options = options_from(given)
    if every:
        from reconciler.cli.several import How, refuse_what_is_for_one
        from reconciler.cli.severalplans import compare

        refuse_what_is_for_one(output_format, out=out)
        return compare(path, options, How("plan", output_format, no_color, verbose), judge)
    if out is not None:
        check_output(out)
        check_not_read(out, given["live"])
    with reading(no_color, output_format) as progress:
        planned = runner(given)(workflow.plan(path, options, progress))
    if out is not None:
        check_not_read(out, *planned.secret_files)
    warn(planned)
    if verbose:
        explain_reads(planned)
    show_plan(planned, output_format, painter(no_color))
    if given["show_unmanaged"]:
        show_unmanaged(planned, output_format)
    if out is not None:
        digest = workflow.save_plan(planned.plan, out)
        say(f"Saved as {out} ({digest}). To carry out exactly this plan: reconciler apply {out}")
    return judge(planned)
