"""What became of an apply as a page of its own: what is left first."""

from __future__ import annotations

from collections import defaultdict

from reconciler.core.changes import RELEASE, NotOwned
from reconciler.core.outcome import Failed, Left, Outcome
from reconciler.core.text import neutral, shortened
from reconciler.report.blast import Bars, chart
from reconciler.report.htmlpage import filtered, page
from reconciler.report.htmlparts import (
    ROWS_AT_MOST,
    Section,
    banner,
    facts,
    held_table,
    names,
    path,
    tiles,
    who,
)
from reconciler.report.htmlrows import fates, outcome_rows
from reconciler.report.markup import Markup, element, joined, table
from reconciler.report.text import how_to_go_on
from reconciler.report.words import calls, count, duration, grouped


def outcome_html(outcome: Outcome, project: str = "") -> str:
    """What became of an apply, as a page of its own: what is left first."""
    rows = outcome_rows(outcome)
    held = held_table(outcome.withheld, outcome.unknown, outcome.not_owned)
    gone = [each.phone_number for each in outcome.applied if each.path == RELEASE]
    sections: list[Section] = [
        ("left", "What is left", _left(outcome)),
        ("given-back", "Given back", element("p", names(gone)) if gone else Markup()),
        ("became", "What became of it", _fate_charts(outcome)),
        ("held", "Left as it is", held),
    ]
    if rows.rows:
        labels = {"fate": "What became of it", "field": "Field"}
        sections.append(("changes", rows.title, filtered(rows, labels)))
    title = f"Apply of {project}" if project else "Apply"
    word = "complete" if outcome.converged else "incomplete"
    return page(
        title=f"{title}: {word}",
        header=_outcome_header(outcome, f"{title} {word}"),
        sections=[each for each in sections if each[2]],
        footer=_outcome_facts(outcome),
        tables=[rows] if rows.rows else [],
    )


def _outcome_header(outcome: Outcome, title: str) -> Markup:
    numbers = len({each.phone_number for each in outcome.applied})
    done = f"{count(len(outcome.applied), 'change')} on {count(numbers, 'number')}"
    how = f"{calls(outcome.calls)}, {count(outcome.reads, 'read')}, {duration(outcome.seconds)}"
    good = " good" if outcome.converged else ""
    parts = [element("p", f"{done} applied and read back: {how}.", class_=f"lead{good}")]
    if outcome.stopped:
        parts.append(banner("Stopped", outcome.stopped, "stop"))
    if not outcome.converged:
        parts.append(banner("To do", how_to_go_on(outcome), "warn"))
    parts += [banner("Note", note, "note") for note in outcome.notes]
    fated = grouped(fates(outcome), lambda each: (each[0],))
    figures = [
        (state.capitalize(), f"{len(each):,}", "numbers" if state == "not owned" else "fields")
        for (state,), each in fated.items()
    ]
    return joined((element("h1", title), *parts, tiles(figures)))


def _left(outcome: Outcome) -> Markup:
    """A row for each field and reason."""
    told: list[tuple[str, Failed | Left, str]] = [
        ("failed", each, f"{each.code} {each.detail}".strip()) for each in outcome.failed
    ]
    told += [("unconfirmed", each, each.reason) for each in outcome.unconfirmed]
    told += [("not tried", each, each.reason) for each in outcome.skipped]
    told += [("cannot be verified", each, each.reason) for each in outcome.unverifiable]
    groups = grouped(told, lambda each: (each[0], each[1].path, each[2]))
    if not groups:
        return Markup()
    rows = [
        (
            element("span", state, class_="label", data_word=state),
            who(list(dict.fromkeys(each.phone_number for _, each, _ in items))),
            path(field),
            shortened(neutral(reason), 500),
        )
        for (state, field, reason), items in list(groups.items())[:ROWS_AT_MOST]
    ]
    head = ("What", "Numbers", "Field", "Why")
    made = table("What is left, and why", head, rows, class_="left")
    more = len(groups) - ROWS_AT_MOST
    rest = f"and {count(more, 'more reason')}: see the table of every field."
    return joined((made, element("p", rest) if more > 0 else ""))


def _fate_charts(outcome: Outcome) -> Markup:
    states: defaultdict[str, set[str]] = defaultdict(set)
    paths: defaultdict[str, set[str]] = defaultdict(set)
    for state, each in fates(outcome):
        states[state].add(each.phone_number)
        if not isinstance(each, NotOwned) and each.path:
            paths[each.path].add(each.phone_number)
    total = len(set().union(*states.values()))
    if not total:
        return Markup()
    became = {state: len(numbers) for state, numbers in states.items()}
    fields = {path: len(numbers) for path, numbers in paths.items()}
    charts = (
        Bars("Numbers by what became of them", "fate", became),
        Bars("Numbers by field", "field", fields, code=True),
    )
    return element("div", *(chart(each, total) for each in charts), class_="charts")


def _outcome_facts(outcome: Outcome) -> Markup:
    audit = outcome.audit
    return facts(
        {
            "Journal": outcome.journal,
            "Plan": audit.get("plan_digest", ""),
            "Commit": audit.get("commit", ""),
            "By": audit.get("who", ""),
            "Begun at": audit.get("started_at", ""),
        }
    )
