"""What `export` writes, and that nothing differs from it afterwards."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox.faults import Distort
from reconciler.sandbox.fleet import mobile_number, number
from reconciler.sandbox.generate import make_fleet
from tests.apply.account import FOUR, ONE, THREE, TRUNK, TWO, Account
from tests.apply.conftest import MakeAccount
from tests.cli.support import Shell

SUPPORT: dict[str, Any] = {"tags": ["support"], "connection_id": TRUNK}


def exported(reconciler: Shell, *words: str, into: str = "out") -> dict[str, str]:
    """The files of a new project, by name."""
    assert reconciler("export", "-o", into, *words).code == 0
    root = Path(into)
    return {str(each.relative_to(root)): each.read_text() for each in root.rglob("*.yaml")}


def says_no_changes(reconciler: Shell, path: str = "out") -> bool:
    """Whether a plan right after it has nothing to do."""
    return "No changes." in reconciler("plan", path).out


def test_a_plan_right_after_it_says_no_changes(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    make_account(fleet=make_fleet(200, seed=3))
    exported(reconciler)
    assert says_no_changes(reconciler)


def test_two_exports_are_the_same(make_account: MakeAccount, reconciler: Shell) -> None:
    make_account(fleet=make_fleet(200, seed=3))
    assert exported(reconciler, into="one") == exported(reconciler, into="two")


def test_shared_settings_are_groups_by_tag_and_connection(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    make_account(*(number(each, **SUPPORT) for each in (ONE, TWO, THREE)), number(FOUR))
    files = exported(reconciler)
    assert "  support: {tags: [support]}\n" in files["reconciler.yaml"]
    assert f'  connection-6306: {{connection_id: "{TRUNK}"}}\n' in files["reconciler.yaml"]
    assert (
        f'  "{ONE}": {{groups: [common, support, connection-6306' in files["numbers/numbers.yaml"]
    )


def test_what_only_one_number_has_stands_with_it(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    make_account(number(ONE, customer_reference="desk-1"), *map(number, (TWO, THREE, FOUR)))
    assert "customer_reference: desk-1" in exported(reconciler)["numbers/numbers.yaml"]


def test_a_pin_is_left_out_with_a_remark(make_account: MakeAccount, reconciler: Shell) -> None:
    make_account(number(ONE, external_pin="4711"))
    text = "".join(exported(reconciler).values())
    assert ("external_pin is set: add it as {env: NAME}" in text, "4711" in text) == (True, False)


def test_mobile_messaging_is_shown_as_a_remark(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    make_account(mobile_number(ONE, messaging={"messaging_product": "A2P"}))
    files = exported(reconciler)
    assert "# messaging_product is A2P (read only)" in files["numbers/mobile.yaml"]
    assert says_no_changes(reconciler)


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("tag", {"support.yaml", "untagged.yaml"}),
        ("country", {"us.yaml"}),
        ("connection", {f"connection-{TRUNK}.yaml", "no-connection.yaml"}),
    ],
)
def test_split_makes_a_file_for_each(
    make_account: MakeAccount, reconciler: Shell, by: str, names: set[str]
) -> None:
    make_account(*(number(each, **SUPPORT) for each in (ONE, TWO, THREE)), number(FOUR))
    files = exported(reconciler, "--split", by)
    assert {name.removeprefix("numbers/") for name in files} == {"reconciler.yaml", *names}
    assert says_no_changes(reconciler)


@pytest.mark.usefixtures("account")
def test_only_writes_the_sections_asked_for(reconciler: Shell) -> None:
    text = "".join(exported(reconciler, "--only", "messaging").values())
    assert ("messaging_product" in text, "hd_voice" in text) == (True, False)
    assert says_no_changes(reconciler)


def test_tag_and_target_choose_live_numbers(make_account: MakeAccount, reconciler: Shell) -> None:
    make_account(*(number(each, tags=["a"]) for each in (ONE, TWO)), *map(number, (THREE, FOUR)))
    text = exported(reconciler, "--tag", "a", "--target", "*2")["numbers/numbers.yaml"]
    assert re.findall(r"\+\d+", text) == [TWO]


def test_without_a_place_it_goes_to_stdout_as_one_file(account: Account, reconciler: Shell) -> None:
    said = reconciler("export")
    (account.root / "all.yaml").write_text(said.out)
    assert says_no_changes(reconciler, "all.yaml")


def test_an_existing_directory_is_refused(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: {}})
    said = reconciler("export", "-o", ".")
    assert (said.code, "--into" in said.err) == (1, True)


def test_it_only_reads(account: Account, reconciler: Shell) -> None:
    exported(reconciler)
    assert account.writes() == []


def test_the_fields_of_a_refused_list_are_left_out_and_it_is_said(
    account: Account, reconciler: Shell
) -> None:
    account.control.forbid("list_voice")
    said = reconciler("export", "-o", "out")
    assert (said.code, "its fields are left out" in said.err) == (0, True)
    assert "tech_prefix" not in Path("out/reconciler.yaml").read_text()


def test_an_unknown_enum_value_is_left_out(make_account: MakeAccount, reconciler: Shell) -> None:
    account = make_account(number(ONE))
    account.control.fault(
        Distort(set={"inbound_call_screening": "perhaps"}), call="list_voice", times=None
    )
    text = exported(reconciler)["numbers/numbers.yaml"]
    assert ("perhaps" in text, "inbound_call_screening could not be read" in text) == (False, True)


# ---- into an existing project -----------------------------------------------------------------


def test_into_adds_what_is_undeclared_and_changes_no_byte(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: {"customer_reference": None}})
    before = {each: each.read_bytes() for each in account.root.glob("*.yaml")}
    said = reconciler("export", "--into", ".")
    assert said.code == 0
    assert {each: each.read_bytes() for each in before} == before
    text = (account.root / "numbers" / "numbers.yaml").read_text()
    assert set(re.findall(r'"(\+\d+)"', text)) == {TWO, THREE, FOUR}
    assert says_no_changes(reconciler, ".")


def test_into_twice_adds_nothing_the_second_time(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: {}})
    reconciler("export", "--into", ".")
    files = set(account.root.rglob("*.yaml"))
    reconciler("export", "--into", ".")
    assert set(account.root.rglob("*.yaml")) == files


def test_into_a_project_with_defaults_still_changes_nothing(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    account = make_account(number(ONE, customer_reference="x"), *map(number, (TWO, THREE, FOUR)))
    account.declare({ONE: {}}, defaults={"customer_reference": "x", "tags": {"add": ["new"]}})
    assert reconciler("export", "--into", ".").code == 0
    changed = account.plan().plan.difference.changes
    assert [each.phone_number for each in changed] == [ONE]  # which the defaults give a tag


def test_a_number_that_defaults_would_change_beyond_repair_is_left_out(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    account = make_account(number(ONE), number(TWO, external_pin="4711"))
    account.declare({ONE: {"external_pin": None}}, defaults={"external_pin": {"env": "PIN"}})
    said = reconciler("export", "--into", ".")
    assert f"{TWO} is left out" in said.err


def test_names_of_groups_and_files_do_not_collide(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    account = make_account(*(number(each, **SUPPORT) for each in (ONE, TWO, THREE, FOUR)))
    account.declare({}, groups={"support": {"customer_reference": "x"}})
    (account.root / "numbers").mkdir()
    (account.root / "numbers" / "numbers.yaml").write_text("version: 1\n")
    assert reconciler("export", "--into", ".").code == 0
    text = (account.root / "numbers" / "numbers-2.yaml").read_text()
    assert "  support-2: {tags: [support]}\n" in text
    assert says_no_changes(reconciler, ".")


def test_a_file_that_the_project_would_not_read_is_refused(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: {}}, files={"include": ["numbers.yaml"]})
    said = reconciler("export", "--into", ".")
    assert (said.code, "files.include" in said.err) == (1, True)
