"""Units of numbers -> kins: who is alike, and what of each could be sent again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.catalogue import BY_PATH
from reconciler.core.compiler.cover import Body, Kin, bits
from reconciler.core.compiler.units import Cut, Cuts, Unit
from reconciler.core.fields import Channel, Kind

Held = Callable[[str], Iterable[Unit]]
"""The units that a number holds as it is declared to, beside those it needs."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What jobs have to reach. A column is a unit's name, a value the number of a unit.

    `members` are the numbers of each kin, `changes` the columns that change on them: more than
    the kin needs where some ride along with a PATCH. `root` and `voice` are the columns that PATCH
    number and PATCH voice can write.
    """

    columns: Mapping[str, int]
    units: Mapping[int, Unit]
    kins: Sequence[Kin]
    members: Sequence[Sequence[str]]
    changes: Sequence[int]
    root: int
    voice: int

    def patch(self, columns: int) -> Channel | None:
        """The PATCH that can write all of `columns`, None where there is none."""
        if not columns & ~self.root:
            return Channel.PATCH_NUMBER
        return None if columns & ~self.voice else Channel.PATCH_VOICE

    def by_column(self, cuts: Iterable[Cut]) -> dict[int, Cut]:
        """What a number needs, by column."""
        return {self.columns[cut.unit.name]: cut for cut in cuts}

    def units_of(self, body: Body) -> dict[int, Unit]:
        """What a body sets, by column."""
        part, values = body
        places = bits(part)
        of = values if len(places) > 1 else (values,)
        return {at: self.units[value] for at, value in zip(places, of, strict=True)}


def problem_of(needs: Cuts, patched: Iterable[str], held: Held) -> Problem:
    """The problem of `needs`, which are all for update jobs. What PATCH number can write of the
    numbers that are `patched` anyway need not be in any job, but may be."""
    units = {cut.unit.number: cut.unit for cuts in needs.values() for cut in cuts}
    columns = _columns(units.values())
    root, voice = (
        _able(units.values(), columns, channel)
        for channel in (Channel.PATCH_NUMBER, Channel.PATCH_VOICE)
    )
    alike: defaultdict[tuple[tuple[Unit, ...], tuple[Unit, ...], bool], list[str]]
    alike = defaultdict(list)
    rides = frozenset(patched)
    for number, cuts in needs.items():
        needed = tuple([cut.unit for cut in cuts])
        # Where all change the same field, there is nothing to send again.
        also = tuple(held(number)) if len(columns) > 1 else ()
        alike[needed, also, number in rides].append(number)
    kins: list[Kin] = []
    members: list[list[str]] = []
    changes: list[int] = []
    for (needed, also, ride), numbers in alike.items():
        values = [0] * len(columns)
        for unit in (*needed, *also):
            values[columns[unit.name]] = unit.number
        changed = sum(1 << columns[unit.name] for unit in needed)
        may = changed | sum(1 << columns[unit.name] for unit in also)
        need = changed & ~root if ride else changed
        if need:
            kins.append(Kin(tuple(values), need, may, len(numbers)))
            members.append(numbers)
            changes.append(changed)
    return Problem(columns, units, kins, members, changes, root, voice)


def _columns(units: Iterable[Unit]) -> dict[str, int]:
    """The names of units, in the order of the catalogue."""
    names = {unit.name for unit in units}
    rows = BY_PATH[Kind.NUMBER].values()
    known = dict.fromkeys(row.linked or row.path for row in rows)
    return {name: at for at, name in enumerate(name for name in known if name in names)}


def _able(units: Iterable[Unit], columns: Mapping[str, int], channel: Channel) -> int:
    able = {columns[unit.name] for unit in units if channel in unit.channels}
    return sum(1 << column for column in able)
