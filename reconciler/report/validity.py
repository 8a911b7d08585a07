"""What validate says of a project."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reconciler.core.model import Desired
from reconciler.errors import Problem
from reconciler.report.words import count


def valid_text(desired: Desired) -> str:
    """`Valid: 303 numbers declared.`"""
    return f"Valid: {count(len(desired.numbers), 'number')} declared."


def valid_document(desired: Desired, digest: str) -> dict[str, Any]:
    """A project without errors. `digest` is of its YAML, as `source.digest` of a plan: whether a
    plan was made from just this."""
    return _document((), desired.warnings, len(desired.numbers), digest)


def invalid_document(errors: Sequence[Problem]) -> dict[str, Any]:
    """A project that cannot be used."""
    return _document(errors, (), 0, "")


def _document(
    errors: Sequence[Problem], warnings: Sequence[Problem], numbers: int, digest: str
) -> dict[str, Any]:
    return {
        "valid": not errors,
        "numbers": numbers,
        "digest": digest,
        "errors": [_problem(each) for each in errors],
        "warnings": [_problem(each) for each in warnings],
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "path": problem.path,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
    }
