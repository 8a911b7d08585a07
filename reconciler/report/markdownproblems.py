"""What is wrong with the YAML, as Markdown for a job summary."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.errors import Problem
from reconciler.report.commonmark import COMMENT_LIMIT, Part, code, fit, marker, prose, table
from reconciler.report.words import count


def problems_markdown(
    errors: Sequence[Problem],
    warnings: Sequence[Problem],
    declared: int = 0,
    *,
    limit: int = COMMENT_LIMIT,
) -> str:
    """Every error and warning with its place; `declared` numbers where there is no error."""
    head = f"### Valid: {count(declared, 'number')} declared"
    if errors:
        head = f"### Invalid: {count(len(errors), 'error')}"
    parts = [Part(f"{marker('validate')}\n{head}", required=True)]
    for title, rank, problems in (("Error", 0, errors), ("Warning", 1, warnings)):
        rows = [(code(_place(each)), prose(each.message)) for each in problems]
        top, line, *lines = table(("Where", title), rows)
        if rows:
            parts.append(Part(f"{top}\n{line}", tuple(lines), rank=rank, cut=_not_shown))
    return fit(parts, limit)


def failure_markdown(message: str) -> str:
    """One thing that stopped a command."""
    return f"### Error\n\n{prose(message, 2_000)}\n"


def _place(problem: Problem) -> str:
    return f"{problem.path}:{problem.line}:{problem.column}" if problem.line else problem.path


def _not_shown(dropped: int) -> str:
    return f"{dropped:,} more not shown here: see the log."
