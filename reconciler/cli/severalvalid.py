"""`validate --all`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reconciler.cli.several import How, Voice, report
from reconciler.cli.terminal import say
from reconciler.core.judging import Left
from reconciler.errors import Exit, InputError, ReconcilerError
from reconciler.report import github
from reconciler.report.markdownproblems import problems_markdown
from reconciler.report.several import titled
from reconciler.report.text import Paint
from reconciler.report.validity import (
    invalid_document,
    left_lines,
    valid_document,
    valid_text,
)
from reconciler.workflow.several import validate_all
from reconciler.workflow.validating import InvalidError, Validated


def validate(path: Path, output_format: str, *, secrets: bool) -> Exit:
    """validate of every project."""
    how = How("validate", output_format)
    return report(validate_all(path, secrets=secrets), Valid(), how)


class Valid(Voice[Validated]):
    """How validate tells of one project: mostly the table says it all."""

    def exit_code(self, value: Validated) -> Exit:
        """It is valid."""
        del value
        return Exit.OK

    def summary(self, name: str, value: Validated) -> str:
        """How many numbers it declares."""
        del name
        return valid_text(value.project.desired)

    def remark(self, name: str, value: Validated) -> None:
        """Warnings, which name their files."""
        del name
        for warning in value.warnings:
            say(f"warning: {warning}")

    def text(self, name: str, value: Validated, paint: Paint) -> str:
        """What is left to plan."""
        del name, paint
        return "\n".join(left_lines(value.left))

    def result(self, name: str, value: Validated) -> Any:
        """What validate prints for one project."""
        del name
        return valid_document(
            value.project.desired, value.project.digest, value.warnings, value.left
        )

    def error_text(self, error: ReconcilerError) -> str:
        """What is left to plan of one that is not valid."""
        return "\n".join(left_lines(_left_of(error)))

    def error_result(self, error: ReconcilerError) -> Any:
        """The same of one that is not valid."""
        if isinstance(error, InputError):
            return invalid_document(error.problems, error.warnings, _left_of(error))
        return super().error_result(error)

    def markdown(self, name: str, value: Validated, limit: int) -> str:
        """The warnings."""
        if not (warnings := value.warnings):
            return ""
        declared = len(value.project.desired.numbers)
        return titled(name, problems_markdown((), warnings, declared, limit=limit))

    def annotations(self, name: str, value: Validated) -> Iterator[github.Annotation]:
        """The warnings."""
        del name
        return github.problem_annotations((), value.warnings)

    def outputs(self, name: str, value: Validated) -> dict[str, str]:
        """None."""
        del name, value
        return {}


def _left_of(error: ReconcilerError) -> tuple[Left, ...]:
    return error.left if isinstance(error, InvalidError) else ()
