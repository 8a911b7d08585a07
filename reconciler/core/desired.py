"""Documents and layers -> what is declared of each number, and where each setting came from.

Later layers win: `defaults` of the project file, `defaults` of the file, the groups in the
order named (each once, after what it extends), the number itself. Mappings merge key by key,
lists replace, a tag edit applies to what the layers below gave.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from reconciler.core.catalogue import BY_PATH
from reconciler.core.cost import Prices, read_prices
from reconciler.core.declared import Declared
from reconciler.core.documents import Document
from reconciler.core.fields import Field, Kind, Type
from reconciler.core.groups import Groups, collect_groups, loop_text
from reconciler.core.hints import quoted
from reconciler.core.layers import Broken, Layer, merge, settle
from reconciler.core.model import (
    NO_SETTINGS,
    Desired,
    DesiredNumber,
    Layout,
    Placed,
    Settings,
    Source,
)
from reconciler.core.names import Aliases, collect_aliases
from reconciler.core.safety import Safety, read_safety, texts
from reconciler.core.validate import canonical_number, check, is_valid
from reconciler.core.values import Secret, TagEdit, canonical_id
from reconciler.errors import Problem

_Settled = tuple[Settings, tuple[Broken, ...]]
"""The settings of a number, and the rules that they break."""

_Key = tuple[Kind, int, tuple[str, ...]]
"""What numbers of one kind have in common: the defaults of their file, and their groups."""


def _tree(kind: Kind) -> dict[str, Any]:
    root: dict[str, Any] = {}
    for path, row in BY_PATH[kind].items():
        *parents, leaf = path.split(".")
        level = root
        for parent in parents:
            level = level.setdefault(parent, {})
        level[leaf] = row
    return root


_TREES = {kind: _tree(kind) for kind in Kind}


@dataclass(slots=True)
class _Build:
    """What is gathered while the files of one project are put together."""

    aliases: Aliases
    groups: Groups
    complete: bool
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)
    group_layers: dict[tuple[Kind, str], Layer] = field(default_factory=dict)
    bases: dict[_Key, Layer] = field(default_factory=dict)
    shared: dict[_Key, _Settled] = field(default_factory=dict)
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
) -> tuple[Desired, list[Problem]]:
    """Put the files of a project together.

    `project` is reconciler.yaml. `selected` names the documents whose numbers are meant (None:
    all); groups and aliases are the whole project's either way. `unread` says that some file
    could not be read, so that a name defined nowhere may well be defined there. The result is
    usable only if there are no problems.
    """
    every = [*([project] if project else []), *documents]
    problems = [p for document in every for p in check(document, is_project=document is project)]
    aliases = collect_aliases(every, problems)
    groups = collect_groups(every, problems)
    state = _Build(aliases, groups, complete=not unread, problems=problems)
    state.doubtful.update(groups.doubtful)
    for loop in groups.loops():
        path = ("groups", loop[0], "extends")
        problems.append(groups[loop[0]].document.problem(path, loop_text(loop)))
    for name in groups:
        _check_extends(state, name)
    numbers, elsewhere = _numbers(state, project, every, selected)
    for (source, text), of in state.broken.items():
        more = f" and {len(of) - 1:,} more" if len(of) > 1 else ""
        state.problems.append(
            Problem(source.path, source.line, source.column, f"{text} (for {of[0]}{more})")
        )
    settings = project.data if project and isinstance(project.data, dict) else {}
    account = _mapping(settings, "account")
    desired = Desired(
        numbers=numbers,
        declared_elsewhere=elsewhere,
        limits=_limits(settings),
        prices=_prices(project),
        api_key_env=account.get("api_key_env") or "TELNYX_API_KEY",
        base_url=account.get("base_url") or "",
        secrets=state.secrets,
        warnings=tuple(sorted(set(state.warnings))),
        safety=_safety(state, project),
    )
    return desired, state.problems


def project_defaults(
    project: Document, documents: Sequence[Document]
) -> dict[Kind, dict[str, Any]]:
    """What the defaults of the project file give every number, by kind and path; a value may also
    be a Secret or a TagEdit. The project has to be right in itself."""
    every = [project, *documents]
    problems: list[Problem] = []
    aliases, groups = collect_aliases(every, problems), collect_groups(every, problems)
    state = _Build(aliases, groups, complete=True)
    return {
        kind: {path: entry[0] for path, entry in _defaults(state, project, 0, kind).entries.items()}
        for kind in Kind
    }


Layered = tuple[str, Mapping[str, tuple[Any, Source]]]
"""What a layer is called, and what it says by path."""


def layers_of(
    project: Document | None, documents: Sequence[Document], number: DesiredNumber
) -> Iterator[Layered]:
    """The layers of one number, lowest first, by the same steps as `build`. The project has to be
    right in itself."""
    every = [*([project] if project else []), *documents]
    problems: list[Problem] = []
    aliases, groups = collect_aliases(every, problems), collect_groups(every, problems)
    state = _Build(aliases, groups, complete=True)
    document = next(each for each in every if each.path == number.source.path)
    declared = _mapping(document.data, number.kind.yaml_key)
    key = next(key for key in declared if canonical_number(key) == number.phone_number)
    entry = declared[key] or {}
    if project:
        yield "defaults of the project", _defaults(state, project, 0, number.kind).entries
    if document is not project:
        yield "defaults of the file", _defaults(state, document, 0, number.kind).entries
    for name in groups.in_order(tuple(entry.get("groups", ()))):
        yield f"group {name}", _group_layer(state, name, number.kind).entries
    yield "the number itself", _layer(state, document, entry, number.kind).entries


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
            state.problems.append(project.problem(("ignore", place, "until"), text))
            return Safety()
    scope = data.get("select") or {}
    aliases = {
        each: found
        for each in texts(scope.get("connection_ids"))
        if (found := state.aliases.resolve("connection_id", each)) is not None
    }
    for each in sorted(texts(scope.get("connection_ids")) - aliases.keys()):
        text = state.aliases.unknown("connection_id", each)
        state.problems.append(project.problem(("select", "connection_ids"), text))
    return read_safety(data, aliases)


def _numbers(
    state: _Build,
    project: Document | None,
    documents: Sequence[Document],
    selected: frozenset[str] | None,
) -> tuple[Declared, frozenset[str]]:
    below = {kind: _defaults(state, project, 0, kind) if project else Layer() for kind in Kind}
    seen: dict[str, Source] = {}

    def found() -> Iterator[DesiredNumber]:
        for place, document in enumerate(documents):
            meant = selected is None or document.path in selected
            if project and 0 in state.doubtful:
                state.doubtful.add(place)
            for kind in Kind:
                own = Layer() if document is project else _defaults(state, document, place, kind)
                layer = merge(below[kind], own)
                declared = _declared_in(state, document, place, kind, layer, seen)
                yield from (each for each in declared if meant)

    numbers = Declared.of(found())
    return numbers, frozenset(seen) - numbers.keys()


def _declared_in(
    state: _Build,
    document: Document,
    place: int,
    kind: Kind,
    defaults: Layer,
    seen: dict[str, Source],
) -> Iterator[DesiredNumber]:
    """The numbers of one kind in one file. `seen` are all so far, in whatever file or kind."""
    declared = _mapping(document.data, kind.yaml_key)
    if not declared:
        return
    marks = document.marks[id(declared)]
    for key, entry in declared.items():
        source = Source(document.path, *marks[key].key)
        number = canonical_number(key)
        if number in seen:
            text = f"{number} is declared twice: first at {seen[number]}"
            state.problems.append(document.problem((kind.yaml_key, key), text, at_key=True))
            continue
        if not number:
            continue  # the schema has said so
        seen[number] = source
        if isinstance(entry, dict) and "release" in entry and is_valid(kind.value, entry):
            yield DesiredNumber(number, kind, NO_SETTINGS, source, release=True)
            continue
        settings = _settings(state, document, place, defaults, kind, key, source, entry)
        yield DesiredNumber(number, kind, settings, source)


def _settings(
    state: _Build,
    document: Document,
    place: int,
    defaults: Layer,
    kind: Kind,
    key: str,
    source: Source,
    entry: Any,
) -> Settings:
    """All layers of one number; one object for all numbers that add nothing of their own."""
    valid = is_valid(kind.value, entry)
    entry = entry if entry and valid else {}
    named = entry.get("groups", ())
    names = tuple(_known_groups(state, document, (kind.yaml_key, key, "groups"), named))
    cached = (kind, place, names)
    base = state.bases.get(cached)
    if base is None:
        base = state.bases[cached] = _stack(state, defaults, names, kind)
    own = _layer(state, document, entry, kind)
    settled = _settle(state, merge(base, own), kind) if own.entries else state.shared.get(cached)
    if settled is None:
        settled = state.shared[cached] = _settle(state, base, kind)
    settings, broken = settled
    if own.entries:
        settings = _placed(state, settings, own, source)
    if broken and valid and len(names) == len(named) and not _in_doubt(state, place, names):
        for rule in broken:
            state.broken.setdefault(rule, []).append(canonical_number(key))
    return settings


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


def _settle(state: _Build, layer: Layer, kind: Kind) -> _Settled:
    return settle(layer, kind, state.path_sets)


def _in_doubt(state: _Build, place: int, names: tuple[str, ...]) -> bool:
    """Whether a layer below a number is not as its author meant it, or may be in no file read."""
    unread = not state.complete
    return unread or not state.doubtful.isdisjoint((place, *state.groups.in_order(names)))


def _stack(state: _Build, below: Layer, names: tuple[str, ...], kind: Kind) -> Layer:
    layer = below
    for name in state.groups.in_order(names):
        layer = merge(layer, _group_layer(state, name, kind))
    return layer


def _defaults(state: _Build, document: Document, place: int, kind: Kind) -> Layer:
    value = _mapping(document.data, "defaults")
    if not is_valid("defaults", value):
        state.doubtful.add(place)
        return Layer()
    return _layer(state, document, value, kind)


def _check_extends(state: _Build, name: str) -> None:
    group = state.groups[name]
    named = group.entry.get("extends", ())
    known = list(_known_groups(state, group.document, ("groups", name, "extends"), named))
    if len(known) < len(named):
        state.doubtful.add(name)
    for kind in Kind:  # what it says is checked whether or not a number uses it
        _layer(state, group.document, group.entry, kind, group=name)


def _group_layer(state: _Build, name: str, kind: Kind) -> Layer:
    """What a group gives to numbers of `kind`; what they do not have is a mistake in it."""
    layer = state.group_layers.get((kind, name))
    if layer is None:
        group = state.groups[name]
        layer = _layer(state, group.document, group.entry, kind, group=name)
        state.group_layers[kind, name] = layer
        for key in group.entry.keys() - _TREES[kind].keys() - {"extends"}:
            what = "numbers" if kind is Kind.NUMBER else "mobile numbers"
            text = f"'{key}' of group {quoted(name)} is no setting of {what}, which use the group"
            path = ("groups", name, key)
            state.problems.append(group.document.problem(path, text, at_key=True))
    return layer


def _known_groups(
    state: _Build, document: Document, path: tuple[str, ...], names: Any
) -> Iterator[str]:
    for place, name in enumerate(names or ()):
        if name in state.groups:
            yield name
        elif state.complete:
            text = state.groups.unknown(name)
            state.problems.append(document.problem((*path, place), text))


def _layer(
    state: _Build, document: Document, entry: Mapping[str, Any], kind: Kind, group: str = ""
) -> Layer:
    layer = Layer()
    _flatten(state, document, entry, _TREES[kind], group, layer)
    return layer


def _flatten(
    state: _Build,
    document: Document,
    entry: Mapping[str, Any],
    tree: Mapping[str, Any],
    group: str,
    into: Layer,
) -> None:
    marks = document.marks.get(id(entry), {})
    for key, raw in entry.items():
        node = tree.get(key)
        if isinstance(node, Field) and node.writes:
            source = Source(document.path, *marks[key].key, group)
            into.set(node.path, _declared(state, node, raw, source), source)
        elif isinstance(node, dict) and raw is not None:
            _flatten(state, document, raw, node, group, into)


def _declared(state: _Build, row: Field, raw: Any, source: Source) -> Any:
    """The canonical form of a declared value."""
    match row.type:
        case Type.TAGS:
            return _declared_tags(state, raw, source)
        case Type.PIN if raw is not None:
            return _declared_pin(state, raw, source)
        case Type.ID if raw is not None:
            return _declared_id(state, row, raw, source)
        case Type.TEXT if raw is not None:
            return _literal(state, raw, source) or None
        case _:
            return raw


def _declared_tags(state: _Build, raw: Any, source: Source) -> tuple[str, ...] | TagEdit:
    if isinstance(raw, dict):
        add, remove = (
            frozenset(_literal(state, tag, source) for tag in sorted(set(raw.get(key, ()))))
            for key in ("add", "remove")
        )
        for tag in sorted(add & remove):
            _problem(state, source, f"tag {quoted(tag)} is both added and removed")
        return TagEdit(add, remove)
    return tuple(sorted({_literal(state, tag, source) for tag in dict.fromkeys(raw or ())}))


def _declared_pin(state: _Build, raw: Any, source: Source) -> Secret:
    if isinstance(raw, dict):
        ((where, name),) = raw.items()
        return Secret(f"{where}:{name}")
    ref = f"yaml:{source}:{source.column}"  # two numbers may stand on one line
    state.secrets[ref] = _literal(state, raw, source, secret=True)
    text = "external_pin stands here in clear: prefer {env: NAME} or {file: PATH}"
    state.warnings.append(Problem(source.path, source.line, source.column, text))
    return Secret(ref)


def _declared_id(state: _Build, row: Field, raw: Any, source: Source) -> str:
    if isinstance(raw, dict):
        return canonical_id(_literal(state, raw["id"], source))
    leaf = row.path.rpartition(".")[2]
    found = state.aliases.resolve(leaf, raw)
    if found is None:
        if state.complete:
            _problem(state, source, state.aliases.unknown(leaf, raw))
        return str(raw)
    return canonical_id(found)


_BRACES = re.compile(r"\{\{|\}\}|\{[^{}]*\}?|\}")


def _literal(state: _Build, text: str, source: Source, *, secret: bool = False) -> str:
    """`text` with its doubled braces single; a single one begins a template. What is wrong with a
    `secret` is said without a part of it."""
    if "{" not in text and "}" not in text:
        return text

    def one(match: re.Match[str]) -> str:
        found = match[0]
        if found in {"{{", "}}"}:
            return found[0]
        if found in {"{number}", "{last4}", "{index}"}:
            said = f"the template {found} is not supported yet"
        elif secret:
            said = "external_pin: a literal brace is written twice, as {{ or }}"
        else:
            said = (
                f"{quoted(found)} is no template: a literal brace is written twice, as {{{{ or }}}}"
            )
        _problem(state, source, said)
        return found

    return _BRACES.sub(one, text)


def _problem(state: _Build, source: Source, text: str) -> None:
    state.problems.append(Problem(source.path, source.line, source.column, text))
