"""`reconciler emergency`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reconciler.cli.options import covering_options, options_from
from reconciler.cli.running import run
from reconciler.errors import Exit


@click.command("emergency")
@covering_options
@click.option("--unmanaged", is_flag=True, help="List the numbers that nobody declares as well.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when a number is without service.")
def command(
    path: Path, output_format: str, unmanaged: bool, detailed_exitcode: bool, **given: Any
) -> Exit:
    """List the numbers without active emergency service, and the address each has. Only reads."""
    from reconciler import workflow  # see cli/__init__
    from reconciler.cli.planned import warn_unmatched
    from reconciler.cli.progress import reading
    from reconciler.report.coverage import coverage_csv, coverage_json, coverage_text
    from reconciler.report.jsonreport import json_text

    with reading(output_format=output_format) as progress:
        found = run(workflow.coverage(path, options_from(given), progress))
    warn_unmatched(found.unmatched)
    if not found.is_about_declared:
        unmanaged = True
    match output_format:
        case "json":
            click.echo(json_text(coverage_json(found)))
        case "csv":
            click.echo(coverage_csv(found, unmanaged=unmanaged), nl=False)
        case _:
            click.echo(coverage_text(found, unmanaged=unmanaged))
    listed = (*found.declared, *(found.unmanaged if unmanaged else ()))
    return Exit.CHANGES if detailed_exitcode and listed else Exit.OK
