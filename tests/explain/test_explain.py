"""`explain`: each setting with the lines that speak of it, and what is live."""

from __future__ import annotations

import pytest

from reconciler.sandbox.fleet import mobile_number, number
from reconciler.sandbox.generate import make_fleet
from tests.apply.account import ONE, OTHER_TRUNK, TRUNK, TWO, Account
from tests.apply.conftest import MakeAccount
from tests.cli.support import Shell

LAYERS = {
    "defaults": {"customer_reference": "everybody", "tags": ["all"]},
    "groups": {
        "base": {"customer_reference": "base"},
        "desk": {"extends": ["base"], "connection_id": TRUNK, "tags": {"add": ["desk"]}},
    },
}


@pytest.fixture
def account(make_account: MakeAccount) -> Account:
    """One number with four layers."""
    account = make_account(number(ONE, connection_id=OTHER_TRUNK), number(TWO, tags=["x"]))
    account.declare({ONE: {"groups": ["desk"], "customer_reference": "own"}}, **LAYERS)
    return account


def field(reconciler: Shell, path: str, *words: str) -> dict[str, object]:
    """What the JSON says of one field."""
    said = reconciler("explain", ONE, "--format", "json", *words).json
    found: dict[str, object] = next(each for each in said["fields"] if each["path"] == path)
    return found


@pytest.mark.usefixtures("account")
def test_every_layer_is_told_from_the_lowest_to_the_one_that_wins(reconciler: Shell) -> None:
    chain = field(reconciler, "customer_reference")["chain"]
    assert isinstance(chain, list)
    assert [(step["layer"], step["value"], step["wins"]) for step in chain] == [
        ("defaults of the project", "everybody", False),
        ("group base", "base", False),
        ("the number itself", "own", True),
    ]


@pytest.mark.usefixtures("account")
def test_an_edit_of_tags_wins_together_with_what_it_edits(reconciler: Shell) -> None:
    found = field(reconciler, "tags")
    chain = found["chain"]
    assert isinstance(chain, list)
    assert (found["value"], [step["wins"] for step in chain]) == (["all", "desk"], [True, True])


@pytest.mark.usefixtures("account")
def test_what_is_live_stands_beside_what_is_declared(reconciler: Shell) -> None:
    found = field(reconciler, "connection_id")
    assert (found["value"], found["live"], found["managed"]) == (TRUNK, OTHER_TRUNK, True)


@pytest.mark.usefixtures("account")
def test_what_is_live_and_not_managed_is_told(reconciler: Shell) -> None:
    assert field(reconciler, "hd_voice_enabled")["managed"] is False
    assert "Not managed, but live:" in reconciler("explain", ONE).out


def test_the_source_is_the_one_that_a_plan_names(account: Account, reconciler: Shell) -> None:
    (change,) = account.plan().plan.difference.changes
    for each in change.fields:
        assert field(reconciler, each.path)["source"] == str(each.source)


