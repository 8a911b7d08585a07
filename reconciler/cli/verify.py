"""`reconciler verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reconciler.cli.options import asking_options, options_from
from reconciler.cli.running import run
from reconciler.errors import Exit


@click.command("verify")
@asking_options
def command(path: Path, output_format: str, **given: Any) -> Exit:
    """Ask the API which declared numbers the account owns and may edit. Only reads.

    Exit 5 when some are not owned, or cannot be edited now.
    """
    from reconciler import workflow  # see cli/__init__
    from reconciler.cli.planned import warn_unmatched
    from reconciler.report.jsonreport import json_text
    from reconciler.report.verified import verified_json, verified_text

    found = run(workflow.verify(path, options_from(given)))
    warn_unmatched(found.unmatched)
    if output_format == "json":
        click.echo(json_text(verified_json(found)))
    else:
        click.echo(verified_text(found))
    return Exit.INCOMPLETE if found.not_owned or found.not_editable else Exit.OK
