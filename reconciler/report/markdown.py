"""Markdown for a comment on a pull request: short, the risks first, the rest folded.

**Nothing risky is cut.** A risky change has a row of its own while that fits; then alike ones are
told by their numbers as ranges; where not even those fit (100,000 releases have no names in 60,000
characters) the comment says so, counts them exactly by leading digits, and points to the plan
file. Everything else gives way to that, and what is left out is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.core.changes import RELEASE, NotOwned, UnknownField, Withheld
from reconciler.core.fingerprint import BINDING_KEY_ENV, unbound
from reconciler.core.plan import Plan
from reconciler.core.planfile import plan_document
from reconciler.report.commonmark import (
    COMMENT_LIMIT,
    Part,
    code,
    fit,
    marker,
    prose,
    table,
)
from reconciler.report.headlines import (
    account_line,
    calls_line,
    cost_lines,
    drift_counts,
    judged_words,
    plan_counts,
)
from reconciler.report.markdownchanges import (
    change_parts,
    detail_parts,
    more,
    outlier_parts,
)
from reconciler.report.markdownjudged import judged_parts
from reconciler.report.markdownrisks import release_parts, risk_parts
from reconciler.report.phrases import where, who
from reconciler.report.ranges import named
from reconciler.report.risks import released
from reconciler.report.view import View
from reconciler.report.words import by_rule, count, grouped


def plan_markdown(plan: Plan, view: View, *, limit: int = COMMENT_LIMIT) -> str:
    """What an apply would do (or how the account has drifted), in at most `limit` characters,
    which is at least 20,000."""
    changes = plan.difference.changes
    parts = [
        _head(plan, view),
        *_refusals(view),
        *release_parts([(e.phone_number, e.source) for e in released(plan)], limit),
        *risk_parts(changes, limit),
        *judged_parts(plan),
        *_unbound(plan),
        *outlier_parts(changes),
        *change_parts(changes),
        *held_parts(
            plan.difference.withheld, plan.difference.unknown, plan.difference.not_owned, rank=2
        ),
        *note_parts(view.notes),
        *detail_parts(changes, f"reconciler {'drift' if view.drift else 'plan'} --format json"),
        _foot(plan, view),
    ]
    return fit(parts, limit)


def _head(plan: Plan, view: View) -> Part:
    name = "drift" if view.drift else "plan"
    of_project = f" of {code(view.project)}" if view.project else ""
    lines = [marker(name, view.project)]
    if plan.is_settled:
        lines += [f"### No {'drift' if view.drift else 'changes'}{of_project}", ""]
        lines += ["The account matches the configuration."]
    elif view.drift and not plan.has_drift:
        lines += [f"### No drift{of_project}{judged_words(plan)}"]
    elif view.drift:
        lines += [f"### Drift{of_project}: {drift_counts(plan)}"]
    else:
        lines += [f"### Plan{of_project}: {plan_counts(plan)}"]
        if plan.difference.changes:
            lines += ["", calls_line(plan)]
    for line in cost_lines(plan):
        lines += ["", prose(line)]
    return Part("\n".join(lines), required=True)


def _refusals(view: View) -> Iterator[Part]:
    if view.refusals and not view.drift:
        said = [f"> Apply would be refused: {prose(refusal)}" for refusal in view.refusals]
        yield Part("> [!CAUTION]\n" + "\n>\n".join(said), required=True)


def _unbound(plan: Plan) -> Iterator[Part]:
    if numbers := unbound(plan.difference):
        yield Part(
            f"Not bound to the review: {code('external_pin')} of {who(numbers)}. "
            f"Set {code(BINDING_KEY_ENV)} when planning and applying.",
            required=True,
        )


def _foot(plan: Plan, view: View) -> Part:
    digest = plan.digest or plan_document(plan)["digest"]
    parts = [f"Plan {code(digest[:19])}"]
    if plan.origin.commit:
        parts.append(f"commit {code(plan.origin.commit[:12])}")
    if plan.allowed:
        parts.append(f"allowed: {', '.join(map(code, plan.allowed))}")
    parts += [f"account {code(plan.base_url)}", account_line(plan, view.reads)]
    return Part(" · ".join(parts), required=True)


# ---- what an outcome has too -------------------------------------------------------------------


def held_parts(
    withheld: Sequence[Withheld],
    unknown: Sequence[UnknownField],
    not_owned: Sequence[NotOwned],
    *,
    rank: int,
) -> Iterator[Part]:
    """What is declared and stays as it is, and why: a row for each reason."""
    rows = [
        _held(f"withheld ({code(rule)})", each, reason) for rule, reason, each in by_rule(withheld)
    ]
    rows += [
        _held("unknown", each, reason)
        for (reason,), each in grouped(unknown, lambda e: (e.reason,)).items()
    ]
    if not_owned:
        numbers = [each.phone_number for each in not_owned]
        sources = where(each.source for each in not_owned)
        rows.append(("not owned", who(numbers, 5), "", f"the account lacks them ({sources})"))
    if rows:
        head, line, *lines = table(("What", "Numbers", "Fields", "Why"), rows)
        title = f"#### Left as it is\n\n{head}\n{line}"
        yield Part(title, tuple(lines), rank=rank, cut=more("reason"))


def _held(what: str, items: Sequence[Withheld | UnknownField], why: str) -> tuple[str, ...]:
    numbers = list(dict.fromkeys(each.phone_number for each in items))
    paths = list(dict.fromkeys(each.path for each in items if each.path))
    sources = [each.source for each in items if each.source]
    # What would be given back is named, however many.
    names = who(numbers)
    if RELEASE in paths:
        names = f"{count(len(numbers), 'number')}: {named(numbers, code, 2_000)}"
    more = f" and {len(paths) - 3:,} more" if len(paths) > 3 else ""
    fields = ", ".join(map(code, paths[:3])) + more
    place = f" ({where(sources)})" if sources else ""
    return what, names, fields, prose(why) + place


def note_parts(notes: Sequence[str]) -> Iterator[Part]:
    """What else is to be said."""
    if notes:
        lines = tuple(f"- {prose(note)}" for note in notes)
        yield Part("#### Notes\n", lines, rank=3, cut=more("note"))
