"""`reconciler fetch`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from reconciler.cli.options import network_options
from reconciler.cli.running import run
from reconciler.errors import Exit


@click.command("fetch")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="Where to write the snapshot; - for stdout.",
)
@network_options
def command(output: Path, max_wait: float | None, concurrency: int | None) -> Exit:
    """Snapshot the live account, for --live and for looking at. PINs are left out.

    The account is that of the project in or above this directory, or of the environment.
    """
    from reconciler import workflow
    from reconciler.cli.progress import reading
    from reconciler.cli.terminal import say
    from reconciler.files.output import check_output, write_whole

    options = workflow.Options(max_wait=max_wait, concurrency=concurrency)
    to_stdout = str(output) == "-"
    if not to_stdout:
        check_output(output)
    with reading() as progress:
        snapshot = run(workflow.fetch_everything(options, progress))
    data = workflow.snapshot_json(snapshot)
    if to_stdout:
        sys.stdout.buffer.write(data)
    else:
        write_whole(output, data)
    for listing in snapshot.listings:
        if listing.refused:
            say(f"warning: {listing.listing} could not be read: {listing.refused}")
    where = "" if to_stdout else f" into {output}"
    say(f"{len(snapshot.numbers):,} numbers{where} ({snapshot.reads:,} reads, no writes).")
    return Exit.OK
