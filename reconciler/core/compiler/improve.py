"""Better covers by small steps: each is tried, and taken back where it saves nothing.

Two kinds of step. A body is *relieved* of the numbers that its last job is for, where they can go
elsewhere for less. A body is *opened* for all numbers that could share it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.core.compiler.cover import ALONE, Body, Cover, Kin, Way, ways_of

_SOME, _CHOICE = 64, 3
_MOST_TO_OPEN = 20_000
_Members = dict[Body, list[int]]


class Improver:
    """Works on one cover until nothing helps, or the steps it may take are used up."""

    def __init__(self, cover: Cover, floor: int, steps: int) -> None:
        self._cover, self._floor, self.steps_left = cover, floor, steps
        self._ways: dict[int, list[Way]] = {}
        self._parts = cover.parts()

    def run(self) -> None:
        """Improve the cover in place."""
        while not self._is_done():
            before = self._cover.cost
            self._ways.clear()
            self._parts = self._cover.parts()
            self._relieve_all()
            self._open_all()
            if self._cover.cost == before:
                return

    def _is_done(self) -> bool:
        return self._cover.cost <= self._floor or self.steps_left <= 0

    def _ways_of(self, at: int) -> list[Way]:
        found = self._ways.get(at)
        if found is None:
            found = self._ways[at] = ways_of(self._cover.kins[at], self._parts)
            self.steps_left -= len(found)
        return found

    # ---- relieve ------------------------------------------------------------------------------

    def _relieve_all(self) -> None:
        cover = self._cover
        members: _Members = {}
        for at, ways in enumerate(cover.ways):
            for way in ways:
                for part in way:
                    members.setdefault(cover.kins[at].body(part), []).append(at)
        # The fewer numbers have to go elsewhere, the likelier it is that they can.
        for body in sorted(members, key=lambda body: (self._surplus(body), body)):
            if self._is_done():
                return
            if body in cover.loads:
                self._relieve(body, members[body])

    def _surplus(self, body: Body) -> int:
        """How many numbers the last job of a body is for."""
        size = self._cover.size
        return (self._cover.loads[body] - 1) % size + 1

    def _relieve(self, body: Body, members: Sequence[int]) -> None:
        cover, before, mark = self._cover, self._cover.cost, self._cover.mark()
        left = self._surplus(body)
        for at, way in self._cheapest_first(body, members):
            if self.steps_left <= 0:
                break
            left -= self._divert(at, way, left, body)
            if left <= 0:
                break
        if cover.cost >= before:
            cover.undo_to(mark)

    def _cheapest_first(self, body: Body, members: Sequence[int]) -> list[tuple[int, Way]]:
        part = body[0]
        found: list[tuple[float, int, Way]] = []
        kins = list(dict.fromkeys(members))
        # Of many, enough to choose from.
        stride = max(len(kins) // (_SOME + _CHOICE * self._surplus(body)), 1)
        for at in kins[::stride]:
            for way, count in self._cover.ways[at].items():
                if part in way and self._cover.kins[at].body(part) == body:
                    price, _ = self._best_way(at, way, count, part)
                    found.append((price / count, at, way))
        found.sort()
        return [(at, way) for _, at, way in found]

    def _divert(self, at: int, way: Way, most: int, body: Body) -> int:
        """Send up to `most` numbers of a kin another way than by `body`; how many went."""
        gone = 0
        while gone < most and (have := self._cover.ways[at].get(way, 0)):
            count = min(have, most - gone)
            _, new = self._best_way(at, way, count, body[0])
            # What still fits goes for nothing; the rest is looked at anew.
            room = min(
                (s for part in new if (s := self._cover.slack(self._cover.kins[at], part))),
                default=count,
            )
            count = min(count, room)
            self._cover.move(at, way, new, count)
            gone += count
        return gone

    def _best_way(self, at: int, way: Way, count: int, avoid: int) -> tuple[int, Way]:
        best: tuple[int, int, Way] | None = None
        for new in self._ways_of(at):
            if avoid in new or new == way:
                continue
            self.steps_left -= 1
            key = (self._cover.price(at, way, new, count), len(new), new)
            if best is None or key < best:
                best = key
        # ALONE is always among the ways and holds no part.
        return (best[0], best[2]) if best else (count, ALONE)

    # ---- open ---------------------------------------------------------------------------------

    def _open_all(self) -> None:
        if len(self._cover.kins) > _MOST_TO_OPEN:
            return
        able: _Members = {}
        for at in range(len(self._cover.kins)):
            for body in self._bodies_of(at):
                able.setdefault(body, []).append(at)
        for body, kins in able.items():
            if self._is_done():
                return
            if len(kins) > 1 or self._cover.kins[kins[0]].total > 1:
                self._open(body, kins)

    def _bodies_of(self, at: int) -> Iterator[Body]:
        kin = self._cover.kins[at]
        parts = {part for way in self._ways_of(at) for part in way}
        return (kin.body(part) for part in sorted(parts))

    def _open(self, body: Body, kins: Sequence[int]) -> None:
        cover, before, mark = self._cover, self._cover.cost, self._cover.mark()
        for at in kins:
            for way, count in list(cover.ways[at].items()):
                self.steps_left -= 1
                if body[0] not in way:
                    cover.move(at, way, _with(cover.kins[at], way, body[0]), count)
        if cover.cost >= before:
            cover.undo_to(mark)


def _with(kin: Kin, way: Way, part: int) -> Way:
    """A way with `part` in it, and of the other parts what is still needed beside it."""
    rest = kin.need & ~part
    if way == ALONE:
        return (part, rest) if part < rest else (rest, part) if rest else (part,)
    kept = []
    for each in way:
        still = each & rest
        if still:
            kept.append(each if each & kin.need == still else still)
    return tuple(sorted((*kept, part)))
