"""Numbers that several projects of one account declare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.declared import compact
from reconciler.core.model import DesiredNumber, Source
from reconciler.core.runs import Run


@dataclass(frozen=True, slots=True)
class Claim:
    """Who declares a number (by place among the projects), and where."""

    project: int
    source: Source


@dataclass(frozen=True, slots=True)
class Overlap:
    """`size` consecutive numbers from `first` (E.164), declared by two projects; the claims are in
    the order of the projects."""

    first: str
    size: int
    claims: tuple[Claim, Claim]


def overlaps(projects: Sequence[Mapping[str, DesiredNumber]]) -> Iterator[Overlap]:
    """What two of `projects` declare both, in the order of the numbers. Of a number that more than
    two declare there is more than one overlap, and each of them has a part in one."""
    runs = sorted(
        ((run, at) for at, numbers in enumerate(projects) for run in compact(numbers).runs()),
        key=lambda each: (each[0].first, each[1]),
    )
    before: tuple[Run, int] | None = None
    for later in runs:
        if before is None:
            before = later
            continue
        # Within one project no two runs hold the same number: these are two projects'.
        shared = min(_end(before[0]), _end(later[0])) - later[0].first
        if shared > 0:
            yield _overlap(later[0].first, shared, before, later)
        if _end(later[0]) > _end(before[0]):
            before = later


def _end(run: Run) -> int:
    return run.first + run.size


def _overlap(first: int, size: int, one: tuple[Run, int], other: tuple[Run, int]) -> Overlap:
    claims = sorted(
        (Claim(at, run.source) for run, at in (one, other)), key=lambda claim: claim.project
    )
    return Overlap(f"+{first}", size, (claims[0], claims[1]))
