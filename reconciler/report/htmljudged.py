"""What breaks the policies of a project, as a table of a page."""

from __future__ import annotations

from reconciler.core.plan import Plan
from reconciler.core.policies import ERROR
from reconciler.core.text import neutral, shortened
from reconciler.report.htmlparts import ROWS_AT_MOST, befores, path, where, who
from reconciler.report.judged import broken, untold, wanted
from reconciler.report.markup import Markup, code, element, joined, sentence, table, text
from reconciler.report.words import count


def judged_table(plan: Plan) -> Markup:
    """A row for each policy and setting, errors first; and what could not be told."""
    rows = [
        (
            joined((code(each.policy), "" if each.level == ERROR else " (warning only)")),
            who(each.numbers),
            path(each.path),
            befores(each.values),
            text(wanted(each.requires)),
            where(each.sources),
        )
        for each in broken(plan.violations)
    ]
    rows += [
        (
            code(each.policy),
            who(each.numbers),
            path(each.path),
            text("cannot be told"),
            sentence(shortened(neutral(each.reason), 500)),
            where([each.policy_source]),
        )
        for each in untold(plan.unjudged)
    ]
    if not rows:
        return Markup()
    head = ("Policy", "Numbers", "Field", "Is", "Why", "Where")
    made = table("Policies, errors first", head, rows[:ROWS_AT_MOST], class_="held")
    more = len(rows) - ROWS_AT_MOST
    return joined((made, element("p", f"and {count(more, 'more row')}") if more > 0 else ""))
