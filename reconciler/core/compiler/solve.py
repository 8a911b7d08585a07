"""Kins -> a cover with few calls, the best that is known where that is cheap to know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from reconciler.core.compiler.cover import ALONE, Cover, Kin, bits, floor_of
from reconciler.core.compiler.exact import FEW, Search
from reconciler.core.compiler.improve import Improver
from reconciler.core.compiler.start import begin

_STEPS = 400_000
"""How many changes to a cover are tried in all: some 3 s."""
_EXACT_STEPS = 20_000
"""How far a search for the very best of a few numbers may go."""
_MOST_COLUMNS = 8


def solve(kins: Sequence[Kin], size: int) -> Cover:
    """A cover of all `kins` with jobs of up to `size` numbers."""
    cover = Cover(kins, size)
    steps = _STEPS
    for group in _components(kins, _lonely(kins)):
        if len(group) == 1:
            (at,) = group
            cover.move(at, ALONE, (kins[at].need,), kins[at].total)
            continue
        part = begin([kins[at] for at in group], size)
        steps = _polish(part, steps)
        for at, ways in zip(group, part.ways, strict=True):
            for way, count in ways.items():
                if way != ALONE:
                    cover.move(at, ALONE, way, count)
    return cover


def _polish(cover: Cover, steps: int) -> int:
    """Improve a cover in place; how many steps are left then."""
    floor = floor_of(cover.kins, cover.size)
    if cover.cost <= floor or steps <= 0:
        return steps
    improver = Improver(cover, floor, steps)
    improver.run()
    if cover.cost > floor and sum(kin.total for kin in cover.kins) <= FEW:
        return improver.steps_left - _search(cover)
    return improver.steps_left


def _search(cover: Cover) -> int:
    """Put the best cover in the place of this one, as far as that can be told; what it took."""
    numbers = [kin._replace(total=1) for kin in cover.kins for _ in range(kin.total)]
    if max(kin.may.bit_length() for kin in numbers) > _MOST_COLUMNS:
        return 0
    ways = Search(numbers, cover.size, cover.cost, _EXACT_STEPS).run()
    if ways is not None:
        for at, mine in enumerate(cover.ways):
            for way, count in list(mine.items()):
                cover.move(at, way, ALONE, count)
        places = [at for at, kin in enumerate(cover.kins) for _ in range(kin.total)]
        for at, way in zip(places, ways, strict=True):
            cover.move(at, ALONE, way, 1)
    return _EXACT_STEPS


def _lonely(kins: Sequence[Kin]) -> set[int]:
    """Kins of one number that needs a value which no other number may be sent: that takes a call
    of its own, and so all that the number needs goes with it. Without those there may be more."""
    counts: dict[int, int] = {}
    places: dict[int, int] = {}  # the sum: of one kin that is left, its place
    for at, kin in enumerate(kins):
        for column in bits(kin.may):
            value = kin.values[column]
            counts[value] = counts.get(value, 0) + kin.total
            places[value] = places.get(value, 0) + at

    def is_lonely(at: int) -> bool:
        kin = kins[at]
        return kin.total == 1 and any(counts[kin.values[each]] == 1 for each in bits(kin.need))

    found: set[int] = set()
    waiting = [at for at in range(len(kins)) if is_lonely(at)]
    while waiting:
        at = waiting.pop()
        if at in found or not is_lonely(at):
            continue
        found.add(at)
        for column in bits(kins[at].may):
            value = kins[at].values[column]
            counts[value] -= 1
            places[value] -= at
            if counts[value] == 1:
                waiting.append(places[value])
    return found


def _components(kins: Sequence[Kin], without: set[int]) -> list[list[int]]:
    """Kins that may share a job, directly or by others between them, stand together."""
    above = list(range(len(kins)))

    def top(at: int) -> int:
        while above[at] != at:
            above[at] = above[above[at]]
            at = above[at]
        return at

    first: dict[int, int] = {}
    left = [at for at in range(len(kins)) if at not in without]
    for at in left:
        kin = kins[at]
        for column in bits(kin.may):
            one, other = top(at), top(first.setdefault(kin.values[column], at))
            # The first of them stands for all, so that the order is that of the numbers.
            above[max(one, other)] = min(one, other)
    found: defaultdict[int, list[int]] = defaultdict(list)
    for at in left:
        found[top(at)].append(at)
    return list(found.values())
