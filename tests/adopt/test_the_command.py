"""`reconciler drift --adopt`: what it says, how it ends, and that the account is only read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.apply.account import FOUR, ONE, THREE, TWO, Account
from tests.cli.support import Shell

FLEET = f"""\
# Desks.
numbers:
  "{ONE}":
    customer_reference: desk-1  # by the door
  "{TWO}": {{customer_reference: desk-2}}
"""


@pytest.fixture
def fleet(account: Account, tmp_path: Path) -> Path:
    """A project that the account agrees with, but for one number."""
    path = tmp_path / "fleet.yaml"
    path.write_text(FLEET)
    account.control.change(ONE, "customer_reference", "Bob's")
    account.control.change(TWO, "customer_reference", "desk-2")
    return path


def test_it_writes_the_file_names_the_line_and_exits_0(
    account: Account, fleet: Path, reconciler: Shell
) -> None:
    before = account.control.dump()
    said = reconciler("drift", "--adopt")
    line = f'  ~ fleet.yaml:4: {ONE}: customer_reference: "desk-1" → "Bob\'s"\n'
    end = "\nAdopted: 1 field on 1 number (declared → live), written to 1 file.\n"
    assert (said.code, said.out) == (0, line + end)
    assert fleet.read_text() == FLEET.replace("desk-1", '"Bob\'s"')
    assert reconciler("drift").code == 0
    assert account.writes() == []
    assert account.control.dump() == before


def test_a_second_time_there_is_nothing_to_adopt(fleet: Path, reconciler: Shell) -> None:
    reconciler("drift", "--adopt")
    before = fleet.stat()
    said = reconciler("drift", "--adopt")
    assert (said.code, said.out) == (0, "No drift. There is nothing to adopt.\n")
    assert fleet.stat() == before


def test_what_is_left_is_listed_and_exits_2(
    account: Account, fleet: Path, reconciler: Shell
) -> None:
    account.control.remove(TWO)
    said = reconciler("drift", "--adopt")
    assert said.code == 2
    assert f"  ! not adopted: {TWO}: the account does not have it\n" in said.out
    assert "1 difference left" in said.out
    assert "Bob's" in fleet.read_text()


def test_nothing_but_what_is_left(account: Account, fleet: Path, reconciler: Shell) -> None:
    account.control.remove(TWO)
    said = reconciler("drift", "--adopt", "--target", TWO)
    assert said.code == 2
    assert said.out.endswith("\nNothing was adopted: 1 difference is left.\n")
    assert fleet.read_text() == FLEET


def test_for_machines(account: Account, fleet: Path, reconciler: Shell) -> None:
    account.control.remove(TWO)
    said = reconciler("drift", "--adopt", "--format", "json")
    assert said.code == 2
    assert said.json == {
        "adopted": [
            {
                "phone_number": ONE,
                "path": "customer_reference",
                "before": "desk-1",
                "after": "Bob's",
                "source": f"{fleet.name}:4",
            }
        ],
        "not_adopted": [
            {
                "phone_number": TWO,
                "path": "",
                "reason": "the account does not have it",
                "source": "fleet.yaml:5",
            }
        ],
        "undeclared": [],
        "files": ["fleet.yaml"],
        "converged": False,
    }


def test_emergency_service_that_is_off_cannot_be_overlooked(fleet: Path, reconciler: Shell) -> None:
    service = '{emergency_enabled: true, emergency_address_id: "53829"}'
    fleet.write_text(f'numbers:\n  "{ONE}": {{emergency: {service}}}\n')
    said = reconciler("drift", "--adopt")
    assert said.code == 0
    assert f"warning: the YAML now says that emergency service is off: {ONE}\n" in said.err
    assert "emergency_enabled: true → false  [emergency service is off]\n" in said.out
    assert reconciler("drift").code == 0


@pytest.mark.parametrize("output_format", ["markdown", "html", "github"])
def test_a_format_that_it_does_not_have(fleet: Path, reconciler: Shell, output_format: str) -> None:
    said = reconciler("drift", "--adopt", "--format", output_format)
    assert said.code == 1
    assert "text or json" in said.err
    assert fleet.read_text() == FLEET


def test_it_is_for_one_project(fleet: Path, reconciler: Shell) -> None:
    said = reconciler("drift", "--adopt", "--all")
    assert said.code == 1
    assert "one project" in said.err
    assert fleet.read_text() == FLEET


def test_an_empty_account_is_the_wrong_key_and_no_drift(
    account: Account, fleet: Path, reconciler: Shell
) -> None:
    for each in (ONE, TWO, THREE, FOUR):
        account.control.remove(each)
    said = reconciler("drift", "--adopt")
    assert said.code == 3
    assert fleet.read_text() == FLEET


def test_live_numbers_that_nobody_declares_are_left(fleet: Path, reconciler: Shell) -> None:
    fleet.with_name("reconciler.yaml").write_text("safety: {undeclared: fail}\n")
    said = reconciler("drift", "--adopt")
    assert said.code == 2
    assert "nobody declares it" in said.out


def test_a_file_that_cannot_be_written_is_an_error(fleet: Path, reconciler: Shell) -> None:
    fleet.parent.chmod(0o500)
    try:
        said = reconciler("drift", "--adopt")
    finally:
        fleet.parent.chmod(0o700)
    if said.code == 0:
        pytest.skip("this user may write anywhere")
    assert said.code == 1
    assert "nothing was written" in said.err
