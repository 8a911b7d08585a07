"""`numbers_from`: a CSV sheet means what the same YAML means, and is judged as strictly."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.desired import build
from reconciler.core.documents import Document
from reconciler.core.model import Desired
from reconciler.core.sheets import columns_of_numbers
from reconciler.core.values import Secret
from reconciler.files.sheet import read_sheet
from tests.core.project import ONE, TWO, Declared, built, read
from tests.core.test_blocks_of_numbers import comparable
from tests.core.test_layers_hold_in_general import steady

NAMES = "numbers_from: desks.csv\n"
GROUPS = "groups: {g: {customer_reference: group}, h: {}}\n"


def sheet(text: str, head: str = NAMES) -> dict[str, str]:
    return {"a.yaml": head, "desks.csv": text}


def one(declared: Declared, header: str, cells: str, head: str = NAMES) -> dict[str, Any]:
    """What ONE has of a sheet with one row."""
    return declared.settings(sheet(f"phone_number,{header}\n{ONE},{cells}\n", head))


# ---- what cells say -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "cells", "settings"),
    [
        ("customer_reference", "desk", {"customer_reference": "desk"}),
        ("customer_reference", '"a, ""b"""', {"customer_reference": 'a, "b"'}),
        ("customer_reference", "00123", {"customer_reference": "00123"}),
        ("customer_reference", "", {}),
        ("customer_reference", "null", {"customer_reference": None}),
        ("customer_reference", "d{last4}", {"customer_reference": "d0001"}),
        ("hd_voice_enabled", "TRUE", {"hd_voice_enabled": True}),
        ("hd_voice_enabled", "false", {"hd_voice_enabled": False}),
        ("tags", "b;a", {"tags": ("a", "b")}),
        ("tags", '"a, b"', {"tags": ("a", "b")}),
        ("tags", '"[""a;b""]"', {"tags": ("a;b",)}),
        ("tags", "[]", {"tags": ()}),
        ("tags", "null", {"tags": ()}),
        ("groups", "h;g", {"customer_reference": "group"}),
        ("external_pin.env", "PIN", {"external_pin": Secret("env:PIN")}),
        ("connection_id.id", "any text", {"connection_id": "any text"}),
        ("voice.tech_prefix_enabled", "true", {"voice.tech_prefix_enabled": True}),
    ],
)
def test_a_cell_is_what_its_column_makes_of_it(
    declared: Declared, header: str, cells: str, settings: dict[str, Any]
) -> None:
    assert one(declared, header, cells, NAMES + GROUPS) == settings


def test_edits_of_tags_have_two_columns(declared: Declared) -> None:
    edit = one(declared, "tags.add,tags.remove", "a;b,c")["tags"]
    assert (edit.add, edit.remove) == ({"a", "b"}, {"c"})


def test_its_numbers_have_the_defaults_of_the_file_that_names_it(declared: Declared) -> None:
    head = NAMES + "defaults: {hd_voice_enabled: true, customer_reference: default}\n"
    assert one(declared, "customer_reference", "own", head) == {
        "customer_reference": "own",
        "hd_voice_enabled": True,
    }


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbfphone_number,customer_reference\r\n+13125550001,caf\xc3\xa9\r\n",
        "phone_number;customer_reference\n+13125550001;café\n".encode(),
        "phone_number\tcustomer_reference\n\n\t\n+13125550001\tcafé\n\n".encode(),
        'customer_reference, phone_number \n"café"," +13125550001 "'.encode(),
    ],
    ids=["BOM and CRLF", "semicolons", "tabs and empty rows", "spaces, no last line end"],
)
def test_sheets_come_as_programs_write_them(declared: Declared, raw: bytes) -> None:
    declared.write({"a.yaml": NAMES})
    Path("desks.csv").write_bytes(raw)
    assert declared.settings({}) == {"customer_reference": "café"}


def test_sources_are_the_row_and_the_column(declared: Declared) -> None:
    text = f'phone_number,customer_reference\n{TWO},"two\nlines"\n{ONE},x\n'
    number = declared.number(sheet(text.replace("two\nlines", "x")))
    assert str(number.source) == "desks.csv:3"
    assert number.settings.sources[0][1:3] == (3, 2)


def test_a_sheet_may_lie_in_the_root_while_its_file_does_not(declared: Declared) -> None:
    files = {"sites/a.yaml": NAMES, "desks.csv": f"phone_number\n{ONE}\n"}
    assert list(declared.load(files).numbers) == [ONE]


