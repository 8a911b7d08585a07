"""The blast radius: how many numbers each group, field and risk touches, as bars beside counts.

The bars are for the eye alone: the counts and shares stand next to them as text, in a table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.core.changes import RELEASE, RISKS, Action, Change
from reconciler.report.markup import Markup, breakable, element, joined, table
from reconciler.report.words import count

NONE = ""
"""What stands for no label at all."""


@dataclass(frozen=True, slots=True)
class Bars:
    """Numbers by label; `column` is that of the filter which shows them, `none` what no label is
    called. `code` tells labels that are names in YAML from words."""

    title: str
    column: str
    numbers: Mapping[str, int]
    none: str = "none"
    code: bool = False


def labels_of(change: Change) -> tuple[str, ...]:
    """The risks of everything that changes on one number, the gravest first."""
    found = {risk for field in change.fields for risk in field.risk}
    if change.action is Action.RELEASE:
        found.add(RELEASE)
    return tuple(risk for risk in RISKS if risk in found)


def paths_of(change: Change) -> tuple[str, ...]:
    """What changes on one number; a release stands for its path."""
    if change.action is Action.RELEASE:
        return (RELEASE,)
    return tuple(field.path for field in change.fields)


def by_risk(changes: Iterable[Change]) -> Bars:
    """Numbers by risk, the gravest first; those without any last."""
    found = _counted(labels_of(change) for change in changes)
    ordered = {risk: found[risk] for risk in (*RISKS, NONE) if found[risk]}
    return Bars("Numbers by risk", "risk", ordered, "no risk")


def by_field(paths: Iterable[tuple[str, ...]]) -> Bars:
    """Numbers by what changes on them, the commonest first."""
    return Bars("Numbers by field", "field", dict(_counted(paths).most_common()), code=True)


def by_group(changes: Iterable[Change], groups: Mapping[str, tuple[str, ...]]) -> Bars:
    """Numbers by group of the YAML, the commonest first, for a plan that knows them."""
    found = _counted(groups.get(change.phone_number, ()) for change in changes)
    return Bars("Numbers by group", "group", dict(found.most_common()), "no group", code=True)


def _counted(labels: Iterable[tuple[str, ...]]) -> Counter[str]:
    return Counter(label for each in labels for label in (each or (NONE,)))


def chart(bars: Bars, total: int, most: int = 20) -> Markup:
    """One table with a bar a row, each as long as its share of `total` numbers."""
    shown = list(bars.numbers.items())[:most]
    rows = [_row(bars, label, numbers, total) for label, numbers in shown]
    made = table(f"{bars.title}, of {total:,}", ("", "Numbers", "Share"), rows, class_="bars")
    more = len(bars.numbers) - most
    rest = element("p", f"and {count(more, 'more')}, in the table below") if more > 0 else ""
    return element("div", element("h3", bars.title), made, rest, class_="chart")


def _row(bars: Bars, label: str, numbers: int, total: int) -> tuple[Markup, str, Markup]:
    name = element("code", *breakable(label)) if bars.code and label else label or bars.none
    shows = element("span", name, data_filter=bars.column, data_word=label)
    share = numbers / total if total else 0.0
    drawn = bar([(bars.column if label else "none", share)], label)
    return shows, f"{numbers:,}", joined((drawn, element("span", percent(share), class_="share")))


def percent(share: float) -> str:
    """`0.5 %`, `20 %`; never 0 % for something and never 100 % for less than all."""
    if 0 < share < 0.001:
        return "< 0.1 %"
    if 0.999 < share < 1:
        return "> 99.9 %"
    return f"{share:.1%}".replace(".0%", "%").replace("%", " %")


def key(name: str) -> Markup:
    """A spot in the colour that `name` has in a bar."""
    return element("svg", _rect(name, 0, 100), **_DRAWING, class_="key")


def bar(parts: Iterable[tuple[str, float]], word: str = "") -> Markup:
    """Shares from left to right, each of the class of its name; what is there is seen."""
    drawn: list[Markup] = []
    start = 0.0
    for name, share in parts:
        width = max(share * 100, 0.6) if share else 0.0
        drawn.append(_rect(name, start, width))
        start += width
    return element("svg", *drawn, **_DRAWING, data_word=word or False)


# Attributes, not a style: the policy of the page allows no style but its own.
_DRAWING = {
    "viewBox": "0 0 100 1",
    "preserveAspectRatio": "none",
    "aria_hidden": "true",
    "focusable": "false",
}


def _rect(name: str, start: float, width: float) -> Markup:
    return element("rect", x=f"{start:.2f}", y="0", width=f"{width:.2f}", height="1", class_=name)
