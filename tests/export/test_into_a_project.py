"""`export --into`: what a project does not declare yet, in files of its own."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.scope import Scope
from reconciler.sandbox.fleet import number
from tests.apply.account import FOUR, ONE, THREE, TRUNK, TWO, Account
from tests.apply.conftest import MakeAccount
from tests.cli.support import Shell
from tests.export.support import numbers_in, says_no_changes, scattered

SUPPORT: dict[str, Any] = {"tags": ["support"], "connection_id": TRUNK}


def added(account: Account, name: str = "numbers/numbers.yaml") -> set[str]:
    """The numbers of a new file."""
    return set(numbers_in((account.root / name).read_text()))


def test_into_adds_what_is_undeclared_and_changes_no_byte(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: {"customer_reference": None}})
    before = {each: each.read_bytes() for each in account.root.glob("*.yaml")}
    said = reconciler("export", "--into", ".")
    assert said.code == 0
    assert {each: each.read_bytes() for each in before} == before
    assert added(account) == {TWO, THREE, FOUR}
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


def test_a_pin_of_the_defaults_is_cleared_where_a_number_has_none(
    make_account: MakeAccount, reconciler: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIN", "4711")
    account = make_account(number(ONE, external_pin="4711"), *scattered(3, start=20))
    account.declare({ONE: {}}, defaults={"external_pin": {"env": "PIN"}})
    assert reconciler("export", "--into", ".").code == 0
    assert says_no_changes(reconciler, ".")


def test_names_of_groups_and_files_do_not_collide(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    account = make_account(*scattered(10, **SUPPORT), *scattered(10, start=1))
    account.declare({}, groups={"support": {"customer_reference": "x"}})
    (account.root / "numbers").mkdir()
    (account.root / "numbers" / "numbers.yaml").write_text("version: 1\n")
    assert reconciler("export", "--into", ".").code == 0
    text = (account.root / "numbers" / "numbers-2.yaml").read_text()
    assert f'  support-2: {{tags: [support], connection_id: "{TRUNK}"}}\n' in text
    assert says_no_changes(reconciler, ".")


def test_a_file_that_the_project_would_not_read_is_refused(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: {}}, files={"include": ["numbers.yaml"]})
    said = reconciler("export", "--into", ".")
    assert (said.code, "files.include" in said.err) == (1, True)


def test_what_defaults_would_change_is_declared_whatever_section_is_asked_for(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    account = make_account(number(ONE), number(TWO, customer_reference="y"))
    account.declare({ONE: {}}, defaults={"customer_reference": "x", "hd_voice_enabled": True})
    reconciler("export", "--into", ".", "--only", "messaging")
    assert added(account) == {TWO}
    assert [each.phone_number for each in account.plan().plan.difference.changes] == [ONE]


def test_an_address_left_over_from_emergency_service_is_no_obstacle(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    account = make_account(number(ONE), number(TWO))
    account.control.change(TWO, "emergency.emergency_address_id", "53829456729313")
    service = {"emergency_enabled": True, "emergency_address_id": "53829456729320"}
    account.declare({ONE: {}}, defaults={"emergency": service})
    reconciler("export", "--into", ".")
    assert added(account) == {TWO}
    assert not account.plan(scope=Scope(targets=(TWO,))).plan.has_drift


def test_where_defaults_and_half_a_feature_do_not_go_together_the_number_is_left_out(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    account = make_account(number(ONE), number(TWO))
    for path, value in (("call_forwarding_enabled", True), ("forwards_to", "")):
        account.control.change(TWO, f"voice.call_forwarding.{path}", value)
    forwarding = {"call_forwarding_enabled": True, "forwards_to": "+13035559123"}
    account.declare({ONE: {}}, defaults={"voice": {"call_forwarding": forwarding}})
    said = reconciler("export", "--into", ".")
    assert f"{TWO} is left out: the project's defaults and what is live of " in said.err
    assert reconciler("validate").code == 0


def test_what_select_leaves_out_is_left_out(make_account: MakeAccount, reconciler: Shell) -> None:
    account = make_account(*(number(each, tags=["ours"]) for each in (ONE, TWO)), number(THREE))
    account.declare({ONE: {}}, select={"tags": "ours"})
    said = reconciler("export", "--into", ".")
    assert f"{THREE} is left out: the project's select leaves it out" in said.err
    assert added(account) == {TWO}


def test_it_reads_the_account_that_the_project_names(
    account: Account, reconciler: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_KEY", account.sandbox.api_key)
    monkeypatch.delenv("TELNYX_API_KEY")
    account.declare({ONE: {}}, account={"api_key_env": "OTHER_KEY"})
    (account.root / "elsewhere").mkdir()
    monkeypatch.chdir(account.root / "elsewhere")
    assert reconciler("export", "--into", "..").code == 0


def test_a_mistake_in_the_project_is_told_before_anything_is_read(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: {"tag": ["x"]}})
    said = reconciler("export", "--into", ".")
    assert (said.code, "unknown key 'tag'" in said.err, account.control.log()) == (1, True, [])


def test_a_part_of_a_project_is_refused(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: {}})
    (account.root / "sites").mkdir()
    said = reconciler("export", "--into", "sites")
    assert (said.code, "is a part of the project" in said.err) == (1, True)


def test_where_numbers_is_a_link_the_file_goes_beside_it(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: {}})
    (account.root / ".kept").mkdir()
    (account.root / "numbers").symlink_to(".kept")
    reconciler("export", "--into", ".")
    assert added(account, "numbers-2.yaml") == {TWO, THREE, FOUR}
    assert list((account.root / ".kept").iterdir()) == []


def test_where_numbers_is_a_project_of_its_own_the_file_goes_beside_it(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: {}})
    (account.root / "numbers").mkdir()
    (account.root / "numbers" / "reconciler.yaml").write_text("version: 1\n")
    reconciler("export", "--into", ".")
    assert added(account, "numbers-2.yaml") == {TWO, THREE, FOUR}


@pytest.mark.usefixtures("account")
def test_a_fresh_starter_project_takes_the_whole_account(reconciler: Shell) -> None:
    assert reconciler("init", "fresh").code == 0
    assert reconciler("export", "--into", "fresh").code == 0
    assert says_no_changes(reconciler, "fresh")
    assert "unmanaged" not in reconciler("plan", "fresh").out


def test_where_all_is_declared_it_says_so(account: Account, reconciler: Shell) -> None:
    account.declare({each: {} for each in (ONE, TWO, THREE, FOUR)})
    said = reconciler("export", "--into", ".")
    assert (said.code, "there is nothing to add" in said.err) == (0, True)