def test_a_sheet_counts_in_the_digest_of_the_project(declared: Declared) -> None:
    from reconciler import workflow

    declared.write(sheet(f"phone_number\n{ONE}\n"))
    before = workflow.load(Path()).digest
    declared.write(sheet(f"phone_number\n{TWO}\n"))
    assert workflow.load(Path()).digest != before


# ---- what is wrong --------------------------------------------------------------------------

ANEW = "format the column as text, and write the number anew"
NUMBERS = {
    "13125550001": "'13125550001' lost its +: the spreadsheet took the number for a quantity: "
    "format the column as text, and write +13125550001 if that is the whole number with its "
    "country",
    "1.31E+10": "'1.31E+10': the spreadsheet took the number for a quantity and shortened it, so "
    f"that its digits are lost: {ANEW}",
    "13125550001.0": "'13125550001.0': the spreadsheet took the number for a quantity with "
    f"decimals: {ANEW}, as +13125550001",
    "#NAME?": f"'#NAME?': the spreadsheet took the number for a formula: {ANEW}",
    "'+13125550001": "''+13125550001': leave out what stands before the +: write +13125550001",
    "+1 312 555 0001": "'+1 312 555 0001' is not a number in E.164: write +13125550001",
    "desk": "'desk' is not a number in E.164: write + and 7 to 15 digits, such as +13125550001",
}


@pytest.mark.parametrize("cell", NUMBERS)
def test_what_a_spreadsheet_did_to_a_number_is_said(declared: Declared, cell: str) -> None:
    complaints = declared.complaints(sheet(f"customer_reference,phone_number\nx,{cell}\n"))
    assert complaints == [f"desks.csv:2:2: {NUMBERS[cell]}"]


ROWS = {
    f"phone_number,hd_voice_enabled\n{ONE},yes": "2:2: hd_voice_enabled must be true or false, not "
    "the text 'yes'",
    f"phone_number,colour\n{ONE},red": "1:2: unknown column 'colour': a column is named by the "
    "path of a setting, such as voice.inbound_call_screening",
    f"phone_number,tag\n{ONE},red": "1:2: unknown column 'tag': did you mean 'tags'?",
    f"phone_number,voice\n{ONE},red": "1:2: unknown column 'voice': a column is named by the path "
    "of a setting, such as voice.inbound_call_screening",
    f"phone_number,tags,tags\n{ONE},a,b": "1:3: the column 'tags' stands twice: keep one",
    f"phone_number,tags,tags.add\n{ONE},a,b": "1:3: the columns 'tags' and 'tags.add' say the "
    "same: keep one",
    "number,tags\n1,a": "1:1: no column is named phone_number: the first row names the columns",
    f"phone_number\n{ONE}\n{ONE}": f"3:1: {ONE} is declared twice: first at desks.csv:2",
    f"phone_number,tags\n{ONE},a,b": "2:3: the row has more cells than the 2 columns: is a cell "
    "with a comma in it not in quotes?",
    f"phone_number,connection_id\n{ONE},1.52192E+18": "2:2: connection_id: '1.52192E+18': the "
    "spreadsheet took it for a quantity and shortened it, so that its digits are lost: format the "
    "column as text, and write it anew",
    f'phone_number,tags\n{ONE},"a': '2:1: a " here has no end: a cell in quotes ends in a quote, '
    "and a quote in it is doubled",
    "\n": "1:1: the sheet is empty: its first row names the columns, phone_number among them",
    "phone_number,tags\n,a": "2:1: the row has no phone_number",
}


@pytest.mark.parametrize("text", ROWS)
def test_a_slip_in_a_sheet_gets_one_line(declared: Declared, text: str) -> None:
    assert f"desks.csv:{ROWS[text]}" in declared.complaints(sheet(text))


def test_a_number_in_a_sheet_and_in_a_file_is_declared_twice(declared: Declared) -> None:
    files = sheet(f"phone_number\n{ONE}\n") | {"b.yaml": f'numbers: {{"{ONE}": }}\n'}
    assert declared.complaints(files) == [
        f"b.yaml:1:11: {ONE} is declared twice: first at desks.csv:2"
    ]


