"""Which numbers the files declare, and where: exact numbers, blocks, and what collides.

Every number stands in one place: alone, in a block, or alone and in a block that it overrides.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from reconciler.core.documents import Document
from reconciler.core.fields import Kind
from reconciler.core.hints import quoted
from reconciler.core.model import Source
from reconciler.core.values import E164
from reconciler.errors import Problem

MOST_IN_A_BLOCK = 100_000
TO = ".."
_SEPARATORS = str.maketrans("", "", " -().\t\n")


class Place(NamedTuple):
    """One key under `numbers` or `mobile_numbers`: `size` numbers from `first` (without its +).

    `entry` is what the file says of it, unchecked. `is_block` says whether it is written as a
    block, if only of one number. `document` is the file it stands in (or a sheet of it), `owner`
    the place of the file whose defaults it has.
    """

    first: int
    size: int
    kind: Kind
    document: Document
    owner: int
    key: str
    entry: Any
    is_block: bool
    source: Source

    @property
    def last(self) -> int:
        """The last number, without its +."""
        return self.first + self.size - 1

    @property
    def overrides(self) -> bool:
        """Whether it says that a block holds it as well."""
        return isinstance(self.entry, dict) and self.entry.get("overrides") is True

    @property
    def name(self) -> str:
        """The number or the block, as it should be written."""
        return f"+{self.first}{TO}+{self.last}" if self.is_block else f"+{self.first}"

    def problem(self, text: str) -> Problem:
        """Something that is wrong with its key."""
        return Problem(self.source.path, self.source.line, self.source.column, text)


class Layout(NamedTuple):
    """All places that hold, in the order of files and lines; by the place of each exact number
    that overrides one, its block; and by that of each block, the numbers taken out of it."""

    places: Sequence[Place]
    block_of: dict[int, int]
    taken: dict[int, list[int]]


def canonical_number(spelling: str) -> str:
    """The E.164 number that `spelling` means, or nothing where it means none."""
    if E164.match(spelling):
        return spelling
    bare = spelling.strip().translate(_SEPARATORS)
    number = bare if bare.startswith("+") else f"+{bare.removeprefix('00')}"
    return number if E164.match(number) else ""


def block_ends(key: str) -> tuple[str, str]:
    """Both ends of a block as written, canonical; "" for one that is no number."""
    first, _, last = key.partition(TO)
    return canonical_number(first), canonical_number(last)


def block_fault(key: str) -> str:
    """What is wrong with the block `key`, whose ends are numbers; "" if nothing."""
    first, last = block_ends(key)
    if len(first) != len(last):
        return (
            f"the ends of the block {quoted(key)} differ in length: "
            f"{len(first) - 1} digits and {len(last) - 1}"
        )
    size = int(last[1:]) - int(first[1:]) + 1
    if size < 1:
        return f"the block {quoted(key)} ends before it begins: write {last}{TO}{first}"
    if size > MOST_IN_A_BLOCK:
        return (
            f"the block {quoted(key)} holds {size:,} numbers, more than {MOST_IN_A_BLOCK:,}: "
            "split it into several"
        )
    return ""


def places_in(document: Document, owner: int, problems: list[Problem]) -> Iterator[Place]:
    """The places of one file in the order of its lines; what is no number the schema reports."""
    found: list[Place] = []
    for kind in Kind:
        data = document.data if isinstance(document.data, dict) else {}
        declared = data.get(kind.yaml_key)
        if not isinstance(declared, dict) or not declared:
            continue
        mixed = bool(found)
        marks = document.marks[id(declared)]
        for key, entry in declared.items():
            source = Source(document.path, *marks[key].key)
            is_block = TO in key
            ends = block_ends(key) if is_block else (canonical_number(key),) * 2
            if not all(ends):
                continue
            if is_block and (fault := block_fault(key)):
                problems.append(Problem(source.path, source.line, source.column, fault))
                continue
            first, last = int(ends[0][1:]), int(ends[1][1:])
            size = last - first + 1
            place = Place(first, size, kind, document, owner, key, entry, is_block, source)
            found.append(place)
        if mixed:
            found.sort(key=lambda place: place.source[1:3])
    yield from found


def laid_out(places: Sequence[Place], problems: list[Problem], *, complete: bool) -> Layout:
    """`places` without those that collide with earlier ones, which are problems. With `complete`
    a number that overrides a block has to be in one."""
    blocks = _blocks(places, problems)
    numbers: dict[int, int] = {}
    good = frozenset(blocks)
    out = {at for at, place in enumerate(places) if place.is_block and at not in good}
    found = _Search(places, blocks)
    block_of: dict[int, int] = {}
    taken: dict[int, list[int]] = {}
    for at, place in enumerate(places):
        if place.is_block:
            continue
        before = numbers.setdefault(place.first, at)
        block = found.block(place.first)
        if before != at:
            problems.append(_twice(place, places[before]))
        elif block >= 0 and not place.overrides:
            problems.append(_inside(place, places[block]))
        elif block >= 0 and places[block].kind is not place.kind:
            problems.append(_other_kind(place, places[block]))
        elif block >= 0:
            block_of[at] = block
            taken.setdefault(block, []).append(place.first)
            continue
        elif not place.overrides:
            continue
        elif complete and not out:
            problems.append(_overrides_nothing(place))
        else:
            continue
        out.add(at)
    return _without(Layout(places, block_of, taken), out)


def _without(layout: Layout, out: set[int]) -> Layout:
    if not out:
        return layout
    kept = [at for at in range(len(layout.places)) if at not in out]
    now = {at: place for place, at in enumerate(kept)}
    return Layout(
        [layout.places[at] for at in kept],
        {now[at]: now[block] for at, block in layout.block_of.items()},
        {now[block]: numbers for block, numbers in layout.taken.items()},
    )


def _blocks(places: Sequence[Place], problems: list[Problem]) -> list[int]:
    """The blocks that overlap none with a lower first number, by their first number."""
    apart: list[int] = []
    furthest = -1
    for at in sorted(
        (at for at, place in enumerate(places) if place.is_block),
        key=lambda at: (places[at].first, at),
    ):
        overlaps = furthest >= 0 and places[at].first <= places[furthest].last
        if overlaps:
            earlier, later = sorted((furthest, at))
            problems.append(_overlap(places[later], places[earlier]))
        else:
            apart.append(at)
        if furthest < 0 or places[at].last > places[furthest].last:
            furthest = at
    return apart


class _Search:
    """Which of `blocks`, sorted and apart, holds a number."""

    def __init__(self, places: Sequence[Place], blocks: list[int]) -> None:
        self._places = places
        self._blocks = blocks
        self._firsts = [places[at].first for at in blocks]

    def block(self, value: int) -> int:
        """The place of the block that holds `value`; -1 where none does."""
        at = bisect_right(self._firsts, value) - 1
        if at < 0:
            return -1
        block = self._places[self._blocks[at]]
        return self._blocks[at] if value <= block.last else -1


def _twice(place: Place, before: Place) -> Problem:
    return place.problem(f"{place.name} is declared twice: first at {before.source}")


def _overlap(later: Place, earlier: Place) -> Problem:
    if (later.first, later.size) == (earlier.first, earlier.size):
        return later.problem(f"{later.name} is declared twice: first at {earlier.source}")
    return later.problem(
        f"the block {later.name} overlaps {earlier.name} at {earlier.source}: "
        "let every number be in one of them"
    )


def _inside(place: Place, block: Place) -> Problem:
    entry = place.entry
    if isinstance(entry, dict) and "release" in entry:
        what = "to give it back, split the block around it"
    elif place.kind is not block.kind:
        what = f"the block stands under {block.kind.yaml_key}: split it around the number"
    else:
        what = "say overrides: true to settle it apart, or leave it out"
    return place.problem(f"{place.name} is in the block {block.name} at {block.source}: {what}")


def _other_kind(place: Place, block: Place) -> Problem:
    return place.problem(
        f"{place.name} stands under {place.kind.yaml_key}, so it cannot override the block "
        f"{block.name} of {block.kind.yaml_key} at {block.source}"
    )


def _overrides_nothing(place: Place) -> Problem:
    return place.problem(
        f"{place.name} says overrides: true, but no block holds it: take that out, or mend the "
        "number or the block"
    )


def segments(place: Place, taken: Iterable[int]) -> Iterator[tuple[int, int]]:
    """What is left of a block without the numbers `taken` out of it: firsts and sizes."""
    start = place.first
    for value in sorted(taken):
        if value > start:
            yield start, value - start
        start = value + 1
    end = place.first + place.size
    if start < end:
        yield start, end - start
