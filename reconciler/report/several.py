"""What became of several projects: each under its name, in the order of their paths, and a table
that has them all."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.errors import Exit, InputError, ReconcilerError
from reconciler.report.commonmark import COMMENT_LIMIT, code, marker, prose, table
from reconciler.report.jsonreport import json_text
from reconciler.report.markdownproblems import failure_markdown, problems_markdown
from reconciler.report.text import Paint
from reconciler.report.words import count


@dataclass(frozen=True, slots=True)
class Row:
    """One project in the table: its path, the exit code of the command on it alone, and a
    sentence on what became of it. `result` is what `--format json` gives for it."""

    project: str
    exit_code: Exit
    summary: str
    result: Any = None


def error_row(project: str, error: ReconcilerError) -> Row:
    """A project that failed."""
    if isinstance(error, InputError):
        summary = f"Invalid: {count(len(error.problems), 'error')}."
    else:
        summary = str(error).partition("\n")[0]
    return Row(project, error.exit_code, summary)


def error_lines(project: str, error: ReconcilerError) -> str:
    """An error as the command line says it: what is wrong in a file names that, all else the
    project."""
    return str(error) if isinstance(error, InputError) else f"Error: {project}: {error}"


def heading(project: str, paint: Paint) -> str:
    """The line above the report of one project."""
    return paint(f"== {project} ==", "bold")


def table_text(rows: Sequence[Row], paint: Paint) -> str:
    """A line for each project."""
    width = max(len("project"), *(len(each.project) for each in rows))
    head = paint(f"{'project':<{width}}  exit  result", "bold")
    return "\n".join(
        [head, *(f"{each.project:<{width}}  {each.exit_code:>4}  {each.summary}" for each in rows)]
    )


def several_json(rows: Sequence[Row]) -> str:
    """`{"projects": [{"path", "exit_code", "result"}]}`: `result` is what the command prints for
    the project alone, `{"error": …}` where that is an error, null where nothing of the project
    was asked for."""
    projects = [
        {"path": each.project, "exit_code": int(each.exit_code), "result": each.result}
        for each in rows
    ]
    return json_text({"projects": projects})


# ---- Markdown ---------------------------------------------------------------------------------


def several_markdown(
    command: str,
    rows: Sequence[Row],
    write: Callable[[int], Sequence[str]],
    *,
    limit: int = COMMENT_LIMIT,
) -> str:
    """The table, then the report of each project, in `limit` characters.

    `write(n)` gives a report for each row, "" where there is none, each in `n` characters as far as
    it can be. Where even short ones are too long together, the longest give way to a line that
    says what to run: a comment that a forge refuses would show nothing at all.
    """
    cells = [(code(e.project), str(int(e.exit_code)), prose(e.summary)) for e in rows]
    title = f"### {command.capitalize()} of {count(len(rows), 'project')}"
    lines = table(("Project", "Exit", "Result"), cells)
    head = "\n".join([marker(command, "*"), title, "", *lines])
    texts: list[str] = []
    gap = len("\n\n")
    for share in (limit, (limit - len(head) - 1) // len(rows) - gap):
        texts = [unmarked(text).strip("\n") for text in write(share)]
        if _length(head, texts) <= limit:
            break
    for at in sorted(range(len(rows)), key=lambda each: len(texts[each]), reverse=True):
        if _length(head, texts) <= limit:
            break
        name = rows[at].project
        alone = code(f"reconciler {command} {shlex.quote(name)}")
        texts[at] = (
            f"#### {code(name)}\n\n> [!CAUTION]\n> Too much to be shown here, what is at risk "
            f"included: read the report of this project alone, by {alone}."
        )
    return "\n\n".join([head, *filter(None, texts)]) + "\n"


def _length(head: str, texts: Sequence[str]) -> int:
    return len(head) + 1 + sum(len(text) + 2 for text in texts if text)


def error_markdown(project: str, error: ReconcilerError) -> str:
    """An error under the name of its project."""
    if isinstance(error, InputError):
        text = problems_markdown(error.problems, error.warnings)
    else:
        text = failure_markdown(str(error))
    return titled(project, text)


def titled(project: str, text: str) -> str:
    """A report that does not name its project, under its name."""
    return f"#### {code(project)}\n\n{unmarked(text)}"


def unmarked(text: str) -> str:
    """Without the hidden line by which a comment is found again: the whole has one."""
    first, _, rest = text.partition("\n")
    return rest if first.startswith("<!--") else text


# ---- outputs ----------------------------------------------------------------------------------


def joined_outputs(each: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The outputs of several projects as those of one step: counts are added, `converged` holds
    where it does for all and other truths where for any; what belongs to one project alone, such
    as a digest, is left out."""
    joined: dict[str, str] = {}
    for name in dict.fromkeys(name for outputs in each for name in outputs):
        values = [outputs[name] for outputs in each if name in outputs]
        if set(values) <= {"true", "false"}:
            agree = all if name == "converged" else any
            joined[name] = "true" if agree(value == "true" for value in values) else "false"
        elif all(value.isdecimal() for value in values):
            joined[name] = str(sum(map(int, values)))
    return joined