def test_a_sheet_outside_of_the_project_is_not_read(declared: Declared) -> None:
    declared.write({"reconciler.yaml": "numbers_from: ../x.csv\n"})
    assert declared.complaints({}) == [
        "reconciler.yaml:1:15: numbers_from: ../x.csv: is outside of the project: put it there"
    ]


def test_nor_is_one_behind_a_link(
    declared: Declared, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "x.csv"
    outside.write_text(f"phone_number\n{ONE}\n")
    declared.write({"a.yaml": NAMES})
    Path("desks.csv").symlink_to(outside)
    assert ["outside of the project" in each for each in declared.complaints({})] == [True]


def test_a_sheet_that_is_not_there_is_told_where_it_is_named(declared: Declared) -> None:
    assert declared.complaints({"a.yaml": NAMES}) == [
        (
            "a.yaml:1:15: numbers_from: desks.csv: no such file beside this one or in the root "
            "of the project"
        )
    ]


def test_only_a_csv_file_can_be_named(declared: Declared) -> None:
    assert declared.complaints({"a.yaml": "numbers_from: desks.xlsx\n"}) == [
        "a.yaml:1:15: numbers_from cannot be 'desks.xlsx': a CSV file is needed, such as desks.csv"
    ]


# ---- a sheet is its YAML --------------------------------------------------------------------

CELLS = {
    "customer_reference": st.sampled_from(["x", 'a "q", b', "null it", "7", "two\nlines", None]),
    "hd_voice_enabled": st.booleans(),
    "tags": st.one_of(st.lists(st.sampled_from(["a", "b;c", "d, e"]), max_size=3), st.none()),
    "voice.inbound_call_screening": st.sampled_from(["disabled", "flag_calls"]),
    "groups": st.lists(st.sampled_from(["g", "h"]), max_size=2, unique=True),
    "protect": st.booleans(),
    "unmanage": st.lists(st.sampled_from(["tags", "voice"]), max_size=2, unique=True),
}
ROWS_OF_CELLS = st.lists(
    st.fixed_dictionaries({}, optional=CELLS), min_size=1, max_size=4
)  # fmt: skip


def as_csv(entries: dict[str, dict[str, Any]]) -> bytes:
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["phone_number", *CELLS])
    for number, entry in entries.items():
        rows.writerow([number, *(cell(entry, name) for name in CELLS)])
    return out.getvalue().encode()


def cell(entry: dict[str, Any], name: str) -> str:
    if name not in entry:
        return ""
    value = entry[name]
    return value if isinstance(value, str) else json.dumps(value)


def nested(entry: dict[str, Any]) -> dict[str, Any]:
    plain = {key: value for key, value in entry.items() if "." not in key}
    voice = {key.partition(".")[2]: value for key, value in entry.items() if "." in key}
    return plain | ({"voice": voice} if voice else {})


def from_csv(raw: bytes, head: Document) -> Desired:
    found, problems = read_sheet("desks.csv", raw)
    assert problems == []
    desired, wrong = build(None, [Document(head.path, head.data, head.marks, head.start, found)])
    assert wrong == []
    return desired


@steady
@given(ROWS_OF_CELLS)
def test_a_sheet_means_what_the_same_yaml_means(rows: list[dict[str, Any]]) -> None:
    entries = {f"+1312555000{place}": entry for place, entry in enumerate(rows)}
    head = {"groups": {"g": {"tags": ["g"], "voice": {"tech_prefix_enabled": True}}, "h": {}}}
    written = {number: nested(entry) for number, entry in entries.items()}
    desired, problems = built(json.dumps(head | {"numbers": written}))
    assert problems == []
    found = from_csv(as_csv(entries), read(json.dumps(head)))
    assert comparable(found) == comparable(desired)


def test_every_setting_has_a_column() -> None:
    assert {"tags", "tags.add", "external_pin.env", "voice.call_forwarding.forwards_to"} <= set(
        columns_of_numbers()
    )


@pytest.mark.parametrize("head", [NAMES, "numbers_from: none.csv\n"], ids=["torn", "not there"])
def test_a_sheet_that_cannot_be_read_is_one_error_and_no_more(
    declared: Declared, head: str
) -> None:
    over = f'numbers: {{"{ONE}": {{overrides: true}}}}\n'
    (said,) = declared.complaints({"a.yaml": head + over, "desks.csv": f'phone_number\n"{TWO}..\n'})
    assert "has no end" in said or "no such file" in said
