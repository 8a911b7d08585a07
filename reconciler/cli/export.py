"""`reconciler export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.options import exporting_options, options_from
from reconciler.cli.running import run
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
@click.option("--csv", is_flag=True, help="Numbers as CSV sheets that the YAML names.")
@click.option(
    "--aliases", is_flag=True, help="Aliases for ids, by the names of connections and profiles."
)
@exporting_options
def command(
    output: Path | None, into: Path | None, by: str | None, csv: bool, aliases: bool, **given: Any
) -> Exit:
    """Write the live account as YAML, shared settings in groups. `plan` then says no changes.

    Without -o and --into it goes to stdout, as one file (with --csv, one sheet). PINs are left
    out. The account is the one of the project in DIR with --into, else that of the project in or
    above this directory, or of the environment.
    """
    from reconciler import workflow  # see cli/__init__
    from reconciler.cli.progress import reading
    from reconciler.cli.terminal import say

    if output and into:
        raise UsageError("-o makes a new project, --into adds to one: give one of them")
    if csv and aliases and not (output or into):
        raise UsageError("a sheet by itself has no place for aliases: give -o or --into")
    if output:
        _check_empty(output)
    manner = workflow.Manner(by or "", csv, aliases)
    options = options_from(given)
    base = workflow.open_base(into) if into else None
    with reading() as progress:
        snapshot = run(workflow.snapshot_for_export(options, base, progress))
    if base:
        made = workflow.export_into(base, snapshot, options.scope, manner)
    else:
        account = workflow.account_for_export(options)
        made = workflow.export_new(
            snapshot, options.scope, manner, one_file=not output, account=account
        )
    for listing in snapshot.listings:
        if listing.refused:
            say(f"warning: its fields are left out: {listing.refused}")
    _tell_left_out(made)
    _write(made, output or into)
    return Exit.OK


def _check_empty(output: Path) -> None:
    if output.is_symlink():
        raise UsageError(f"{output}: is a symbolic link; name the directory itself")
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise UsageError(f"{output}: is there and not empty; --into adds to a project")


def _tell_left_out(made: Export) -> None:
    """One line a reason: it may be the same for thousands."""
    from reconciler.cli.terminal import say  # see cli/__init__
    from reconciler.core.text import neutral
    from reconciler.report.grouping import examples

    reasons: dict[str, list[str]] = {}
    for number, why in made.left_out.items():
        reasons.setdefault(why, []).append(number)
    for why, numbers in reasons.items():
        verb = "is" if len(numbers) == 1 else "are"
        say(f"warning: {neutral(f'{examples(numbers)} {verb} left out: {why}')}")


def _write(made: Export, directory: Path | None) -> None:
    from reconciler.cli.terminal import say  # see cli/__init__
    from reconciler.files.output import write_project

    if directory is None:
        click.echo(made.files[""].encode(), nl=False)
    else:
        write_project(directory, made.files)
        for name in made.files:
            say(f"wrote {directory / name}")
    nothing = ": there is nothing to add" if not made.files else ""
    what = "number" if made.numbers == 1 else "numbers"
    say(f"{made.numbers:,} {what} ({made.snapshot.reads:,} reads, no writes){nothing}.")
