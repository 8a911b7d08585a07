"""Documents and layers -> what is declared of each number, and where each setting came from.

Later layers win: `defaults` of the project file, `defaults` of the file, the groups in the order
named (each once, after what it extends), the number or the block itself; of a number that
overrides its block, all of that lies between the defaults and its own groups. Mappings merge key
by key, lists replace, a tag edit applies to what the layers below gave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple

from reconciler.core.assigning import Assigning, Match, Rule
from reconciler.core.cost import Prices, read_prices
from reconciler.core.declared import Declared, Rest, Run
from reconciler.core.documents import Document
from reconciler.core.entries import TREES, Reading, layer_of
from reconciler.core.fields import Kind
from reconciler.core.filled import check_filled
from reconciler.core.groups import Groups, collect_groups, loop_text
from reconciler.core.hints import quoted
from reconciler.core.layers import (
    MARKS,
    PROTECT,
    WHEN_OWNED,
    Broken,
    Layer,
    marked,
    merge,
    settle,
)
from reconciler.core.model import (
    NO_SETTINGS,
    Desired,
    DesiredNumber,
    Layout,
    Placed,
    Settings,
    Source,
)
from reconciler.core.names import collect_aliases
from reconciler.core.places import Layout as Places
from reconciler.core.places import Place, laid_out, places_in, segments
from reconciler.core.safety import Safety, read_safety, texts
from reconciler.core.schema import definition_of
from reconciler.core.sheets import document_of
from reconciler.core.templates import Filler, Template, is_templated
from reconciler.core.validate import check, is_valid
from reconciler.core.values import canonical_id
from reconciler.errors import Problem

_NO_BLOCK = -1

ITSELF = "the number itself"
"""What the layer of a number's own entry is called."""


class _Key(NamedTuple):
    """What numbers of one kind have in common: the defaults of their file, the block that they
    override, and their groups."""

    kind: Kind
    owner: int
    block: int
    names: tuple[str, ...]


@dataclass(slots=True)
class _Settled:
    """What one place comes to. `doubtful` says that a layer is not as its author meant it."""

    layer: Layer
    settings: Settings
    broken: tuple[Broken, ...]
    templated: bool
    doubtful: bool = False


@dataclass(slots=True)
class _Build:
    """What is gathered while the files of one project are put together."""

    reading: Reading
    groups: Groups
    documents: Sequence[Document]
    project: Document | None
    places: Places = field(default_factory=lambda: Places((), {}, {}))
    defaults: dict[tuple[Kind, int], Layer] = field(default_factory=dict)
    group_layers: dict[tuple[Kind, str], Layer] = field(default_factory=dict)
    bases: dict[_Key, Layer] = field(default_factory=dict)
    shared: dict[_Key, _Settled] = field(default_factory=dict)
    blocks: dict[int, _Settled] = field(default_factory=dict)
    path_sets: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    layouts: dict[Layout, Layout] = field(default_factory=dict)
    doubtful: set[str | int] = field(default_factory=set)
    """Groups by name, and documents' defaults by place, that are not as their author meant them:
    rules between fields, judged on them, would report what may not be so."""
    broken: dict[Broken, list[str]] = field(default_factory=dict)


