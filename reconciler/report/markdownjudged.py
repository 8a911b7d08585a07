"""What breaks the policies of a project, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.plan import Plan
from reconciler.core.policies import ERROR
from reconciler.report.commonmark import Part, code, prose, table
from reconciler.report.judged import broken, untold, wanted
from reconciler.report.markdownchanges import more
from reconciler.report.phrases import live, value, where, who


def judged_parts(plan: Plan) -> Iterator[Part]:
    """A row for each policy and setting, errors first; and what could not be told."""
    rows = [
        (
            code(each.policy) + ("" if each.level == ERROR else " (warning only)"),
            who(each.numbers),
            code(each.path),
            live(each.values, value),
            wanted(each.requires, value),
            where(each.sources),
        )
        for each in broken(plan.violations)
    ]
    rows += [
        (
            code(each.policy),
            who(each.numbers),
            code(each.path),
            "cannot be told",
            prose(each.reason),
            where([each.policy_source]),
        )
        for each in untold(plan.unjudged)
    ]
    if rows:
        head, line, *lines = table(("Policy", "Numbers", "Field", "Is", "Why", "Where"), rows)
        title = f"#### Policies\n\n{head}\n{line}"
        yield Part(title, tuple(lines), rank=1, cut=more("row"))
