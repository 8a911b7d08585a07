"""`reconciler diff`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reconciler.cli.options import comparing_options, path_argument, scope_from
from reconciler.errors import Exit, InputError


@click.command("diff")
@click.argument("base", metavar="BASE")
@click.argument("head", metavar="[HEAD]", default="HEAD")
@path_argument
@click.option("--direct", is_flag=True, help="Compare with BASE itself, wherever HEAD left it.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when anything changes.")
@comparing_options
def command(
    base: str,
    head: str,
    path: Path,
    direct: bool,
    detailed_exitcode: bool,
    output_format: str,
    no_color: bool,
    **given: Any,
) -> Exit:
    """Show what HEAD changes in the declared state since it left BASE, as a pull request would.

    BASE and HEAD are revisions of Git, such as main, v1.2 or HEAD~3; HEAD is HEAD if it is not
    named. Both are read from Git's objects: no checkout, no key, no network; what is not committed
    does not count. Layers are resolved, so that a line of a group shows on all its numbers. With
    --target, --tag or --only the settings of the project are not compared.
    """
    from reconciler import workflow  # see cli/__init__
    from reconciler.cli.github import publish_diff
    from reconciler.cli.terminal import painter, say
    from reconciler.core.text import neutral
    from reconciler.report.formats import diff_report

    try:
        found = workflow.diff_revisions(base, head, path, scope_from(given), direct=direct)
    except InputError:
        say(f"{neutral(head)} does not validate, as it is committed:")
        raise
    if output_format == "github":
        publish_diff(found)
    else:
        click.echo(diff_report(found, output_format, painter(no_color)))
    return Exit.CHANGES if detailed_exitcode and found.has_changes else Exit.OK
