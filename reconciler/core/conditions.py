"""What one setting has to be: a plain value, or a JSON Schema of one value.

The values are those of the catalogue: text or null, true or false, a list of tags. A schema may
use the keywords that can say something of such a value, and nothing that looks anywhere else. Its
patterns are matched by an engine without backtracking and of bounded size, so that no pattern can
make a command hang.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs

from reconciler.core.catalogue import BY_PATH, SUPPORTED
from reconciler.core.documents import Document
from reconciler.core.entries import Reading
from reconciler.core.fields import Field, Kind, Type
from reconciler.core.hints import quoted, shown
from reconciler.core.values import (
    E164,
    LiveValue,
    Secret,
    TagEdit,
    Unknown,
    canonical_id,
    show_json,
)

Answer = bool | None
"""Yes, no, or None: it cannot be told."""

Fact = LiveValue | TagEdit
"""What is known of a setting: its value, an edit of unknown tags, or UNKNOWN."""

_Way = tuple[str | int, ...]

_OF_TEXT = frozenset({"pattern", "minLength", "maxLength"})
_OF_LISTS = frozenset({"items", "contains", "minItems", "maxItems", "minContains", "maxContains"})
_PARTS = ("allOf", "anyOf", "oneOf")
_LARGEST_PATTERN = 1 << 20
"""Bytes of a compiled pattern, and of what it keeps while it looks."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One setting and what it has to be: `written` as the project file has it, ids instead of
    aliases."""

    path: str
    written: Any
    check: Callable[[Any], bool] = field(compare=False, repr=False)

    def concerns(self, kind: Kind) -> bool:
        """Whether numbers of `kind` have such a setting."""
        return self.path in SUPPORTED[kind]

    def holds(self, value: Fact) -> Answer:
        """Whether `value` is as it has to be; None where it is not known."""
        if isinstance(value, Unknown | TagEdit | Secret):
            return None
        return self.check(show_json(value))


def read_conditions(
    reading: Reading, project: Document, way: _Way, raw: Mapping[str, Any]
) -> tuple[Condition, ...]:
    """The settings in `raw`, which the schema has passed, with what each has to be. What is wrong
    beyond that is noted in `reading`."""
    read = _Reader(reading, project)
    return tuple(read.condition((*way, path), path, wanted) for path, wanted in raw.items())


def row_of(path: str) -> Field:
    """The row of the catalogue for `path`, of whichever kind has it."""
    return next(BY_PATH[kind][path] for kind in Kind if path in SUPPORTED[kind])


class _Reader:
    def __init__(self, reading: Reading, project: Document) -> None:
        self._reading = reading
        self._project = project

    def condition(self, way: _Way, path: str, wanted: Any) -> Condition:
        row, before = row_of(path), len(self._reading.problems)
        if not isinstance(wanted, dict):
            plain = self._plain(way, row, row.type, wanted)
            return Condition(path, plain, lambda value: bool(value == plain))
        schema = self._schema(way, row, row.type, wanted)
        if len(self._reading.problems) > before:
            return Condition(path, schema, bool)  # the project is of no use, so nobody asks
        return Condition(path, schema, _validator(schema).is_valid)

    def _problem(self, way: _Way, text: str, *, at_key: bool = False) -> None:
        self._reading.problems.append(self._project.problem(way, text, at_key=at_key))

    # ---- plain values ---------------------------------------------------------------------------

    def _plain(self, way: _Way, row: Field, type_: Type, raw: Any) -> Any:
        """`raw` in the form that a report of the account has; noted where it can never be so."""
        match type_:
            case Type.BOOLEAN if not isinstance(raw, bool):
                self._problem(way, f"{row.path} is true or false, never {_said(raw)}")
            case Type.ENUM if raw is not None and raw not in row.values:
                values = ", ".join(row.values)
                self._problem(way, f"{row.path} is one of {values}, never {_said(raw)}")
            case Type.TAGS:
                return self._tags(way, row, raw)
            case Type.ID if isinstance(raw, str):
                return self._id(way, row, raw)
            case Type.E164 if raw is not None and not (isinstance(raw, str) and E164.match(raw)):
                self._problem(way, f"{row.path} is a number in E.164, never {_said(raw)}")
            case Type.TEXT | Type.CNAM | Type.ID if raw is not None and not isinstance(raw, str):
                self._problem(way, f"{row.path} is text, never {_said(raw)}: put it in quotes")
        return None if raw == "" else raw

    def _tags(self, way: _Way, row: Field, raw: Any) -> Any:
        if raw is None:
            return []
        if not isinstance(raw, list) or not all(isinstance(tag, str) for tag in raw):
            self._problem(way, f"{row.path} is a list of texts, never {_said(raw)}")
            return raw
        return sorted(set(raw))

    def _id(self, way: _Way, row: Field, raw: str) -> str | None:
        name = row.path.rpartition(".")[2]
        aliases = self._reading.aliases
        found = aliases.resolve(name, raw)
        if found is None and raw and self._reading.complete:
            self._problem(way, aliases.unknown(name, raw))
        return canonical_id(found or raw) or None

    # ---- schemas --------------------------------------------------------------------------------

    def _schema(self, way: _Way, row: Field, type_: Type, raw: Mapping[str, Any]) -> dict[str, Any]:
        """`raw` with its values in the form that an account's have."""
        made: dict[str, Any] = {}
        if not raw:
            self._problem(way, f"{row.path}: an empty schema asks for nothing")
        for word, bound in raw.items():
            here = (*way, word)
            if pointless := _says_nothing(row, type_, word):
                self._problem(here, pointless, at_key=True)
            made[word] = self._keyword(here, row, type_, word, bound)
        return made

    def _keyword(self, way: _Way, row: Field, type_: Type, word: str, bound: Any) -> Any:
        match word:
            case "const":
                return self._plain(way, row, type_, bound)
            case "enum":
                return [self._plain((*way, at), row, type_, each) for at, each in enumerate(bound)]
            case "not":
                return self._schema(way, row, type_, bound)
            case "items" | "contains":
                return self._schema(way, row, Type.TEXT, bound)
            case "type" if isinstance(bound, list):
                bound = list(dict.fromkeys(bound))  # a JSON Schema may name each type but once
                self._check_type(way, row, type_, bound)
            case "type":
                self._check_type(way, row, type_, [bound])
            case "pattern":
                self._check_pattern(way, bound)
            case _ if word in _PARTS:
                parts = enumerate(bound)
                return [self._schema((*way, at), row, type_, each) for at, each in parts]
        return bound

    def _check_type(self, way: _Way, row: Field, type_: Type, asked: Sequence[str]) -> None:
        possible = _json_types(row, type_)
        if possible.isdisjoint(asked):
            can = " or ".join(sorted(possible, reverse=True))
            self._problem(way, f"{row.path} is {can}, never {' or '.join(asked)}")

    def _check_pattern(self, way: _Way, pattern: str) -> None:
        try:
            _validator({"pattern": pattern})
        except (jsonschema_rs.ValidationError, ValueError):
            text = (
                f"{quoted(pattern)} is no pattern that can be used: a regular expression of "
                "moderate size is needed, without lookaround and back-references"
            )
            self._problem(way, text)


