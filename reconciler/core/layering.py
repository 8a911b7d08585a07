"""The layers of one number, each by itself: for what has to say, or to change, what one gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from reconciler.core.building import Building, defaults_of, group_layer
from reconciler.core.desired import places_of, prepared
from reconciler.core.documents import Document
from reconciler.core.entries import layer_of
from reconciler.core.layers import Layer
from reconciler.core.model import DesiredNumber, Source
from reconciler.core.places import Place
from reconciler.core.templates import Filler, Template

ITSELF = "the number itself"
"""What the layer of a number's own entry is called."""


class Layered(NamedTuple):
    """What a layer is called, what it says by path, and which paths it drops."""

    name: str
    entries: Mapping[str, tuple[Any, Source]]
    dropped: frozenset[str]


class Layering:
    """The layers of declared numbers, by the same steps as `build`. The project has to be right in
    itself."""

    def __init__(self, project: Document | None, documents: Sequence[Document]) -> None:
        self._project = project
        self._state, problems = prepared(project, documents)
        self._places = self._state.places = places_of(self._state, problems)
        self._at = {place.source: at for at, place in enumerate(self._places.places)}

    def of(self, number: DesiredNumber) -> Iterator[Layered]:
        """The layers of one number that a file declares, lowest first."""
        places = self._places.places
        at = self._at[number.source]
        block = self._places.block_of.get(at, at)
        own, widest = places[at], places[block]
        place = int(number.phone_number[1:]) - widest.first
        filler = Filler(number.phone_number, place if widest.is_block else None)
        holding = [own] if widest is own else [widest, own]
        for name, layer in _layers(self._state, self._project, own, holding):
            yield layered(name, layer, filler)

    @property
    def aliases(self) -> Mapping[str, Mapping[str, str]]:
        """The aliases of the project, per id field."""
        return self._state.reading.aliases.tables


def layers_of(
    project: Document | None, documents: Sequence[Document], number: DesiredNumber
) -> Iterator[Layered]:
    """The layers of one number, lowest first; of several, keep a Layering."""
    return Layering(project, documents).of(number)


def layered(name: str, layer: Layer, filler: Filler) -> Layered:
    """What `layer` says of one number."""
    entries = {
        path: (said.fill(filler) if isinstance(said, Template) else said, source)
        for path, (said, source) in layer.entries.items()
    }
    return Layered(name, entries, layer.dropped)


def _layers(
    state: Building, project: Document | None, own: Place, holding: Sequence[Place]
) -> Iterator[tuple[str, Layer]]:
    """The layers of what stands at `own` and maybe in a block, both of them `holding` it."""
    if project:
        yield "defaults of the project", defaults_of(state, own.kind, 0)
    owners = dict.fromkeys((own.owner, *(place.owner for place in holding)))
    for owner in owners:
        if state.documents[owner] is not project:
            file = "the file" if len(owners) == 1 else state.documents[owner].path
            yield f"defaults of {file}", defaults_of(state, own.kind, owner)
    for place in holding:
        yield from _own_layers(state, place)


def _own_layers(state: Building, place: Place) -> Iterator[tuple[str, Layer]]:
    entry = place.entry or {}
    what = f"block {place.name}" if place.is_block else ITSELF
    via = f" of {what}" if place.is_block else ""
    for name in state.groups.in_order(tuple(entry.get("groups", ()))):
        yield f"group {name}{via}", group_layer(state, name, place.kind)
    yield what, layer_of(state.reading, place.document, entry, place.kind)
