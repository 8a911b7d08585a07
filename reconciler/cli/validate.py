"""`reconciler validate`."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.options import all_option, format_of, path_argument
from reconciler.errors import Exit, InputError


@click.command("validate")
@path_argument
@click.option("--secrets", is_flag=True, help="Also check that every secret can be read here.")
@all_option
@format_of("text", "json", "github")
def command(path: Path, secrets: bool, every: bool, output_format: str) -> Exit:
    """Check the YAML at PATH, offline, and report every error at once."""
    from reconciler import workflow  # see cli/__init__
    from reconciler.report.validity import invalid_document, valid_document, valid_text

    if every:
        from reconciler.cli.severalvalid import validate

        return validate(path, output_format, secrets=secrets)
    try:
        project = workflow.load(path)
        if secrets:
            workflow.check_secrets(project)
    except InputError as error:
        if output_format != "json":
            raise
        _echo_json(invalid_document(error.problems))
        return Exit.ERROR
    desired = project.desired
    if output_format == "json":
        _echo_json(valid_document(desired, project.digest))
        return Exit.OK
    text = valid_text(desired)
    if output_format == "github":
        from reconciler.cli.github import publish_valid

        publish_valid(desired.warnings, len(desired.numbers), text)
        return Exit.OK
    for warning in desired.warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(text)
    return Exit.OK


def _echo_json(document: object) -> None:
    from reconciler.report.jsonreport import json_text

    click.echo(json_text(document))
