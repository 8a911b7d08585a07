"""`reconciler explain`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reconciler.cli.options import explaining_options, options_from
from reconciler.cli.running import run
from reconciler.errors import Exit


@click.command("explain")
@click.argument("number", metavar="NUMBER")
@explaining_options
def command(number: str, path: Path, output_format: str, no_color: bool, **given: Any) -> Exit:
    """Show what is declared of one NUMBER, by which lines of the YAML, and what is live.

    The winning layer is marked with a star. The account is read when a key is set; --live takes a
    snapshot instead.
    """
    from reconciler import workflow  # see cli/__init__
    from reconciler.cli.terminal import painter
    from reconciler.report.explained import explained_json, explained_text
    from reconciler.report.jsonreport import json_text

    found = run(workflow.explain_number(number, path, options_from(given)))
    if output_format == "json":
        click.echo(json_text(explained_json(found)))
    else:
        click.echo(explained_text(found, paint=painter(no_color)))
    return Exit.OK
