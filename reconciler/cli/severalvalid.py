"""`validate --all`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reconciler.cli.several import How, Voice, report
from reconciler.cli.terminal import say
from reconciler.errors import Exit, InputError, ReconcilerError
from reconciler.report import github
from reconciler.report.markdownproblems import problems_markdown
from reconciler.report.several import titled
from reconciler.report.text import Paint
from reconciler.report.validity import invalid_document, valid_document, valid_text
from reconciler.workflow import Project
from reconciler.workflow.several import validate_all


def validate(path: Path, output_format: str, *, secrets: bool) -> Exit:
    """validate of every project."""
    how = How("validate", output_format)
    return report(validate_all(path, secrets=secrets), Valid(), how)


class Valid(Voice[Project]):
    """How validate tells of one project: mostly the table says it all."""

    def exit_code(self, value: Project) -> Exit:
        """It is valid."""
        del value
        return Exit.OK

    def summary(self, name: str, value: Project) -> str:
        """How many numbers it declares."""
        del name
        return valid_text(value.desired)

    def remark(self, name: str, value: Project) -> None:
        """Warnings, which name their files."""
        del name
        for warning in value.desired.warnings:
            say(f"warning: {warning}")

    def text(self, name: str, value: Project, paint: Paint) -> str:
        """Nothing besides."""
        del name, value, paint
        return ""

    def result(self, name: str, value: Project) -> Any:
        """What validate prints for one project."""
        del name
        return valid_document(value.desired, value.digest)

    def error_result(self, error: ReconcilerError) -> Any:
        """The same of one that is not valid."""
        if isinstance(error, InputError):
            return invalid_document(error.problems)
        return super().error_result(error)

    def markdown(self, name: str, value: Project, limit: int) -> str:
        """The warnings."""
        if not (warnings := value.desired.warnings):
            return ""
        declared = len(value.desired.numbers)
        return titled(name, problems_markdown((), warnings, declared, limit=limit))

    def annotations(self, name: str, value: Project) -> Iterator[github.Annotation]:
        """The warnings."""
        del name
        return github.problem_annotations((), value.desired.warnings)

    def outputs(self, name: str, value: Project) -> dict[str, str]:
        """None."""
        del name, value
        return {}
