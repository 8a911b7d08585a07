"""GitHub Actions: workflow commands on stdout, the job summary and the outputs in their files."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

import click

from reconciler.cli.repository import repository_path
from reconciler.cli.terminal import say
from reconciler.core.declared_diff import Comparison
from reconciler.core.outcome import Outcome
from reconciler.core.plan import Plan
from reconciler.errors import InputError, Problem, ReconcilerError
from reconciler.report import github
from reconciler.report.diffmarkdown import diff_markdown
from reconciler.report.difftext import diff_text
from reconciler.report.markdown import plan_markdown
from reconciler.report.markdownoutcome import outcome_markdown
from reconciler.report.markdownproblems import failure_markdown, problems_markdown
from reconciler.report.text import drift_text, outcome_text, plan_text
from reconciler.report.view import View

_SUMMARY_BYTES = 1024 * 1024
"""The most that GitHub takes of one step."""


def publish_plan(plan: Plan, view: View) -> None:
    """A plan or a drift: risks at their lines, the report, summary and outputs."""
    text = (drift_text if view.drift else plan_text)(plan, reads=view.reads)
    _print(github.plan_annotations(plan, view), text)
    _summarize(plan_markdown(plan, view))
    _put_out(github.plan_outputs(plan, view))


def publish_outcome(outcome: Outcome, project: str) -> None:
    """What became of an apply; `project` as in a View."""
    _print(github.outcome_annotations(outcome), outcome_text(outcome))
    _summarize(outcome_markdown(outcome, project))
    _put_out(github.outcome_outputs(outcome))


def publish_diff(comparison: Comparison) -> None:
    """What a branch changes in the YAML."""
    _print(github.diff_annotations(comparison), diff_text(comparison))
    _summarize(diff_markdown(comparison))
    _put_out(github.diff_outputs(comparison))


def publish_valid(warnings: tuple[Problem, ...], declared: int, text: str) -> None:
    """A project without an error."""
    _print(github.problem_annotations((), warnings), text)
    _summarize(problems_markdown((), warnings, declared))


def publish_text(text: str) -> None:
    """What is said beside an error that is published on its own."""
    _print((), text)


def publish_several(
    annotations: Iterable[github.Annotation], text: str, markdown: str, values: dict[str, str]
) -> None:
    """What became of several projects, as one step."""
    _print(annotations, text)
    _summarize(markdown)
    _put_out(values)


def publish_error(error: ReconcilerError) -> None:
    """What stopped a command; stderr says it too."""
    if isinstance(error, InputError):
        found = list(github.problem_annotations(error.problems, error.warnings))
        _summarize(problems_markdown(error.problems, error.warnings))
    else:
        found = [github.Annotation("error", "reconciler", str(error))]
        _summarize(failure_markdown(str(error)))
    _print(found, "")


def _print(annotations: Iterable[github.Annotation], text: str) -> None:
    lines = github.annotation_lines(annotations, repository_path())
    if text:
        lines.append(github.guarded(text, _token()))
    if lines:
        click.echo("\n".join(lines))


def _summarize(markdown: str) -> None:
    _append("GITHUB_STEP_SUMMARY", markdown + "\n", _SUMMARY_BYTES)


def _put_out(values: dict[str, str]) -> None:
    _append("GITHUB_OUTPUT", github.outputs(values, _token()))


def _append(variable: str, text: str, most: int | None = None) -> None:
    """Add to the file that an environment variable names. That it cannot be is said, but is no
    failure: what the command was asked for is done."""
    name = os.environ.get(variable)
    if not name:
        return
    data = text.encode(errors="backslashreplace")
    try:
        with Path(name).open("ab") as file:
            if most is None or file.tell() + len(data) <= most:
                file.write(data)
            else:
                say(f"warning: no room is left in ${variable}: the report above is whole")
    except OSError as error:
        say(f"warning: ${variable} cannot be written: {error.strerror}")


def _token() -> str:
    return secrets.token_hex(16)
