"""What a branch changes in the YAML, for a comment on its pull request: the plan's look and bounds,
without an account."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.core.declared_diff import Comparison, NumberDiff, What
from reconciler.report.commonmark import COMMENT_LIMIT, Part, code, fit, marker, prose, table
from reconciler.report.difftext import diff_counts, setting_words
from reconciler.report.markdown import note_parts
from reconciler.report.markdownchanges import change_parts, detail_parts, more, outlier_parts
from reconciler.report.markdownrisks import release_parts, risk_parts
from reconciler.report.phrases import where
from reconciler.report.ranges import named
from reconciler.report.words import count

_NAMES_AT_MOST = 4_000
_COMES_AND_GOES = (
    (What.UNDECLARED, "No longer declared", "The account keeps these numbers as they are."),
    (What.KEPT, "No longer to be given back", ""),
    (What.MOVED, "Declared as another kind of number", ""),
    (What.DECLARED, "Now declared", ""),
)


def diff_markdown(comparison: Comparison, *, limit: int = COMMENT_LIMIT) -> str:
    """What differs, in at most `limit` characters, which is at least 20,000."""
    diff = comparison.diff
    gone = diff.of(What.RELEASE)
    # What is not declared any more is told as a number: nothing becomes of its fields.
    moves = [e for e in diff.numbers if e.what not in (What.RELEASE, What.UNDECLARED)]
    parts = [
        _head(comparison),
        *_broken_base(comparison),
        *_settings(comparison),
        *release_parts([(e.phone_number, e.source) for e in gone], limit, "is to be given back"),
        *risk_parts(moves, limit),
        *_come_and_gone(comparison),
        *outlier_parts(moves),
        *change_parts(moves),
        *note_parts(comparison.notes),
        *detail_parts(moves, "reconciler diff --format json"),
    ]
    return fit(parts, limit)


def _head(comparison: Comparison) -> Part:
    of_project = f" of {code(comparison.project)}" if comparison.project else ""
    lines = [marker("diff", comparison.project)]
    declared = count(comparison.diff.declared_after, "number")
    if comparison.problems:
        lines += [f"### Diff{of_project}: not compared, the base is invalid"]
    elif comparison.has_changes:
        lines += [f"### Diff{of_project}: {diff_counts(comparison.diff)}"]
    else:
        lines += [f"### No changes in what is declared{of_project}", "", f"{declared} declared."]
    return Part("\n".join([*lines, "", _between(comparison)]), required=True)


def _between(comparison: Comparison) -> str:
    base, head = comparison.base, comparison.head
    start = f"{code(base.name)} ({code(base.commit[:10])})"
    if comparison.start != base.commit:
        start = f"{code(comparison.start[:10])}, where it left {code(base.name)},"
    return f"From {start} to {code(head.name)} ({code(head.commit[:10])}); from Git alone."


def _broken_base(comparison: Comparison) -> Iterator[Part]:
    """What was wrong before, and is no more."""
    problems = comparison.problems
    if not problems:
        return
    declared = count(comparison.diff.declared_after, "number")
    rows = [(code(_place(each.path, each.line)), prose(each.message)) for each in problems]
    head, line, *lines = table(("Where", "Error in the base"), rows)
    title = f"The base does not validate, this branch does: {declared} declared."
    yield Part(f"{title}\n\n{head}\n{line}", tuple(lines), rank=1, cut=more("error"))


def _place(path: str, line: int) -> str:
    return f"{path}:{line}" if line else path


def _settings(comparison: Comparison) -> Iterator[Part]:
    """Whose account, and what is allowed: before everything else, for the rest hangs on it."""
    settings = comparison.diff.settings
    rows = [
        (
            code(each.path),
            f"{code(setting_words(each.before))} → {code(setting_words(each.after))}",
            code(str(each.source)) if each.source else "",
        )
        for each in settings
    ]
    if rows:
        head, line, *lines = table(("Setting", "Change", "Where"), rows)
        title = f"#### Settings of the project: {len(rows):,}"
        yield Part(f"{title}\n\n{head}\n{line}", tuple(lines), rank=0, cut=more("setting"))


def _come_and_gone(comparison: Comparison) -> Iterator[Part]:
    for what, title, remark in _COMES_AND_GOES:
        if numbers := comparison.diff.of(what):
            head = f"#### {title}: {count(len(numbers), 'number')}\n\n"
            end = f". {remark}" if remark else ""
            text, shorter = (f"{head}{_names(numbers, most)}{end}" for most in (_NAMES_AT_MOST, 0))
            yield Part(text, rank=2, required=True, shorter=(shorter,))


def _names(numbers: Sequence[NumberDiff], most: int) -> str:
    names = named([each.phone_number for each in numbers], code, most)
    return f"{names} ({where(each.source for each in numbers)})"
