"""`reconciler drift`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.options import all_option, options_from, reading_options
from reconciler.cli.running import run
from reconciler.errors import Exit

if TYPE_CHECKING:
    from reconciler.workflow import Planned


@click.command("drift")
@reading_options
@all_option
def command(
    path: Path, output_format: str, no_color: bool, verbose: bool, every: bool, **given: Any
) -> Exit:
    """Compare the account with the YAML; exit 2 on any difference. Only reads."""
    from reconciler import workflow
    from reconciler.cli.planned import explain_reads, show_plan, warn
    from reconciler.cli.progress import reading
    from reconciler.cli.terminal import painter

    options = options_from(given)
    if every:
        from reconciler.cli.several import How, refuse_what_is_for_one
        from reconciler.cli.severalplans import compare

        refuse_what_is_for_one(output_format)
        return compare(path, options, How("drift", output_format, no_color, verbose), _judge)
    with reading(no_color, output_format) as progress:
        planned = run(workflow.drift(path, options, progress))
    warn(planned, would_apply=False)
    if verbose:
        explain_reads(planned)
    show_plan(planned, output_format, painter(no_color), drift=True)
    return _judge(planned)


def _judge(planned: Planned) -> Exit:
    return Exit.CHANGES if planned.plan.has_drift else Exit.OK
