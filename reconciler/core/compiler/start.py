"""Where the search for a cover begins: the columns cut into blocks, each block one body."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.compiler.cover import ALONE, Body, Cover, Kin, bits, calls_for, picker


class _Blocks:
    """What each block of columns costs on its own, by the better of two habits: send a number
    only what it needs, or (`widely`) all of the block that it may be sent."""

    def __init__(self, kins: Sequence[Kin], size: int) -> None:
        self._kins, self._size = kins, size
        holds = any(kin.may != kin.need for kin in kins)
        self._habits = (False, True) if holds else (False,)
        self._known: dict[int, tuple[int, bool]] = {}

    def cost(self, block: int) -> tuple[int, bool]:
        """The calls of a block, and whether that is by sending widely."""
        if block not in self._known:
            self._known[block] = min((self._price(block, habit), habit) for habit in self._habits)
        return self._known[block]

    def _price(self, block: int, widely: bool) -> int:
        loads: dict[Body, int] = {}
        for values, need, may, count in self._kins:
            if part := need & block:
                if widely:
                    part = may & block
                body = part, picker(part)(values)
                loads[body] = loads.get(body, 0) + count
        return sum(calls_for(load, self._size) for load in loads.values())


def begin(kins: Sequence[Kin], size: int) -> Cover:
    """A cover by blocks. Columns that cost less together than apart are put together, the pair
    that saves most first, until no pair saves any more."""
    priced = _Blocks(kins, size)
    columns = 0
    for kin in kins:
        columns |= kin.need
    blocks = [1 << at for at in bits(columns)]
    while pair := _best_pair(priced, blocks):
        blocks = [block for block in blocks if block not in pair] + [pair[0] | pair[1]]
    apart = sum(priced.cost(block)[0] for block in blocks)
    if priced.cost(columns)[0] <= apart:
        blocks = [columns]
    habits = [(block, priced.cost(block)[1]) for block in sorted(blocks)]
    cover = Cover(kins, size)
    for at, kin in enumerate(kins):
        way = (
            (kin.may if widely else kin.need) & block
            for block, widely in habits
            if kin.need & block
        )
        cover.move(at, ALONE, tuple(sorted(way)), kin.total)
    return cover


def _best_pair(priced: _Blocks, blocks: Sequence[int]) -> tuple[int, int] | None:
    best, found = 0, None
    for place, one in enumerate(blocks):
        for other in blocks[place + 1 :]:
            apart = priced.cost(one)[0] + priced.cost(other)[0]
            if (saved := apart - priced.cost(one | other)[0]) > best:
                best, found = saved, (one, other)
    return found