def build(
    project: Document | None,
    documents: Sequence[Document],
    *,
    selected: frozenset[str] | None = None,
    unread: bool = False,
    name_of: Callable[[str], str] = str,
) -> tuple[Desired, list[Problem]]:
    """Put the files of a project together.

    `project` is reconciler.yaml. `selected` names the documents whose numbers are meant (None:
    all); groups and aliases are the whole project's either way. `unread` says that some file
    could not be read, so that a name defined nowhere may well be defined there. `name_of` makes
    of a path, as shown, the name by which a PIN in that file is referred to. The result is
    usable only if there are no problems.
    """
    state, problems = _prepared(project, documents, unread=unread)
    state.reading.name_of = name_of
    for document in state.documents:
        problems += check(document, is_project=document is project)
    for loop in state.groups.loops():
        path = ("groups", loop[0], "extends")
        problems.append(state.groups[loop[0]].document.problem(path, loop_text(loop)))
    for name in state.groups:
        _check_extends(state, name)
    state.places = _places(state, problems)
    numbers, elsewhere = _numbers(state, selected)
    for (source, text), of in state.broken.items():
        more = f" and {len(of) - 1:,} more" if len(of) > 1 else ""
        state.reading.problem(source, f"{text} (for {of[0]}{more})")
    settings = project.data if project and isinstance(project.data, dict) else {}
    account = _mapping(settings, "account")
    desired = Desired(
        numbers=numbers,
        declared_elsewhere=elsewhere,
        limits=_limits(settings),
        prices=_prices(project),
        api_key_env=account.get("api_key_env") or "TELNYX_API_KEY",
        base_url=account.get("base_url") or "",
        secrets=state.reading.secrets,
        warnings=tuple(sorted(set(state.reading.warnings))),
        safety=_safety(state, project),
        assigning=None if selected is not None else _assigning(state, project),
    )
    return desired, problems


def _prepared(
    project: Document | None, documents: Sequence[Document], *, unread: bool = False
) -> tuple[_Build, list[Problem]]:
    every = [*([project] if project else []), *documents]
    problems: list[Problem] = []
    aliases = collect_aliases(every, problems)
    groups = collect_groups(every, problems)
    reading = Reading(aliases, complete=not unread, problems=problems)
    state = _Build(reading, groups, every, project)
    state.doubtful.update(groups.doubtful)
    return state, problems


def project_defaults(
    project: Document, documents: Sequence[Document]
) -> dict[Kind, dict[str, Any]]:
    """What the defaults of the project file give every number, by kind and path; a value may also
    be a Secret, a TagEdit or a Template. The project has to be right in itself."""
    state, _ = _prepared(project, documents)
    return {
        kind: {path: entry[0] for path, entry in _defaults(state, kind, 0).entries.items()}
        for kind in Kind
    }


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
        self._state, problems = _prepared(project, documents)
        self._places = self._state.places = _places(self._state, problems)
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
    state: _Build, project: Document | None, own: Place, holding: Sequence[Place]
) -> Iterator[tuple[str, Layer]]:
    """The layers of what stands at `own` and maybe in a block, both of them `holding` it."""
    if project:
        yield "defaults of the project", _defaults(state, own.kind, 0)
    owners = dict.fromkeys((own.owner, *(place.owner for place in holding)))
    for owner in owners:
        if state.documents[owner] is not project:
            file = "the file" if len(owners) == 1 else state.documents[owner].path
            yield f"defaults of {file}", _defaults(state, own.kind, owner)
    for place in holding:
        yield from _own_layers(state, place)


def _own_layers(state: _Build, place: Place) -> Iterator[tuple[str, Layer]]:
    entry = place.entry or {}
    what = f"block {place.name}" if place.is_block else ITSELF
    via = f" of {what}" if place.is_block else ""
    for name in state.groups.in_order(tuple(entry.get("groups", ()))):
        yield f"group {name}{via}", _group_layer(state, name, place.kind)
    yield what, layer_of(state.reading, place.document, entry, place.kind)


def _mapping(data: Any, key: str) -> dict[str, Any]:
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, dict) else {}


def _limits(settings: Any) -> dict[str, Any]:
    """The limits as numbers: to a JSON Schema 250.0 is a whole number, to a query it is not."""
    limits = _mapping(settings, "limits")
    return {
        key: int(value) if isinstance(value, float) and value.is_integer() else value
        for key, value in limits.items()
    }


def _prices(project: Document | None) -> Prices:
    """The user's prices; none where the project file is wrong, which is reported."""
    if project is None or not isinstance(project.data, dict) or not is_valid("file", project.data):
        return {}
    return read_prices(_mapping(project.data, "prices"))


