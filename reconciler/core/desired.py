"""Documents and layers -> what is declared of each number, and where each setting came from.

Later layers win: `defaults` of the project file, `defaults` of the file, the groups in the
order named (each once, after what it extends), the number itself. Mappings merge key by key,
lists replace, a tag edit applies to what the layers below gave.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.core.catalogue import BY_PATH
from reconciler.core.documents import Document
from reconciler.core.fields import Field, Kind, Type
from reconciler.core.groups import Groups, collect_groups, loop_text
from reconciler.core.hints import quoted
from reconciler.core.model import Desired, DesiredNumber, Settings, Source
from reconciler.core.names import Aliases, collect_aliases
from reconciler.core.rules import broken_rules
from reconciler.core.validate import canonical_number, check, is_valid
from reconciler.core.values import Secret, TagEdit
from reconciler.errors import Problem

Layer = dict[str, tuple[Any, Source]]
"""Path -> value (canonical, a Secret or a TagEdit) and where it stands."""

_Broken = tuple[Source, str]
_Settled = tuple[Settings, tuple[_Broken, ...]]
"""The settings of a number, and the rules that they break."""


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
_ORDER = {kind: {path: place for place, path in enumerate(BY_PATH[kind])} for kind in Kind}


@dataclass(slots=True)
class _Build:
    """What is gathered while the files of one project are put together."""

    aliases: Aliases
    groups: Groups
    complete: bool
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)
    group_layers: dict[str, Layer] = field(default_factory=dict)
    bases: dict[tuple[int, tuple[str, ...]], Layer] = field(default_factory=dict)
    shared: dict[tuple[int, tuple[str, ...]], _Settled] = field(default_factory=dict)
    path_sets: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    doubtful: set[str | int] = field(default_factory=set)
    """Groups by name, and documents' defaults by place, that are not as their author meant them:
    rules between fields, judged on them, would report what may not be so."""
    broken: dict[_Broken, list[str]] = field(default_factory=dict)


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
        state.group_layers[name] = _group_layer(state, name)
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
        api_key_env=account.get("api_key_env") or "TELNYX_API_KEY",
        base_url=account.get("base_url") or "",
        secrets=state.secrets,
        warnings=tuple(sorted(set(state.warnings))),
    )
    return desired, state.problems


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


def _numbers(
    state: _Build,
    project: Document | None,
    documents: Sequence[Document],
    selected: frozenset[str] | None,
) -> tuple[dict[str, DesiredNumber], frozenset[str]]:
    below = _defaults(state, project, 0) if project else {}
    numbers: dict[str, DesiredNumber] = {}
    seen: dict[str, Source] = {}
    for place, document in enumerate(documents):
        declared = _mapping(document.data, Kind.NUMBER.yaml_key)
        own = {} if document is project else _defaults(state, document, place)
        if not declared:
            continue
        defaults = _merge(below, own)
        if project and 0 in state.doubtful:
            state.doubtful.add(place)
        marks = document.marks[id(declared)]
        for key, entry in declared.items():
            source = Source(document.path, *marks[key].key)
            number = canonical_number(key)
            if number in seen:
                first = seen[number]
                text = f"{number} is declared twice: first at {first}"
                state.problems.append(document.problem(("numbers", key), text, at_key=True))
                continue
            if not number:
                continue  # the schema has said so
            seen[number] = source
            settings = _settings(state, document, place, defaults, key, number, entry)
            if selected is None or document.path in selected:
                numbers[number] = DesiredNumber(number, Kind.NUMBER, settings, source)
    return numbers, frozenset(seen) - numbers.keys()


def _settings(
    state: _Build,
    document: Document,
    place: int,
    defaults: Layer,
    key: str,
    number: str,
    entry: Any,
) -> Settings:
    """All layers of one number; one object for all numbers that add nothing of their own."""
    valid = is_valid("number", entry)
    entry = entry if entry and valid else {}
    named = entry.get("groups", ())
    names = tuple(_known_groups(state, document, ("numbers", key, "groups"), named))
    cached = (place, names)
    base = state.bases.get(cached)
    if base is None:
        base = state.bases[cached] = _stack(state, defaults, names)
    own = _layer(state, document, entry)
    settled = _settle(state, _merge(base, own)) if own else state.shared.get(cached)
    if settled is None:
        settled = state.shared[cached] = _settle(state, base)
    settings, broken = settled
    if broken and valid and len(names) == len(named) and not _in_doubt(state, place, names):
        for rule in broken:
            state.broken.setdefault(rule, []).append(number)
    return settings


def _in_doubt(state: _Build, place: int, names: tuple[str, ...]) -> bool:
    """Whether a layer below a number is not as its author meant it, or may be in no file read."""
    unread = not state.complete
    return unread or not state.doubtful.isdisjoint((place, *state.groups.in_order(names)))


def _settle(state: _Build, layer: Layer) -> _Settled:
    order = _ORDER[Kind.NUMBER]
    paths = tuple(sorted(layer, key=order.__getitem__))
    paths = state.path_sets.setdefault(paths, paths)
    settings = Settings(
        paths,
        tuple(layer[path][0] for path in paths),
        tuple(layer[path][1] for path in paths),
    )
    return settings, tuple((layer[path][1], text) for path, text in broken_rules(settings))


def _stack(state: _Build, below: Layer, names: tuple[str, ...]) -> Layer:
    layer = below
    for name in state.groups.in_order(names):
        layer = _merge(layer, state.group_layers[name])
    return layer


def _merge(below: Layer, above: Layer) -> Layer:
    """`above` over `below`; only tags look at what was there."""
    merged = below | above
    new, old = above.get("tags"), below.get("tags")
    if new and old and isinstance(new[0], TagEdit):
        edit: TagEdit = new[0]
        lower = old[0]
        both = lower.then(edit) if isinstance(lower, TagEdit) else edit.apply(lower)
        merged["tags"] = (both, new[1])
    return merged


def _defaults(state: _Build, document: Document, place: int) -> Layer:
    value = _mapping(document.data, "defaults")
    if not is_valid("defaults", value):
        state.doubtful.add(place)
        return {}
    return _layer(state, document, value)


def _group_layer(state: _Build, name: str) -> Layer:
    group = state.groups[name]
    named = group.entry.get("extends", ())
    known = list(_known_groups(state, group.document, ("groups", name, "extends"), named))
    if len(known) < len(named):
        state.doubtful.add(name)
    return _layer(state, group.document, group.entry, group=name)


def _known_groups(
    state: _Build, document: Document, path: tuple[str, ...], names: Any
) -> Iterator[str]:
    for place, name in enumerate(names or ()):
        if name in state.groups:
            yield name
        elif state.complete:
            text = state.groups.unknown(name)
            state.problems.append(document.problem((*path, place), text))


def _layer(state: _Build, document: Document, entry: Mapping[str, Any], group: str = "") -> Layer:
    layer: Layer = {}
    _flatten(state, document, entry, _TREES[Kind.NUMBER], group, layer)
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
        if isinstance(node, Field):
            source = Source(document.path, *marks[key].key, group)
            into[node.path] = (_declared(state, node, raw, source), source)
        elif node is not None and raw is not None:
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
            _no_templates(state, raw, source)
            return raw or None
        case _:
            return raw


def _declared_tags(state: _Build, raw: Any, source: Source) -> tuple[str, ...] | TagEdit:
    if isinstance(raw, dict):
        add, remove = frozenset(raw.get("add", ())), frozenset(raw.get("remove", ()))
        for tag in sorted(add & remove):
            _problem(state, source, f"tag {quoted(tag)} is both added and removed")
        for tag in add | remove:
            _no_templates(state, tag, source)
        return TagEdit(add, remove)
    for tag in raw or ():
        _no_templates(state, tag, source)
    return tuple(sorted(set(raw or ())))


def _declared_pin(state: _Build, raw: Any, source: Source) -> Secret:
    if isinstance(raw, dict):
        ((where, name),) = raw.items()
        return Secret(f"{where}:{name}")
    ref = f"yaml:{source}:{source.column}"  # two numbers may stand on one line
    _no_templates(state, raw, source)
    state.secrets[ref] = raw
    text = "external_pin stands here in clear: prefer {env: NAME} or {file: PATH}"
    state.warnings.append(Problem(source.path, source.line, source.column, text))
    return Secret(ref)


def _declared_id(state: _Build, row: Field, raw: Any, source: Source) -> str:
    if isinstance(raw, dict):
        _no_templates(state, raw["id"], source)
        return str(raw["id"])
    leaf = row.path.rpartition(".")[2]
    found = state.aliases.resolve(leaf, raw)
    if found is None:
        if state.complete:
            _problem(state, source, state.aliases.unknown(leaf, raw))
        return str(raw)
    return found


def _no_templates(state: _Build, text: str, source: Source) -> None:
    if "{" in text or "}" in text:
        _problem(state, source, "templates, and braces in text, are not supported yet")


def _problem(state: _Build, source: Source, text: str) -> None:
    state.problems.append(Problem(source.path, source.line, source.column, text))
