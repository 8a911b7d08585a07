"""YAML out, for export: text that the strict reader of this room takes back as it was meant."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reconciler.core.declarable import nested
from reconciler.core.exporting import Entry
from reconciler.core.fields import Kind
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


def project_text(
    head: Iterable[str], groups: Iterable[GroupEntry], account: Mapping[str, str]
) -> str:
    """`reconciler.yaml`: a remark, what it says of the account, and the groups."""
    lines = [*_remarks(head), "version: 1"]
    if account:
        lines += ["", *block("account:", account, 2)]
    return "\n".join([*lines, *_groups(groups)]) + "\n"


def numbers_text(
    head: Iterable[str], entries: Iterable[Entry], groups: Iterable[GroupEntry] = ()
) -> str:
    """A file of numbers, with the groups that stand in it."""
    lines = [*_remarks(head), "version: 1", *_groups(groups)]
    by_kind: dict[Kind, list[Entry]] = {kind: [] for kind in Kind}
    for entry in entries:
        by_kind[entry.kind].append(entry)
    for kind, found in by_kind.items():
        if found:
            lines += ["", f"{kind.yaml_key}:"]
            lines += [line for entry in found for line in _entry(entry)]
    return "\n".join(lines) + "\n"


def _remarks(head: Iterable[str]) -> Iterator[str]:
    for line in head:
        yield f"# {shortened(neutral(line), _LONGEST_REMARK)}"


def _groups(groups: Iterable[GroupEntry]) -> Iterator[str]:
    found = list(groups)
    if found:
        yield from ("", "groups:")
    for group in found:
        yield from block(f"  {_key(group.name)}:", nested(group.settings), 4)


def _entry(entry: Entry) -> Iterator[str]:
    for note in entry.notes:
        yield f"  # {shortened(neutral(note), _LONGEST_REMARK)}"
    data: dict[str, Any] = {"groups": list(entry.groups)} if entry.groups else {}
    data |= nested(entry.settings)
    yield from block(f"  {json.dumps(entry.phone_number)}:", data, 4)


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
