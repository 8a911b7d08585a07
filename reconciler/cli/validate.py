"""`reconciler validate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from reconciler.cli.options import all_option, format_of, path_argument
from reconciler.errors import Exit, InputError, Problem


@click.command("validate")
@path_argument
@click.option("--secrets", is_flag=True, help="Also check that every secret can be read here.")
@all_option
@format_of("text", "json", "github")
def command(path: Path, secrets: bool, every: bool, output_format: str) -> Exit:
    """Check the YAML at PATH, offline, and report every error at once."""
    from reconciler import workflow  # see cli/__init__
    from reconciler.report.validity import (
        invalid_document,
        left_lines,
        valid_document,
        valid_text,
    )

    if every:
        from reconciler.cli.severalvalid import validate

        return validate(path, output_format, secrets=secrets)
    try:
        found = workflow.validate(path, secrets=secrets)
    except InputError as error:
        left = error.left if isinstance(error, workflow.InvalidError) else ()
        if output_format == "json":
            _echo_json(invalid_document(error.problems, error.warnings, left))
            return Exit.ERROR
        _echo_beside(error.warnings, left_lines(left), output_format)
        raise
    desired, warnings = found.project.desired, found.warnings
    if output_format == "json":
        _echo_json(valid_document(desired, found.project.digest, warnings, found.left))
        return Exit.OK
    text = "\n".join([valid_text(desired), *left_lines(found.left)])
    if output_format == "github":
        from reconciler.cli.github import publish_valid

        publish_valid(warnings, len(desired.numbers), text)
        return Exit.OK
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(text)
    return Exit.OK


def _echo_beside(warnings: Sequence[Problem], left: Sequence[str], output_format: str) -> None:
    """What is to be said of a project besides its errors."""
    if output_format == "github":
        from reconciler.cli.github import publish_text

        publish_text("\n".join(left))
        return
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    for line in left:
        click.echo(line)


def _echo_json(document: object) -> None:
    from reconciler.report.jsonreport import json_text

    click.echo(json_text(document))
