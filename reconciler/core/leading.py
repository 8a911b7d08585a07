"""Which facets tell most of the others: the search behind the groups that export writes.

It counts, for every pair of facets, how often a value of one comes with the commonest value of the
other, so its time grows with the number of units, and not with that of their combinations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

NOTHING, OWN = 0, -1
"""The parts of a facet that no group gives: nothing, and what only the number itself can say."""
_FEWEST = 3


class _Told(NamedTuple):
    """A part that comes with another one most of the time, and how many mentions that saves."""

    part: int
    gain: int


@dataclass(frozen=True, slots=True)
class Leader:
    """A facet, by its place, whose parts give parts of other facets, by their places. `sizes` says
    how many have each part."""

    facet: int
    gives: Mapping[int, Mapping[int, int]]
    sizes: Mapping[int, int]


def find_leaders(columns: Sequence[Sequence[int]], extra: int) -> list[Leader]:
    """The leaders among facets, in their order: the one that saves most leads first, and no facet
    is told by two. What is at the place `extra` is no setting: it can lead, which costs a mention,
    and is not told."""
    sizes = [Counter(column) for column in columns]
    alive = [at for at, size in enumerate(sizes) if any(part > 0 for part in size)]
    told = {
        (lead, facet): _told_by(columns[lead], sizes[lead], columns[facet])
        for lead in alive
        for facet in alive
        if facet not in {lead, extra}
    }
    gains = {pair: sum(each.gain for each in found.values()) for pair, found in told.items()}
    free, leaders = set(alive), list[Leader]()
    while True:
        offers = {lead: _offer(lead, free, told, gains) for lead in sorted(free)}
        if extra in offers:
            offers[extra] = _worth_a_mention(offers[extra], sizes[extra], told, extra)
        lead = max(offers, key=lambda at: _worth(at, offers[at], told), default=-1)
        if lead < 0 or not offers[lead]:
            return sorted(leaders, key=lambda each: each.facet)
        gives = offers[lead]
        leaders.append(Leader(lead, gives, sizes[lead]))
        free -= {lead}.union(*gives.values())


_Offer = dict[int, dict[int, int]]
_ToldBy = Mapping[tuple[int, int], Mapping[int, _Told]]
_Gains = Mapping[tuple[int, int], int]


def _told_by(
    lead: Sequence[int], sizes: Mapping[int, int], facet: Sequence[int]
) -> dict[int, _Told]:
    """By the parts of `lead`: the part of `facet` that at least two thirds of them come with."""
    best: dict[int, tuple[int, int]] = {}
    lacking: Counter[int] = Counter()
    for (one, other), times in Counter(zip(lead, facet, strict=True)).items():
        if one <= NOTHING or other == OWN:
            continue
        if other == NOTHING:
            lacking[one] = times
        else:
            best[one] = max(best.get(one, (0, 0)), (times, -other))
    return {
        one: _Told(-other, gain)
        for one, (times, other) in best.items()
        # Who has nothing of the facet has to say so, which costs more than a mention.
        if sizes[one] >= _FEWEST
        and times * 3 >= sizes[one] * 2
        and (gain := times - 2 * lacking[one] - 1) > 0
    }


def _offer(lead: int, free: set[int], told: _ToldBy, gains: _Gains) -> _Offer:
    """What `lead` gives of those free facets that nothing tells better."""
    gives: _Offer = {}
    for facet in sorted(free - {lead}):
        mine = gains.get((lead, facet), 0)
        if mine <= 0 or mine < max(gains.get((each, facet), 0) for each in free):
            continue
        for part, found in told[lead, facet].items():
            gives.setdefault(part, {})[facet] = found.part
    return gives


def _worth(lead: int, offer: _Offer, told: _ToldBy) -> int:
    return sum(told[lead, facet][part].gain for part, gives in offer.items() for facet in gives)


def _worth_a_mention(offer: _Offer, sizes: Mapping[int, int], told: _ToldBy, extra: int) -> _Offer:
    """The parts that save more mentions than theirs cost."""
    return {
        part: gives
        for part, gives in offer.items()
        if sum(told[extra, facet][part].gain for facet in gives) > sizes[part]
    }
