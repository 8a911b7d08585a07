"""What the pages of a plan and of an outcome are both made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reconciler.core.changes import NotOwned, UnknownField, Withheld
from reconciler.core.model import Source
from reconciler.core.text import neutral, shortened
from reconciler.core.values import Shown
from reconciler.report.markup import (
    Markup,
    breakable,
    code,
    element,
    joined,
    listed,
    sentence,
    table,
    text,
)
from reconciler.report.ranges import named
from reconciler.report.words import count, grouped, shown

Section = tuple[str, str, Markup]
"""Its id, its title, and what stands in it; left out where that is nothing."""

ROWS_AT_MOST = 100
"""Rows of a table that sums up; the table of every change has the others."""
_NAMES_AT_MOST = 4_000
"""Characters for the numbers behind one row; more of them are counted by their first digits."""


def banner(title: str, words: str, class_: str) -> Markup:
    """Something to be said before all else; `class_` is stop, warn or note."""
    said = shortened(neutral(words), 1_000)
    return element(
        "p", element("strong", f"{title}:"), " ", sentence(said), class_=f"banner {class_}"
    )


def tiles(figures: Iterable[tuple[str, str, str]]) -> Markup:
    """Figures side by side: what each is, how many, and what is to be added in small print."""
    made = (
        element(
            "div",
            element("dt", name),
            element("dd", figure, element("small", f" {small}") if small else ""),
        )
        for name, figure, small in figures
    )
    return element("dl", joined(made), class_="tiles")


def befores(found: Sequence[tuple[Shown, int]], most: int = 3) -> Markup:
    """What is live, the commonest first, and on how many numbers each value stands."""
    if len(found) == 1:
        return value(found[0][0])
    told = [joined((value(live), f" ({numbers:,})")) for live, numbers in found[:most]]
    more = len(found) - most
    return joined((listed(told), f" or {count(more, 'other value')}" if more > 0 else ""))


def value(given: Shown) -> Markup:
    """One value, worded as in the text report."""
    return element("code", shown(given, 500))


def path(words: str) -> Markup:
    """A field or a place, which may be broken after its dots, slashes and lines."""
    return element("code", joined(breakable(shortened(neutral(words), 500))))


def who(numbers: Sequence[str]) -> Markup:
    """The numbers: a few as they are, many as a count that unfolds to all of them as ranges."""
    if len(numbers) <= 3:
        return listed([code(number) for number in numbers])
    folded = element("summary", f"{count(len(numbers), 'number')}: {few(numbers)}")
    return element("details", folded, element("p", names(numbers)))


def title_of(numbers: Sequence[str]) -> tuple[Markup, ...]:
    """A heading that names a few of the numbers, with all of them under it."""
    if len(numbers) == 1:
        return (element("h3", code(numbers[0])),)
    heading = element("h3", f"{count(len(numbers), 'number')}: {few(numbers)}")
    if len(numbers) == 2:
        return (heading,)
    folded = element("summary", f"All {len(numbers):,} numbers")
    return heading, element("details", folded, element("p", names(numbers)))


def few(numbers: Sequence[str]) -> str:
    """`+1…, +1… and 28 more`."""
    more = f" and {len(numbers) - 2:,} more" if len(numbers) > 2 else ""
    return ", ".join(numbers[:2]) + more


def names(numbers: Sequence[str]) -> Markup:
    """All of them as ranges, or, where that is too long, counted by their first digits."""
    return text(named(numbers, str, _NAMES_AT_MOST))


def where(sources: Iterable[Source]) -> Markup:
    """The lines of YAML, the first few of many."""
    lines = list(dict.fromkeys(map(str, sources)))
    if not lines:
        return Markup()
    if len(lines) <= 3:
        return listed([path(line) for line in lines])
    folded = element("summary", f"{len(lines):,} places")
    more = f" and {len(lines) - 50:,} more" if len(lines) > 50 else ""
    return element("details", folded, listed([path(line) for line in lines[:50]]), more)


def held_table(
    withheld: Sequence[Withheld], unknown: Sequence[UnknownField], not_owned: Sequence[NotOwned]
) -> Markup:
    """A row for each reason."""
    rows = [
        _held(joined(("withheld: ", code(rule))), each, reason)
        for (rule, reason), each in grouped(withheld, lambda e: (e.rule, e.reason)).items()
    ]
    rows += [
        _held(text("unknown"), each, reason)
        for (reason,), each in grouped(unknown, lambda e: (e.reason,)).items()
    ]
    if not_owned:
        numbers = [each.phone_number for each in not_owned]
        places = where(each.source for each in not_owned)
        rows.append((text("not owned"), who(numbers), Markup(), "the account lacks it", places))
    if not rows:
        return Markup()
    head = ("What", "Numbers", "Fields", "Why", "Where")
    made = table("Declared, but left as it is", head, rows[:ROWS_AT_MOST], class_="held")
    more = len(rows) - ROWS_AT_MOST
    return joined((made, element("p", f"and {count(more, 'more reason')}") if more > 0 else ""))


_HeldRow = tuple[Markup, Markup, Markup, str, Markup]


def _held(what: Markup, items: Sequence[Withheld | UnknownField], why: str) -> _HeldRow:
    numbers = list(dict.fromkeys(each.phone_number for each in items))
    paths = list(dict.fromkeys(each.path for each in items if each.path))
    sources = (each.source for each in items if each.source)
    fields = listed([path(each) for each in paths])
    return what, who(numbers), fields, sentence(shortened(neutral(why), 500)), where(sources)


def facts(given: Mapping[str, str]) -> Markup:
    """What is to be known of where a report comes from, as far as it is."""
    rows = (
        element("div", element("dt", name), element("dd", shortened(neutral(fact), 500)))
        for name, fact in given.items()
        if fact
    )
    return element("dl", joined(rows), class_="facts")
