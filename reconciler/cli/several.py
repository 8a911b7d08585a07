"""`--all`: how a command on every project of a tree tells what became of each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import click

from reconciler.cli.github import publish_several
from reconciler.cli.terminal import painter, say
from reconciler.errors import Exit, InputError, ReconcilerError, UsageError, gravest
from reconciler.report import github
from reconciler.report.several import (
    Row,
    error_lines,
    error_markdown,
    error_row,
    heading,
    joined_outputs,
    several_json,
    several_markdown,
    table_text,
)
from reconciler.report.text import Paint, plain
from reconciler.workflow.several import Step, Steps

T = TypeVar("T")
_WITH_SECTIONS = frozenset({"text", "github"})
"""Formats in which each project has a section of text."""
_UNMATCHED = "Nothing here matches --target, --tag and --only."


class Voice(ABC, Generic[T]):
    """How a command tells of one project, by its name; a report is of one that did not fail."""

    @abstractmethod
    def exit_code(self, value: T) -> Exit:
        """What the command on this project alone would exit with."""

    @abstractmethod
    def summary(self, name: str, value: T) -> str:
        """A sentence for the table."""

    @abstractmethod
    def remark(self, name: str, value: T) -> None:
        """Say on stderr what is odd."""

    @abstractmethod
    def text(self, name: str, value: T, paint: Paint) -> str:
        """The report, "" where the table says it all."""

    @abstractmethod
    def result(self, name: str, value: T) -> Any:
        """The report as data for JSON."""

    def error_text(self, error: ReconcilerError) -> str:
        """What is known of a project that failed, besides its error; "" where that is all."""
        del error
        return ""

    def error_result(self, error: ReconcilerError) -> Any:
        """What stands there for a project that failed."""
        return {"error": str(error)}

    @abstractmethod
    def markdown(self, name: str, value: T, limit: int) -> str:
        """The report in Markdown, in `limit` characters; "" where the table says it all."""

    @abstractmethod
    def annotations(self, name: str, value: T) -> Iterator[github.Annotation]:
        """What GitHub shows beside the files."""

    @abstractmethod
    def outputs(self, name: str, value: T) -> dict[str, str]:
        """What later steps of a workflow ask."""


@dataclass(frozen=True, slots=True)
class How:
    """How the user wants it told. `command` is the name of the command."""

    command: str
    output_format: str
    no_color: bool = False
    verbose: bool = False

    @property
    def paint(self) -> Paint:
        """Colour for text that may have it."""
        return painter(self.no_color) if self.output_format == "text" else plain


def refuse_what_is_for_one(output_format: str, **options: object) -> None:
    """UsageError where an option is about one project."""
    if output_format == "html":
        raise UsageError(
            "--format html is a page of one project: name its PATH, without --all, or take "
            "text, json, markdown or github"
        )
    if options.get("out"):
        raise UsageError("--out: a plan file belongs to one project: name its PATH, without --all")
    if options.get("journal"):
        raise UsageError(
            "--journal: a journal belongs to one project: leave it out, and each has its own in "
            ".reconciler below it"
        )


def report(steps: Steps[T], voice: Voice[T], how: How, told: Collection[Path] = ()) -> Exit:
    """Tell what became of every project. The errors of those in `told` have been told already."""
    rows = [_row(each, voice) for each in steps]
    sections = []
    for each in steps:
        text = ""
        if each.error is not None and each.path not in told:
            _say_error(each.name, each.error)
            if how.output_format in _WITH_SECTIONS:
                text = voice.error_text(each.error)
        elif each.value is not None:
            voice.remark(each.name, each.value)
            if how.output_format in _WITH_SECTIONS:
                text = voice.text(each.name, each.value, how.paint)
        if text:
            sections.append(f"{heading(each.name, how.paint)}\n{text}\n")
            if how.output_format == "text":
                click.echo(sections[-1])
    match how.output_format:
        case "json":
            with_results = [_with_result(*each, voice) for each in zip(rows, steps, strict=True)]
            click.echo(several_json(with_results))
        case "markdown":
            click.echo(_markdown(steps, rows, voice, how).rstrip("\n"))
        case "github":
            text = "\n".join([*sections, table_text(rows, plain)])
            publish_several(
                list(_annotations(steps, voice)),
                text,
                _markdown(steps, rows, voice, how),
                _outputs(steps, voice),
            )
        case _:
            click.echo(table_text(rows, how.paint))
    return gravest(each.exit_code for each in rows)


def _say_error(name: str, error: ReconcilerError) -> None:
    for warning in error.warnings if isinstance(error, InputError) else ():
        say(f"warning: {warning}")
    say(error_lines(name, error))


def _row(step: Step[T], voice: Voice[T]) -> Row:
    if step.error is not None:
        return error_row(step.name, step.error)
    if step.value is None:
        return Row(step.name, Exit.OK, _UNMATCHED)
    summary = voice.summary(step.name, step.value)
    return Row(step.name, voice.exit_code(step.value), summary)


def _with_result(row: Row, step: Step[T], voice: Voice[T]) -> Row:
    if step.error is not None:
        return replace(row, result=voice.error_result(step.error))
    result = None if step.value is None else voice.result(step.name, step.value)
    return replace(row, result=result)


def _markdown(steps: Steps[T], rows: Sequence[Row], voice: Voice[T], how: How) -> str:
    def write(step: Step[T], limit: int) -> str:
        if step.error is not None:
            return error_markdown(step.name, step.error)
        return "" if step.value is None else voice.markdown(step.name, step.value, limit)

    return several_markdown(how.command, rows, lambda limit: [write(e, limit) for e in steps])


def _annotations(steps: Steps[T], voice: Voice[T]) -> Iterator[github.Annotation]:
    for each in steps:
        if isinstance(each.error, InputError):
            yield from github.problem_annotations(each.error.problems, each.error.warnings)
        elif each.error is not None:
            yield github.Annotation("error", each.name, str(each.error))
        elif each.value is not None:
            for found in voice.annotations(each.name, each.value):
                # One that has no place has to name the project.
                named = found if found.path else replace(found, title=f"{each.name}: {found.title}")
                yield named


def _outputs(steps: Steps[T], voice: Voice[T]) -> dict[str, str]:
    joined = joined_outputs(
        [voice.outputs(each.name, each.value) for each in steps if each.value is not None]
    )
    if "converged" in joined and any(each.error for each in steps):
        joined["converged"] = "false"
    return joined
