"""`reconciler drift`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.options import options_from, reading_options
from reconciler.cli.running import run
from reconciler.errors import Exit, SafetyError, UsageError

if TYPE_CHECKING:
    from reconciler.workflow import Adopted


@click.command("drift")
@reading_options
@click.option(
    "--adopt",
    is_flag=True,
    help="Write what is live into the YAML; exit 2 only where something is left.",
)
def command(
    path: Path, output_format: str, no_color: bool, verbose: bool, adopt: bool, **given: Any
) -> Exit:
    """Compare the account with the YAML; exit 2 on any difference. Only reads.

    With --adopt the YAML takes over what is live, where it is declared: comments and order stay,
    and nothing is ever written to the account.
    """
    from reconciler import workflow
    from reconciler.cli.planned import explain_reads, show_plan, warn
    from reconciler.cli.terminal import painter, reading

    if adopt and output_format not in _ADOPTING:
        raise UsageError(f"--adopt reports as {' or '.join(_ADOPTING)}")
    with reading(no_color) as progress:
        planned = run(workflow.drift(path, options_from(given), progress))
    if empty := [each for each in planned.refusals if "empty account" in each]:
        # Every number gone at once is no drift to report, but the wrong key.
        raise SafetyError(empty[0])
    warn(planned, would_apply=False)
    if verbose:
        explain_reads(planned)
    if adopt:
        return _show(workflow.adopt_drift(path, planned), output_format, no_color)
    show_plan(planned, output_format, painter(no_color), drift=True)
    return Exit.CHANGES if planned.plan.has_drift else Exit.OK


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
