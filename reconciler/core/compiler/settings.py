"""The number's own and its voice settings: which go by update jobs, which by PATCH."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.core.compiler.cover import ALONE, Body, Cover, Kin, Way
from reconciler.core.compiler.drafts import Draft, by_path, chunks, draft_of, in_call_order
from reconciler.core.compiler.problem import Held, Problem, problem_of
from reconciler.core.compiler.solve import solve
from reconciler.core.compiler.units import Cut, Cuts, Pair
from reconciler.core.fields import Channel

_ByColumn = Mapping[int, Cut]
_Some = tuple[int, Sequence[str]]
_Member = tuple[str, int]


def settings_calls(needs: Cuts, addresses: Cuts, held: Held, size: int) -> list[Draft]:
    """The calls for `needs`, all of which update jobs can write, and for `addresses`, which go by
    PATCH number only: what else that can write of the same number rides along."""
    problem = problem_of(needs, addresses, held)
    cover = solve(problem.kins, size)
    shares = _Shares()
    for at in range(len(problem.kins)):
        _share_out(shares, problem, at, _ways(problem, cover, at))
    jobs = list(_jobs(problem, shares, needs, size))
    return in_call_order([*jobs, *_singles(problem, shares, needs, addresses)])


@dataclass(slots=True)
class _Shares:
    """Who goes with which body (the place of a kin, and numbers of it), and which columns of whom
    go alone; `by_job` are the columns that went by a job, of numbers that are in one."""

    bodies: defaultdict[Body, list[_Some]] = field(default_factory=lambda: defaultdict(list))
    alone: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    by_job: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))


def _share_out(
    shares: _Shares, problem: Problem, kin: int, ways: Iterable[tuple[Way, int]]
) -> None:
    members, at = problem.members[kin], 0
    for way, count in ways:
        left = problem.kins[kin].need
        numbers, at = members[at : at + count], at + count
        for part in way:
            shares.bodies[problem.kins[kin].body(part)].append((kin, numbers))
            left &= ~part
        if left:
            for number in numbers:
                shares.alone[number] |= left


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
    bodies = sorted(
        shares.bodies.items(),
        key=lambda each: (_lowest(each[0]), min(order[some[0]] for _, some in each[1])),
    )
    for body, members in bodies:
        columns = body[0]
        for part in chunks(_in_line(problem, columns, members, order), size):
            if len(part) > 1:
                for number, _ in part:
                    shares.by_job[number] |= columns
                yield _job(problem, body, part, needs)
            else:
                ((number, changed),) = part
                shares.alone[number] |= columns & changed


def _in_line(
    problem: Problem, columns: int, members: Iterable[_Some], order: Mapping[str, int]
) -> list[_Member]:
    """The numbers of a body, each with the columns of it that change. Those that need the same
    stand together, so that as little as can be is sent again."""
    alike: defaultdict[int, list[str]] = defaultdict(list)
    for kin, numbers in members:
        alike[problem.changes[kin] & columns] += numbers
    return [
        (number, changed)
        for changed, numbers in sorted(alike.items())
        for number in sorted(numbers, key=order.__getitem__)
    ]


def _job(problem: Problem, body: Body, members: Sequence[_Member], needs: Cuts) -> Draft:
    """A job that sets what some of its numbers need; to the others it is sent again."""
    settings: dict[str, Pair] = {}
    guards: dict[str, Pair] = {}
    for at, unit in problem.units_of(body).items():
        who = [number for number, changed in members if changed >> at & 1]
        if not who:
            continue
        settings |= by_path(unit.settings)
        if len(who) < len(members):
            guards |= by_path(unit.settings)
        elif len(unit.settings) > 1:  # of a link some may change only a part
            for number in who:
                guards |= by_path(problem.by_column(needs[number])[at].guards)
    numbers = tuple(number for number, _ in members)
    return Draft(Channel.UPDATE_JOB, numbers, tuple(settings.values()), tuple(guards.values()))


def _lowest(body: Body) -> tuple[int, int]:
    return body[0] & -body[0], body[0]


def _singles(problem: Problem, shares: _Shares, needs: Cuts, addresses: Cuts) -> Iterator[Draft]:
    for number in {**needs, **addresses}:
        alone = shares.alone.get(number, 0)
        if not alone and number not in addresses:
            continue
        cuts = problem.by_column(needs.get(number, ()))
        if number in addresses:
            alone &= ~problem.root
            left = problem.root & ~shares.by_job.get(number, 0)
            yield draft_of(Channel.PATCH_NUMBER, (number,), [*_of(cuts, left), *addresses[number]])
        if alone:
            call = problem.patch(alone) or Channel.UPDATE_JOB
            yield draft_of(call, (number,), _of(cuts, alone))


def _of(cuts: _ByColumn, columns: int) -> list[Cut]:
    return [cut for at, cut in cuts.items() if columns >> at & 1]
