"""What nearly all numbers have alike: the `defaults` of a project or of a file."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from reconciler.core.catalogue import BY_PATH
from reconciler.core.facets import facet_by_path
from reconciler.core.fields import Kind, Type
from reconciler.core.naming import Said
from reconciler.core.rules import FEATURES
from reconciler.core.units import FEWEST_ALIKE, Unit

_ROWS = {path: row for kind in Kind for path, row in BY_PATH[kind].items()}
_SWITCHES = frozenset({Type.BOOLEAN, Type.ENUM})


def common(units: Iterable[Unit], below: Mapping[str, Said]) -> dict[str, Said]:
    """The settings to give all `units`, which lie over `below`: those that more than half have
    alike of a switch, two thirds of anything else, and that make what is left shorter."""
    counts: defaultdict[str, Counter[Said]] = defaultdict(Counter)
    sizes: Counter[Kind] = Counter()
    for unit in units:
        if unit.block is None:  # an exception has what its block has
            sizes[unit.draft.live.kind] += 1
            for path, value in unit.draft.values.items():
                counts[path][value] += 1
    found: dict[str, Said] = {}
    for path, row in _ROWS.items():
        if path not in counts:
            continue
        value, times = counts[path].most_common(1)[0]
        total = sum(size for kind, size in sizes.items() if path in facet_by_path(kind))
        # Who has no such setting has to say so, and so has who keeps to what is below.
        lacking = total - counts[path].total()
        kept = counts[path][below[path]] if path in below else 0
        many = times * 2 > total if row.type in _SWITCHES else times * 3 >= total * 2
        gain = times - 2 * lacking - kept
        if many and gain >= FEWEST_ALIKE and value not in (None, ()) and below.get(path) != value:
            found[path] = value
    _drop_halves(found, below)
    return found


def _drop_halves(found: dict[str, Said], below: Mapping[str, Said]) -> None:
    """Take out switches that need a detail which is not common as well, and such details."""
    for kind in Kind:
        for switch, detail in FEATURES[kind]:
            given = {**below, **found}
            if bool(given.get(switch)) is not bool(given.get(detail)):
                for path in (switch, detail):
                    if found.get(path, False) is not False:
                        del found[path]
