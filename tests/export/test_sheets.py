"""`export --csv`: sheets that mean what the YAML would, and that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given

from reconciler import workflow
from reconciler.core.model import Desired, Snapshot
from reconciler.core.scope import Scope
from reconciler.core.values import E164
from reconciler.sandbox.fleet import mobile_number, number
from reconciler.sandbox.generate import make_fleet
from reconciler.workflow.exporting import Manner, export_new
from tests.apply.account import FOUR, ONE, THREE, TRUNK, TWO, Account
from tests.apply.conftest import MakeAccount
from tests.cli.support import Shell
from tests.export.fleets import snapshots
from tests.export.support import says_no_changes, snapshot_of
from tests.export.test_any_fleet_exports import FEW, SPLITS, assert_canonical, differences, written


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def sheet_of(**settings: Any) -> dict[str, str]:
    """The files of an export with one number that has these settings, and others that have not."""
    fleet = [number(ONE, **settings), *(number(each) for each in (TWO, THREE, FOUR))]
    return dict(export_new(snapshot_of(fleet), Scope(), Manner(csv=True)).files)


def said_in(desired: Desired) -> dict[str, dict[str, Any]]:
    """What is declared of each number. What is unset may be said or not, as the layers need it."""
    return {
        number: {p: v for p, v in one.settings.as_dict().items() if v not in (None, ())}
        for number, one in desired.numbers.items()
    }


@FEW
@given(snapshot=snapshots(), by=SPLITS)
def test_a_sheet_declares_what_the_yaml_would(
    tmp_path_factory: pytest.TempPathFactory, snapshot: Snapshot, by: str
) -> None:
    made = export_new(snapshot, Scope(), Manner(by, csv=True))
    assert_canonical(made.files)
    sheets = written(made.files, tmp_path_factory.mktemp("sheets"))
    plain = written(
        export_new(snapshot, Scope(), Manner(by)).files, tmp_path_factory.mktemp("plain")
    )
    assert said_in(sheets) == said_in(plain)
    assert differences(sheets, snapshot) == ()


@FEW
@given(snapshot=snapshots())
def test_one_sheet_alone_says_everything_of_the_numbers_in_it(
    tmp_path_factory: pytest.TempPathFactory, snapshot: Snapshot
) -> None:
    made = export_new(snapshot, Scope(), Manner(csv=True), one_file=True)
    files = {"a.yaml": "numbers_from: a.csv\n", "a.csv": made.files[""]}
    desired = written(files, tmp_path_factory.mktemp("out")) if made.files[""] else None
    numbers = desired.numbers if desired else {}
    assert {*numbers} | {*made.left_out} == {*snapshot.numbers}
    assert not desired or differences(desired, snapshot) == ()


@FEW
@given(snapshot=snapshots())
def test_no_cell_begins_as_a_formula_does(snapshot: Snapshot) -> None:
    files = export_new(snapshot, Scope(), Manner(csv=True)).files
    for name, text in files.items():
        for cell in (cell for row in rows_of(text) if name.endswith(".csv") for cell in row):
            alone = all(E164.match(end) for end in cell.split(".."))
            assert alone or not cell.lstrip().startswith(("=", "+", "-", "@"))
            assert not cell.startswith(("\t", "\r", "\n"))


@pytest.mark.parametrize(
    "text", ['=HYPERLINK("x")', "+1 312", "-1", "@SUM(A1)", "\t=1", " =1", "null"]
)
def test_what_a_spreadsheet_would_run_or_lose_stays_in_the_yaml(text: str) -> None:
    files = sheet_of(customer_reference=text)
    assert ONE in files["numbers/numbers.yaml"]
    assert [row[0] for row in rows_of(files["numbers/numbers.csv"])[1:]] == [TWO, THREE, FOUR]


def test_other_than_ascii_is_marked_as_utf8_for_spreadsheets() -> None:
    assert sheet_of(customer_reference="café")["numbers/numbers.csv"].startswith("\ufeff")
    assert sheet_of(customer_reference="cafe")["numbers/numbers.csv"].isascii()


def test_a_pin_is_in_no_sheet_and_it_is_said_beside_it() -> None:
    files = sheet_of(external_pin="4711")
    assert "4711" not in files["numbers/numbers.yaml"] + files["numbers/numbers.csv"]
    assert f"# {ONE}: external_pin is set: add it" in files["numbers/numbers.yaml"]


def test_groups_are_a_column(make_account: MakeAccount, reconciler: Shell) -> None:
    make_account(fleet=make_fleet(200, seed=3))
    assert reconciler("export", "--csv", "-o", "out").code == 0
    text = (workflow.root_here() / "out/numbers/numbers.csv").read_text()
    assert rows_of(text)[0][:2] == ["phone_number", "groups"]
    assert says_no_changes(reconciler)


def test_without_a_place_one_sheet_goes_to_stdout(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    make_account(number(ONE, tags=["a", "b"], connection_id=TRUNK), mobile_number(TWO))
    said = reconciler("export", "--csv")
    header, row = rows_of(said.out)
    assert dict(zip(header, row, strict=True))["tags"] == "a;b"
    assert f"{TWO} is left out: no sheet can hold" in said.err
    assert said.err.splitlines()[-1].startswith("1 number (")


def test_into_a_project_the_sheet_lies_beside_its_file(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: {}})
    (account.root / "numbers").mkdir()
    (account.root / "numbers" / "numbers.csv").write_text("mine\n")
    assert reconciler("export", "--csv", "--into", ".").code == 0
    assert (account.root / "numbers" / "numbers-2.csv").exists()
    assert (account.root / "numbers" / "numbers.csv").read_text() == "mine\n"
    assert says_no_changes(reconciler, ".")