def _validator(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    options = jsonschema_rs.RegexOptions(
        size_limit=_LARGEST_PATTERN, dfa_size_limit=_LARGEST_PATTERN
    )
    return jsonschema_rs.Draft202012Validator(schema, pattern_options=options)


def _says_nothing(row: Field, type_: Type, word: str) -> str:
    """Why a keyword would let every value of the setting pass: to a JSON Schema a pattern says
    nothing of what is no text."""
    if word in _OF_TEXT and type_ in {Type.BOOLEAN, Type.TAGS}:
        what = "true or false" if type_ is Type.BOOLEAN else "a list"
        hint = ": put it under items or contains" if type_ is Type.TAGS else ""
        return f"{word} looks at text, and {row.path} is {what}{hint}"
    if word in _OF_LISTS and type_ is not Type.TAGS:
        return f"{word} looks at a list, and {row.path} is none"
    return ""


def _json_types(row: Field, type_: Type) -> frozenset[str]:
    match type_:
        case Type.BOOLEAN:
            return frozenset({"boolean"})
        case Type.TAGS:
            return frozenset({"array"})
        case _ if row.type is Type.TAGS:
            return frozenset({"string"})
        case _:
            return frozenset({"string", "null"})


def _said(raw: Any) -> str:
    match raw:
        case bool():
            return str(raw).lower()
        case str():
            return quoted(raw)
        case list():
            return "a list"
        case dict():
            return "a mapping"
        case None:
            return "null"
        case _:
            return f"the number {shown(str(raw))}"
