"""One line of regular YAML: an entry `key: value`, or an item `- value`, whole on its line.

The forms here are fewer than YAML allows, never more. What a scalar without quotes stands for is
asked of `plain`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from reconciler.files import plain

MAX_EVENTS: Final = 3_000_000  # bounds memory, to about 1 GB: some 150,000 numbers in one file
MAX_PROBLEMS: Final = 1_000
LONGEST: Final = 1_000  # libyaml looks no further than 1,024 characters for the ":" of a key
_DEEPEST: Final = 8  # brackets in brackets

# `_WORDS` is a plain scalar in a block, `_FLOW_WORDS` in brackets; neither begins with what might
# be an indicator.
_FIRST = r"[A-Za-z0-9_+./~$(\u00c0-\u02ff]"
_WORDS = rf"(?:{_FIRST}|-(?=[A-Za-z0-9]))(?:[^ :#]|:(?=[^ ])|(?<=[^ ])#| +(?=[^ #]))*"
_FLOW_WORD = r"[^ :#,\[\]{}'\"]"
_FLOW_WORDS = rf"{_FIRST}{_FLOW_WORD}*(?: +{_FLOW_WORD}+)*"
_KEY = r"""(?:"([^"\\]+)"|'([^']+)'|([A-Za-z_][A-Za-z0-9_./-]*))"""
_QUOTED = r""""([^"\\]*)"|'([^']*)'"""
_REST = r" *(?: #.*)?"
_VALUE = rf" +(?:{_QUOTED}|({_WORDS})|([\[{{].*))"

_ENTRY = re.compile(rf"( *){_KEY}:(?:{_VALUE})?{_REST}")
_ITEM = re.compile(rf"( *)-{_VALUE}{_REST}")
_SKIPPED = re.compile(r" *(?:#.*)?")
_FLOW_KEY = re.compile(rf" *{_KEY}: +")
_FLOW_SCALAR = re.compile(rf" *(?:{_QUOTED}|({_FLOW_WORDS}))")
_FLOW_SIGN = re.compile(r" *([\[\]{},])")
_REST_OF_LINE = re.compile(_REST)


# The groups of both: the indentation, of an entry three for its key, then the forms of a value, of
# which only the last one counts: in double quotes, single quotes, words, brackets.
_BEFORE_VALUE = 4
_IN_WORDS = 3

_new = tuple.__new__  # half the price of calling a NamedTuple


class IrregularError(Exception):
    """The line is for the reader of events: it may be right or wrong."""


class Flow(NamedTuple):
    """A list or a mapping in brackets: `data` to be copied, which lacks the containers `inner`.

    `columns` gives those of key and value, from 1, by key or index.
    """

    data: Any
    inner: tuple[tuple[Any, Flow], ...]
    columns: Mapping[Any, tuple[int, int]]


class Line(NamedTuple):
    """What a line says. `key` is None of an item; `indent` is -1 of a line that says nothing.

    `value` is a scalar or a Flow; `is_open` says that there is none, and that it may come below.
    `column` is where the value stands, or would, from 1.
    """

    indent: int
    key: str | None = None
    value: Any = None
    is_open: bool = False
    column: int = 0


NOTHING: Final = Line(-1)
"""A blank line, or a comment."""


def parse_line(text: str) -> Line:
    """What `text`, a line without its end, says. IrregularError where that is not plain to see."""
    found = _ENTRY.fullmatch(text)
    if found is not None:
        _, double, single, words, *_ = found.groups()
        key = _key(double, single, words)
        form = (found.lastindex or 0) - _BEFORE_VALUE
    else:
        found = _ITEM.fullmatch(text)
        if found is None:
            if _SKIPPED.fullmatch(text):
                return NOTHING
            raise IrregularError
        key = None
        form = (found.lastindex or 0) - 1
    if len(text) > LONGEST or not text.isprintable():
        raise IrregularError
    indent, group = found.end(1), found.lastindex or 0
    begin = found.start(group)
    if form <= 0:
        return _new(Line, (indent, key, None, True, text.index(":", found.end(group)) + 2))
    if form == _IN_WORDS:
        return _new(Line, (indent, key, _plain(found[group]), False, begin + 1))
    if form < _IN_WORDS:
        value = sys.intern(found[group])
        return _new(Line, (indent, key, value, False, begin))  # at the quote before it
    container, end = _brackets(text[begin:], begin)
    if not _REST_OF_LINE.fullmatch(text, end):
        raise IrregularError
    return _new(Line, (indent, key, container, False, begin + 1))


def _key(double: str | None, single: str | None, words: str | None) -> str:
    if words is None:
        return double or single or ""
    if plain.key_complaint(words):
        raise IrregularError
    return sys.intern(words)  # the same few, on many lines


def _plain(words: str) -> plain.Scalar:
    value, complaint = plain.resolve(words)
    if complaint:
        raise IrregularError
    # One object with its equal in the account, for which the differ then need not look into it.
    return sys.intern(value) if isinstance(value, str) else value


@lru_cache(maxsize=4096)  # of numbers that name their groups only, most say the same
def _brackets(text: str, at: int) -> tuple[Flow, int]:
    """The brackets that `text`, a line from place `at` on, begins with, and where they close."""
    return _flow(" " * at + text, at, 0)


def _flow(text: str, at: int, depth: int) -> tuple[Flow, int]:
    """The brackets that open at `at`, and where they have closed."""
    is_list = text[at] == "["
    close = "]" if is_list else "}"
    entries: dict[Any, Any] = {}
    columns: dict[Any, tuple[int, int]] = {}
    at += 1
    while True:
        sign = _FLOW_SIGN.match(text, at)
        if sign and sign[1] == close and not entries:
            break
        key, key_column, at = (len(entries), 0, at) if is_list else _flow_key(text, at)
        value, column, at = _flow_value(text, at, depth)
        if key in entries:
            raise IrregularError
        entries[key] = value
        columns[key] = (key_column or column, column)
        sign = _FLOW_SIGN.match(text, at)
        if sign is None or sign[1] not in {",", close}:
            raise IrregularError
        at = sign.end()
        if sign[1] == close:
            break
    inner = tuple((key, value) for key, value in entries.items() if type(value) is Flow)
    return Flow(list(entries.values()) if is_list else entries, inner, columns), sign.end()


def _flow_key(text: str, at: int) -> tuple[str, int, int]:
    found = _FLOW_KEY.match(text, at)
    if found is None:
        raise IrregularError
    words = found[3]
    begin = found.start(3) if words is not None else found.start(found.lastindex or 0) - 1
    return _key(*found.groups()), begin + 1, found.end()


def _flow_value(text: str, at: int, depth: int) -> tuple[Any, int, int]:
    opens = _FLOW_SIGN.match(text, at)
    if opens is not None:
        if opens[1] not in "[{" or depth == _DEEPEST:
            raise IrregularError
        value, end = _flow(text, opens.start(1), depth + 1)
        return value, opens.start(1) + 1, end
    found = _FLOW_SCALAR.match(text, at)
    if found is None:
        raise IrregularError
    double, single, words = found.groups()
    if words is not None:
        return _plain(words), found.start(3) + 1, found.end()
    quoted = double if double is not None else single
    return quoted, found.start(found.lastindex or 0), found.end()
