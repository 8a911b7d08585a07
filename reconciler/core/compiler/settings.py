"""The number's own and its voice settings: which go by update jobs, which by PATCH."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.core.compiler.cover import ALONE, Body, Cover, Kin, Way
from reconciler.core.compiler.drafts import Draft, chunks, draft_of, in_call_order
from reconciler.core.compiler.problem import Held, Problem, problem_of
from reconciler.core.compiler.solve import solve
from reconciler.core.compiler.units import Cut, Cuts, Pair, Unit
from reconciler.core.fields import Channel

_ByColumn = Mapping[int, Cut]


def settings_calls(needs: Cuts, addresses: Cuts, held: Held, size: int) -> list[Draft]:
    """The calls for `needs`, all of which update jobs can write, and for `addresses`, which go by
    PATCH number only: what else that can write of the same number rides along."""
    problem = problem_of(needs, addresses, held)
    cover = solve(problem.kins, size)
    shares = _Shares()
    for at, kin in enumerate(problem.kins):
        _share_out(shares, kin, problem.members[at], _ways(problem, cover, at))
    jobs = list(_jobs(problem, shares, needs, size))
    return in_call_order([*jobs, *_singles(problem, shares, needs, addresses)])


@dataclass(slots=True)
class _Shares:
    """Who goes with which body, and which columns of whom go alone; `by_job` are the columns that
    went by a job, of numbers that are in one."""

    bodies: defaultdict[Body, list[str]] = field(default_factory=lambda: defaultdict(list))
    alone: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    by_job: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))


def _share_out(
    shares: _Shares, kin: Kin, numbers: Sequence[str], ways: Iterable[tuple[Way, int]]
) -> None:
    at = 0
    for way, count in ways:
        left = kin.need
        for part in way:
            shares.bodies[kin.body(part)] += numbers[at : at + count]
            left &= ~part
        if left:
            for number in numbers[at : at + count]:
                shares.alone[number] |= left
        at += count


# ---- on a tie, PATCH ----------------------------------------------------------------------------


def _ways(problem: Problem, cover: Cover, at: int) -> Iterator[tuple[Way, int]]:
    """The ways of a kin. Of those who would take a job of their own, as many as can be go to jobs
    that have room for a part of it, so that a PATCH does for the rest."""
    kin = problem.kins[at]
    for way, count in cover.ways[at].items():
        if way == ALONE and problem.patch(kin.need) is None:
            yield from _with_room(problem, cover, kin, count)
        else:
            yield way, count


def _with_room(problem: Problem, cover: Cover, kin: Kin, count: int) -> Iterator[tuple[Way, int]]:
    for able in (problem.root, problem.voice):
        while count and kin.need & able and (way := _room_for(cover, kin, kin.need & ~able)):
            some = min(count, *(cover.slack(kin, part) for part in way))
            cover.join(kin, way, some)
            yield way, some
            count -= some
    if count:
        yield ALONE, count


def _room_for(cover: Cover, kin: Kin, columns: int) -> Way:
    """Parts that make up `columns`, in jobs with room for one more; none where there are none."""
    way: list[int] = []
    while columns:
        fits = [
            part
            for part in cover.parts()
            if part & columns
            and not part & kin.need & ~columns
            and not part & ~kin.may
            and cover.slack(kin, part)
        ]
        if not fits:
            return ALONE
        best = max(fits, key=lambda part: ((part & columns).bit_count(), -part))
        way.append(best)
        columns &= ~best
    return tuple(way)


# ---- drafts -------------------------------------------------------------------------------------


def _jobs(problem: Problem, shares: _Shares, needs: Cuts, size: int) -> Iterator[Draft]:
    """Jobs that set the same columns have no number in common: side by side, they can run
    together. One that would be for a single number is left to a call for one."""
    order = {number: place for place, number in enumerate(needs)}
    cuts = {number: problem.by_column(each) for number, each in needs.items()}
    bodies = sorted(
        shares.bodies.items(),
        key=lambda each: (_lowest(each[0]), min(map(order.__getitem__, each[1]))),
    )
    for body, numbers in bodies:
        units = problem.units_of(body)
        # Those that need the same of it stand together, so that as little as can be is sent again.
        alike = {number: [at in cuts[number] for at in units] for number in numbers}
        numbers.sort(key=lambda number: (alike[number], order[number]))
        for part in chunks(numbers, size):
            if len(part) > 1:
                for number in part:
                    shares.by_job[number] |= body[0]
                yield _job(part, units, [cuts[number] for number in part])
            else:
                shares.alone[part[0]] |= sum(1 << at for at in units if at in cuts[part[0]])


def _job(numbers: Sequence[str], units: Mapping[int, Unit], needed: Sequence[_ByColumn]) -> Draft:
    """A job that sets what some of its numbers need; to the others it is sent again."""
    settings: dict[Pair, None] = {}
    guards: dict[Pair, None] = {}
    for at, unit in units.items():
        found = dict.fromkeys(cuts.get(at) for cuts in needed)
        if any(found):
            settings |= dict.fromkeys(unit.settings)
            for cut in found:
                guards |= dict.fromkeys(cut.guards if cut else unit.settings)
    return Draft(Channel.UPDATE_JOB, tuple(numbers), tuple(settings), tuple(guards))


def _lowest(body: Body) -> tuple[int, int]:
    return body[0] & -body[0], body[0]


def _singles(problem: Problem, shares: _Shares, needs: Cuts, addresses: Cuts) -> Iterator[Draft]:
    for number in {**needs, **addresses}:
        cuts = problem.by_column(needs.get(number, ()))
        alone = shares.alone.get(number, 0)
        if number in addresses:
            alone &= ~problem.root
            left = problem.root & ~shares.by_job.get(number, 0)
            yield draft_of(Channel.PATCH_NUMBER, (number,), [*_of(cuts, left), *addresses[number]])
        if alone:
            call = problem.patch(alone) or Channel.UPDATE_JOB
            yield draft_of(call, (number,), _of(cuts, alone))


def _of(cuts: _ByColumn, columns: int) -> list[Cut]:
    return [cut for at, cut in cuts.items() if columns >> at & 1]
