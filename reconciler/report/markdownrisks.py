"""What is given back and what is at risk, for the head of a comment: shortened where it must be,
never left out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from reconciler.core.model import Source
from reconciler.report.commonmark import Part, code, details, table
from reconciler.report.grouping import NumberMove
from reconciler.report.phrases import becomes, move, value, where, who
from reconciler.report.ranges import named
from reconciler.report.risks import Risky, alike, risky
from reconciler.report.words import count

_WHOLE = 10_000_000
"""More characters than any list of numbers takes: all of them, then."""

_ALONE = 25
"""So many given back are a list; more are told as ranges."""


Placed = tuple[str, Source | None]
"""A number, and the line that says what becomes of it."""


def release_parts(gone: Sequence[Placed], limit: int, how: str = "is given back") -> Iterator[Part]:
    """Every number that is given back, by its name as long as names fit."""
    if not gone:
        return
    title = f"#### {'To be given' if how.startswith('is to') else 'Given'} back: {len(gone):,}"
    numbers = [number for number, _ in gone]
    texts = [f"{named(numbers, code, _WHOLE)}\n\n{_folded_releases(gone)}"]
    if len(gone) <= _ALONE:
        texts = ["\n".join(_release(*each, how) for each in gone)]
    texts.append(named(numbers, code, _WHOLE))
    texts.append(_too_many("numbers") + "\n\n" + named(numbers, code, 0))
    yield _first_that_fits(title, texts, limit, rank=1)


def _release(number: str, source: Source | None, how: str) -> str:
    place = f" ({code(str(source))})" if source else ""
    return f"- {code(number)} {how}{place}"


def _folded_releases(gone: Sequence[Placed]) -> str:
    opened, closed = details("Where each of them stands")
    rows = [(code(number), code(str(source)) if source else "") for number, source in gone]
    return "\n".join([opened, *table(("Number", "Where"), rows), closed])


def risk_parts(moves: Iterable[NumberMove], limit: int) -> Iterator[Part]:
    """What is at risk: a table to read at once, and every number below it."""
    groups = risky(moves)
    if not groups:
        return
    by_field: defaultdict[tuple[tuple[str, ...], str], list[Risky]] = defaultdict(list)
    for group in groups:
        by_field[group.labels, group.path].append(group)
    changes = sum(len(group.members) for group in groups)
    rows = [row for each in by_field.values() for row in _rows(each)]
    full = "\n".join(table(("Risk", "Numbers", "Change", "Where"), rows))
    short = "\n".join(
        table(("Risk", "Changes"), [(_labels(e[0]), _counted(e)) for e in by_field.values()])
    )
    title = f"#### Risks: {count(changes, 'change')}"
    yield _first_that_fits(title, [full, short], limit, rank=2)
    if len(rows) < changes:
        yield _every_one(groups, list(by_field.values()), limit)


def _rows(groups: Sequence[Risky], most: int = 6) -> Iterator[tuple[str, ...]]:
    """A row for each thing the field becomes; of very many the commonest, and one for the rest."""
    kept = groups if len(groups) <= most else [e for e in groups[: most - 1] if len(e.members) > 1]
    for group in kept:
        change = becomes(group.path, group.befores, group.example.after)
        yield _labels(group), who(group.numbers), change, where(group.sources)
    if rest := groups[len(kept) :]:
        numbers = [number for group in rest for number in group.numbers]
        sources = [source for group in rest for source in group.sources]
        field = rest[0].example
        such = f"such as {value(field.before)} → {value(field.after)} on {code(numbers[0])}"
        change = f"{code(rest[0].path)}: {len(rest):,} different changes, {such}"
        yield _labels(rest[0]), who(numbers), change, where(sources)


def _labels(group: Risky) -> str:
    return ", ".join(f"**{label}**" for label in group.labels)


def _counted(groups: Sequence[Risky]) -> str:
    numbers = sum(len(group.members) for group in groups)
    differ = f", {len(groups):,} different changes" if len(groups) > 1 else ""
    return f"{code(groups[0].path)} of {count(numbers, 'number')}{differ}"


def _every_one(groups: Sequence[Risky], by_field: Sequence[Sequence[Risky]], limit: int) -> Part:
    """Every number at risk, folded: as ranges, or as counts where ranges are too long."""
    head = ("Change", "Numbers")
    rows = [
        (
            move(members[0][1]),
            named([number for number, _ in members], code, _WHOLE),
            where(field.source for _, field in members),
        )
        for group in groups
        for members in alike(group.members)
    ]
    texts = ["\n".join(table((*head, "Where"), rows))]
    for most in (_WHOLE, 0):
        fields = [
            (_counted(each), named([n for group in each for n in group.numbers], code, most))
            for each in by_field
        ]
        texts.append("\n".join(table(head, fields)))
    texts[-1] = f"{_too_many('changes')}\n\n{texts[-1]}"
    opened, closed = details("Every number at risk")
    return _first_that_fits("", [f"{opened}\n{text}\n{closed}" for text in texts], limit, rank=3)


def _too_many(what: str) -> str:
    return (
        f"These {what} do not fit here by name, so they are counted by their first digits; "
        "`--format json` holds every one."
    )


def _first_that_fits(title: str, texts: Sequence[str], limit: int, rank: int) -> Part:
    """The first text within a third of `limit`, so that others have room too, and the shorter
    ones for when even that is too much."""
    at = next((n for n, text in enumerate(texts) if len(text) * 3 <= limit), len(texts) - 1)
    head = f"{title}\n\n" if title else ""
    shorter = tuple(head + text for text in texts[at + 1 :])
    return Part(head + texts[at], rank=rank, required=True, shorter=shorter)
