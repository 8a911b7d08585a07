"""Numbers that a CSV file declares: the cell is written, all others stay as they are."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.documents import Mark
from reconciler.core.sheets import document_of
from reconciler.files.cells import SheetEditing
from reconciler.files.sheet import read_sheet
from reconciler.files.splice import NotEditableError
from tests.adopt.test_which_line_says_it import ONE, SALES, TRUNK, TWO
from tests.adopt.world import fields_of, world

YAML = """\
numbers_from: desks.csv
aliases: {connection_id: {sales: "1521916448077776307"}}
groups: {a: {hd_voice_enabled: true, tags: [base]}}
"""
HEAD = "phone_number,groups,connection_id,customer_reference,tags,voice.inbound_call_screening\n"


def adopted(root: Path, sheet: str, *edits: tuple[str, str, Any]) -> str:
    """The sheet after all drift was adopted."""
    account = world(root, {"fleet.yaml": YAML, "desks.csv": sheet}, *edits)
    found = account.adopt()
    assert found.converged, found.left
    assert not fields_of(account.drift())
    return (root / "desks.csv").read_bytes().decode()


@pytest.mark.parametrize(
    ("path", "value", "after"),
    [
        ("customer_reference", "desk 2", f"{ONE},a,{TRUNK},desk 2,x;y,disabled"),
        ("customer_reference", 'a,"b"', f'{ONE},a,{TRUNK},"a,""b""",x;y,disabled'),
        ("customer_reference", None, f"{ONE},a,{TRUNK},null,x;y,disabled"),
        ("connection_id", SALES, f"{ONE},a,sales,desk 1,x;y,disabled"),
        ("tags", ("a", "z"), f"{ONE},a,{TRUNK},desk 1,a;z,disabled"),
        ("tags", ("a;b",), f'{ONE},a,{TRUNK},desk 1,"[""a;b""]",disabled'),
        ("tags", (), f"{ONE},a,{TRUNK},desk 1,[],disabled"),
        ("voice.inbound_call_screening", "flag_calls", f"{ONE},a,{TRUNK},desk 1,x;y,flag_calls"),
    ],
)
def test_the_cell_is_written(tmp_path: Path, path: str, value: Any, after: str) -> None:
    rows = f'{HEAD}%s\n"{TWO}",a,,"front, door",,\n'
    before = rows % f"{ONE},a,{TRUNK},desk 1,x;y,disabled"
    assert adopted(tmp_path, before, (ONE, path, value)) == rows % after


def test_a_row_that_is_shorter_than_the_header(tmp_path: Path) -> None:
    text = f"phone_number,groups,tags,hd_voice_enabled\r\n{ONE},a\r\n{TWO},a,,\r\n"
    after = adopted(tmp_path, text, (ONE, "hd_voice_enabled", False))
    assert after == text.replace(f"{ONE},a", f"{ONE},a,,false")


def test_other_delimiters_a_byte_order_mark_and_quotes_stay(tmp_path: Path) -> None:
    text = f'\ufeffphone_number;customer_reference\r\n{ONE};"a"\r\n\r\n{TWO};"two\nlines"\r\n'
    edits = [(ONE, "customer_reference", "b;c"), (TWO, "customer_reference", "d")]
    after = adopted(tmp_path, text, *edits)
    assert after == text.replace('"a"', '"b;c"').replace('"two\nlines"', '"d"')


def test_edits_of_tags_have_columns_of_their_own(tmp_path: Path) -> None:
    text = f"phone_number,groups,tags.add,tags.remove\n{ONE},a,x,\n"
    after = adopted(tmp_path, text, (ONE, "tags", ("x", "z")))
    assert after == text.replace(",x,", ",x;z,base")


def test_a_list_whose_first_tag_a_spreadsheet_would_run_is_written_in_brackets(
    tmp_path: Path,
) -> None:
    text = f"phone_number,tags\n{ONE},x\n"
    after = adopted(tmp_path, text, (ONE, "tags", ("=1+1", "x")))
    assert after == text.replace(",x\n", ',"[""=1+1"", ""x""]"\n')


