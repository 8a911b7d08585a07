"""Which lists to read for which fields: the fewest, and the cheapest of those that serve."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from reconciler.core.catalogue import BY_PATH
from reconciler.core.fields import Kind, Listing

if TYPE_CHECKING:
    from reconciler.core.declared import Declared  # a fetch declares nothing

EVERYTHING = (
    Listing.NUMBERS,
    Listing.VOICE,
    Listing.MESSAGING,
    Listing.MOBILE,
    Listing.MOBILE_MESSAGING,
)
"""What a whole snapshot of the account takes."""

_NUMBER_LISTS = (Listing.SLIM, Listing.NUMBERS)


@dataclass(frozen=True, slots=True)
class Needs:
    """What is to be compared: `paths` by kind, `kinds` that are declared at all, and whether
    numbers are to be given back, which asks for their deletion lock."""

    paths: Mapping[Kind, Iterable[str]] = field(default_factory=dict)
    kinds: frozenset[Kind] = frozenset({Kind.NUMBER})
    releases: bool = False
    judged: Mapping[Kind, Set[str]] = field(default_factory=dict)
    """Those of the paths that only policies look at."""

    @property
    def need_tags(self) -> bool:
        """Whether the tags of plain numbers matter."""
        return "tags" in self.paths.get(Kind.NUMBER, ())

    @property
    def nullable(self) -> tuple[str, ...]:
        """The keys that matter in the full list and may be null there: left out, they say
        nothing, while the slim list says it by leaving them out."""
        return tuple(
            read.at[0]
            for path in self.paths.get(Kind.NUMBER, ())
            for read in BY_PATH[Kind.NUMBER][path].reads
            if read.listing is Listing.NUMBERS
            and read.nullable
            and read.documented
            and not read.check
        )


def lists_for(needs: Needs) -> tuple[Listing, ...]:
    """The lists to read, number lists first.

    The slim list is the cheaper number list and serves unless a field stands only in the full
    one. Every other list is added when a field of it is declared.
    """
    lists: list[Listing] = []
    if Kind.NUMBER in needs.kinds or Kind.MOBILE not in needs.kinds:
        paths = {*needs.paths.get(Kind.NUMBER, ())}
        if needs.releases:
            paths.add("deletion_lock_enabled")
        rows = [BY_PATH[Kind.NUMBER][path] for path in paths]
        carriers = [[read.listing for read in row.reads if not read.check] for row in rows]
        slim = all(each != [Listing.NUMBERS] for each in carriers)
        first = {each[0] for each in carriers if each}
        lists.append(Listing.SLIM if slim else Listing.NUMBERS)
        lists += [each for each in Listing if each in first and each not in _NUMBER_LISTS]
    if Kind.MOBILE in needs.kinds:
        lists.append(Listing.MOBILE)
    return tuple(lists)


def numbers_by_list(
    lists: Sequence[Listing],
    declared: Declared,
    looked_at: Iterable[tuple[Kind, Iterable[str], Sequence[str]]] = (),
) -> dict[Listing, list[str]]:
    """Which numbers matter in each of `lists`: in a number list all of its kind, elsewhere those
    that manage a field of it, in the order declared, and then those of which a field of it is
    `looked_at` besides: kind, paths and numbers."""
    wanted: dict[Listing, dict[str, None]] = {each: {} for each in lists}
    for run in declared.runs():
        bases = _NUMBER_LISTS if run.kind is Kind.NUMBER else (Listing.MOBILE,)
        homes = {_home(run.kind, path) for path in run.settings.paths}
        numbers = list(run.numbers())
        for each in lists:
            if each in bases or each in homes:
                wanted[each] |= dict.fromkeys(numbers)
    for kind, paths, names in looked_at:
        for home in {_home(kind, path) for path in paths}:
            if home in wanted:
                wanted[home] |= dict.fromkeys(names)
    return {listing: list(numbers) for listing, numbers in wanted.items()}


@cache
def _home(kind: Kind, path: str) -> Listing | None:
    """The list a field is read from, but for what any number list carries."""
    reads = [read.listing for read in BY_PATH[kind][path].reads if not read.check]
    return reads[0] if reads and reads[0] not in _NUMBER_LISTS else None


def purpose(listing: Listing, needs: Needs) -> str:
    """What a list is read for, in words: a number list for the numbers themselves, any other for
    the fields it is the home of, of which the first is named."""
    if listing in (*_NUMBER_LISTS, Listing.MOBILE):
        return "the numbers themselves"
    found = sorted(
        (path in needs.judged.get(kind, ()), path)
        for kind in Kind
        for path in needs.paths.get(kind, ())
        if _home(kind, path) is listing
    )
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    judged = sum(only_judged for only_judged, _ in found)
    which = "" if judged == len(found) else f"{judged} of them "
    return "".join(path for _, path in found[:1]) + more + f", {which}for policies" * bool(judged)


def more_lists(
    declared: Declared, rows: Mapping[Listing, Mapping[str, Any]]
) -> tuple[Listing, ...]:
    """A further number list to read, where a number may stand in another than it is declared
    for: it was not found, or it is of a type that can be mobile."""
    found = [
        row
        for listing in (*_NUMBER_LISTS, Listing.MOBILE)
        for row in rows.get(listing, {}).values()
    ]
    here = {row.phone_number for row in found}
    may_be_mobile = {row.phone_number for row in found if row.phone_number_type == "mobile"}
    missing: set[Kind] = set()
    mobile = False
    for run in declared.runs():
        if not here.issuperset(run.numbers()):
            missing.add(run.kind)
        if run.kind is Kind.NUMBER and may_be_mobile:
            mobile = mobile or not may_be_mobile.isdisjoint(run.numbers())
    more: list[Listing] = []
    if (Kind.NUMBER in missing or mobile) and Listing.MOBILE not in rows:
        more.append(Listing.MOBILE)
    if Kind.MOBILE in missing and not any(each in rows for each in _NUMBER_LISTS):
        more.append(Listing.SLIM)
    return tuple(more)
