"""A CSV sheet -> the document that it stands for, so that it means what the same YAML would.

The first row names the columns: `phone_number`, `groups` and other keys of a number, and paths
of settings; `tags.add`, `external_pin.env` and `connection_id.id` reach into what YAML writes as
a mapping. An empty cell says nothing; `null` clears; of a list the items stand between `;` or
`,`, or as JSON in brackets. The places of a cell are its line and its column, counted from 1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from reconciler.core.documents import Document, EntryMarks, Mark, Row, Sheet
from reconciler.core.fields import Kind
from reconciler.core.hints import Hints, quoted
from reconciler.core.places import TO, canonical_number
from reconciler.core.safetyschema import Schema
from reconciler.core.schema import entry_schema
from reconciler.core.values import E164
from reconciler.errors import Problem

NUMBER = "phone_number"
_KEY = Kind.NUMBER.yaml_key
_BREAKS = re.compile(r"[;,\n]")
_SCIENTIFIC = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]+\Z")
_DECIMAL = re.compile(r"([0-9]{7,15})[.,]0+\Z")
_FORMATTED = "format the column as text, and write the number anew"


class _Column(NamedTuple):
    """A column: where in the entry its cells go, and what they can be."""

    place: int
    name: str
    schema: Schema

    @property
    def path(self) -> list[str]:
        """The keys on the way."""
        return self.name.split(".")


def columns_of_numbers() -> Mapping[str, Schema]:
    """Every column that a sheet may have, but for the number, and the schema of its cells."""
    schema = entry_schema(Kind.NUMBER.value)["$defs"][Kind.NUMBER.value]
    return dict(_leaves(schema["properties"], ""))


def _leaves(properties: Schema, above: str) -> Iterator[tuple[str, Schema]]:
    for key, schema in properties.items():
        types = schema.get("type", ())
        if types != "object":
            yield f"{above}{key}", schema
        if "object" in types and "properties" in schema:
            yield from _leaves(schema["properties"], f"{above}{key}.")


def document_of(sheet: Sheet) -> tuple[Document, list[Problem]]:
    """The document, with the rows that can be used, and what is wrong with the others."""
    problems: list[Problem] = []
    columns, number = _columns(sheet, problems)
    numbers: dict[str, Any] = {}
    marks: dict[int, Mapping[Any, EntryMarks]] = {id(numbers): {}}
    data = {_KEY: numbers}
    top = Mark(sheet.header.line, 1)
    marks[id(data)] = {_KEY: EntryMarks(top, top)}
    at: dict[Any, EntryMarks] = {}
    if number >= 0:
        for row in sheet.rows:
            _take(sheet, row, columns, number, numbers, at, marks, problems)
    marks[id(numbers)] = at
    return Document(sheet.path, data, marks), problems


def _columns(sheet: Sheet, problems: list[Problem]) -> tuple[list[_Column], int]:
    """The columns that are known, and the place of the number; -1 where there is none."""
    known = columns_of_numbers()
    hints = Hints()
    found: dict[str, _Column] = {}
    number = -1
    for place, cell in enumerate(sheet.header.cells):
        name = cell.strip()

        def problem(text: str, place: int = place) -> None:
            problems.append(Problem(sheet.path, sheet.header.line, place + 1, text))

        if name == NUMBER and number < 0:
            number = place
        elif name == NUMBER or name in found:
            problem(f"the column {quoted(name)} stands twice: keep one")
        elif name in known:
            found[name] = _Column(place, name, known[name])
        elif name or any(_cell(row, place) for row in sheet.rows):
            close = hints.closest(name, [NUMBER, *known])
            hint = f"did you mean '{close}'?" if close else "a column is named by the path of a "
            hint += "" if close else "setting, such as voice.inbound_call_screening"
            problem(f"unknown column {quoted(name)}: {hint}")
    if number < 0:
        text = f"no column is named {NUMBER}: the first row names the columns"
        problems.append(Problem(sheet.path, sheet.header.line, 1, text))
    for name, column in found.items():
        above = [other for other in found if name.startswith(f"{other}.")]
        if above:
            text = f"the columns '{above[0]}' and '{name}' say the same: keep one"
            problems.append(Problem(sheet.path, sheet.header.line, column.place + 1, text))
            return [], number
    return list(found.values()), number


def _cell(row: Row, place: int) -> str:
    return row.cells[place].strip() if place < len(row.cells) else ""


def _take(
    sheet: Sheet,
    row: Row,
    columns: list[_Column],
    number: int,
    numbers: dict[str, Any],
    at: dict[Any, EntryMarks],
    marks: dict[int, Mapping[Any, EntryMarks]],
    problems: list[Problem],
) -> None:
    """Add the entry of one row to `numbers`."""

    def problem(place: int, text: str) -> None:
        problems.append(Problem(sheet.path, row.line, place + 1, text))

    wide = len(sheet.header.cells)
    if len(row.cells) > wide and any(row.cells[wide:]):
        problem(wide, f"the row has more cells than the {wide} columns: is a cell with a comma "
                      "in it not in quotes?")  # fmt: skip
    key = _cell(row, number)
    if fault := _number_fault(key):
        problem(number, fault)
        return
    place = Mark(row.line, number + 1)
    if key in numbers:
        problem(number, f"{key} is declared twice: first at {sheet.path}:{at[key].key.line}")
        return
    entry: dict[str, Any] = {}
    own: dict[int, dict[Any, EntryMarks]] = {id(entry): {}}
    for column in columns:
        raw = row.cells[column.place] if column.place < len(row.cells) else ""
        if raw.strip() == "":
            continue
        if fault := _cell_fault(raw.strip(), column):
            problem(column.place, fault)
            continue
        _put(entry, own, column, _value(raw, column.schema), Mark(row.line, column.place + 1))
    numbers[key] = entry
    at[key] = EntryMarks(place, place)
    marks.update(own)


def _put(
    entry: dict[str, Any],
    marks: dict[int, dict[Any, EntryMarks]],
    column: _Column,
    value: Any,
    mark: Mark,
) -> None:
    *parents, leaf = column.path
    here = EntryMarks(mark, mark)
    level = entry
    for key in parents:
        below = level.get(key)
        if below is None:
            below = level[key] = {}
            marks[id(level)][key] = here
            marks[id(below)] = {}
        level = below
    level[leaf] = value
    marks[id(level)][leaf] = here
    if isinstance(value, list):
        marks[id(value)] = dict.fromkeys(range(len(value)), here)


def _number_fault(key: str) -> str:
    """What is wrong with the number of a row, and what the spreadsheet did to it; "" if nothing
    that is its doing."""
    ends = key.split(TO, 1)
    if all(E164.match(end) for end in ends):
        return ""
    if not key:
        return f"the row has no {NUMBER}"
    if _SCIENTIFIC.match(key):
        return (
            f"{quoted(key)}: the spreadsheet took the number for a quantity and shortened it, so "
            f"that its digits are lost: {_FORMATTED}"
        )
    if found := _DECIMAL.match(key):
        return (
            f"{quoted(key)}: the spreadsheet took the number for a quantity with decimals: "
            f"{_FORMATTED}, as +{found[1]}"
        )
    if key.startswith("#"):
        return f"{quoted(key)}: the spreadsheet took the number for a formula: {_FORMATTED}"
    if key.startswith(("'", "=")) and (meant := canonical_number(key.strip("'=\""))):
        return f"{quoted(key)}: leave out what stands before the +: write {meant}"
    if key.isdecimal() and (meant := canonical_number(key)):
        return (
            f"{quoted(key)} lost its +: the spreadsheet took the number for a quantity: format "
            f"the column as text, and write {meant} if that is the whole number with its country"
        )
    meant = canonical_number(key) if key.startswith("+") else ""
    how = meant or "+ and 7 to 15 digits, such as +13125550001"
    return f"{quoted(key)} is not a number in E.164: write {how}"


def _cell_fault(cell: str, column: _Column) -> str:
    """What a spreadsheet did to an id or a number in a cell; "" if nothing."""
    leaf = column.path[-1]
    opaque = leaf.endswith("_id") or leaf in {"id", "forwards_to", "translated_number"}
    if opaque and _SCIENTIFIC.match(cell):
        return (
            f"{column.name}: {quoted(cell)}: the spreadsheet took it for a quantity and shortened "
            "it, so that its digits are lost: format the column as text, and write it anew"
        )
    return ""


def _value(raw: str, schema: Schema) -> Any:
    """What a cell says, by the types that it can have; what it cannot be stays text, for the
    schema to refuse."""
    cell = raw.strip()
    types = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", ())
    if cell == "null":
        return None
    if "boolean" in types or "const" in schema:
        return {"true": True, "false": False}.get(cell.lower(), cell)
    if "array" in types:
        return _list(cell)
    return cell if "enum" in schema or "pattern" in schema else raw


def _list(cell: str) -> Any:
    if cell.startswith("["):
        try:
            return json.loads(cell)
        except ValueError:
            return cell
    return [item for each in _BREAKS.split(cell) if (item := each.strip())]
