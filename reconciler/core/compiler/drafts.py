"""Drafts: calls that are not in order yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from reconciler.core.compiler.units import Cut, Pair
from reconciler.core.fields import Channel
from reconciler.core.operations import Body, Operation, body_of
from reconciler.core.rules import CONNECTION, FORWARDING
from reconciler.core.values import Value

T = TypeVar("T")

_RELEASES = (Channel.DELETE_JOB, Channel.DELETE_NUMBER)
_ORDER = {channel: place for place, channel in enumerate(Channel)}


@dataclass(frozen=True, slots=True)
class Draft:
    """One call: what it sets, and which of that some of its numbers hold already (`guards`)."""

    call: Channel
    numbers: tuple[str, ...]
    settings: tuple[Pair, ...]
    guards: tuple[Pair, ...] = ()


def draft_of(call: Channel, numbers: Sequence[str], cuts: Iterable[Cut]) -> Draft:
    """A call that gives each of `numbers` what `cuts` say."""
    settings: dict[str, Pair] = {}
    guards: dict[str, Pair] = {}
    for cut in cuts:
        settings |= by_path(cut.unit.settings)
        guards |= by_path(cut.guards)
    return Draft(call, tuple(numbers), tuple(settings.values()), tuple(guards.values()))


def by_path(pairs: Iterable[Pair]) -> dict[str, Pair]:
    """Settings by the path of their field."""
    return {pair[0].path: pair for pair in pairs}


def chunks(numbers: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """`numbers` in parts of `size`, the last one smaller."""
    return (numbers[at : at + size] for at in range(0, len(numbers), size))


def shared(
    many: Channel, one: Channel, numbers: Sequence[str], cuts: Sequence[Cut], size: int
) -> Iterator[Draft]:
    """Calls for numbers that all become the same; the call for `one`, which answers at once,
    where a call for `many` would name a single number."""
    for part in chunks(numbers, size):
        yield draft_of(many if len(part) > 1 else one, part, cuts)


def in_call_order(drafts: Iterable[Draft]) -> list[Draft]:
    """Jobs first, so that they run while single numbers are written; but a connection is set after
    the forwarding that another call switches on, for the provider may move it then."""
    drafts = list(drafts)
    paths = [{row.path for row, _ in draft.settings} for draft in drafts]
    forwarded = {
        number
        for draft, sets in zip(drafts, paths, strict=True)
        if not FORWARDING.isdisjoint(sets)
        for number in draft.numbers
    }

    def place(at: int) -> tuple[bool, int]:
        draft, sets = drafts[at], paths[at]
        is_moved = CONNECTION in sets and not forwarded.isdisjoint(draft.numbers)
        return is_moved and FORWARDING.isdisjoint(sets), _ORDER[draft.call]

    return [drafts[at] for at in sorted(range(len(drafts)), key=place)]


def number(drafts: Iterable[Draft]) -> Iterator[Operation]:
    """The operations, in the order of `drafts`. Those on one number depend on one another in
    that order, so that they never run at the same time."""
    last: dict[str, str] = {}
    for place, draft in enumerate(drafts, start=1):
        id_ = f"op-{place:04d}"
        depends_on = tuple(sorted({last[each] for each in draft.numbers if each in last}))
        last |= dict.fromkeys(draft.numbers, id_)
        guards: Mapping[str, Value] = {row.path: value for row, value in draft.guards}
        yield Operation(id_, draft.call, draft.numbers, _body(draft), guards, depends_on)


def _body(draft: Draft) -> Body:
    """What is guarded is sent again; but a release sends nothing."""
    return {} if draft.call in _RELEASES else body_of(draft.call, draft.settings)
