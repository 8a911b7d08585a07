"""What `export` writes, and that nothing differs from it afterwards."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox.faults import Respond
from reconciler.sandbox.fleet import mobile_number, number
from reconciler.sandbox.generate import make_fleet
from tests.apply.account import FOUR, ONE, OTHER_TRUNK, THREE, TRUNK, TWO, Account
from tests.apply.conftest import MakeAccount
from tests.cli.support import Shell
from tests.export.support import exported, numbers_in, says_no_changes, scattered

SUPPORT: dict[str, Any] = {"tags": ["support"], "connection_id": TRUNK}


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
    make_account(
        *scattered(9, connection_id=TRUNK, tags=["support"]),
        *scattered(9, start=1, connection_id=TRUNK, tags=["sales"]),
        *scattered(9, start=30, connection_id=OTHER_TRUNK, tags=["support"]),
        *scattered(9, start=31, connection_id=OTHER_TRUNK, tags=["sales"]),
    )
    files = exported(reconciler)
    assert "  support: {tags: [support]}\n" in files["reconciler.yaml"]
    assert f'  connection-6306: {{connection_id: "{TRUNK}"}}\n' in files["reconciler.yaml"]
    assert f'  "{ONE}": {{groups: [sales, connection-6306]' in files["numbers/numbers.yaml"]


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


@pytest.mark.usefixtures("account")
def test_a_link_to_a_directory_is_refused(reconciler: Shell) -> None:
    Path("real").mkdir()
    Path("out").symlink_to("real")
    said = reconciler("export", "-o", "out")
    assert (said.code, "symbolic link" in said.err, list(Path("real").iterdir())) == (1, True, [])


@pytest.mark.usefixtures("account")
def test_what_no_live_number_matches_is_an_error(reconciler: Shell) -> None:
    said = reconciler("export", "-o", "out", "--tag", "nobody", "--target", "+1312*")
    assert (said.code, said.err) == (1, "Error: no live number matches --target and --tag\n")
    assert not Path("out").exists()


def test_a_refused_key_is_said(account: Account, reconciler: Shell) -> None:
    for call in ("list_numbers", "list_voice", "list_messaging", "list_mobile"):
        account.control.fault(Respond(status=401), call=call, times=None)
    assert reconciler("export", "-o", "out").code == 7


def test_the_account_that_the_project_here_names_is_the_new_one_s_too(
    account: Account, reconciler: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_KEY", account.sandbox.api_key)
    monkeypatch.delenv("TELNYX_API_KEY")
    account.declare({}, account={"api_key_env": "OTHER_KEY"})
    assert "\naccount: {api_key_env: OTHER_KEY}\n" in exported(reconciler)["reconciler.yaml"]
    assert says_no_changes(reconciler)


def test_a_tag_called_reconciler_makes_no_project_of_the_directory(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    make_account(number(ONE, tags=["reconciler"]), number(TWO, tags=["support"]))
    files = exported(reconciler, "--split", "tag")
    assert "numbers/reconciler-2.yaml" in files
    assert "2 live numbers (" in reconciler("plan", "out").out


def test_many_numbers_go_into_several_files(
    make_account: MakeAccount, reconciler: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_account(
        *(number(each, customer_reference=f"of {each[-1]}") for each in (ONE, TWO, THREE, FOUR))
    )
    monkeypatch.setattr("reconciler.core.exporting.MOST_IN_A_FILE", 3)
    files = exported(reconciler)
    assert numbers_in(files["numbers/numbers.yaml"]) == [ONE, TWO, THREE]
    assert numbers_in(files["numbers/numbers-2.yaml"]) == [FOUR]
    assert says_no_changes(reconciler)


def test_an_existing_directory_is_refused(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: {}})
    said = reconciler("export", "-o", ".")
    assert (said.code, "--into" in said.err) == (1, True)


def test_it_only_reads(account: Account, reconciler: Shell) -> None:
    exported(reconciler)
    assert account.writes() == []


@pytest.mark.parametrize("mobile", [8, 0])
def test_defaults_say_why_the_settings_of_calls_stand_in_two_places(
    make_account: MakeAccount, reconciler: Shell, mobile: int
) -> None:
    make_account(
        *scattered(8),
        *(
            mobile_number(f"+1331555{at:04}", customer_reference=f"mobile {at}")
            for at in range(0, 3 * mobile, 3)
        ),
    )
    files = exported(reconciler)
    remark = "  # Calls: at the root for mobile numbers, under voice for all others."
    assert (remark in files["reconciler.yaml"].splitlines()) is bool(mobile)
    assert reconciler("fmt", "--check", "out").code == 0
