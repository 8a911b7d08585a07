"""YAML out, for export: text that the strict reader of this room takes back as it was meant."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.core.declarable import Aliases, nested
from reconciler.core.exporting import Entry
from reconciler.core.fields import Kind
from reconciler.core.keyorder import KeyOrder, file_order
from reconciler.core.naming import Said
from reconciler.core.sharing import GroupEntry
from reconciler.core.text import shortened
from reconciler.core.values import ID
from reconciler.files.plain import resolve
from reconciler.files.text import hidden_in_scalar, neutral

WIDTH = 100
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*(?: [A-Za-z0-9_.-]+)*")
_LONGEST_REMARK = 200


def may_stand(text: str) -> bool:
    """Whether a text can stand as a value: no invisible, control or bidi character in it."""
    return next(hidden_in_scalar(text), None) is None


@dataclass(frozen=True, slots=True)
class Shared:
    """What stands in a file above its numbers: remarks, the account, aliases (by field and id),
    groups, defaults, and the name of a sheet; `schema` is the way to the schema from there, ""
    where there is none."""

    head: tuple[str, ...] = ()
    schema: str = ""
    account: Mapping[str, str] = field(default_factory=dict)
    aliases: Aliases = field(default_factory=dict)
    groups: tuple[GroupEntry, ...] = ()
    defaults: Mapping[str, Said] = field(default_factory=dict)
    sheet: str = ""


def yaml_text(shared: Shared, entries: Iterable[Entry] = (), aliases: Aliases | None = None) -> str:
    """A whole file. `aliases` are those that its ids are written by; None: its own."""
    known = shared.aliases if aliases is None else aliases
    lines = [*_modeline(shared.schema), *_remarks(shared.head), "version: 1"]
    if shared.account:
        lines += ["", *block("account:", shared.account, 2)]
    if shared.aliases:
        lines += ["", "aliases:"]
    for leaf, table in shared.aliases.items():
        names = {name: id_ if ID.match(id_) else {"id": id_} for id_, name in table.items()}
        lines += block(f"  {leaf}:", names, 4)
    lines += _groups(shared.groups, known)
    if shared.defaults:
        data = _in_order(nested(shared.defaults.items(), known), file_order().below("defaults"))
        head, *rest = block("defaults:", data, 2)
        lines += ["", head, *_two_places(shared.defaults), *rest]
    if shared.sheet:
        lines += ["", f"numbers_from: {text_of(shared.sheet)}"]
    by_kind: dict[Kind, list[Entry]] = {kind: [] for kind in Kind}
    for entry in entries:
        by_kind[entry.kind].append(entry)
    for kind, found in by_kind.items():
        if found:
            lines += ["", f"{kind.yaml_key}:"]
            lines += [line for entry in found for line in _entry(entry, known)]
    return "\n".join(lines) + "\n"


def _remarks(head: Iterable[str]) -> Iterator[str]:
    for line in head:
        yield f"# {shortened(neutral(line), _LONGEST_REMARK)}"


def _two_places(settings: Mapping[str, Said]) -> Iterator[str]:
    """Why the settings of calls stand there twice, where they do."""
    if any(f"voice.{path}" in settings for path in settings):
        yield "  # Calls: at the root for mobile numbers, under voice for all others."


def _modeline(schema: str) -> Iterator[str]:
    if schema:
        yield f"# yaml-language-server: $schema={schema}"


def _groups(groups: Iterable[GroupEntry], aliases: Aliases) -> Iterator[str]:
    found = list(groups)
    order = file_order().below("groups").below("")
    if found:
        yield from ("", "groups:")
    for group in found:
        data = _in_order(nested(group.settings, aliases), order)
        yield from block(f"  {_key(group.name)}:", data, 4)


def _in_order(data: Mapping[str, Any], order: KeyOrder) -> dict[str, Any]:
    """`data` with its keys in canonical order: what may serve both kinds has one of its own."""
    return {
        key: _in_order(data[key], order.below(key)) if isinstance(data[key], dict) else data[key]
        for key in sorted(data, key=order.ranks.__getitem__)
    }


def _entry(entry: Entry, aliases: Aliases) -> Iterator[str]:
    for note in entry.notes:
        yield f"  # {shortened(neutral(note), _LONGEST_REMARK)}"
    yield from block(f"  {json.dumps(entry.key)}:", entry.data(aliases), 4)


def block(head: str, data: Mapping[str, Any], indent: int) -> Iterator[str]:
    """A mapping on one line where it fits, else a line a key."""
    line = f"{head} {flow(data)}"
    if len(line) <= WIDTH:
        yield line
        return
    yield head
    for key, value in data.items():
        start = f"{' ' * indent}{_key(key)}:"
        if isinstance(value, Mapping):
            yield from block(start, value, indent + 2)
        elif isinstance(value, list) and len(f"{start} {flow(value)}") > WIDTH:
            yield from (start, *(f"{' ' * indent}  - {flow(each)}" for each in value))
        else:
            yield f"{start} {flow(value)}"


def flow(value: Any) -> str:
    """A value on one line; a flow mapping or list is right in a block and in brackets alike."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(k)}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return text_of(value) if isinstance(value, str) else json.dumps(value)


def _key(name: str) -> str:
    return text_of(name)


def text_of(text: str) -> str:
    """A text without quotes where every reader takes it for one, else in quotes."""
    if (_PLAIN.fullmatch(text) or ID.match(text)) and resolve(text) == (text, ""):
        return text
    return '"' + "".join(_escaped(char) for char in text) + '"'


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
