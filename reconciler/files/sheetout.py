"""CSV out, for export: a sheet that `core.sheets` takes back as it was meant, and in which no
spreadsheet finds a formula.

What a cell cannot say stays out of the sheet: a text that is empty to the eye, or `null`, or that a
spreadsheet would run as a formula. In the end the sheet is read again, and what came back otherwise
is taken out as well.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from typing import Any

from reconciler.core.declarable import Aliases
from reconciler.core.exporting import Entry
from reconciler.core.fields import Kind
from reconciler.core.sheets import NUMBER, columns_of_numbers, document_of
from reconciler.files.cells import cell_of
from reconciler.files.sheet import read_sheet

_BYTE_ORDER_MARK = "\ufeff"
_LINE = re.compile(r"[^\r\n]*")


def sheet_text(entries: Iterable[Entry], aliases: Aliases) -> tuple[str, list[Entry]]:
    """A sheet of those entries that one can hold, and the others; "" where it can hold none.

    It is UTF-8, with a byte order mark where a spreadsheet would need it to know that.
    """
    rows: dict[str, tuple[Entry, dict[str, str]]] = {}
    unfit: list[Entry] = []
    for entry in entries:
        cells = _cells(entry.data(aliases)) if entry.kind is Kind.NUMBER else None
        if cells is None:
            unfit.append(entry)
        else:
            rows[entry.key] = (entry, cells)
    read = _read(_text([(key, cells) for key, (_, cells) in rows.items()]))
    for key, (entry, _) in list(rows.items()):
        if read.get(key) != entry.data(aliases):
            unfit.append(entry)
            del rows[key]
    text = _text([(key, cells) for key, (_, cells) in rows.items()]) if rows else ""
    mark = "" if text.isascii() else _BYTE_ORDER_MARK
    return mark + text, unfit


def _cells(data: Mapping[str, Any]) -> dict[str, str] | None:
    """What an entry says, by column; None where some of it can be in no cell."""
    found: dict[str, str] = {}
    for column, value in _flat(data, ""):
        cell = cell_of(value)
        if column not in columns_of_numbers() or cell is None or not _LINE.fullmatch(cell):
            return None
        found[column] = cell
    return found


def _flat(data: Mapping[str, Any], above: str) -> Iterable[tuple[str, Any]]:
    for key, value in data.items():
        if isinstance(value, Mapping) and key not in _IDS:
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


_IDS = frozenset(column.split(".")[-2] for column in columns_of_numbers() if column.endswith(".id"))
"""Ids, which are one cell: `{id: …}` would need a column that no other number has."""


def _text(rows: Sequence[tuple[str, Mapping[str, str]]]) -> str:
    used = {column for _, cells in rows for column in cells}
    columns = [column for column in columns_of_numbers() if column in used]
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([NUMBER, *columns])
    writer.writerows([key, *(cells.get(column, "") for column in columns)] for key, cells in rows)
    return out.getvalue()


def _read(text: str) -> Mapping[str, Any]:
    """What the sheet means, by number."""
    sheet, _ = read_sheet("", text.encode())
    if sheet is None:
        return {}
    document, _ = document_of(sheet)
    found: Mapping[str, Any] = document.data[Kind.NUMBER.yaml_key]
    return found
