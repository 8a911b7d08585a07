"""What the layers of a project come to: the state that is gathered while its files are put
together, and the layers below a number."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from reconciler.core.documents import Document
from reconciler.core.entries import TREES, Reading, layer_of
from reconciler.core.fields import Kind
from reconciler.core.groups import Groups
from reconciler.core.hints import quoted
from reconciler.core.layers import MARKS, Broken, Layer, merge, settle
from reconciler.core.model import Layout, Placed, Settings, Source
from reconciler.core.places import Layout as Places
from reconciler.core.places import Place
from reconciler.core.runs import Rows
from reconciler.core.schema import definition_of
from reconciler.core.templates import is_templated
from reconciler.core.validate import check, is_valid
from reconciler.errors import Problem

NO_BLOCK = -1


class _Key(NamedTuple):
    """What numbers of one kind have in common: the defaults of their file, the block that they
    override, and their groups."""

    kind: Kind
    owner: int
    block: int
    names: tuple[str, ...]


@dataclass(slots=True)
class Settled:
    """What one place comes to. `doubtful` says that a layer is not as its author meant it."""

    layer: Layer
    settings: Settings
    broken: tuple[Broken, ...]
    templated: bool
    doubtful: bool = False


class Sample(NamedTuple):
    """What numbers that are written alike have in common: the column they stand in, their flags,
    and their settings but for values of their own."""

    column: int
    flags: int
    settings: Settings


@dataclass(slots=True)
class Building:
    """What is gathered while the files of one project are put together."""

    reading: Reading
    groups: Groups
    documents: list[Document]
    project: Document | None
    rows: dict[int, Rows] = field(default_factory=dict)
    """Numbers that were taken by table, by the place of their file."""
    samples: dict[Hashable, Sample] = field(default_factory=dict)
    """What was found of numbers that are written alike, in whatever file, by all that decides."""
    places: Places = field(default_factory=lambda: Places((), {}, {}))
    defaults: dict[tuple[Kind, int], Layer] = field(default_factory=dict)
    group_layers: dict[tuple[Kind, str], Layer] = field(default_factory=dict)
    bases: dict[_Key, Layer] = field(default_factory=dict)
    shared: dict[_Key, Settled] = field(default_factory=dict)
    blocks: dict[int, Settled] = field(default_factory=dict)
    path_sets: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    layouts: dict[Layout, Layout] = field(default_factory=dict)
    doubtful: set[str | int] = field(default_factory=set)
    """Groups by name, and documents' defaults by place, that are not as their author meant them:
    rules between fields, judged on them, would report what may not be so."""
    broken: dict[Broken, list[str]] = field(default_factory=dict)
    right: set[int] = field(default_factory=set)
    """The `id` of the documents, kept by this or by a place, that the schema passes whole: what
    stands in them need not be asked about again."""


def mapping(data: Any, key: str) -> dict[str, Any]:
    """What stands under `key` of `data`, if that is a mapping; else nothing."""
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, dict) else {}


def checked(state: Building, document: Document, *, is_project: bool = False) -> list[Problem]:
    """What the schema finds in a file."""
    found = check(document, is_project=is_project)
    if not found:
        state.right.add(id(document))
    return found


def is_right(state: Building, place: Place) -> bool:
    """Whether the schema passes what stands at `place`."""
    if id(place.document) in state.right:
        return True
    return is_valid(definition_of(place.kind, place.key), place.entry)


def settled_at(state: Building, at: int) -> Settled:
    """All layers of the place `at`."""
    if at in state.blocks:
        return state.blocks[at]
    place = state.places.places[at]
    block = state.places.block_of.get(at, NO_BLOCK)
    found = settled(state, place, block, valid=is_right(state, place))
    if place.is_block:
        state.blocks[at] = found
    return found


def settled(state: Building, place: Place, block: int = NO_BLOCK, *, valid: bool = True) -> Settled:
    """All layers of `place`, which overrides `block`; one object for all that add nothing of
    their own. What is not `valid` says nothing."""
    entry = place.entry if place.entry and valid else {}
    named = entry.get("groups", ())
    path = (place.kind.yaml_key, place.key, "groups")
    names = known_groups(state, place.document, path, named)
    if not valid:  # what else is wrong with it hides no unknown group
        known_groups(state, place.document, path, _names_in(place.entry, "groups"))
    key = _Key(place.kind, place.owner, block, names)
    base = _base(state, key)
    own = layer_of(state.reading, place.document, entry, place.kind)
    if own.says_nothing:
        found = state.shared.get(key)
        if found is None:
            found = state.shared[key] = _settle(state, base, place.kind)
    else:
        found = _settle(state, merge(base, own), place.kind)
        found.settings = _placed(state, found.settings, own, place.source)
    if found.broken or place.is_block:
        whole = valid and len(names) == len(named)
        doubtful = not whole or _in_doubt(state, key)
        for rule in () if doubtful else found.broken:
            state.broken.setdefault(rule, []).append(place.name)
        if place.is_block:
            found = replace(found, doubtful=doubtful)
    return found


def _names_in(entry: Any, key: str) -> Sequence[str]:
    """The names under `key` of an entry that the schema has not passed, if they are names."""
    names = entry.get(key) if isinstance(entry, Mapping) else None
    if isinstance(names, list) and all(isinstance(each, str) and each for each in names):
        return names
    return ()


def _settle(state: Building, layer: Layer, kind: Kind) -> Settled:
    settings, broken = settle(layer, kind, state.path_sets)
    return Settled(layer, settings, broken, is_templated(settings))


def _placed(state: Building, settings: Settings, own: Layer, number: Source) -> Settings:
    """`settings` with its sources in little room: those of its `own` layer by how far below the
    number they stand, which is the same for all that are written alike."""
    layout = tuple(
        (source.line - number.line, source.column)
        if path in own.entries and source.path == number.path
        else source
        for path, source in zip(settings.paths, settings.sources, strict=True)
    )
    layout = state.layouts.setdefault(layout, layout)
    return Settings(settings.paths, settings.values, Placed(layout, number.path, number.line))


def _in_doubt(state: Building, key: _Key) -> bool:
    """Whether a layer below a number is not as its author meant it, or may be in no file read."""
    if not state.reading.complete or (key.block >= 0 and state.blocks[key.block].doubtful):
        return True
    project = {0} if state.project else set()
    used = {key.owner, *project, *state.groups.in_order(key.names)}
    return not state.doubtful.isdisjoint(used)


def _base(state: Building, key: _Key) -> Layer:
    """What lies below the own settings of a number."""
    layer = state.bases.get(key)
    if layer is None:
        layer = _below(state, key)
        for name in state.groups.in_order(key.names):
            layer = merge(layer, group_layer(state, name, key.kind))
        state.bases[key] = layer
    return layer


def _below(state: Building, key: _Key) -> Layer:
    """What lies below the groups of a number: defaults, and the block that it overrides."""
    layer = defaults_of(state, key.kind, 0) if state.project else Layer()
    if state.documents[key.owner] is not state.project:
        layer = merge(layer, defaults_of(state, key.kind, key.owner))
    if key.block == NO_BLOCK:
        return layer
    block = settled_at(state, key.block).layer
    return block if state.places.places[key.block].owner == key.owner else merge(layer, block)


def defaults_of(state: Building, kind: Kind, owner: int) -> Layer:
    """What the defaults of one file give."""
    layer = state.defaults.get((kind, owner))
    if layer is None:
        document = state.documents[owner]
        value = mapping(document.data, "defaults")
        if not value or is_valid("defaults", value):
            layer = layer_of(state.reading, document, value, kind)
        else:
            state.doubtful.add(owner)
            layer = Layer()
        state.defaults[kind, owner] = layer
    return layer


_NO_SETTING = frozenset({"extends", "unmanage", *MARKS})
"""What a group may say besides settings."""


def check_extends(state: Building, name: str) -> None:
    group = state.groups[name]
    named = group.entry.get("extends", ())
    known = known_groups(state, group.document, ("groups", name, "extends"), named)
    if len(known) < len(named):
        state.doubtful.add(name)
    for kind in Kind:  # what it says is checked whether or not a number uses it
        layer_of(state.reading, group.document, group.entry, kind, group=name)


def group_layer(state: Building, name: str, kind: Kind) -> Layer:
    """What a group gives to numbers of `kind`; what they do not have is a mistake in it."""
    layer = state.group_layers.get((kind, name))
    if layer is None:
        group = state.groups[name]
        layer = layer_of(state.reading, group.document, group.entry, kind, group=name)
        state.group_layers[kind, name] = layer
        for key in group.entry.keys() - TREES[kind].keys() - _NO_SETTING:
            what = "numbers" if kind is Kind.NUMBER else "mobile numbers"
            text = f"'{key}' of group {quoted(name)} is no setting of {what}, which use the group"
            path = ("groups", name, key)
            state.reading.problems.append(group.document.problem(path, text, at_key=True))
    return layer


def known_groups(
    state: Building, document: Document, path: tuple[str | int, ...], names: Any
) -> tuple[str, ...]:
    """Those of `names`, which stand at `path`, that are groups; the rest is noted as problems."""
    known = []
    for place, name in enumerate(names or ()):
        if name in state.groups:
            known.append(name)
        elif state.reading.complete:
            text = state.groups.unknown(name)
            state.reading.problems.append(document.problem((*path, place), text))
    return tuple(known)
