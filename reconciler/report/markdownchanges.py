"""Changes as Markdown tables: odd ones out, those without a risk, and every number behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from reconciler.report.commonmark import Part, code, details, table
from reconciler.report.grouping import Block, FieldGroup, NumberMove, blocks
from reconciler.report.phrases import becomes, edit, move, value, where, who
from reconciler.report.ranges import named
from reconciler.report.risks import Member, Outlier, alike, outliers, without_risk
from reconciler.report.words import count

_NAMES_AT_MOST = 4_000
"""Characters for the numbers of one row of the details; more of them are counted."""


def outlier_parts(moves: Sequence[NumberMove]) -> Iterator[Part]:
    """Changes unlike nine in ten of their kind."""
    if found := outliers(moves):
        title = f"#### Unlike the others: {count(len(found), 'change')}\n"
        yield Part(title, tuple(map(_outlier, found)), cut=more("outlier"))


def _outlier(odd: Outlier) -> str:
    usual = f"{count(odd.many, 'number')} {value(odd.before)} → {value(odd.usual)}"
    numbers = [number for number, _ in odd.members]
    sources = [field.source for _, field in odd.members]
    return (
        f"- {code(odd.path)}: {usual}; {count(len(numbers), 'number')} {value(odd.before)} → "
        f"{value(odd.after)}: {', '.join(map(code, numbers[:5]))}"
        f"{f' and {len(numbers) - 5:,} more' if len(numbers) > 5 else ''} ({where(sources)})"
    )


def change_parts(moves: Sequence[NumberMove]) -> Iterator[Part]:
    """What changes without a risk: a row for each group of numbers."""
    rest = without_risk(moves)
    if not rest:
        return
    rows = [_block(block) for block in blocks(rest)]
    changes = sum(len(change.fields) for change in rest)
    head, line, *lines = table(("Numbers", "Change", "Where"), rows)
    other = "Other changes" if changes < sum(len(each.fields) for each in moves) else "Changes"
    title = f"#### {other}: {changes:,}"
    yield Part(f"{title}\n\n{head}\n{line}", tuple(lines), rank=1, cut=more("group", "changes"))


def _block(block: Block) -> tuple[str, str, str]:
    changes = "<br>".join(_field(block, group) for group in block.fields)
    places = "<br>".join(
        code(str(group.example.source)) if group.places == 1 else f"{group.places:,} places"
        for group in block.fields
    )
    return who(block.numbers), changes, places


def _field(block: Block, group: FieldGroup) -> str:
    field = group.example
    if group.intents > 1:
        such = f"{value(field.before)} → {value(field.after)} on {code(block.numbers[0])}"
        return f"{code(field.path)}: {group.intents:,} different changes, such as {such}"
    if group.tags is not None:
        on = f" (on {len(group.befores):,} different lists)" if len(group.befores) > 1 else ""
        return f"{code(field.path)}: {edit(group.tags)}{on}"
    return becomes(field.path, group.befores, field.after)


def detail_parts(moves: Sequence[NumberMove], command: str) -> Iterator[Part]:
    """Every change without a risk with the numbers it is made on, the commonest first, as far as
    there is room; `command` tells the rest."""
    found = [(each.phone_number, field) for each in without_risk(moves) for field in each.fields]
    if len(found) < 2:
        return
    groups = alike(found)
    numbers = [len(members) for members in groups]
    rows = [_alike(members) for members in groups]
    head, line, *lines = table(("Change", "Numbers", "Where"), rows)
    opened, closed = details("Every other change, with its numbers")

    def cut(dropped: int) -> str:
        left = sum(numbers[len(numbers) - dropped :])
        of = count(len(found), "change")
        return (
            f"{left:,} of {of} without risk are not told with their numbers: see {code(command)}."
        )

    yield Part(f"{opened}\n{head}\n{line}", tuple(lines), closed, rank=9, cut=cut)


def _alike(members: Sequence[Member]) -> tuple[str, str, str]:
    numbers = named([number for number, _ in members], code, _NAMES_AT_MOST)
    return move(members[0][1]), numbers, where(field.source for _, field in members)


def more(one: str, of: str = "") -> Callable[[int], str]:
    """The line that counts what was cut."""

    def cut(dropped: int) -> str:
        return f"{count(dropped, f'more {one}')}{f' of {of}' if of else ''} not shown here."

    return cut
