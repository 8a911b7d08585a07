"""`reconciler export`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.options import exporting_options, options_from
from reconciler.errors import Exit, UsageError

if TYPE_CHECKING:
    from reconciler.workflow import Export


@click.command("export")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write a new project into DIR, which must be empty or not there.",
)
@click.option(
    "--into",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="Add what the project in DIR does not declare, in new files; change none that is there.",
)
@click.option(
    "--split",
    "by",
    type=click.Choice(["tag", "country", "connection"]),
    help="A file for each tag, country or connection (one for all).",
)
@exporting_options
def command(output: Path | None, into: Path | None, by: str | None, **given: Any) -> Exit:
    """Write the live account as YAML, shared settings in groups. `plan` then says no changes.

    Without -o and --into it goes to stdout, as one file. PINs are left out.
    """
    from reconciler import workflow  # see cli/__init__
    from reconciler.cli.terminal import reading, say

    if output and into:
        raise UsageError("-o makes a new project, --into adds to one: give one of them")
    if output and output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise UsageError(f"{output}: is there and not empty; --into adds to a project")
    options = options_from(given)
    with reading() as progress:
        snapshot = asyncio.run(workflow.snapshot_for_export(options, progress))
    if into:
        made = workflow.export_into(into, snapshot, options.scope, by or "")
    else:
        made = workflow.export_new(snapshot, options.scope, by or "", one_file=not output)
    for listing in snapshot.listings:
        if listing.refused:
            say(f"warning: its fields are left out: {listing.refused}")
    for number, why in made.left_out.items():
        say(f"warning: {number} is left out: {why}")
    _write(made, output or into)
    return Exit.OK


def _write(made: Export, directory: Path | None) -> None:
    from reconciler.cli.terminal import say  # see cli/__init__
    from reconciler.files.output import write_project

    if directory is None:
        click.echo(made.files[""], nl=False)
        return
    write_project(directory, made.files)
    for name in made.files:
        say(f"wrote {directory / name}")
    say(f"{made.numbers:,} numbers ({made.snapshot.reads:,} reads, no writes).")
