"""`table.md` against the tests that there are."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent
TABLE = Path(__file__).with_name("table.md")
HERE = "faults/"
ROWS = {
    "Faults of the service and the machine": 29,
    "Bad input: YAML": 40,
    "Bad input: CLI and environment": 10,
    "Bad input: plan and journal": 8,
    "Bad input: answers": 15,
}
"""How many rows each part of the table has: one that is taken out is missed."""


@dataclass(frozen=True, slots=True)
class Row:
    """A fault, or an item of bad input, and the node ids of its tests, below `tests`."""

    part: str
    name: str
    tests: tuple[str, ...]


def _rows() -> list[Row]:
    rows: list[Row] = []
    part = ""
    for line in TABLE.read_text().splitlines():
        if line.startswith("## "):
            part = line.removeprefix("## ")
        elif line.startswith("| ") and not re.match(r"\| (---|fault \||item \|)", line):
            cells = [each.strip() for each in line.strip("|").split(" | ")]
            rows.append(Row(part, cells[0], tuple(filter(None, cells[-1].split("<br>")))))
    return rows


TABLE_ROWS = _rows()


def words(text: str) -> str:
    """What a name says, in the letters of a function's name."""
    return "_".join(re.findall(r"[a-z0-9]+", text.lower()))


@cache
def _there_are() -> frozenset[str]:
    """Every test of the files that the table names, as pytest collects them."""
    files = sorted({test.partition("::")[0] for row in TABLE_ROWS for test in row.tests})
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *files],
        cwd=TESTS,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    found = {line.removeprefix("tests/") for line in done.stdout.splitlines() if "::" in line}
    return frozenset(found | {each.partition("[")[0] for each in found})


@pytest.mark.parametrize("part", ROWS)
def test_no_row_was_taken_out(part: str) -> None:
    assert len([row for row in TABLE_ROWS if row.part == part]) == ROWS[part]


@pytest.mark.parametrize("row", TABLE_ROWS, ids=lambda row: words(row.name))
def test_every_row_has_a_test_that_is_named_after_it(row: Row) -> None:
    named = [test for test in row.tests if words(row.name) in words(test.partition("::")[2])]
    assert [test for test in named if test.startswith(HERE)], row.tests


def test_every_test_that_the_table_names_exists() -> None:
    named = {test for row in TABLE_ROWS for test in row.tests}
    assert named - _there_are() == set()