def test_the_line_of_a_group_serves_rows_of_a_sheet(tmp_path: Path) -> None:
    text = f"phone_number,groups\n{ONE},a\n{TWO},a\n"
    edits = [(each, "hd_voice_enabled", False) for each in (ONE, TWO)]
    assert adopted(tmp_path, text, *edits) == text
    assert "{hd_voice_enabled: false, tags" in (tmp_path / "fleet.yaml").read_text()


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        ("hd_voice_enabled", False, "no column hd_voice_enabled"),
        ("connection_id", "odd id", "no column connection_id.id"),
        ("customer_reference", "null", "cannot say"),
        ("customer_reference", "=1+1", "formula"),
        ("customer_reference", "+1+cmd|' /C calc'!A0", "formula"),
        ("customer_reference", "-1+1", "formula"),
        ("customer_reference", "\t=1+1", "formula"),
    ],
)
def test_what_no_cell_can_say_is_left(tmp_path: Path, path: str, value: Any, why: str) -> None:
    rows = f"{HEAD}{ONE},a,{TRUNK},desk,x,disabled\n{TWO},a,,,,\n"
    account = world(tmp_path, {"fleet.yaml": YAML, "desks.csv": rows}, (ONE, path, value))
    found = account.adopt()
    assert [(each.path, why in each.reason) for each in found.left] == [(path, True)]
    assert (tmp_path / "desks.csv").read_text() == rows


def test_a_column_that_is_missing_keeps_no_other_field_of_its_row(tmp_path: Path) -> None:
    text = f"phone_number,groups,customer_reference\n{ONE},a,desk 1\n{TWO},a,desk 2\n"
    edits = [
        (ONE, "hd_voice_enabled", False),
        (ONE, "customer_reference", "front"),
        (ONE, "tags", ("base", "z")),
    ]
    account = world(tmp_path, {"fleet.yaml": YAML, "desks.csv": text}, *edits)
    found = account.adopt()
    reason = "the sheet that declares it has no column {}: add one".format
    assert {each.path: each.reason for each in found.left} == {
        "hd_voice_enabled": reason("hd_voice_enabled"),
        "tags": reason("tags.add"),
    }
    assert [each.path for each in found.fields] == ["customer_reference"]
    assert account.text("desks.csv") == text.replace("desk 1", "front")


def test_a_number_of_a_block_in_a_sheet_is_left(tmp_path: Path) -> None:
    rows = "phone_number,customer_reference\n+13125550100..+13125550109,hall\n"
    edit = ("+13125550101", "customer_reference", "x")
    account = world(tmp_path, {"fleet.yaml": YAML, "desks.csv": rows}, edit)
    assert "block" in account.adopt().left[0].reason
    assert (tmp_path / "desks.csv").read_text() == rows


CELLS = st.text(st.sampled_from('ab ;,"\n\t'), max_size=5)


@given(
    st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=5),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.text(st.sampled_from('ab;,"\n\t|'), min_size=1, max_size=5),
    st.data(),
)
def test_any_cell_of_any_sheet(
    others: list[list[str]], delimiter: str, end: str, quoted: bool, new: str, data: st.DataObject
) -> None:
    """The sheet as a library reads it differs in that cell only."""
    out = StringIO(newline="")
    writer = csv.writer(
        out,
        delimiter=delimiter,
        lineterminator=end,
        quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL,
    )
    writer.writerow(["phone_number", "customer_reference", "x", "y"])
    for at, cells in enumerate(others):
        writer.writerow([f"+1312555000{at}", "desk", *cells])
    raw = out.getvalue().encode()
    sheet, problems = read_sheet("x.csv", raw)
    assert sheet is not None
    assert not problems
    place = data.draw(st.integers(0, len(others) - 1))
    editing = SheetEditing(raw)
    try:
        editing.set_line(sheet.rows[place].line, "customer_reference", new)
    except NotEditableError:
        assert not new.strip() or new[0] in "\n\t"  # a formula may come after those
        return
    after = list(csv.reader(StringIO(editing.result().decode(), newline=""), delimiter=delimiter))
    expected = list(csv.reader(StringIO(raw.decode(), newline=""), delimiter=delimiter))
    expected[place + 1][1] = new
    assert after == expected
    document, _ = document_of(sheet)
    assert document.entry(("numbers", f"+1312555000{place}")).key == Mark(sheet.rows[place].line, 1)
