"""Drafts -> what gets an entry: a number, a block of numbers in a row that are alike, or a number
in a block that differs from it. Texts that hold the number become templates where several do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from reconciler.core.catalogue import BY_PATH
from reconciler.core.declarable import Draft, nested
from reconciler.core.fields import Type
from reconciler.core.places import MOST_IN_A_BLOCK, TO
from reconciler.core.templates import Text
from reconciler.core.validate import is_valid

FEWEST_ALIKE = 3
"""The fewest numbers that get a block, a group or a template."""
_MOST_BETWEEN = 3
"""The most exceptions in a row that a block goes on after."""
_MOST_LOOKED_AHEAD = 64
"""How far a block is followed beyond what is known to be worth it. Numbers that take turns never
are, and would be followed to their end from each of them."""
_TEXTS = frozenset({Type.TEXT, Type.E164, Type.CNAM})


@dataclass(frozen=True, slots=True)
class Unit:
    """What gets one entry: `draft` is that of its only, or first, number; `last` the last number
    of a block, "" for one that is none; `block` what it is an exception of."""

    draft: Draft
    last: str = ""
    block: Unit | None = None

    @property
    def key(self) -> str:
        """As it is declared."""
        first = self.draft.live.phone_number
        return f"{first}{TO}{self.last}" if self.last else first


def units_of(drafts: Sequence[Draft], file_of: Callable[[Draft], str]) -> list[Unit]:
    """The units of drafts of one kind, in the order of their numbers. A block is of numbers that
    `file_of` puts in one file."""
    drafts = sorted(templated(drafts), key=_order)
    alike: dict[object, int] = {}
    looks = [alike.setdefault(_look(each, file_of), len(alike)) for each in drafts]
    units: list[Unit] = []
    start = 0
    for at in range(1, len(drafts) + 1):
        if at == len(drafts) or not _follows(drafts[at - 1], drafts[at]):
            units += _blocks(drafts[start:at], looks[start:at])
            start = at
    return units


def _order(draft: Draft) -> tuple[int, str]:
    number = draft.live.phone_number
    return len(number), number


def _follows(one: Draft, other: Draft) -> bool:
    first, second = one.live.phone_number, other.live.phone_number
    return len(first) == len(second) and int(second[1:]) == int(first[1:]) + 1


def _look(draft: Draft, file_of: Callable[[Draft], str]) -> object:
    return file_of(draft), tuple(draft.values.items()), draft.unset, draft.notes


def _blocks(drafts: Sequence[Draft], looks: Sequence[int]) -> Iterator[Unit]:
    """The units of numbers in a row."""
    at = 0
    while at < len(drafts):
        end = _reach(looks, at)
        if end == at:
            yield Unit(drafts[at])
            at += 1
            continue
        block = Unit(drafts[at], drafts[end - 1].live.phone_number)
        yield block
        for place in range(at, end):
            if looks[place] != looks[at]:
                yield Unit(drafts[place], block=block)
        at = end


def _reach(looks: Sequence[int], start: int) -> int:
    """Where the block that begins at `start` ends; `start` where none is worth it: enough numbers
    are alike, and few between them are not."""
    look, best, members, at = looks[start], start, 0, start
    most = min(len(looks), start + MOST_IN_A_BLOCK)
    while True:
        end = _end_of_run(looks, at, most)
        members += end - at
        if members >= FEWEST_ALIKE and members >= 2 * (end - start - members):
            best = end
        at = end
        while at < most and at - end <= _MOST_BETWEEN and looks[at] != look:
            at += 1
        between = looks[end:at]
        again = _end_of_run(looks, at, min(most, at + len(between))) - at if at < most else 0
        lone = len(between) < FEWEST_ALIKE or len(set(between)) > 1
        far = at - best > _MOST_LOOKED_AHEAD
        if far or not between or len(between) > _MOST_BETWEEN or again < len(between) or not lone:
            return best


def _end_of_run(looks: Sequence[int], start: int, most: int) -> int:
    at = start
    while at < most and looks[at] == looks[start]:
        at += 1
    return at


def templated(drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts, with a template for each text that several numbers hold in the same way."""
    found = [_templates(each) for each in drafts]
    counts = Counter(item for each in found for item in each.items())
    kinds = {each.live.kind.value for each in drafts}
    worth = {
        (path, text)
        for (path, text), times in counts.items()
        if times >= FEWEST_ALIKE and all(is_valid(kind, nested([(path, text)])) for kind in kinds)
    }
    return [
        replace(draft, values={**draft.values, **chosen})
        if (chosen := dict(item for item in its.items() if item in worth))
        else draft
        for draft, its in zip(drafts, found, strict=True)
    ]


def _templates(draft: Draft) -> dict[str, Text]:
    """The template that each text of a number may come from."""
    number, rows = draft.live.phone_number, BY_PATH[draft.live.kind]
    return {
        path: _template(value, number)
        for path, value in draft.values.items()
        if isinstance(value, str) and number[-4:] in value and rows[path].type in _TEXTS
    }


def _template(value: str, number: str) -> Text:
    """`value` with `{number}` and `{last4}` where it holds them."""
    parts: list[str] = []
    for whole in value.split(number):
        parts += ["number"] if parts else []
        first, *more = whole.split(number[-4:])
        parts.append(first)
        for text in more:
            parts += ["last4", text]
    return Text(tuple(parts))
