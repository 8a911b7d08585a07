"""A cover: which numbers share which job, as counts.

Numbers that are alike for this purpose are one `Kin`. A job's body is a *part* of what is declared
of a kin: a set of columns, as a bit mask, and the values that stand there. All jobs of one body
are as good as each other, so that only the *load* of a body is kept: how many numbers it has to
reach. A way is how a number gets all that it needs: by some parts, which need different columns;
or, as the empty way, by a call of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

Way = tuple[int, ...]
Body = tuple[int, Any]
"""The mask of a part, and the values in its columns (of one column, the value)."""

ALONE: Way = ()
_MOST_WAYS = 64
_FEW_COLUMNS = 4


class Kin(NamedTuple):
    """Numbers that need the same and already hold the same of what others need.

    `values` has one value per column, 0 where nothing is declared that any job sets, and no value
    stands in two columns; `need` are the columns that have to be written, `may` those and the ones
    that hold already, or that are written anyway, and so may be sent again.
    """

    values: tuple[int, ...]
    need: int
    may: int
    total: int

    def body(self, part: int) -> Body:
        """The body that `part` of it makes."""
        return part, picker(part)(self.values)


@cache
def picker(part: int) -> Callable[[tuple[int, ...]], Any]:
    """What takes the values of `part` out of those of a kin."""
    return itemgetter(*bits(part))


@cache
def bits(mask: int) -> tuple[int, ...]:
    """The places of the bits in `mask`."""
    return tuple(at for at in range(mask.bit_length()) if mask >> at & 1)


def calls_for(load: int, size: int) -> int:
    """How many jobs it takes to reach `load` numbers."""
    return -(-load // size)


class Cover:
    """The way of every number, changed step by step; `cost` is the number of calls.

    `undo_to` takes back what was done since `mark`.
    """

    def __init__(self, kins: Sequence[Kin], size: int) -> None:
        self.kins, self.size = kins, size
        self.ways: list[dict[Way, int]] = [{ALONE: kin.total} for kin in kins]
        self.loads: dict[Body, int] = {}
        self.cost = sum(kin.total for kin in kins)
        self._trail: list[tuple[int, Way, Way, int]] = []

    def move(self, at: int, old: Way, new: Way, count: int) -> int:
        """Give `count` numbers of the kin at `at` another way; the calls that it costs."""
        before = self.cost
        self._shift(at, old, new, count)
        self._trail.append((at, old, new, count))
        return self.cost - before

    def mark(self) -> int:
        """This moment, for `undo_to`."""
        return len(self._trail)

    def undo_to(self, mark: int) -> None:
        """Everything as it was at `mark`."""
        while len(self._trail) > mark:
            at, old, new, count = self._trail.pop()
            self._shift(at, new, old, count)

    def price(self, at: int, old: Way, new: Way, count: int) -> int:
        """What `move` would cost."""
        kin, cost = self.kins[at], 0
        for part in old:
            if part not in new:
                load = self.loads[kin.body(part)]
                cost += calls_for(load - count, self.size) - calls_for(load, self.size)
        for part in new:
            if part not in old:
                load = self.loads.get(kin.body(part), 0)
                cost += calls_for(load + count, self.size) - calls_for(load, self.size)
        return cost + count * ((new == ALONE) - (old == ALONE))

    def slack(self, kin: Kin, part: int) -> int:
        """How many more numbers the jobs of this body can take."""
        return -self.loads.get(kin.body(part), 0) % self.size

    def parts(self) -> set[int]:
        """The masks of all bodies in use."""
        return {part for part, _ in self.loads}

    def join(self, kin: Kin, way: Way, count: int) -> None:
        """Let `count` more numbers into the jobs of `way`, beside the calls they have."""
        for part in way:
            self._load(kin.body(part), count)

    def _shift(self, at: int, old: Way, new: Way, count: int) -> None:
        ways, kin = self.ways[at], self.kins[at]
        left = ways[old] - count
        if left:
            ways[old] = left
        else:
            del ways[old]
        ways[new] = ways.get(new, 0) + count
        self.cost += count * ((new == ALONE) - (old == ALONE))
        for part in old:
            self._load(kin.body(part), -count)
        for part in new:
            self._load(kin.body(part), count)

    def _load(self, body: Body, count: int) -> None:
        before = self.loads.get(body, 0)
        after = before + count
        self.cost += calls_for(after, self.size) - calls_for(before, self.size)
        if after:
            self.loads[body] = after
        else:
            del self.loads[body]


def floor_of(kins: Iterable[Kin], size: int) -> int:
    """What no cover can go below: in one column every value needs calls of its own."""
    columns: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for kin in kins:
        for at in bits(kin.need):
            counts, value = columns[at], kin.values[at]
            counts[value] = counts.get(value, 0) + kin.total
    floors = (sum(calls_for(n, size) for n in counts.values()) for counts in columns.values())
    return max(floors, default=0)


def ways_of(kin: Kin, parts: Iterable[int]) -> list[Way]:
    """Ways in which a number of `kin` may get what it needs, the lonely one first.

    With few columns these are all there are; with many, those made of `parts` that are in use, of
    single columns and of all at once.
    """
    if kin.may.bit_count() <= _FEW_COLUMNS:
        usable = {part for part in _within(kin.may) if part & kin.need}
    else:
        usable = {1 << at for at in bits(kin.need)} | {kin.need, kin.may}
        usable |= {part & kin.may for part in parts if part & kin.need}
    found: list[Way] = [ALONE]
    _extend(found, kin.need, (), kin.need, sorted(usable, reverse=True))
    return found


def _within(mask: int) -> Iterator[int]:
    part = mask
    while part:
        yield part
        part = (part - 1) & mask


def _extend(found: list[Way], need: int, way: Way, left: int, usable: Sequence[int]) -> None:
    if not left:
        found.append(tuple(sorted(way)))
        return
    lowest = left & -left
    for part in usable:
        if len(found) >= _MOST_WAYS:
            return
        if part & lowest and not part & need & ~left:
            _extend(found, need, (*way, part), left & ~part, usable)
