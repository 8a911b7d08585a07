"""A report as one page for an artifact: what a reviewer needs first, then every change to search.

Everything that sums up stands in the page itself and can be read without its script; the script
adds the tables of every change and every call, with their filters.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from reconciler.core.changes import Action
from reconciler.core.fields import CALL_NAMES, Channel
from reconciler.core.fingerprint import BINDING_KEY_ENV, unbound
from reconciler.core.plan import Plan
from reconciler.core.planfile import plan_document, timestamp
from reconciler.report.blast import (
    bar,
    by_field,
    by_group,
    by_risk,
    chart,
    key,
    labels_of,
    paths_of,
    percent,
)
from reconciler.report.grouping import Block, FieldGroup, TagMove, blocks
from reconciler.report.headlines import (
    account_line,
    calls_line,
    cost_lines,
    drift_counts,
    judged_words,
    plan_counts,
)
from reconciler.report.htmljudged import judged_table
from reconciler.report.htmlpage import filtered, page
from reconciler.report.htmlparts import (
    ROWS_AT_MOST,
    Section,
    banner,
    befores,
    facts,
    few,
    held_table,
    names,
    path,
    tiles,
    title_of,
    value,
    where,
    who,
)
from reconciler.report.htmlrows import call_rows, plan_rows
from reconciler.report.markup import Markup, code, element, joined, listed, table
from reconciler.report.risks import Risky, outliers, released, risky
from reconciler.report.text import gravity
from reconciler.report.view import View
from reconciler.report.words import count, duration, time_range


def plan_html(plan: Plan, view: View) -> str:
    """What an apply would do (or how the account has drifted), as a page of its own."""
    rows = plan_rows(plan, view)
    tables = [rows] if rows.rows else []
    sections: list[Section] = [
        ("policies", "Policies", judged_table(plan)),
        ("given-back", "Given back", _released(plan)),
        ("risks", "Risks", _risks(plan)),
        ("unlike", "Unlike the others", _outliers(plan)),
        ("blast-radius", "Blast radius", _blast_radius(plan, view)),
        ("grouped", "Differences in groups" if view.drift else "Changes in groups", _grouped(plan)),
        ("held", "Left as it is", _held_back(plan)),
    ]
    if rows.rows:
        tag = "Tag" if view.labels.tags else "Tag after"
        sections.append(("changes", rows.title, filtered(rows, {**_FILTERS, "tag": tag})))
    if plan.operations and not view.drift:
        made = call_rows(plan.operations)
        tables.append(made)
        sections.append(("calls", made.title, joined((_calls(plan), filtered(made, _FILTERS)))))
    what = "Drift" if view.drift else "Plan"
    title = f"{what} of {view.project}" if view.project else what
    return page(
        title=f"{title}: {_headline(plan, view)}",
        header=_plan_header(plan, view, title),
        sections=[each for each in sections if each[2]],
        footer=_plan_facts(plan, view),
        tables=tables,
    )


_FILTERS = {
    "field": "Field",
    "risk": "Risk",
    "tag": "Tag",
    "group": "Group",
    "state": "State",
    "call": "Kind of call",
}

# ---- the head ----------------------------------------------------------------------------------


def _headline(plan: Plan, view: View) -> str:
    if plan.is_settled:
        return "no drift" if view.drift else "no changes"
    if view.drift and not plan.has_drift:
        return f"no drift{judged_words(plan)}"
    return drift_counts(plan) if view.drift else plan_counts(plan)


def _plan_header(plan: Plan, view: View, title: str) -> Markup:
    if plan.is_settled:
        said = f"No {'drift' if view.drift else 'changes'}. The account matches the configuration."
        parts = [element("p", said, class_="lead good")]
    elif view.drift and not plan.has_drift:
        parts = [element("p", f"No drift{judged_words(plan)}.", class_="lead")]
    elif view.drift:
        parts = [element("p", f"{drift_counts(plan)}.", class_="lead")]
    else:
        sentence = f"{plan_counts(plan)}."
        parts = [element("p", sentence, class_="lead")]
        if plan.difference.changes:
            parts.append(element("p", calls_line(plan)))
    parts += [element("p", line) for line in cost_lines(plan)]
    banners: list[Markup] = []
    if not view.drift:
        banners += [banner("Apply would be refused", each, "stop") for each in view.refusals]
        banners += _unbound(plan)
    banners += [banner("Note", note, "note") for note in view.notes]
    return joined((element("h1", title), *parts, *banners, tiles(_figures(plan, view))))


def _unbound(plan: Plan) -> Iterator[Markup]:
    if numbers := unbound(plan.difference):
        said = element("strong", "Not bound to the review:")
        hint = f". Set {BINDING_KEY_ENV} when planning and applying."
        whose = (said, " ", code("external_pin"), " of ", who(numbers), hint)
        yield element("div", *whose, class_="banner warn")


def _figures(plan: Plan, view: View) -> list[tuple[str, str, str]]:
    """What it is, how many, and what is to be added in small print."""
    summary = plan.summary
    updated = summary.numbers_changed - summary.released
    how = "differ" if view.drift else "to change"
    figures = [
        ("Numbers", f"{updated:,}", how),
        ("Fields", f"{summary.fields_changed:,}", how),
        ("Numbers", f"{summary.released:,}", "to release"),
    ]
    if not view.drift:
        floor = f"floor {summary.write_calls_floor:,}"
        figures.append(("Write calls", f"{summary.write_calls:,}", floor))
        figures.append(("Time", time_range(plan.eta), f"{duration(plan.eta.expected)} expected"))
    held = (
        ("Withheld", summary.withheld, "fields"),
        ("Unknown", summary.unknown, "fields"),
        ("Not owned", summary.not_owned, "numbers"),
    )
    figures += [(name, f"{number:,}", what) for name, number, what in held if number]
    return [*figures, ("As declared", f"{summary.unchanged:,}", "numbers")]


# ---- what to look at first ---------------------------------------------------------------------


def _released(plan: Plan) -> Markup:
    gone = released(plan)
    if not gone:
        return Markup()
    numbers = [each.phone_number for each in gone]
    sources = [each.source for each in gone if each.source]
    said = f"{count(len(gone), 'number')} would be given back to the provider, for good:"
    return joined((element("p", said), element("p", names(numbers), " ", where(sources))))


def _risks(plan: Plan) -> Markup:
    found = risky(plan.difference.changes)
    if not found:
        return Markup()
    rows = [
        (
            listed([_label(label) for label in each.labels], " "),
            who(each.numbers),
            joined(
                (code(each.path), ": ", befores(each.befores), " → ", value(each.example.after))
            ),
            where(each.sources),
        )
        for each in found[:ROWS_AT_MOST]
    ]
    head = ("Risk", "Numbers", "Change", "Where")
    made = table("Risks, the gravest first", head, rows, class_="risks")
    return joined((made, _rest(found[ROWS_AT_MOST:])))


def _rest(left: Sequence[Risky]) -> Markup:
    if not left:
        return Markup()
    numbers = len({number for each in left for number in each.numbers})
    return element(
        "p",
        f"and {count(len(left), 'more change')} on {count(numbers, 'number')}: choose a risk in "
        "the table of every change to see them.",
    )


def _label(label: str) -> Markup:
    return element("span", label, class_="label", data_word=label)


def _outliers(plan: Plan) -> Markup:
    found = outliers(plan.difference.changes)
    if not found:
        return Markup()
    items = [
        element(
            "li",
            path(odd.path),
            f": {count(odd.many, 'number')} ",
            *(value(odd.before), " → ", value(odd.usual), "; but "),
            *(value(odd.before), " → ", value(odd.after), " on "),
            who([number for number, _ in odd.members]),
            *(" ", where(field.source for _, field in odd.members)),
        )
        for odd in found[:ROWS_AT_MOST]
    ]
    if len(found) > ROWS_AT_MOST:
        items.append(element("li", f"and {count(len(found) - ROWS_AT_MOST, 'more')}"))
    return element("ul", *items)


def _blast_radius(plan: Plan, view: View) -> Markup:
    """How much of what is declared is touched, and by group, field and risk."""
    changes = plan.difference.changes
    if not changes:
        return Markup()
    charts = [by_risk(changes), by_field(map(paths_of, changes))]
    if any(view.labels.groups.values()):
        charts.append(by_group(changes, view.labels.groups))
    drawn = element("div", *(chart(each, len(changes)) for each in charts), class_="charts")
    return joined((_share(plan), drawn))


def _share(plan: Plan) -> Markup:
    summary = plan.summary
    declared = max(summary.declared, summary.numbers_changed)
    touched = summary.numbers_changed
    at_risk = sum(bool(labels_of(each)) for each in plan.difference.changes) - summary.released
    parts = (
        ("release", "given back", summary.released),
        ("risk", "with a risk", at_risk),
        ("change", "other changes", touched - summary.released - at_risk),
        ("rest", "not touched", declared - touched),
    )
    said = f"{touched:,} of {count(declared, 'declared number')} ({percent(touched / declared)})"
    legend = (
        element("li", key(name), f"{numbers:,} {what}") for name, what, numbers in parts if numbers
    )
    drawn = bar([(name, numbers / declared) for name, _, numbers in parts[:3]])
    return element("div", element("p", said), drawn, element("ul", *legend), class_="whole")


# ---- changes in groups -------------------------------------------------------------------------


def _grouped(plan: Plan) -> Markup:
    updates = [each for each in plan.difference.changes if each.action is Action.UPDATE]
    return joined(_block(each) for each in sorted(blocks(updates), key=gravity))


def _block(block: Block) -> Markup:
    rows = [
        (
            path(group.example.path),
            _change(block, group),
            listed([_label(each) for each in group.example.risk], " "),
            path(str(group.example.source)) if group.places == 1 else f"{group.places:,} places",
        )
        for group in block.fields
    ]
    head = ("Field", "Change", "Risk", "Where")
    made = table(f"Changes on {few(block.numbers)}", head, rows)
    return element("div", *title_of(block.numbers), made, class_="block")


def _change(block: Block, group: FieldGroup) -> Markup:
    field = group.example
    if group.intents > 1:
        such = (value(field.before), " → ", value(field.after), " on ", code(block.numbers[0]))
        return joined((f"{group.intents:,} different changes, such as ", *such))
    if group.tags is not None:
        lists = len(group.befores)
        on = f" (on {lists:,} different lists)" if lists > 1 else ""
        return joined((_edit(group.tags), on))
    return joined((befores(group.befores), " → ", value(field.after)))


def _edit(tags: TagMove, most: int = 20) -> Markup:
    signs = [f"+{tag}" for tag in tags.come] + [f"-{tag}" for tag in tags.gone]
    more = f" and {len(signs) - most:,} more" if len(signs) > most else ""
    return joined((listed([code(sign) for sign in signs[:most]]), more))


# ---- what stays as it is -----------------------------------------------------------------------


def _held_back(plan: Plan) -> Markup:
    difference = plan.difference
    return held_table(difference.withheld, difference.unknown, difference.not_owned)


# ---- calls and facts ---------------------------------------------------------------------------


def _calls(plan: Plan) -> Markup:
    numbers: defaultdict[Channel, int] = defaultdict(int)
    for operation in plan.operations:
        numbers[operation.call] += len(operation.numbers)
    rows = [
        (CALL_NAMES[each][1], f"{plan.summary.calls.get(each, 0):,}", f"{numbers[each]:,}")
        for each in Channel
        if numbers[each]
    ]
    return table("Calls by kind", ("Kind", "Calls", "Numbers"), rows, class_="short")


def _plan_facts(plan: Plan, view: View) -> Markup:
    whole = plan.digest or plan_document(plan)["digest"]
    return facts(
        {
            "Account": plan.base_url,
            "Live": account_line(plan, view.reads),
            "Read at": timestamp(plan.fetched_at),
            "Planned at": timestamp(plan.created_at),
            "Commit": plan.origin.commit,
            "Files": plan.origin.digest,
            "Plan": whole,
            "Allowed": ", ".join(plan.allowed),
        }
    )