def test_without_a_key_only_the_yaml_speaks(
    account: Account, reconciler: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TELNYX_API_KEY")
    said = reconciler("explain", ONE)
    assert (said.code, "the account was not read: TELNYX_API_KEY is not set" in said.out) == (
        0,
        True,
    )
    assert account.control.log() == []


def test_it_reads_few_lists_of_a_large_account(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    account = make_account(fleet=make_fleet(10_000, seed=1))
    account.declare({ONE: {}})
    assert reconciler("explain", ONE).code == 0
    assert len(account.control.log()) < 10


@pytest.mark.usefixtures("account")
def test_a_number_that_is_only_live_is_unmanaged(reconciler: Shell) -> None:
    said = reconciler("explain", TWO)
    assert (said.code, "not declared, live: active" in said.out) == (0, True)


@pytest.mark.usefixtures("account")
def test_a_number_nobody_knows_is_an_error_with_a_hint(reconciler: Shell) -> None:
    said = reconciler("explain", ONE + "0")
    assert (said.code, f"did you mean {ONE}?" in said.err) == (1, True)


@pytest.mark.usefixtures("account")
def test_what_is_no_number_is_an_error(reconciler: Shell) -> None:
    assert reconciler("explain", "desk").code == 1


def test_a_mobile_number_is_explained_too(make_account: MakeAccount, reconciler: Shell) -> None:
    account = make_account(mobile_number(ONE))
    account.declare({}, mobile_numbers={ONE: {"noise_suppression": "both"}})
    assert field(reconciler, "noise_suppression")["live"] == "disabled"


def test_what_the_account_says_of_it_is_neutral(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    bad = "x\x1b[2J\u202e\n::error::y"
    account = make_account(number(ONE, status=bad, country_iso_alpha2=bad, phone_number_type=bad))
    account.declare({ONE: {}})
    lines = reconciler("explain", ONE).out.splitlines()
    assert all(line.isprintable() and not line.startswith("::") for line in lines)


def test_a_pin_is_never_shown(make_account: MakeAccount, reconciler: Shell) -> None:
    account = make_account(number(ONE, external_pin="4711"))
    account.declare({ONE: {"external_pin": "1234"}})
    for words in ((), ("--format", "json")):
        said = reconciler("explain", ONE, *words)
        assert ("4711" in said.out, "1234" in said.out) == (False, False)


def test_what_a_rule_holds_back_is_told(make_account: MakeAccount, reconciler: Shell) -> None:
    account = make_account(number(ONE, status="port-pending"))
    account.declare({ONE: {"customer_reference": "x"}})
    assert "Withheld (status)" in reconciler("explain", ONE).out


# ---- what only `assign` manages -------------------------------------------------------------


@pytest.fixture
def assigning(account: Account) -> Account:
    """TWO is declared by nobody; a rule gives it two groups."""
    rules = [{"match": {"tags": ["x"]}, "groups": ["desk"]}]
    account.declare({ONE: {}}, **LAYERS, assign=rules)
    return account


@pytest.mark.usefixtures("assigning")
def test_what_assign_gives_is_told_layer_by_layer(reconciler: Shell) -> None:
    said = reconciler("explain", TWO, "--format", "json").json
    chains = {each["path"]: each["chain"] for each in said["fields"] if each["managed"]}
    assert [(step["layer"], step["value"], step["wins"]) for step in chains["tags"]] == [
        ("defaults of the project", ["all"], True),
        ("group desk of assign", {"add": ["desk"], "remove": []}, True),
    ]
    assert [step["layer"] for step in chains["connection_id"]] == ["group desk of assign"]
    assert chains["customer_reference"][-1]["layer"] == "group base of assign"


@pytest.mark.usefixtures("assigning")
def test_the_rule_that_manages_a_number_is_named(reconciler: Shell) -> None:
    said = reconciler("explain", TWO, "--format", "json").json
    assert (said["declared"], said["assigned"].split(":")[0]) == (None, "reconciler.yaml")
    assert f"number not declared, managed by assign at {said['assigned']}, live" in (
        reconciler("explain", TWO).out
    )


@pytest.mark.usefixtures("assigning")
def test_what_is_declared_is_not_said_to_be_assigned(reconciler: Shell) -> None:
    said = reconciler("explain", ONE, "--format", "json").json
    assert (said["assigned"], said["declared"] is None) == (None, False)


# ---- policies -----------------------------------------------------------------------------------

POLICIES = [
    {"name": "desks have a reference", "require": {"customer_reference": "own"}},
    {"name": "on our trunk", "require": {"connection_id": OTHER_TRUNK}, "level": "warn"},
    {"name": "of others", "match": {"numbers": "+1999*"}, "require": {"hd_voice_enabled": True}},
    {"name": "no desks", "unless": {"tags": ["desk"]}, "require": {"hd_voice_enabled": True}},
    {"name": "hd", "require": {"hd_voice_enabled": True}},
]


@pytest.mark.usefixtures("account")
def test_the_policies_that_look_at_a_number_are_named_with_what_they_find(
    account: Account, reconciler: Shell
) -> None:
    account.declare(
        {ONE: {"groups": ["desk"], "customer_reference": "own"}}, **LAYERS, policies=POLICIES
    )
    said = reconciler("explain", ONE)
    told = said.out.partition("Policies that look at it:\n")[2].splitlines()
    assert [line.split("  # ")[0] for line in told] == [
        "  holds: desks have a reference",
        "  broken (warn): on our trunk",
        f'      connection_id is "{TRUNK}": it must be "{OTHER_TRUNK}"',
        "  exempt: no desks",
        "  broken: hd",
        "      hd_voice_enabled is false: it must be true",
    ]


def test_without_an_account_what_is_not_declared_is_not_told(
    account: Account, reconciler: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.declare({ONE: {"groups": ["desk"]}}, **LAYERS, policies=POLICIES[-1:])
    monkeypatch.delenv("TELNYX_API_KEY")
    (found,) = reconciler("explain", ONE, "--format", "json").json["policies"]
    assert (found["policy"], found["level"], found["verdict"]) == ("hd", "error", "untold")
    (finding,) = found["findings"]
    assert (finding["path"], finding["requires"], finding["unknown"]) == (
        "hd_voice_enabled",
        True,
        ["hd_voice_enabled"],
    )


def test_no_policy_looks_at_a_number_that_nobody_declares(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: {}}, policies=POLICIES[-1:])
    assert reconciler("explain", TWO, "--format", "json").json["policies"] == []