def _safety(state: _Build, project: Document | None) -> Safety:
    """The safety rules of the project file; the defaults where it is wrong, which is reported."""
    if project is None or not isinstance(project.data, dict) or not is_valid("file", project.data):
        return Safety()
    data = project.data
    for place, rule in enumerate(data.get("ignore") or ()):
        try:
            date.fromisoformat(rule.get("until", "2000-01-01"))
        except ValueError:
            text = f"until: {rule['until']} is no day of the calendar"
            state.reading.problems.append(project.problem(("ignore", place, "until"), text))
            return Safety()
    scope = data.get("select") or {}
    aliases = {
        each: found
        for each in texts(scope.get("connection_ids"))
        if (found := state.reading.aliases.resolve("connection_id", each)) is not None
    }
    for each in sorted(texts(scope.get("connection_ids")) - aliases.keys()):
        text = state.reading.aliases.unknown("connection_id", each)
        state.reading.problems.append(project.problem(("select", "connection_ids"), text))
    return read_safety(data, aliases)


def _assigning(state: _Build, project: Document | None) -> Assigning | None:
    """The rules of `assign`, with every layer that they take from the project."""
    if project is None or not isinstance(project.data, dict) or not is_valid("file", project.data):
        return None
    rules: list[Rule] = []
    for place, rule in enumerate(project.data.get("assign") or ()):
        path = ("assign", place)
        mark = project.entry((*path, "groups")).key
        source = Source(project.path, *mark)
        names = tuple(_known_groups(state, project, (*path, "groups"), rule["groups"]))
        match = _match(state, project, (*path, "match"), rule["match"])
        rules.append(Rule(match, names, source))
    if not rules:
        return None
    used = state.groups.in_order([name for rule in rules for name in rule.groups])
    layers = {
        (kind, name): layer_of(
            state.reading, state.groups[name].document, state.groups[name].entry, kind, group=name
        )
        for kind in Kind
        for name in used
    }
    defaults = {kind: _defaults(state, kind, 0) for kind in Kind}
    return Assigning(tuple(rules), state.groups, defaults, layers)


def _match(
    state: _Build, project: Document, path: tuple[str | int, ...], raw: Mapping[str, Any]
) -> Match:
    connections: set[str] = set()
    for each in sorted(texts(raw.get("connection_id"))):
        found = state.reading.aliases.resolve("connection_id", each)
        if found is None and state.reading.complete:
            text = state.reading.aliases.unknown("connection_id", each)
            state.reading.problems.append(project.problem((*path, "connection_id"), text))
        connections.add(canonical_id(found or each))
    return Match(
        tags=texts(raw.get("tags")),
        connection_ids=frozenset(connections),
        countries=frozenset(map(str.upper, texts(raw.get("country")))),
        types=frozenset(each.replace("-", "_") for each in texts(raw.get("type"))),
        references=texts(raw.get("customer_reference")),
    )


def _places(state: _Build, problems: list[Problem]) -> Places:
    """Where all numbers stand, those of sheets after those of the files that name them."""
    found: list[Place] = []
    for owner, document in enumerate(state.documents):
        found += places_in(document, owner, problems)
        if document.sheet is not None:
            sheet, wrong = document_of(document.sheet)
            problems += wrong
            problems += check(sheet, is_project=False)
            found += places_in(sheet, owner, problems)
    return laid_out(found, problems, complete=state.reading.complete)


def _numbers(state: _Build, selected: frozenset[str] | None) -> tuple[Declared, Set[str]]:
    for owner in range(len(state.documents)):
        for kind in Kind:
            _defaults(state, kind, owner)
    if selected is None:
        return Declared(run for _, run in _runs(state)), frozenset()
    runs = list(_runs(state))
    numbers = Declared(run for owner, run in runs if state.documents[owner].path in selected)
    return numbers, Rest(Declared(run for _, run in runs), numbers)


def _runs(state: _Build) -> Iterator[tuple[int, Run]]:
    """The runs of every place, each with the file that it belongs to."""
    for at, place in enumerate(state.places.places):
        entry = place.entry
        if isinstance(entry, dict) and "release" in entry and _is_valid(place):
            run = Run(place.first, 1, place.kind, NO_SETTINGS, place.source, release=True)
            yield place.owner, run
            continue
        settled = _settled(state, at)
        block = state.places.block_of.get(at)
        start = place if block is None else state.places.places[block]
        for first, size in segments(place, state.places.taken.get(at, ())):
            run = Run(
                first,
                size,
                place.kind,
                settled.settings,
                place.source,
                protect=marked(settled.layer, PROTECT),
                when_owned=marked(settled.layer, WHEN_OWNED),
                offset=first - start.first if start.is_block else -1,
                templated=settled.templated,
            )
            if settled.templated:
                check_filled(run, state.reading, state.broken)
            yield place.owner, run


