"""`export --aliases`: readable names for ids, as the account names what they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model import Snapshot
from reconciler.core.naming import propose_aliases
from reconciler.core.scope import Scope
from reconciler.core.values import ID
from reconciler.sandbox.generate import make_fleet
from reconciler.workflow.exporting import Manner, export_new
from tests.apply.account import ONE, OTHER_TRUNK, TRUNK, Account
from tests.apply.conftest import MakeAccount
from tests.cli.support import Shell
from tests.export.fleets import HOSTILE, snapshots
from tests.export.support import exported, says_no_changes
from tests.export.test_any_fleet_exports import FEW, assert_canonical, differences, written

ALIASED = Manner(aliases=True)


def proposed(known: Mapping[str, str], there: Mapping[str, str] | None = None) -> dict[str, str]:
    """The aliases of connections, by id."""
    made = propose_aliases(
        {"connection_id": {*known}}, {"connection_id": known}, {"connection_id": there or {}}
    )
    return made.get("connection_id", {})


def test_ids_are_written_by_the_names_of_connections_and_profiles(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    make_account(fleet=make_fleet(300, seed=1))
    files = exported(reconciler, "--aliases")
    project = yaml.safe_load(files["reconciler.yaml"])
    assert {"support-trunk", "fax-trunk"} < project["aliases"]["connection_id"].keys()
    assert project["groups"]["fax-trunk"] == {"connection_id": "fax-trunk"}
    assert project["aliases"]["messaging_profile_id"]
    assert says_no_changes(reconciler)
    assert reconciler("fmt", "--check", "out").code == 0


def test_it_reads_no_more_than_without(make_account: MakeAccount, reconciler: Shell) -> None:
    account = make_account(fleet=make_fleet(30, seed=1))
    reconciler("export")
    plain = len(account.control.log())
    reconciler("export", "--aliases")
    assert len(account.control.log()) == 2 * plain


def test_a_snapshot_file_keeps_the_names(make_account: MakeAccount, reconciler: Shell) -> None:
    make_account(fleet=make_fleet(300, seed=1))
    reconciler("fetch", "-o", "live.json")
    assert (
        "support-trunk"
        in exported(reconciler, "--live", "live.json", "--aliases")["reconciler.yaml"]
    )


def test_names_alike_are_numbered() -> None:
    assert proposed({"1": "Main Trunk", "2": "main-trunk", "3": "Main!"}) == {
        "1": "main-trunk",
        "2": "main-trunk-2",
        "3": "main",
    }


@pytest.mark.parametrize("name", ["4711", "3FA85F64-5717-4562-B3FC-2C963F66AFA6"])
def test_a_name_like_an_id_is_made_none(name: str) -> None:
    (alias,) = proposed({"1": name}).values()
    assert (alias.startswith("connection-"), ID.match(alias)) == (True, None)


def test_what_has_no_name_that_can_be_written_has_no_alias() -> None:
    assert proposed({"1": "", "2": "!!!", "3": "\u202e"}) == {}


def test_names_that_a_project_has_are_taken() -> None:
    assert proposed({"2": "main"}, {"main": "1"}) == {"2": "main-2"}


def test_into_a_project_its_own_aliases_are_used(account: Account, reconciler: Shell) -> None:
    for number, trunk in ((ONE, TRUNK), ("+13125550002", OTHER_TRUNK)):
        account.control.change(number, "connection_id", trunk)
    account.declare({}, aliases={"connection_id": {"mine": TRUNK}})
    assert reconciler("export", "--into", ".", "--aliases").code == 0
    assert "connection_id: mine" in Path("numbers/numbers.yaml").read_text()
    assert says_no_changes(reconciler, ".")


@pytest.mark.usefixtures("account")
def test_a_sheet_alone_has_no_place_for_them(reconciler: Shell) -> None:
    said = reconciler("export", "--csv", "--aliases")
    assert (said.code, "give -o or --into" in said.err) == (1, True)


@FEW
@given(snapshot=snapshots(), names=st.lists(st.sampled_from(HOSTILE), min_size=1), data=st.data())
def test_whatever_things_are_called_nothing_differs(
    tmp_path_factory: pytest.TempPathFactory, snapshot: Snapshot, names: list[str], data: Any
) -> None:
    ids = {
        each for live in snapshot.numbers.values() for each in live.values if isinstance(each, str)
    }
    pick = st.sampled_from(names)
    leaves = ("connection_id", "messaging_profile_id")
    known = {leaf: {each: data.draw(pick) for each in sorted(ids)[:5]} for leaf in leaves}
    made = export_new(replace(snapshot, names=known), Scope(), ALIASED)
    assert_canonical(made.files)
    desired = written(made.files, tmp_path_factory.mktemp("out"))
    assert differences(desired, snapshot) == ()


def test_an_alias_with_braces_is_no_template_where_it_is_used(
    account: Account, reconciler: Shell
) -> None:
    account.control.change(ONE, "connection_id", TRUNK)
    account.declare({}, aliases={"connection_id": {"mine {x}": TRUNK}})
    assert reconciler("export", "--into", ".", "--aliases").code == 0
    assert "mine {{x}}" in Path("numbers/numbers.yaml").read_text()
    assert says_no_changes(reconciler, ".")
