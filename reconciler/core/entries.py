"""One entry of a file (a number, a block, a group, the defaults) -> the layer that it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.core.catalogue import BY_PATH
from reconciler.core.documents import Document
from reconciler.core.fields import Field, Kind, Type
from reconciler.core.hints import quoted
from reconciler.core.layers import MARKS, Layer
from reconciler.core.model import Source
from reconciler.core.names import Aliases
from reconciler.core.templates import (
    NAMES,
    Id,
    Pin,
    PlainPin,
    Tag,
    TagChange,
    TagList,
    Tags,
    Template,
    Text,
)
from reconciler.core.values import Secret, TagEdit, canonical_id
from reconciler.errors import Problem


def _tree(kind: Kind) -> dict[str, Any]:
    root: dict[str, Any] = {}
    for path, row in BY_PATH[kind].items():
        *parents, leaf = path.split(".")
        level = root
        for parent in parents:
            level = level.setdefault(parent, {})
        level[leaf] = row
    return root


TREES = {kind: _tree(kind) for kind in Kind}
"""The settings of each kind, nested as they are written."""


@dataclass(slots=True)
class Reading:
    """What entries are read with, and what is found on the way.

    `complete` says that every file could be read: an alias that nothing defines is a mistake.
    `secrets` are the PINs that stand in the YAML, by ref; `name_of` makes of the path of a file,
    as it is shown, the name that such a ref has for it.
    """

    aliases: Aliases
    complete: bool
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)
    name_of: Callable[[str], str] = str

    def problem(self, source: Source, text: str) -> None:
        """Note that something is wrong at `source`."""
        self.problems.append(Problem(source.path, source.line, source.column, text))


def layer_of(
    reading: Reading, document: Document, entry: Mapping[str, Any], kind: Kind, group: str = ""
) -> Layer:
    """What `entry`, which the schema has passed, says of numbers of `kind`."""
    layer = Layer()
    _flatten(reading, document, entry, TREES[kind], group, layer)
    marks = document.marks.get(id(entry), {})
    for mark in MARKS:
        if mark in entry:
            layer.set(mark, entry[mark], Source(document.path, *marks[mark].key, group))
    if dropped := entry.get("unmanage"):
        layer.dropped = frozenset(dropped)
    return layer


def _flatten(
    reading: Reading,
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
            into.set(node.path, declared_value(reading, node, raw, source), source)
        elif isinstance(node, dict) and raw is not None:
            _flatten(reading, document, raw, node, group, into)


def declared_value(reading: Reading, row: Field, raw: Any, source: Source) -> Any:
    """The canonical form of a declared value."""
    match row.type:
        case Type.TAGS:
            return _declared_tags(reading, raw, source)
        case Type.PIN if raw is not None:
            return _declared_pin(reading, raw, source)
        case Type.ID if raw is not None:
            return _declared_id(reading, row, raw, source)
        case Type.TEXT | Type.E164 | Type.CNAM if raw is not None:
            return text_of(reading, raw, source) or None
        case _:
            return raw


def _declared_tags(reading: Reading, raw: Any, source: Source) -> tuple[str, ...] | TagEdit | Tags:
    if isinstance(raw, dict):
        add, remove = (_tags(reading, raw.get(key, ()), source) for key in ("add", "remove"))
        for tag in sorted(map(_spelled, set(add) & set(remove))):
            reading.problem(source, f"tag {quoted(tag)} is both added and removed")
        if _plain(add) and _plain(remove):
            return TagEdit(frozenset(map(str, add)), frozenset(map(str, remove)))
        return Tags((TagChange(add, remove),))
    tags = _tags(reading, raw or (), source)
    return tuple(map(str, tags)) if _plain(tags) else Tags((TagList(tags),))


def _tags(reading: Reading, raw: Any, source: Source) -> tuple[Tag, ...]:
    found = {text_of(reading, tag, source) for tag in dict.fromkeys(raw)}
    return tuple(sorted(found, key=_spelled))


def _plain(tags: tuple[Tag, ...]) -> bool:
    return not any(isinstance(tag, Template) for tag in tags)


def _spelled(tag: Tag) -> str:
    return tag if isinstance(tag, str) else tag.spelled


def _declared_pin(reading: Reading, raw: Any, source: Source) -> Secret | Template:
    if isinstance(raw, dict):
        ((where, name),) = raw.items()
        text = text_of(reading, name, source, secret=True)
        return Pin(where, text) if isinstance(text, Text) else Secret(f"{where}:{text}")
    file = reading.name_of(source.path)
    ref = f"yaml:{file}:{source.line}:{source.column}"  # two numbers may stand on one line
    text = text_of(reading, raw, source, secret=True)
    warning = "external_pin stands here in clear: prefer {env: NAME} or {file: PATH}"
    reading.warnings.append(Problem(source.path, source.line, source.column, warning))
    if isinstance(text, Text):
        return PlainPin(ref, text)
    reading.secrets[ref] = text
    return Secret(ref)


def _declared_id(reading: Reading, row: Field, raw: Any, source: Source) -> str | Template:
    if isinstance(raw, dict):
        text = text_of(reading, raw["id"], source)
        return Id(text, None) if isinstance(text, Text) else canonical_id(text)
    leaf = row.path.rpartition(".")[2]
    text = text_of(reading, raw, source)
    if isinstance(text, Text):
        return Id(text, reading.aliases.tables.get(leaf, {}))
    found = reading.aliases.resolve(leaf, text)
    if found is None:
        if reading.complete:
            reading.problem(source, reading.aliases.unknown(leaf, text))
        return text
    return canonical_id(found)


_BRACES = re.compile(r"\{\{|\}\}|\{[^{}]*\}?|\}")


def text_of(reading: Reading, raw: str, source: Source, *, secret: bool = False) -> str | Text:
    """`raw` with its doubled braces single; a template where it holds {number}, {last4} or
    {index}. What is wrong with a `secret` is said without a part of it."""
    if "{" not in raw and "}" not in raw:
        return raw
    parts = [""]
    end = 0
    for match in _BRACES.finditer(raw):
        found = match[0]
        parts[-1] += raw[end : match.start()]
        end = match.end()
        if found[1:-1] in NAMES and found[0] == "{" and found[-1] == "}":
            parts += [found[1:-1], ""]
            continue
        if found not in {"{{", "}}"}:
            reading.problem(source, _no_template(found, secret=secret))
        parts[-1] += found[0]
    parts[-1] += raw[end:]
    return Text(tuple(parts)) if len(parts) > 1 else parts[0]


def _no_template(found: str, *, secret: bool) -> str:
    if secret:
        return "external_pin: a literal brace is written twice, as {{ or }}"
    known = ", ".join(f"{{{name}}}" for name in NAMES)
    return (
        f"{quoted(found)} is no template: known are {known}; "
        "a literal brace is written twice, as {{ or }}"
    )
