"""`--all` on what only reads: validate, plan and drift, each project with its own account."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler.sandbox.faults import Respond
from reconciler.sandbox.server import RunningSandbox
from tests.apply.account import FOUR, ONE, THREE, TWO
from tests.cli.support import Shell
from tests.several.conftest import Tree
from tests.several.support import refer, writes

LEAVE_IT = "of the same account: leave it to one of them"
NOWHERE = "http://127.0.0.1:9/v2"


@pytest.fixture
def two(tree: Tree, east: RunningSandbox, west: RunningSandbox) -> Tree:
    """A project that differs from its account in one field, and one in two."""
    tree.project("east", {ONE: refer("e-1")}, east)
    tree.project("west", {ONE: refer("w-1"), TWO: refer("w-2")}, west)
    return tree


@pytest.fixture
def down(two: Tree, west: RunningSandbox) -> Tree:
    """Nobody answers where the second account should be."""
    settings = json.loads((two.root / "west" / "reconciler.yaml").read_text())
    settings["account"]["base_url"] = NOWHERE
    (two.root / "west" / "reconciler.yaml").write_text(json.dumps(settings))
    del west
    return two


# ---- validate ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("two")
def test_validate_tells_every_project(reconciler: Shell) -> None:
    said = reconciler("validate", "--all")
    assert (said.code, said.out.splitlines()) == (
        0,
        [
            "project  exit  result",
            "east        0  Valid: 1 number declared.",
            "west        0  Valid: 2 numbers declared.",
        ],
    )


@pytest.mark.usefixtures("two")
def test_validate_needs_no_key(reconciler: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KEY_EAST")
    monkeypatch.delenv("KEY_WEST")
    assert reconciler("validate", "--all").code == 0


def test_an_invalid_project_keeps_no_other_from_being_told(two: Tree, reconciler: Shell) -> None:
    (two.root / "east" / "numbers.yaml").write_text("version: 1\nnumbrs: {}\n")
    said = reconciler("validate", "--all")
    assert said.code == 1
    assert said.err.startswith("east/numbers.yaml:2:1: ")
    assert "west        0  Valid: 2 numbers declared." in said.out


def test_each_project_is_judged_by_its_own_policies(
    tree: Tree, east: RunningSandbox, west: RunningSandbox, reconciler: Shell
) -> None:
    policies = [
        {"name": "p", "require": {"customer_reference": {"pattern": "^e-"}}},
        {"name": "q", "match": {"country": "US"}, "require": {"customer_reference": "w-1"}},
    ]
    tree.project("east", {ONE: refer("w-1")}, east, policies=policies[:1])
    tree.project("west", {TWO: refer("w-2")}, west, policies=policies[1:])
    said = reconciler("validate", "--all")
    assert said.code == 1
    assert f"customer_reference of {ONE} is \"w-1\": policy 'p' (east/reconciler.yaml" in said.err
    assert "Left to plan: policy 'q' on 1 number (country)." in said.out
    plans = reconciler("plan", "--all", "--format", "json").json["projects"]
    broken = [each["result"]["violations"][0]["phone_number"] for each in plans]
    assert broken == [ONE, TWO]
    assert reconciler("apply", "--all", "--auto-approve").code == 3
    assert writes(east) == writes(west) == []


def test_validate_gives_the_document_of_each_as_json(two: Tree, reconciler: Shell) -> None:
    (two.root / "east" / "numbers.yaml").write_text("version: 1\nnumbrs: {}\n")
    first, second = reconciler("validate", "--all", "--format", "json").json["projects"]
    assert (first["path"], first["exit_code"], first["result"]["valid"]) == ("east", 1, False)
    assert first["result"]["errors"][0]["path"] == "east/numbers.yaml"
    assert second["result"] == reconciler("validate", "west", "--format", "json").json


def test_a_secret_that_cannot_be_read_is_its_projects_error(
    tree: Tree, east: RunningSandbox, west: RunningSandbox, reconciler: Shell
) -> None:
    tree.project("east", {ONE: {"external_pin": {"env": "PIN_THAT_IS_NOT_SET"}}}, east)
    tree.project("west", {ONE: refer("w-1")}, west)
    said = reconciler("validate", "--all", "--secrets")
    assert (said.code, "PIN_THAT_IS_NOT_SET" in said.err) == (1, True)
    assert "west        0  Valid" in said.out


# ---- one number, one project ------------------------------------------------------------------


@pytest.fixture
def claimed(tree: Tree, east: RunningSandbox, west: RunningSandbox) -> Tree:
    """Two projects of one account declare the same number, a third has another account."""
    tree.project("desks", {TWO: refer("d"), ONE: refer("d")}, east)
    tree.project("trunks", {ONE: refer("t")}, east)
    tree.project("west", {ONE: refer("w")}, west)
    return tree


@pytest.mark.parametrize("command", ["validate", "plan", "drift", "apply"])
@pytest.mark.usefixtures("claimed")
def test_a_number_of_two_projects_of_one_account_is_an_error_of_both(
    reconciler: Shell, command: str
) -> None:
    more = ("--auto-approve",) if command == "apply" else ()
    said = reconciler(command, "--all", *more)
    assert [line.partition(": declared at ")[::2] for line in said.err.splitlines()[:2]] == [
        (
            f"desks/numbers.yaml:7:3: {ONE}",
            f"trunks/numbers.yaml:4 too, in the project trunks {LEAVE_IT}",
        ),
        (
            f"trunks/numbers.yaml:4:3: {ONE}",
            f"desks/numbers.yaml:7 too, in the project desks {LEAVE_IT}",
        ),
    ]


@pytest.mark.usefixtures("claimed")
def test_then_neither_is_read_or_written(
    east: RunningSandbox, west: RunningSandbox, reconciler: Shell
) -> None:
    said = reconciler("apply", "--all", "--auto-approve")
    assert (said.code, east.control.log(), len(writes(west))) == (1, [], 1)


def test_without_their_keys_validate_tells_accounts_apart_by_variable(
    claimed: Tree, east: RunningSandbox, reconciler: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DESKS", "TRUNKS"):
        monkeypatch.delenv(f"KEY_{name}")
    assert reconciler("validate", "--all").code == 0
    for name in ("desks", "trunks"):
        account = {"base_url": east.base_url, "api_key_env": "KEY_OF_BOTH"}
        text = json.dumps({"version": 1, "account": account})
        (claimed.root / name / "reconciler.yaml").write_text(text)
    assert reconciler("validate", "--all").code == 1


def test_very_many_numbers_of_two_projects_are_counted(
    tree: Tree, east: RunningSandbox, reconciler: Shell
) -> None:
    numbers = {f"+131255{place:05}": refer(str(place)) for place in range(30)}
    tree.project("a", numbers, east)
    tree.project("b", numbers, east)
    said = reconciler("validate", "--all")
    assert sum(line.startswith("a/") for line in said.err.splitlines()) == 21
    assert said.err.count("and 10 more such places") == 2


def test_a_number_that_assign_gives_to_one_and_another_declares_is_an_error_of_both(
    tree: Tree, east: RunningSandbox, reconciler: Shell
) -> None:
    tree.project("a", {ONE: refer("a")}, east)
    groups = {"all": refer("b")}
    tree.project(
        "b", {}, east, groups=groups, assign=[{"match": {"country": ["US"]}, "groups": ["all"]}]
    )
    said = reconciler("apply", "--all", "--auto-approve")
    assert (said.code, writes(east)) == (1, [])
    assert f"{ONE}: declared at b/reconciler.yaml:1 too" in said.err


# ---- plan and drift ---------------------------------------------------------------------------


@pytest.mark.usefixtures("two")
def test_plan_shows_each_under_its_name_and_all_in_a_table(reconciler: Shell) -> None:
    said = reconciler("plan", "--all")
    assert said.code == 0
    assert [line for line in said.out.splitlines() if line.startswith("==")] == [
        "== east ==",
        "== west ==",
    ]
    assert said.out.splitlines()[-3:] == [
        "project  exit  result",
        "east        0  1 number to change, 0 to release, 0 unchanged.",
        "west        0  2 numbers to change, 0 to release, 0 unchanged.",
    ]


@pytest.mark.usefixtures("two")
def test_each_is_compared_with_its_own_account(
    east: RunningSandbox, west: RunningSandbox, reconciler: Shell
) -> None:
    east.control.change(ONE, "customer_reference", "e-1")
    first, second = reconciler("plan", "--all", "--format", "json").json["projects"]
    assert (first["result"]["changes"], len(second["result"]["changes"])) == ([], 2)
    assert first["result"]["account"] == {"base_url": east.base_url}
    assert second["result"]["account"] == {"base_url": west.base_url}


@pytest.mark.usefixtures("two")
def test_json_has_the_three_keys_of_the_contract_and_the_plan_document(reconciler: Shell) -> None:
    said = reconciler("plan", "--all", "--detailed-exitcode", "--format", "json").json
    assert set(said) == {"projects"}
    assert [set(each) for each in said["projects"]] == [{"path", "exit_code", "result"}] * 2
    assert [(each["path"], each["exit_code"]) for each in said["projects"]] == [
        ("east", 2),
        ("west", 2),
    ]
    alone = reconciler("plan", "west", "--format", "json").json
    both = said["projects"][1]["result"]
    assert both["operations"] == alone["operations"]
    assert both["summary"] == alone["summary"]


@pytest.mark.usefixtures("two")
def test_the_detailed_exit_code_is_2_if_any_has_changes(
    east: RunningSandbox, reconciler: Shell
) -> None:
    east.control.change(ONE, "customer_reference", "e-1")
    assert reconciler("plan", "--all", "--detailed-exitcode").code == 2
    assert reconciler("plan", "--all").code == 0


@pytest.mark.usefixtures("two")
def test_drift_exits_2_if_any_has_drifted(
    east: RunningSandbox, west: RunningSandbox, reconciler: Shell
) -> None:
    west.control.change(ONE, "customer_reference", "w-1")
    west.control.change(TWO, "customer_reference", "w-2")
    said = reconciler("drift", "--all")
    assert (said.code, said.out.splitlines()[-1]) == (2, "west        0  No drift.")
    east.control.change(ONE, "customer_reference", "e-1")
    assert reconciler("drift", "--all").code == 0


@pytest.mark.usefixtures("two")
def test_drift_of_an_emptied_account_is_no_drift_but_3(
    east: RunningSandbox, reconciler: Shell
) -> None:
    for each in (ONE, TWO, THREE, FOUR):
        east.control.remove(each)
    said = reconciler("drift", "--all")
    assert (said.code, "Error: east: " in said.err) == (3, True)
    assert "west        2  2 fields on 2 numbers" in said.out


@pytest.mark.usefixtures("down")
def test_an_account_that_is_down_stops_no_other(reconciler: Shell) -> None:
    said = reconciler("plan", "--all", "--detailed-exitcode")
    assert said.code == 1  # before 2 in the order of the contract
    assert said.err.startswith("Error: west: ")
    assert "east        2  1 number to change" in said.out


@pytest.mark.usefixtures("down")
def test_the_error_of_one_stands_in_its_result(reconciler: Shell) -> None:
    said = reconciler("drift", "--all", "--format", "json")
    first, second = said.json["projects"]
    assert (first["exit_code"], second["exit_code"]) == (2, 1)
    assert f"Error: west: {second['result']['error']}" == said.err.strip()


@pytest.mark.usefixtures("two")
def test_a_key_that_is_missing_is_an_error_of_its_project(
    reconciler: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KEY_WEST")
    said = reconciler("plan", "--all")
    assert (said.code, said.err) == (
        1,
        "Error: west: KEY_WEST is not set or empty: set it to the API key\n",
    )
    assert "east        0  1 number to change" in said.out


@pytest.mark.usefixtures("down")
def test_a_refused_key_is_graver_than_drift_or_an_error(
    east: RunningSandbox, reconciler: Shell
) -> None:
    east.control.fault(Respond(status=401), times=None)
    assert reconciler("plan", "--all", "--detailed-exitcode").code == 7


def test_warnings_name_their_project(two: Tree, west: RunningSandbox, reconciler: Shell) -> None:
    two.project("west", {ONE: refer("w-1")}, west, safety={"undeclared": "warn"})
    said = reconciler("plan", "--all")
    assert said.err.startswith("west: note: 3 live numbers that nobody declares: ")


@pytest.mark.usefixtures("two")
def test_unmanaged_numbers_are_listed_under_each(reconciler: Shell) -> None:
    said = reconciler("plan", "--all", "--show-unmanaged")
    assert (said.out.count("3 unmanaged numbers:"), said.out.count("2 unmanaged numbers:")) == (
        1,
        1,
    )


@pytest.mark.usefixtures("two")
def test_a_snapshot_stands_for_every_account(
    east: RunningSandbox,
    west: RunningSandbox,
    reconciler: Shell,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TELNYX_BASE_URL", west.base_url)
    monkeypatch.setenv("TELNYX_API_KEY", west.api_key)
    assert reconciler("fetch", "-o", "live.json").code == 0
    monkeypatch.delenv("KEY_EAST")
    west.control.forget()
    assert reconciler("drift", "--all", "--live", "live.json").code == 2
    assert east.control.log() == west.control.log() == []


# ---- what is asked for ------------------------------------------------------------------------


@pytest.mark.usefixtures("two")
def test_a_target_that_matches_in_one_is_no_error_of_the_others(reconciler: Shell) -> None:
    said = reconciler("plan", "--all", "--target", TWO)
    assert (said.code, said.err) == (0, "")
    assert "east        0  Nothing here matches --target, --tag and --only." in said.out
    assert "west        0  1 number to change" in said.out


@pytest.mark.parametrize("command", ["plan", "drift", "apply"])
@pytest.mark.usefixtures("two")
def test_a_target_is_told_of_only_where_it_matches_in_no_project(
    reconciler: Shell, command: str
) -> None:
    more = ("--auto-approve",) if command == "apply" else ()
    targets = [word for each in (TWO, ONE, "+1999*") for word in ("--target", each)]
    said = reconciler(command, "--all", *targets, *more)
    assert said.err.splitlines()[0] == "warning: no declared number matches --target '+1999*'"
    assert said.err.count("matches --target") == 1


@pytest.mark.usefixtures("two")
def test_nothing_is_said_of_a_target_that_a_broken_project_may_declare(
    two: Tree, reconciler: Shell
) -> None:
    (two.root / "east" / "numbers.yaml").write_text("version: 1\nnumbrs: {}\n")
    said = reconciler("plan", "--all", "--target", TWO, "--target", "+1999*")
    assert "matches --target" not in said.err


@pytest.mark.usefixtures("two")
def test_nothing_is_the_result_of_one_in_which_nothing_matches(reconciler: Shell) -> None:
    first, _ = reconciler("plan", "--all", "--target", TWO, "--format", "json").json["projects"]
    assert (first["path"], first["exit_code"], first["result"]) == ("east", 0, None)


@pytest.mark.parametrize("scope", [("--target", "+1999*"), ("--tag", "nobody-has-it")])
@pytest.mark.usefixtures("two")
def test_a_target_that_matches_in_none_is_an_error(
    reconciler: Shell, scope: tuple[str, str]
) -> None:
    said = reconciler("plan", "--all", *scope)
    assert (said.code, said.err.count("no declared number matches")) == (1, 2)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("plan", "--out", "plan.json"), "a plan file belongs to one project"),
        (("plan", "--format", "html"), "a page of one project"),
        (("drift", "--format", "html"), "a page of one project"),
        (("apply", "--auto-approve", "--journal", "j.jsonl"), "a journal belongs to one project"),
        (("apply", "--auto-approve", "plan.json"), "a plan file belongs to one project"),
        (("apply",), "add --auto-approve"),
        (("plan", "east/numbers.yaml"), "--all takes a directory"),
    ],
)
@pytest.mark.usefixtures("two")
def test_what_is_for_one_project_is_refused_and_says_what_to_do(
    east: RunningSandbox,
    west: RunningSandbox,
    reconciler: Shell,
    words: tuple[str, ...],
    says: str,
) -> None:
    said = reconciler(*words, "--all")
    assert (said.code, said.out, says in said.err) == (1, "", True)
    assert east.control.log() == west.control.log() == []


def test_the_rest_of_the_tree_is_a_project_with_the_key_of_the_environment(
    two: Tree, east: RunningSandbox, reconciler: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    (two.root / "loose.yaml").write_text(json.dumps({"version": 1, "numbers": {TWO: refer("x")}}))
    monkeypatch.setenv("TELNYX_BASE_URL", east.base_url)
    monkeypatch.setenv("TELNYX_API_KEY", east.api_key)
    projects = reconciler("plan", "--all", "--format", "json").json["projects"]
    assert [each["path"] for each in projects] == [".", "east", "west"]
    assert projects[0]["result"]["changes"][0]["phone_number"] == TWO


@pytest.mark.usefixtures("two")
def test_yaml_that_is_nobodys_says_why_it_was_read(tree: Tree, reconciler: Shell) -> None:
    (tree.root / "docker-compose.yml").write_text("services: {}\n")
    said = reconciler("validate", "--all")
    assert (said.code, said.err.splitlines()[0][:14]) == (1, ".: what lies o")
    assert "docker-compose.yml:1:1: unknown key 'services'" in said.err
    (tree.root / "reconciler.yaml").write_text("version: 1\nfiles: {exclude: ['docker*']}\n")
    assert reconciler("validate", "--all").code == 0


@pytest.mark.usefixtures("two")
def test_more_accounts_than_are_asked_at_once_all_get_their_turn(
    reconciler: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.workflow.several._AT_ONCE", 1)
    projects = reconciler("drift", "--all", "--format", "json").json["projects"]
    assert [each["exit_code"] for each in projects] == [2, 2]


def test_a_path_narrows_it_to_a_part_of_the_tree(
    two: Tree, west: RunningSandbox, reconciler: Shell
) -> None:
    two.project("teams/north", {THREE: refer("n")}, west)
    projects = reconciler("plan", "teams", "--all", "--format", "json").json["projects"]
    assert [each["path"] for each in projects] == ["teams/north"]


def test_a_name_that_could_steer_a_terminal_is_shown_harmless(
    tree: Tree, east: RunningSandbox, reconciler: Shell
) -> None:
    place = tree.project("east", {ONE: refer("x")}, east)
    Path(place).rename(tree.root / "ea\x1b[31mst")
    said = reconciler("plan", "--all")
    assert (said.code, "\x1b" in said.out + said.err) == (0, False)


@pytest.mark.usefixtures("two")
def test_who_forgets_all_is_told_what_is_passed_over(reconciler: Shell) -> None:
    said = reconciler("validate")
    assert said.code == 0
    assert "2 projects are below, passed over: east, west (--all takes all)" in said.err
    assert "passed over" not in reconciler("validate", "--all").err