def _is_valid(place: Place) -> bool:
    return is_valid(definition_of(place.kind, place.key), place.entry)


def _settled(state: _Build, at: int) -> _Settled:
    """All layers of one place; one object for all that add nothing of their own."""
    if at in state.blocks:
        return state.blocks[at]
    place = state.places.places[at]
    valid = _is_valid(place)
    entry = place.entry if place.entry and valid else {}
    named = entry.get("groups", ())
    path = (place.kind.yaml_key, place.key, "groups")
    names = tuple(_known_groups(state, place.document, path, named))
    key = _Key(place.kind, place.owner, state.places.block_of.get(at, _NO_BLOCK), names)
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
            found = state.blocks[at] = replace(found, doubtful=doubtful)
    return found


def _settle(state: _Build, layer: Layer, kind: Kind) -> _Settled:
    settings, broken = settle(layer, kind, state.path_sets)
    return _Settled(layer, settings, broken, is_templated(settings))


def _placed(state: _Build, settings: Settings, own: Layer, number: Source) -> Settings:
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


def _in_doubt(state: _Build, key: _Key) -> bool:
    """Whether a layer below a number is not as its author meant it, or may be in no file read."""
    if not state.reading.complete or (key.block >= 0 and state.blocks[key.block].doubtful):
        return True
    project = {0} if state.project else set()
    used = {key.owner, *project, *state.groups.in_order(key.names)}
    return not state.doubtful.isdisjoint(used)


def _base(state: _Build, key: _Key) -> Layer:
    """What lies below the own settings of a number."""
    layer = state.bases.get(key)
    if layer is None:
        layer = _below(state, key)
        for name in state.groups.in_order(key.names):
            layer = merge(layer, _group_layer(state, name, key.kind))
        state.bases[key] = layer
    return layer


def _below(state: _Build, key: _Key) -> Layer:
    """What lies below the groups of a number: defaults, and the block that it overrides."""
    layer = _defaults(state, key.kind, 0) if state.project else Layer()
    if state.documents[key.owner] is not state.project:
        layer = merge(layer, _defaults(state, key.kind, key.owner))
    if key.block == _NO_BLOCK:
        return layer
    block = _settled(state, key.block).layer
    return block if state.places.places[key.block].owner == key.owner else merge(layer, block)


def _defaults(state: _Build, kind: Kind, owner: int) -> Layer:
    """What the defaults of one file give."""
    layer = state.defaults.get((kind, owner))
    if layer is None:
        document = state.documents[owner]
        value = _mapping(document.data, "defaults")
        if is_valid("defaults", value):
            layer = layer_of(state.reading, document, value, kind)
        else:
            state.doubtful.add(owner)
            layer = Layer()
        state.defaults[kind, owner] = layer
    return layer


_NO_SETTING = frozenset({"extends", "unmanage", *MARKS})
"""What a group may say besides settings."""


def _check_extends(state: _Build, name: str) -> None:
    group = state.groups[name]
    named = group.entry.get("extends", ())
    known = list(_known_groups(state, group.document, ("groups", name, "extends"), named))
    if len(known) < len(named):
        state.doubtful.add(name)
    for kind in Kind:  # what it says is checked whether or not a number uses it
        layer_of(state.reading, group.document, group.entry, kind, group=name)


def _group_layer(state: _Build, name: str, kind: Kind) -> Layer:
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


def _known_groups(
    state: _Build, document: Document, path: tuple[str | int, ...], names: Any
) -> Iterator[str]:
    for place, name in enumerate(names or ()):
        if name in state.groups:
            yield name
        elif state.reading.complete:
            text = state.groups.unknown(name)
            state.reading.problems.append(document.problem((*path, place), text))
