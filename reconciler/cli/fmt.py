"""`reconciler fmt`."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.options import path_argument
from reconciler.cli.terminal import say
from reconciler.errors import Exit


@click.command("fmt")
@path_argument
@click.option("--check", is_flag=True, help="Write nothing; exit 2 where a file would change.")
def command(path: Path, check: bool) -> Exit:
    """Bring the YAML at PATH into canonical order and quoting, comments kept.

    Prints the names of the files that change. What they declare stays the same; a file that is no
    YAML is an error, and then nothing is written.
    """
    from reconciler import workflow
    from reconciler.report.words import count

    found = workflow.format_files(path, write=not check)
    for name in found.changed:
        click.echo(name)
    changed, one = count(len(found.changed), "file"), len(found.changed) == 1
    say(
        f"{changed} {'would be' if check else 'was' if one else 'were'} brought into form, "
        f"of {found.files:,}"
    )
    return Exit.CHANGES if check and found.changed else Exit.OK
