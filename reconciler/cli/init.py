"""`reconciler init`."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.errors import Exit, UsageError


@click.command("init")
@click.argument("directory", default=".", type=click.Path(path_type=Path), metavar="[DIR]")
def command(directory: Path) -> Exit:
    """Write a commented starter project into DIR. Nothing that is there is touched."""
    from reconciler.cli.terminal import say  # see cli/__init__
    from reconciler.core.starter import starter
    from reconciler.files.output import write_project

    files = starter()
    there = [name for name in files if (directory / name).exists()]
    if there:
        raise UsageError(
            f"{directory}: nothing was written, for this is there already: " + ", ".join(there)
        )
    write_project(directory, files)
    for name in files:
        say(f"wrote {directory / name}")
    say(
        "Next: reconciler validate; with TELNYX_API_KEY set, reconciler export --into "
        f"{directory} adds the live numbers, and reconciler plan should say no changes."
    )
    return Exit.OK
