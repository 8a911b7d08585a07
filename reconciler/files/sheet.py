"""A CSV file that a YAML file names: its rows, as text. What the columns mean the core knows."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Final

from reconciler.core.documents import Row, Sheet
from reconciler.errors import Problem
from reconciler.files.store import kind_refusal
from reconciler.files.text import conflicts, decode, foreign_encoding, neutral, shown
from reconciler.files.tree import SourceFile

MAX_CELLS: Final = 3_000_000
_DELIMITERS: Final = (",", ";", "\t")


def find_sheet(root: Path, owner: SourceFile, given: str) -> SourceFile:
    """The file that `owner` means by `given`: beside it, else from the root of the project.

    It is refused where there is none, or where it is not in the project.
    """
    store = owner.store
    beside = Path(owner.path).parent
    tried = [(owner.where.parent / given, beside / given), (root / given, Path(given))]
    for where, path in tried:
        real = store.real(where)
        name = neutral(path.as_posix())
        if not real.is_relative_to(root):
            return SourceFile(given, name, real, "is outside of the project: put it there")
        try:
            refusal = kind_refusal(store.mode(real))
        except (OSError, ValueError):
            continue
        return SourceFile(real.relative_to(root).as_posix(), name, real, refusal, store=store)
    missing = "no such file beside this one or in the root of the project"
    return SourceFile(given, neutral(given), owner.where, missing)


def read_sheet(path: str, raw: bytes) -> tuple[Sheet | None, list[Problem]]:
    """The rows in `raw` that hold anything, and what is wrong with it."""
    encoding = foreign_encoding(raw)
    if encoding:
        return None, [Problem(path, 1, 1, f"the file is {encoding}: save it as CSV UTF-8")]
    text, problems = decode(path, raw)
    if text is None:
        return None, problems
    if marked := conflicts(path, text):
        return None, sorted(problems + marked)
    rows: list[Row] = []
    try:
        rows += _rows(text)
    except csv.Error as error:
        return None, [*problems, Problem(path, *_place(rows, text), _fault(str(error)))]
    if not rows:
        message = "the sheet is empty: its first row names the columns, phone_number among them"
        return None, [*problems, Problem(path, 1, 1, message)]
    if sum(len(row.cells) for row in rows) > MAX_CELLS:
        message = f"more than {MAX_CELLS:,} cells: split it into several files"
        return None, [*problems, Problem(path, 0, 0, message)]
    return Sheet(path, rows[0], rows[1:]), problems


def delimiter_of(text: str) -> str:
    """What stands between the cells of a sheet."""
    head = text.partition("\n")[0]
    return max(_DELIMITERS, key=head.count)  # of equals the first: the comma


def _rows(text: str) -> Iterator[Row]:
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter_of(text), strict=True)
    line = 1
    for cells in reader:
        if any(map(str.strip, cells)):
            yield Row(line, tuple(cells))
        line = reader.line_num + 1


def _place(rows: list[Row], text: str) -> tuple[int, int]:
    """Where reading stopped: at the row after the last that could be read."""
    if not rows:
        return 1, 1
    last = rows[-1]
    return min(
        last.line + 1 + sum(cell.count("\n") for cell in last.cells), text.count("\n") + 1
    ), 1


def _fault(error: str) -> str:
    if "end of data" in error:
        return 'a " here has no end: a cell in quotes ends in a quote, and a quote in it is doubled'
    if "expected after" in error:
        return 'something follows the closing " of a cell: a quote in a cell in quotes is doubled'
    return f"this is not CSV: {shown(error)}"
