"""`reconciler validate`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.options import format_of, path_argument
from reconciler.core.hints import quoted
from reconciler.errors import Exit, InputError, Problem
from reconciler.report.words import count

if TYPE_CHECKING:
    from reconciler.workflow.validating import Left, Validated


@click.command("validate")
@path_argument
@click.option("--secrets", is_flag=True, help="Also check that every secret can be read here.")
@format_of("text", "json", "github")
def command(path: Path, secrets: bool, output_format: str) -> Exit:
    """Check the YAML at PATH, offline, and report every error at once."""
    from reconciler import workflow

    try:
        found = workflow.validate(path, secrets=secrets)
    except InputError as error:
        if output_format != "json":
            raise
        _echo(_report(error.problems))
        return Exit.ERROR
    declared = len(found.project.desired.numbers)
    if output_format == "json":
        _echo(_report((), found))
        return Exit.OK
    text = "\n".join([f"Valid: {count(declared, 'number')} declared.", *map(_left, found.left)])
    if output_format == "github":
        from reconciler.cli.github import publish_valid  # see cli/__init__

        publish_valid(found.warnings, declared, text)
        return Exit.OK
    for warning in found.warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(text)
    return Exit.OK


def _report(problems: Sequence[Problem], found: Validated | None = None) -> dict[str, Any]:
    return {
        "valid": not problems,
        "numbers": len(found.project.desired.numbers) if found else 0,
        # Of the YAML, as `source.digest` of a plan: whether a plan was made from just this.
        "digest": found.project.digest if found else "",
        "errors": [_as_json(problem) for problem in problems],
        "warnings": [_as_json(warning) for warning in (found.warnings if found else ())],
        "left_to_plan": [asdict(each) for each in (found.left if found else ())],
    }


def _echo(report: dict[str, Any]) -> None:
    click.echo(json.dumps(report, indent=2, ensure_ascii=False))


def _left(each: Left) -> str:
    """What plan has to judge, for the account knows more than the YAML."""
    numbers = count(each.numbers, "number")
    return f"Left to plan: policy {quoted(each.policy)} on {numbers} ({', '.join(each.unknown)})."


def _as_json(problem: Problem) -> dict[str, object]:
    return {
        "path": problem.path,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
    }
