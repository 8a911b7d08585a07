"""What validate says of a project."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reconciler.core.hints import quoted
from reconciler.core.judging import Left
from reconciler.core.model import Desired
from reconciler.errors import Problem
from reconciler.report.words import count


def valid_text(desired: Desired) -> str:
    """`Valid: 303 numbers declared.`"""
    return f"Valid: {count(len(desired.numbers), 'number')} declared."


def left_lines(left: Sequence[Left]) -> list[str]:
    """What is left for plan to judge, a line for each policy: the account knows more than the
    YAML."""
    return [
        f"Left to plan: policy {quoted(each.policy)} on {count(each.numbers, 'number')} "
        f"({', '.join(each.unknown)})."
        for each in left
    ]


def valid_document(
    desired: Desired, digest: str, warnings: Sequence[Problem], left: Sequence[Left]
) -> dict[str, Any]:
    """A project without errors. `digest` is of its YAML, as `source.digest` of a plan: whether a
    plan was made from just this."""
    return _document((), warnings, len(desired.numbers), digest, left)


def invalid_document(
    errors: Sequence[Problem], warnings: Sequence[Problem] = (), left: Sequence[Left] = ()
) -> dict[str, Any]:
    """A project that cannot be used."""
    return _document(errors, warnings, 0, "", left)


def _document(
    errors: Sequence[Problem],
    warnings: Sequence[Problem],
    numbers: int,
    digest: str,
    left: Sequence[Left],
) -> dict[str, Any]:
    return {
        "valid": not errors,
        "numbers": numbers,
        "digest": digest,
        "errors": [_problem(each) for each in errors],
        "warnings": [_problem(each) for each in warnings],
        "left_to_plan": [each._asdict() for each in left],
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "path": problem.path,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
    }
