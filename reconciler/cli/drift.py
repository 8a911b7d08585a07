"""`reconciler drift`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.options import all_option, options_from, reading_options
from reconciler.cli.running import runner
from reconciler.errors import Exit, UsageError

if TYPE_CHECKING:
    from reconciler.workflow import Adopted, Planned


@click.command("drift")
@reading_options
@all_option
@click.option(
    "--adopt",
    is_flag=True,
    help="Write what is live into the YAML; exit 2 only where something is left.",
)
def command(
    path: Path,
    output_format: str,
    no_color: bool,
    verbose: bool,
    every: bool,
    adopt: bool,
    **given: Any,
) -> Exit:
    """Compare the account with the YAML; exit 2 on any difference. Only reads.

    With --adopt the YAML takes over what is live, at the lines that declare it: comments and order
    stay. The account is never written to.
    """
    from reconciler import workflow
    from reconciler.cli.planned import explain_reads, show_plan, warn
    from reconciler.cli.progress import reading
    from reconciler.cli.terminal import painter

    options = options_from(given)
    if adopt:
        _refuse_what_does_not_go_with_it(output_format, every=every)
    if every:
        from reconciler.cli.several import How, refuse_what_is_for_one
        from reconciler.cli.severalplans import compare

        refuse_what_is_for_one(output_format)
        return compare(path, options, How("drift", output_format, no_color, verbose), _judge)
    with reading(no_color, output_format) as progress:
        planned = runner(given)(workflow.drift(path, options, progress))
    warn(planned, would_apply=False)
    if verbose:
        explain_reads(planned)
    if adopt:
        return _show(workflow.adopt_drift(path, planned), output_format, no_color)
    show_plan(planned, output_format, painter(no_color), drift=True)
    return _judge(planned)


def _judge(planned: Planned) -> Exit:
    return Exit.CHANGES if planned.plan.has_drift else Exit.OK


def _refuse_what_does_not_go_with_it(output_format: str, *, every: bool) -> None:
    if output_format not in _ADOPTING:
        raise UsageError(f"--adopt reports as {' or '.join(_ADOPTING)}")
    if every:
        raise UsageError("--adopt is for one project: name it, or run it in each")


_ADOPTING = ("text", "json")


def _show(adopted: Adopted, output_format: str, no_color: bool) -> Exit:
    from reconciler.cli.terminal import painter, say
    from reconciler.core.rules import EMERGENCY_ENABLED
    from reconciler.report.adopted import adopted_json, adopted_text
    from reconciler.report.grouping import examples

    off = [
        each.phone_number
        for each in adopted.fields
        if each.path == EMERGENCY_ENABLED and each.after is False
    ]
    if off:
        say(f"warning: the YAML now says that emergency service is off: {examples(off)}")
    as_json = output_format == "json"
    click.echo(adopted_json(adopted) if as_json else adopted_text(adopted, painter(no_color)))
    return Exit.OK if adopted.converged else Exit.CHANGES
