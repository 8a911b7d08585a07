"""`reconciler drift`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reconciler.cli.options import options_from, reading_options
from reconciler.cli.running import run
from reconciler.errors import Exit, SafetyError


@click.command("drift")
@reading_options
def command(path: Path, output_format: str, no_color: bool, verbose: bool, **given: Any) -> Exit:
    """Compare the account with the YAML; exit 2 on any difference. Only reads."""
    from reconciler import workflow
    from reconciler.cli.planned import explain_reads, show_plan, warn
    from reconciler.cli.terminal import painter, reading
    from reconciler.core.policy import EMPTY_ACCOUNT, rule_of

    with reading(no_color) as progress:
        planned = run(workflow.drift(path, options_from(given), progress))
    if empty := [each for each in planned.refusals if rule_of(each) == EMPTY_ACCOUNT]:
        # Every number gone at once is no drift to report, but the wrong key.
        raise SafetyError(empty[0])
    warn(planned, would_apply=False)
    if verbose:
        explain_reads(planned)
    show_plan(planned, output_format, painter(no_color), drift=True)
    return Exit.CHANGES if planned.plan.has_drift else Exit.OK
