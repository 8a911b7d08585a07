"""`reconciler validate`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from reconciler.cli.options import format_of, path_argument
from reconciler.errors import Exit, InputError, Problem


@click.command("validate")
@path_argument
@click.option("--secrets", is_flag=True, help="Also check that every secret can be read here.")
@format_of("text", "json", "github")
def command(path: Path, secrets: bool, output_format: str) -> Exit:
    """Check the YAML at PATH, offline, and report every error at once."""
    from reconciler import workflow

    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    declared, digest = 0, ""
    try:
        project = workflow.load(path)
        if secrets:
            workflow.check_secrets(project)
        desired, digest = project.desired, project.digest
        warnings, declared = desired.warnings, len(desired.numbers)
    except InputError as error:
        if output_format != "json":
            raise
        problems = error.problems
    if output_format == "json":
        report = {
            "valid": not problems,
            "numbers": declared,
            # Of the YAML, as `source.digest` of a plan: whether a plan was made from just this.
            "digest": digest,
            "errors": [_as_json(problem) for problem in problems],
            "warnings": [_as_json(warning) for warning in warnings],
        }
        click.echo(json.dumps(report, indent=2, ensure_ascii=False))
        return Exit.ERROR if problems else Exit.OK
    text = f"Valid: {declared:,} number{'s'[: declared != 1]} declared."
    if output_format == "github":
        from reconciler.cli.github import publish_valid  # see cli/__init__

        publish_valid(warnings, declared, text)
        return Exit.OK
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(text)
    return Exit.OK


def _as_json(problem: Problem) -> dict[str, object]:
    return {
        "path": problem.path,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
    }
