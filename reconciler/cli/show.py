"""`reconciler show`."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.options import color_option, plan_format_option
from reconciler.errors import Exit


@click.command("show")
@click.argument("planfile", type=click.Path(path_type=Path), metavar="PLANFILE")
@plan_format_option
@color_option
def command(planfile: Path, output_format: str, no_color: bool) -> Exit:
    """Show a plan that `plan --out` saved, in any format. Needs no key and no network."""
    from reconciler import workflow  # see cli/__init__
    from reconciler.cli.planned import echo_plan, say_refusals
    from reconciler.cli.terminal import painter
    from reconciler.report.view import View

    saved = workflow.load_plan(planfile)
    say_refusals(saved.refusals)
    view = View(refusals=saved.refusals)
    echo_plan(saved, output_format, view, painter(no_color))
    return Exit.OK
