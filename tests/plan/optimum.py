"""The fewest write calls by exhaustive search, for a few numbers: nothing here is the compiler's.

`python -m tests.plan.optimum [--instances 2000] [--seed 1]` compares plans with it, and prints how
many calls the plans take above it.

The moves are those that the API offers for a number's own and its voice settings. An update job
has one body for up to `job_size` numbers; each of them has to need, or to hold as it is declared,
every field of the body. PATCH writes some fields of one number, which a job for that number alone
could write as well, so it needs no move of its own. A field may be written more than once.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from reconciler.core.changes import Difference
from reconciler.core.model import Snapshot
from reconciler.core.plan import Plan
from tests.plan.world import SCREENING, Phone, account, compare, declare, e164, phone, plan_of

Settings = Mapping[str, Any]
_VALUES: Mapping[str, tuple[Any, ...]] = {
    "connection_id": ("11", "12", "13"),
    "billing_group_id": ("21", "22", "23"),
    "customer_reference": ("a", "b", "c"),
    "tags": (("a",), ("b",), ("a", "b")),
    "voice.translated_number": ("31", "32", "33"),
    SCREENING: ("flag_calls", "reject_calls", "disabled"),
}


@dataclass(frozen=True)
class Wish:
    """One number: what is declared of it, and what of that is not live."""

    declared: Settings
    needed: frozenset[str]


@dataclass(frozen=True)
class Instance:
    """A few numbers, and how many of them a job takes."""

    wishes: tuple[Wish, ...]
    job_size: int

    def snapshot(self) -> Snapshot:
        """An account in which just what is needed is not as declared."""
        return account(*(self._phone(at, wish) for at, wish in enumerate(self.wishes)))

    def difference(self, snapshot: Snapshot) -> Difference:
        """What differs there."""
        wishes = {e164(at): wish.declared for at, wish in enumerate(self.wishes)}
        return compare(declare(wishes), snapshot)

    def plan(self) -> Plan:
        """The plan of it."""
        snapshot = self.snapshot()
        return plan_of(self.difference(snapshot), snapshot, job_size=self.job_size)

    def _phone(self, at: int, wish: Wish) -> Phone:
        # A value that nobody declares stands for one that is not as declared.
        other = {"tags": ["z"], "customer_reference": "z", SCREENING: "disabled"}
        live = {path: other.get(path, "99") for path in _VALUES}
        for path, value in wish.declared.items():
            if path not in wish.needed:
                live[path] = list(value) if isinstance(value, tuple) else value
            elif live[path] == value:
                live[path] = "reject_calls"  # screening has no value to spare
        return phone(at).have(live)


def draw(rng: random.Random) -> Instance:
    """Up to 8 numbers with up to 3 fields, each of them unmanaged, as declared, or to be set to
    one of up to 3 values; jobs of 2 to 4 numbers."""
    fields = rng.sample(sorted(_VALUES), rng.randint(1, 3))
    values = rng.randint(1, 3)
    changed, managed = rng.choice([0.3, 0.6, 0.9]), rng.choice([0.5, 0.9, 1.0])
    wishes = []
    for _ in range(rng.randint(1, 8)):
        declared = {
            path: _VALUES[path][rng.randrange(values)] for path in fields if rng.random() < managed
        }
        needed = frozenset(path for path in declared if rng.random() < changed)
        wishes.append(Wish(declared, needed))
    return Instance(tuple(wishes), rng.randint(2, 4))


def fewest_calls(instance: Instance) -> int:
    """The true optimum."""
    return _Search(instance).run()


_Left = tuple[frozenset[str], ...]


class _Search:
    """Depth first: the first number that still needs something is given every job it could be in,
    with every choice of others beside it."""

    def __init__(self, instance: Instance) -> None:
        self._wishes = instance.wishes
        self._size = instance.job_size
        self._best = sum(bool(wish.needed) for wish in instance.wishes)
        self._seen: dict[_Left, int] = {}

    def run(self) -> int:
        self._go(tuple(wish.needed for wish in self._wishes), 0)
        return self._best

    def _go(self, left: _Left, calls: int) -> None:
        first = next((at for at, needed in enumerate(left) if needed), None)
        if first is None:
            self._best = min(self._best, calls)
            return
        if calls + 1 >= self._best or self._seen.get(left, self._best) <= calls:
            return
        self._seen[left] = calls
        for paths in _parts(self._wishes[first].declared, min(left[first])):
            body = {path: self._wishes[first].declared[path] for path in paths}
            able = [
                at
                for at in range(first + 1, len(left))
                if left[at] & paths and body.items() <= self._wishes[at].declared.items()
            ]
            # Never fewer than could go along: a number that is sent its own again is no worse off.
            for others in combinations(able, min(self._size - 1, len(able))):
                after = list(left)
                for at in (first, *others):
                    after[at] = left[at] - paths
                self._go(tuple(after), calls + 1)


def _parts(declared: Settings, must: str) -> Iterator[frozenset[str]]:
    rest = sorted(declared.keys() - {must})
    for count in range(len(rest), -1, -1):
        for chosen in combinations(rest, count):
            yield frozenset({must, *chosen})


@dataclass(frozen=True)
class Compared:
    """Plans against optima: how many are equal, and by how much they are above, on average."""

    instances: int
    equal: int
    above: float
    optima: tuple[tuple[Plan, int], ...]


def compared(seed: int, instances: int) -> Compared:
    """The figures of as many instances as are asked for, all with something to do."""
    rng = random.Random(seed)
    found: list[tuple[Plan, int]] = []
    while len(found) < instances:
        instance = draw(rng)
        if best := fewest_calls(instance):
            found.append((instance.plan(), best))
    above = [plan.summary.write_calls / best - 1 for plan, best in found]
    return Compared(instances, above.count(0.0), sum(above) / instances, tuple(found))


def main(arguments: Sequence[str]) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--instances", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    started = time.monotonic()
    found = compared(given.seed, given.instances)
    print(  # noqa: T201 - the figures are what it is for
        f"{found.instances:,} instances: {found.equal / found.instances:.1%} with the fewest calls "
        f"there can be, on average {found.above:.2%} above; {time.monotonic() - started:.0f} s"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
