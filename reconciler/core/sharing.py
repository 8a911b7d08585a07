"""What numbers share: units -> groups, and what each unit uses and says of its own.

Where most numbers with one tag (or connection, or country) have the same of another facet, that is
a part of the tag's group, and only the exceptions say it (`leading`). What is left of a facet, and
several have alike, is a group of its own where that makes the YAML shorter. In the end each unit
says what its groups do not give it: a group that fits badly costs room, and never a wrong value.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.catalogue import BY_PATH
from reconciler.core.declarable import nested
from reconciler.core.facets import Lack, facet_by_path, facets_of, held, lack_of
from reconciler.core.fields import Kind, Type
from reconciler.core.leading import NOTHING, OWN, Leader, find_leaders
from reconciler.core.naming import IdNames, Names, Pairs, Said, name_of_group, slug
from reconciler.core.units import FEWEST_ALIKE, Unit

Layer = dict[str, Said]


@dataclass(frozen=True, slots=True)
class GroupEntry:
    """A group as it is written."""

    name: str
    settings: Pairs


@dataclass(frozen=True, slots=True)
class Share:
    """What one unit uses and says; `drops` are the paths that it does not manage."""

    groups: tuple[str, ...]
    settings: Pairs
    drops: tuple[str, ...]


class Naming:
    """The groups made so far, of all kinds, in the order that they are used in."""

    def __init__(self, names: Names, known: IdNames) -> None:
        self.groups: list[GroupEntry] = []
        self._names = names
        self._known = known
        self._by_settings: dict[Pairs, GroupEntry] = {}

    def suggest(self, kind: Kind, part: Pairs, people_say: str = "") -> str:
        """A name, which may be taken, for what gives `part` to numbers that have this word in
        common."""
        types = {path: row.type for path, row in BY_PATH[kind].items()}
        name = name_of_group(part, types, self._known, people_say)
        return f"mobile-{name}" if kind is Kind.MOBILE else name

    def group(self, settings: Pairs, name: str) -> GroupEntry:
        """The group that gives `settings`; a new one has a name like `name`."""
        found = self._by_settings.get(settings)
        if found is None:
            found = self._by_settings[settings] = GroupEntry(self._names.free(name), settings)
            self.groups.append(found)
        return found


@dataclass(slots=True)
class _Table:
    """What units lack, a facet at a time: a column holds for each unit the number of a part. The
    last column is no setting, but the country, which only tells of others."""

    columns: list[list[int]]
    parts: list[list[Pairs]]


def share(
    units: Sequence[Unit], belows: Sequence[Mapping[str, Said]], kind: Kind, naming: Naming
) -> list[Share]:
    """The share of each of the units, all of one kind; their groups are with `naming`. `belows`
    is what the defaults give each."""
    layers = _bases(units, belows)
    used: list[list[str]] = [[] for _ in units]
    _use_leaders(units, layers, used, kind, naming)
    _use_facets(units, layers, used, kind, naming)
    lacks = _lacks(units, layers)
    return [_share(lack, names, kind) for lack, names in zip(lacks, used, strict=True)]


def _share(lack: Lack, names: Sequence[str], kind: Kind) -> Share:
    settings = tuple((path, lack.settings[path]) for path in BY_PATH[kind] if path in lack.settings)
    return Share(tuple(names), settings, lack.drops)


def _bases(units: Sequence[Unit], belows: Sequence[Mapping[str, Said]]) -> list[Layer]:
    """What lies below each unit: the defaults, or the block that it is an exception of."""
    bases: list[Layer] = []
    of_block: Layer = {}
    for unit, below in zip(units, belows, strict=True):
        if unit.last:
            of_block = held(unit.draft, below)  # its exceptions come right after it
        bases.append(dict(of_block if unit.block else below))
    return bases


def _table(kind: Kind, units: Sequence[Unit], lacks: Sequence[Lack]) -> _Table:
    place, facets = facet_by_path(kind), facets_of(kind)
    columns = [[NOTHING] * len(lacks) for _ in facets]
    known: list[dict[Pairs, int]] = [{(): NOTHING} for _ in facets]
    for at, lack in enumerate(lacks):
        found: dict[int, Pairs] = {}
        for pair in lack.settings.items():
            facet = place.get(pair[0])
            if facet is None:
                continue  # a PIN to clear: no group gives that
            found[facet] = (*found.get(facet, ()), pair)
        for facet, part in found.items():
            own = any(value in (None, ()) for _, value in part)
            numbers = known[facet]
            columns[facet][at] = OWN if own else numbers.setdefault(part, len(numbers))
        for path in place.keys() & lack.drops:
            columns[place[path]][at] = OWN
    names = ["", *sorted({unit.draft.live.country for unit in units} - {""})]
    countries = {name: at for at, name in enumerate(names)}
    columns.append([0 if unit.block else countries[unit.draft.live.country] for unit in units])
    return _Table(columns, [*(list(each) for each in known), [()] * len(names)])


def _lacks(units: Sequence[Unit], layers: Sequence[Layer]) -> list[Lack]:
    return [lack_of(unit.draft, layer) for unit, layer in zip(units, layers, strict=True)]


def _use_leaders(
    units: Sequence[Unit],
    layers: list[Layer],
    used: list[list[str]],
    kind: Kind,
    naming: Naming,
) -> None:
    """Let units use the groups of tags, connections … that tell what else their numbers have, where
    they then have less to say."""
    lacks = _lacks(units, layers)
    table = _table(kind, units, lacks)
    leaders = find_leaders(table.columns, len(table.columns) - 1)
    groups = [_groups_of(leader, table, units, kind, naming) for leader in leaders]
    columns = [table.columns[leader.facet] for leader in leaders]
    for at, unit in enumerate(units):
        mine = [
            made[column[at]]
            for made, column in zip(groups, columns, strict=True)
            if column[at] in made
        ]
        layer = dict(layers[at])
        for group in mine:
            layer.update(group.settings)
        if mine and _size(lack_of(unit.draft, layer)) + len(mine) <= _size(lacks[at]):
            layers[at] = layer
            used[at] += [group.name for group in mine]


def _groups_of(
    leader: Leader, table: _Table, units: Sequence[Unit], kind: Kind, naming: Naming
) -> dict[int, GroupEntry]:
    """The groups that pay of a leader, by its parts."""
    words = _words(table.columns[leader.facet], units)
    made: dict[int, GroupEntry] = {}
    for part, gives in leader.gives.items():
        own = table.parts[leader.facet][part]
        found = dict(own)
        for facet, other in gives.items():
            found |= table.parts[facet][other]
        settings = tuple((path, found[path]) for path in BY_PATH[kind] if path in found)
        told = settings if _is_thing(kind, own) else own
        name = naming.suggest(kind, told, words.get(part, ""))
        if _pays(settings, name, leader.sizes[part]):
            made[part] = naming.group(settings, name)
    return made


def _is_thing(kind: Kind, part: Pairs) -> bool:
    """Whether it is no mere value of a setting: numbers have what comes with it for its sake."""
    return all(BY_PATH[kind][path].type in {Type.ID, Type.TAGS} for path, _ in part)


def _words(column: Sequence[int], units: Sequence[Unit]) -> dict[int, str]:
    """By the parts of a facet, the one word for the numbers that have it: a tag, or a country,
    that nearly all of them have and hardly any other."""
    drafts = [(part, unit.draft) for part, unit in zip(column, units, strict=True)]
    tags = [(part, tag) for part, draft in drafts for tag in draft.tags]
    countries = [(part, draft.live.country) for part, draft in drafts]
    sizes = Counter(column)
    found: dict[int, str] = {}
    for pairs in (tags, countries):
        of_all = Counter(word for _, word in pairs)
        for (part, word), times in sorted(Counter(pairs).items()):
            alone = times * 10 >= sizes[part] * 9 and times * 10 >= of_all[word] * 9
            if part > NOTHING and alone and slug(word) and not slug(word).isdecimal():
                found.setdefault(part, slug(word))
    return found


def _size(lack: Lack) -> int:
    return len(lack.settings) + len(lack.drops)


def _use_facets(
    units: Sequence[Unit],
    layers: list[Layer],
    used: list[list[str]],
    kind: Kind,
    naming: Naming,
) -> None:
    """Let units use a group for what is left of a facet, and several have alike."""
    table = _table(kind, units, _lacks(units, layers))
    for column, parts in zip(table.columns, table.parts, strict=True):
        groups: dict[int, GroupEntry] = {}
        for part, uses in Counter(column).items():  # in the order of their first numbers
            name = naming.suggest(kind, parts[part]) if part > NOTHING and parts[part] else ""
            if name and uses >= FEWEST_ALIKE and _pays(parts[part], name, uses):
                groups[part] = naming.group(parts[part], name)
        for at, part in enumerate(column):
            if part in groups:
                used[at].append(groups[part].name)
                layers[at].update(groups[part].settings)


def _pays(settings: Pairs, name: str, uses: int) -> bool:
    """Whether the file is shorter with a group of that name than without it."""
    written = len(json.dumps(nested(settings)).replace('"', ""))
    return uses * (written - len(name) - 2) > written + len(name) + 6
