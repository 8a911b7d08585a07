"""The best cover of a few numbers, by trying them all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from reconciler.core.compiler.cover import Kin, Way, floor_of

FEW = 12
"""Numbers that are few enough."""

_State = tuple[int, ...]
_Job = tuple[int, tuple[int, ...]]


class Search:
    """Branch and bound over the jobs of `numbers`, each given by its kin.

    `run` finds ways with fewer calls than `most`, None where there are none, or where the search
    would take more than `steps`.
    """

    def __init__(self, numbers: Sequence[Kin], size: int, most: int, steps: int) -> None:
        self._numbers, self._size, self._steps = numbers, size, steps
        self._best = most
        self._jobs: list[_Job] = []
        self._found: list[_Job] | None = None
        self._seen: dict[_State, int] = {}

    def run(self) -> list[Way] | None:
        """The way of each number."""
        self._go(tuple(kin.need for kin in self._numbers))
        if self._found is None:
            return None
        ways: list[list[int]] = [[] for _ in self._numbers]
        for part, places in self._found:
            for place in places:
                ways[place].append(part)
        return [tuple(sorted(way)) for way in ways]

    def _go(self, left: _State) -> None:
        self._steps -= 1
        so_far = len(self._jobs)
        floor = floor_of(map(_needing, self._numbers, left), self._size)
        if so_far + floor >= self._best or self._steps <= 0:
            return
        if not floor:
            self._best, self._found = so_far, list(self._jobs)
            return
        if self._seen.get(left, self._best) <= so_far:
            return
        self._seen[left] = so_far
        for part, places in self._next_jobs(left):
            after = list(left)
            for place in places:
                after[place] &= ~part
            self._jobs.append((part, places))
            self._go(tuple(after))
            self._jobs.pop()

    def _next_jobs(self, left: _State) -> Iterator[_Job]:
        """Every job for the first number that still needs something, the fullest first."""
        first = next(place for place, need in enumerate(left) if need)
        kin, lowest = self._numbers[first], left[first] & -left[first]
        for part in _parts(kin.may, lowest):
            if part & kin.need & ~left[first]:
                continue
            body = kin.body(part)
            able = [
                place
                for place in range(first + 1, len(left))
                if self._can_share(place, left[place], part, body)
            ]
            for count in range(min(self._size - 1, len(able)), -1, -1):
                for others in combinations(able, count):
                    yield part, (first, *others)

    def _can_share(self, place: int, left: int, part: int, body: object) -> bool:
        other = self._numbers[place]
        fits = part & left and not part & ~other.may and not part & other.need & ~left
        return bool(fits) and other.body(part) == body


def _needing(kin: Kin, need: int) -> Kin:
    return kin._replace(need=need)


def _parts(may: int, lowest: int) -> Iterator[int]:
    """The parts of `may` that hold the bit `lowest`, the largest first."""
    rest = may & ~lowest
    part = rest
    while True:
        yield part | lowest
        if not part:
            return
        part = (part - 1) & rest
