"""Identical changes on many numbers are one block: a plan stays short enough to read.

Numbers belong together when the same fields become the same, whatever they were before. Where
many numbers change the same fields each in its own way they are one block too, with an example;
and a plan that is still long is turned round, to one block a field.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from reconciler.core.model import Source
from reconciler.core.values import Shown

_Intent = tuple[str, object]
_Move = tuple[frozenset[str], frozenset[str]]
_Edited = frozenset[Source]


class FieldMove(Protocol):
    """One field that becomes something else: of a plan, or between two states of the YAML."""

    @property
    def path(self) -> str:
        """The path of the field."""

    @property
    def before(self) -> Shown:
        """What was there."""

    @property
    def after(self) -> Shown:
        """What it becomes."""

    @property
    def source(self) -> Source:
        """The line that says so."""

    @property
    def risk(self) -> tuple[str, ...]:
        """The labels of what it puts at risk."""


class NumberMove(Protocol):
    """All that changes on one number."""

    @property
    def phone_number(self) -> str:
        """In E.164."""

    @property
    def fields(self) -> Sequence[FieldMove]:
        """What changes on it."""


@dataclass(frozen=True, slots=True)
class TagMove:
    """Which tags come and go."""

    come: tuple[str, ...]
    gone: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """One field of a block, over all its numbers.

    `example` is that of the first number; `befores` counts the numbers by what was there;
    `intents` is how many different things the field becomes; `places` how many lines in the YAML
    say so. `tags` is the edit, where the field is tags.
    """

    example: FieldMove
    befores: tuple[tuple[Shown, int], ...]
    intents: int
    places: int
    tags: TagMove | None


@dataclass(frozen=True, slots=True)
class Block:
    """Numbers that change together."""

    numbers: tuple[str, ...]
    fields: tuple[FieldGroup, ...]


def blocks(changes: Sequence[NumberMove], *, most: int = 10) -> list[Block]:
    """`changes` as about `most` blocks at the most, in the order of the YAML."""
    edited = _edited(changes)
    by_number = _by_number(changes, edited)
    if len(by_number) <= most:
        return by_number
    by_field: defaultdict[str, list[tuple[str, FieldMove]]] = defaultdict(list)
    for change in changes:
        for field in change.fields:
            by_field[field.path].append((change.phone_number, field))
    return [block for members in by_field.values() for block in _of_one_field(members, edited)]


def _edited(changes: Iterable[NumberMove]) -> _Edited:
    """The lines of YAML whose tags are told best as an edit: it is one, while the lists it
    leads to are many."""
    lists: defaultdict[Source, set[Shown]] = defaultdict(set)
    edits: defaultdict[Source, set[_Move]] = defaultdict(set)
    for change in changes:
        for field in change.fields:
            if move := _move(field):
                lists[field.source].add(field.after)
                edits[field.source].add(move)
    return frozenset(source for source in lists if len(edits[source]) < len(lists[source]))


def _by_number(changes: Iterable[NumberMove], edited: _Edited, most_alone: int = 3) -> list[Block]:
    groups: defaultdict[tuple[_Intent, ...], list[NumberMove]] = defaultdict(list)
    for change in changes:
        groups[tuple(_intent(field, edited) for field in change.fields)].append(change)
    by_paths: defaultdict[tuple[str, ...], list[list[NumberMove]]] = defaultdict(list)
    for intents, group in groups.items():
        by_paths[tuple(path for path, _ in intents)].append(group)
    found: list[Block] = []
    for alike in by_paths.values():
        alone = [group[0] for group in alike if len(group) == 1]
        if len(alone) > most_alone:
            found += [_block(group, edited) for group in alike if len(group) > 1]
            found.append(_block(alone, edited))
        else:
            found += [_block(group, edited) for group in alike]
    return found


def _of_one_field(
    members: list[tuple[str, FieldMove]], edited: _Edited, most: int = 6
) -> list[Block]:
    groups: defaultdict[_Intent, list[tuple[str, FieldMove]]] = defaultdict(list)
    for number, field in members:
        groups[_intent(field, edited)].append((number, field))
    largest = sorted(groups.values(), key=len, reverse=True)
    kept = largest if len(largest) <= most else [g for g in largest[: most - 1] if len(g) > 1]
    rest = [member for group in largest[len(kept) :] for member in group]
    return [
        Block(
            tuple(number for number, _ in group), (_group([field for _, field in group], edited),)
        )
        for group in [*kept, *([rest] if rest else [])]
    ]


def _block(changes: Sequence[NumberMove], edited: _Edited) -> Block:
    columns = zip(*(change.fields for change in changes), strict=True)
    return Block(
        tuple(change.phone_number for change in changes),
        tuple(_group(column, edited) for column in columns),
    )


def _group(column: Sequence[FieldMove], edited: _Edited) -> FieldGroup:
    befores = Counter(field.before for field in column).most_common()
    return FieldGroup(
        example=column[0],
        befores=tuple(befores),
        intents=len({_intent(field, edited) for field in column}),
        places=len({field.source[:2] for field in column}),
        tags=tag_move(column[0]) if len(befores) == 1 or column[0].source in edited else None,
    )


def _intent(field: FieldMove, edited: _Edited) -> _Intent:
    """What a change is about, apart from what was there."""
    move = _move(field) if field.source in edited else None
    return field.path, move or field.after


def _move(field: FieldMove) -> _Move | None:
    if not (isinstance(field.before, tuple) and isinstance(field.after, tuple)):
        return None
    before, after = frozenset(field.before), frozenset(field.after)
    return after - before, before - after


def tag_move(field: FieldMove) -> TagMove | None:
    """Which tags come and go, where both sides are lists: in a long list that hides."""
    if not (isinstance(field.before, tuple) and isinstance(field.after, tuple)):
        return None
    from deepdiff import DeepDiff  # few plans change tags, and it takes long to load

    moved = DeepDiff(list(field.before), list(field.after), ignore_order=True, view="tree")
    swapped = list(moved.get("values_changed", ()))
    come = [item.t2 for item in [*moved.get("iterable_item_added", ()), *swapped]]
    gone = [item.t1 for item in [*moved.get("iterable_item_removed", ()), *swapped]]
    return TagMove(tuple(sorted(map(str, come))), tuple(sorted(map(str, gone))))


def examples(numbers: Sequence[str], most: int = 3) -> str:
    """`+1…, +1…, +1… and 57 more`."""
    shown = ", ".join(numbers[:most])
    more = len(numbers) - most
    return f"{shown} and {more:,} more" if more > 0 else shown
