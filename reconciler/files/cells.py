"""New values in the cells of a CSV file, spliced into its text: all other cells stay as they are,
quotes, spaces and line ends included. The part of `files.splice` that is for sheets; and what any
cell has to hold, which `sheetout` asks too."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from reconciler.core.values import E164
from reconciler.files.sheet import delimiter_of
from reconciler.files.splice import BOM, Leaf, Nested, NotEditableError

_FORMULA = re.compile(r"\s*[=+\-@]|[\t\r\n]")
"""How a cell begins that a spreadsheet may run; a + before a number is one that it only spoils."""
_PLAIN_ITEM = re.compile(r"[^\s;,\[=+\-@](?:[^;,\n]*[^\s;,])?")


def cell_of(value: Any) -> str | None:
    """What a cell has to hold to say `value`, plain data; None where none can: a text that is empty
    to the eye, or `null`, or that a spreadsheet would run as a formula."""
    if isinstance(value, list):
        plain = value and value != ["null"] and all(map(_PLAIN_ITEM.fullmatch, value))
        return ";".join(value) if plain else json.dumps(value, ensure_ascii=False)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if not isinstance(value, str) or not value.strip() or value.strip() == "null":
        return None
    return None if _FORMULA.match(value) and not E164.match(value) else value


class _Cell(NamedTuple):
    """Where the text of a cell stands, its quotes included."""

    start: int
    end: int


@dataclass(slots=True)
class SheetEditing:
    """One sheet being edited. Every edit is taken whole or not at all."""

    raw: bytes
    _text: str = ""
    _delimiter: str = ","
    _rows: dict[int, list[_Cell]] = field(default_factory=dict)
    _columns: dict[str, int] = field(default_factory=dict)
    _new: dict[_Cell, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._text = self.raw.decode("utf-8-sig")
        self._delimiter = delimiter_of(self._text)
        self._rows = dict(_rows(self._text, self._delimiter))
        for cells in self._rows.values():
            if names := [self._said(cell).strip() for cell in cells]:
                self._columns = {name: place for place, name in enumerate(names)}
                if any(names):
                    break

    def set_line(self, line: int, path: str, data: Any) -> None:
        """Give a setting of the row that begins on a line another value. NotEditableError."""
        self._new |= dict(self._cells(line, path, data))

    def set_own(self, line: int, settings: Nested) -> None:
        """The same for several settings."""
        new: dict[_Cell, str] = {}
        for path, data in _leaves(settings, ""):
            new |= dict(self._cells(line, path, data))
        self._new |= new

    def result(self) -> bytes:
        """The sheet with all edits."""
        parts = []
        end = 0
        for cell, text in sorted(self._new.items()):
            parts += [self._text[end : cell.start], text]
            end = cell.end
        text = "".join([*parts, self._text[end:]])
        return (BOM if self.raw.startswith(BOM) else b"") + text.encode()

    def _cells(self, line: int, path: str, data: Any) -> Iterator[tuple[_Cell, str]]:
        if isinstance(data, dict):
            for key, value in data.items():
                if value or f"{path}.{key}" in self._columns:
                    yield self._cell(line, f"{path}.{key}", value)
        elif path not in self._columns and f"{path}.id" in self._columns and data is not None:
            yield self._cell(line, f"{path}.id", data)
        else:
            yield self._cell(line, path, data)

    def _cell(self, line: int, column: str, data: Any) -> tuple[_Cell, str]:
        place = self._columns.get(column)
        if place is None:
            raise NotEditableError(f"the sheet that declares it has no column {column}: add one")
        text = cell_of(data)
        if text is None:
            raise NotEditableError(
                "a cell cannot say this text, or a spreadsheet would take it for a formula: "
                "edit it by hand"
            )
        cells = self._rows[line]
        if place < len(cells):
            cell = cells[place]
            return cell, self._in_quotes(
                text, quoted=self._text[cell.start : cell.start + 1] == '"'
            )
        end = _Cell(cells[-1].end, cells[-1].end)
        missing = self._delimiter * (place - len(cells) + 1)
        if end in self._new:
            raise NotEditableError("its row is shorter than the header: edit it by hand")
        return end, missing + self._in_quotes(text, quoted=False)

    def _in_quotes(self, text: str, *, quoted: bool) -> str:
        if quoted or any(sign in text for sign in (self._delimiter, '"', "\n", "\r")):
            return '"' + text.replace('"', '""') + '"'
        return text

    def _said(self, cell: _Cell) -> str:
        text = self._text[cell.start : cell.end]
        return text[1:-1].replace('""', '"') if text.startswith('"') else text


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[_Cell]]]:
    """The cells of every row, by the line that it begins on. The text is CSV that was read."""
    cell = re.compile(rf'"(?:[^"]|"")*"|[^{re.escape(delimiter)}\r\n]*')
    at, line = 0, 1
    while at < len(text):
        begins, cells = line, []
        while True:
            found = cell.match(text, at)
            end = found.end() if found else at
            cells.append(_Cell(at, end))
            line += text.count("\n", at, end)
            if text[end : end + 1] != delimiter:
                break
            at = end + 1
        yield begins, cells
        at = end + (2 if text.startswith("\r\n", end) else 1)
        line += 1


def _leaves(settings: Nested, above: str) -> Iterator[tuple[str, Any]]:
    for key, value in settings.items():
        if isinstance(value, Leaf):
            yield f"{above}{key}", value.data
        else:
            yield from _leaves(value, f"{above}{key}.")
