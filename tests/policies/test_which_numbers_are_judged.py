"""plan judges what declared numbers would hold, drift what they hold; nothing breaks an apply's
refusal but the YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox.fleet import mobile_number, number
from tests.apply.account import FOUR, ONE, OTHER_TRUNK, THREE, TRUNK, TWO, Account
from tests.apply.conftest import MakeAccount
from tests.cli.support import Shell
from tests.safety.project import APPLY, document

MOBILE = "+13125550300"
REFERENCE = "customer_reference"
SCREENING = "voice.inbound_call_screening"
FORWARDS = "voice.call_forwarding.forwards_to"
ABROAD = {"name": "home", "require": {FORWARDS: {"pattern": "^[+]1"}}}
SCREENED = {"name": "screened", "require": {SCREENING: "flag_calls"}}


@pytest.fixture
def account(make_account: MakeAccount) -> Account:
    """Four numbers and a mobile one; ONE is tagged and screened."""
    return make_account(
        number(
            ONE, tags=["a"], connection_id=TRUNK, voice={"inbound_call_screening": "flag_calls"}
        ),
        number(TWO, connection_id=OTHER_TRUNK),
        number(THREE, country_iso_alpha2="CA"),
        number(FOUR, phone_number_type="toll_free"),
        mobile_number(MOBILE, tags=["a"]),
    )


def screening(value: str) -> dict[str, Any]:
    return {"voice": {"inbound_call_screening": value}}


def forwarding(target: str) -> dict[str, Any]:
    return {"voice": {"call_forwarding": {"call_forwarding_enabled": True, "forwards_to": target}}}


def broken(plan: Any) -> set[tuple[str, str]]:
    """Policy and number of every violation."""
    return {(each["policy"], each["phone_number"]) for each in plan.get("violations", ())}


def drifted(reconciler: Shell) -> Any:
    return reconciler("drift", "--format", "json").json


def declare(account: Account, *policies: dict[str, Any], **more: Any) -> None:
    """Every number, nothing managed, and these policies."""
    numbers = more.pop("numbers", {})
    every = {ONE: {}, TWO: {}, THREE: {}, FOUR: {}} | numbers
    account.declare(every, mobile_numbers={MOBILE: {}}, policies=list(policies), **more)


# ---- what is judged ----------------------------------------------------------------------------


def test_plan_judges_what_the_number_would_hold_and_drift_what_it_holds(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: screening("disabled"), TWO: screening("flag_calls")}, policies=[SCREENED])
    assert broken(document(reconciler)) == {("screened", ONE)}
    assert broken(drifted(reconciler)) == {("screened", TWO)}


def test_a_plan_that_apply_would_refuse_is_an_exit_code_for_who_asks(
    account: Account, reconciler: Shell
) -> None:
    declare(account, {**SCREENED, "match": {"numbers": TWO}})
    assert reconciler("plan").code == 0
    assert reconciler("plan", "--detailed-exitcode").code == 2
    declare(account, {**SCREENED, "match": {"numbers": TWO}, "level": "warn"})
    assert reconciler("plan", "--detailed-exitcode").code == 0


def test_what_nobody_manages_of_a_number_is_judged_by_the_account(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: {}, TWO: {REFERENCE: "x"}}, policies=[SCREENED])
    assert broken(document(reconciler)) == broken(drifted(reconciler)) == {("screened", TWO)}


@pytest.mark.parametrize(
    ("match", "meant"),
    [
        ({}, {ONE, TWO, THREE, FOUR, MOBILE}),
        ({"tags": ["a"]}, {ONE, MOBILE}),
        ({"kind": "number", "tags": "a"}, {ONE}),
        ({"kind": "mobile"}, {MOBILE}),
        ({"country": ["CA"]}, {THREE}),
        ({"country": "us", "type": "local", "kind": "number"}, {ONE, TWO}),
        ({"type": "toll-free"}, {FOUR}),
        ({"type": "tollfree"}, {FOUR}),
        ({"numbers": "*0002"}, {TWO}),
        ({"numbers": [ONE, "+13125550003"]}, {ONE, THREE}),
        ({"connection_id": TRUNK}, {ONE}),
        ({SCREENING: "disabled", "country": "US"}, {TWO, FOUR}),
        ({SCREENING: {"not": {"const": "disabled"}}}, {ONE}),
    ],
)
def test_match_says_which_numbers_are_meant(
    account: Account, reconciler: Shell, match: dict[str, Any], meant: set[str]
) -> None:
    declare(account, {"name": "p", "match": match, "require": {REFERENCE: "set"}})
    assert broken(document(reconciler)) == {("p", each) for each in meant}


def test_unless_exempts_what_it_means(account: Account, reconciler: Shell) -> None:
    unless = {"country": "US", "numbers": "+1312555000?"}
    declare(account, {"name": "p", "unless": unless, "require": {REFERENCE: "set"}})
    assert broken(document(reconciler)) == {("p", THREE), ("p", MOBILE)}


def test_a_kind_that_has_no_such_setting_is_let_pass(account: Account, reconciler: Shell) -> None:
    declare(account, {"name": "p", "require": {"emergency.emergency_enabled": True}})
    assert broken(document(reconciler)) == {("p", each) for each in (ONE, TWO, THREE, FOUR)}


def test_each_setting_that_is_required_is_judged(account: Account, reconciler: Shell) -> None:
    require = {SCREENING: "flag_calls", REFERENCE: "set", "inbound_call_screening": "flag_calls"}
    declare(account, {"name": "p", "require": require})
    found = {(each["phone_number"], each["path"]) for each in document(reconciler)["violations"]}
    assert {path for name, path in found if name == ONE} == {REFERENCE}
    assert {path for name, path in found if name == TWO} == {REFERENCE, SCREENING}
    assert {path for name, path in found if name == MOBILE} == {REFERENCE, "inbound_call_screening"}


def test_numbers_that_nobody_declares_are_not_judged(account: Account, reconciler: Shell) -> None:
    account.declare({ONE: {}}, policies=[SCREENED])
    assert broken(document(reconciler)) == broken(drifted(reconciler)) == set()
    assert reconciler("drift").code == 0


def test_numbers_that_assign_means_are_judged(account: Account, reconciler: Shell) -> None:
    rule = {"match": {"connection_id": OTHER_TRUNK}, "groups": ["g"]}
    account.declare({ONE: {}}, groups={"g": {}}, assign=[rule], policies=[SCREENED])
    assert broken(document(reconciler)) == {("screened", TWO)}


def test_numbers_out_of_the_scope_of_the_project_are_not_judged(
    account: Account, reconciler: Shell
) -> None:
    declare(account, SCREENED, select={"tags": ["a"]})
    assert broken(document(reconciler)) == set()


def test_numbers_that_the_account_lacks_are_not_judged(account: Account, reconciler: Shell) -> None:
    account.declare({"+442079460000": {"when_owned": True}}, policies=[SCREENED])
    assert broken(document(reconciler)) == set()


def test_a_number_that_is_to_be_given_back_is_not_judged(
    account: Account, reconciler: Shell
) -> None:
    account.declare({TWO: {"release": True}, ONE: {}}, policies=[SCREENED])
    assert broken(document(reconciler, "--allow-release")) == broken(drifted(reconciler)) == set()


def test_a_change_that_is_withheld_leaves_what_is_live(account: Account, reconciler: Shell) -> None:
    numbers = {ONE: screening("disabled") | {"protect": True}}
    account.declare(numbers, policies=[SCREENED])
    assert broken(document(reconciler)) == set()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--target", TWO), {("screened", TWO), ("set", TWO)}),
        (("--target", ONE), {("set", ONE)}),
        (("--tag", "b"), {("set", ONE)}),
        (("--only", "voice"), {("screened", TWO)}),
        (("--only", "number"), {("set", ONE), ("set", TWO)}),
    ],
)
def test_what_narrows_a_plan_narrows_what_is_judged(
    account: Account, reconciler: Shell, words: tuple[str, ...], found: set[tuple[str, str]]
) -> None:
    numbers = {
        ONE: {"tags": ["b"], REFERENCE: "x"} | screening("flag_calls"),
        TWO: {REFERENCE: "x"} | screening("disabled"),
    }
    is_set = {"name": "set", "require": {REFERENCE: "set"}}
    account.declare(numbers, policies=[SCREENED, is_set])
    assert broken(document(reconciler, *words)) == found


def test_an_edit_of_tags_is_judged_by_its_result(account: Account, reconciler: Shell) -> None:
    policy = {"name": "p", "require": {"tags": {"contains": {"const": "b"}}}}
    numbers = {ONE: {"tags": {"add": ["b"]}}, TWO: {"tags": {"add": ["c"]}}}
    account.declare(numbers, policies=[policy])
    assert broken(document(reconciler)) == {("p", TWO)}


# ---- what comes of it ---------------------------------------------------------------------------


def test_an_apply_that_would_break_a_policy_writes_nothing(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: forwarding("+442079460000"), TWO: {REFERENCE: "x"}}, policies=[ABROAD])
    said = reconciler(*APPLY)
    assert said.code == 3
    assert "nothing was written" in said.err
    assert f"policy 'home': {FORWARDS} of {ONE} (numbers.yaml:" in said.err
    assert "(rule: policy;" in said.err
    assert not account.writes()


def test_what_breaks_one_already_refuses_too_and_declaring_it_right_mends_it(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: {}, TWO: {}}, policies=[SCREENED])
    assert reconciler(*APPLY).code == 3
    account.declare({ONE: {}, TWO: screening("flag_calls")}, policies=[SCREENED])
    assert reconciler(*APPLY).code == 0
    assert reconciler("drift").code == 0


def test_a_number_that_is_right_can_be_applied_by_itself(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: {REFERENCE: "x"}, TWO: {}}, policies=[SCREENED])
    assert reconciler(*APPLY, "--target", ONE).code == 0
    assert account.state(ONE)[REFERENCE] == "x"


def test_no_option_lets_it_pass(account: Account, reconciler: Shell) -> None:
    account.declare({TWO: {REFERENCE: "x"}}, policies=[SCREENED])
    options = ("--allow-max-changes", "--allow-empty-account", "--allow-unreadable")
    assert reconciler(*APPLY, *options).code == 3


def test_a_warning_changes_no_exit_code_and_is_said(account: Account, reconciler: Shell) -> None:
    account.declare({TWO: {}}, policies=[SCREENED | {"level": "warn"}])
    for words in (("plan", "--detailed-exitcode"), ("drift",), APPLY):
        said = reconciler(*words)
        assert said.code == 0
        assert f"policy screened (warn): {SCREENING} of {TWO} must be" in said.out


def test_a_violation_is_a_drift(account: Account, reconciler: Shell) -> None:
    account.declare({TWO: {}}, policies=[SCREENED])
    said = reconciler("drift")
    assert said.code == 2
    assert "1 policy violation" in said.out


def test_a_saved_plan_keeps_what_was_judged(
    account: Account, reconciler: Shell, tmp_path: Path
) -> None:
    file = str(tmp_path / "plan.json")
    account.declare({TWO: {REFERENCE: "x"}}, policies=[SCREENED])
    assert reconciler("plan", "--out", file).code == 0
    account.declare({TWO: {REFERENCE: "x"}})  # the policy is gone: the review is not
    assert f"policy screened: {SCREENING} of {TWO} must be" in reconciler("show", file).out
    said = reconciler("apply", file, "--allow-max-changes")
    assert (said.code, "rule: policy" in said.err) == (3, True)
    assert not account.writes()


def test_a_saved_plan_is_not_judged_anew(
    account: Account, reconciler: Shell, tmp_path: Path
) -> None:
    file = str(tmp_path / "plan.json")
    account.declare({TWO: {REFERENCE: "x"}})
    assert reconciler("plan", "--out", file).code == 0
    account.declare({TWO: {REFERENCE: "x"}}, policies=[SCREENED])
    assert reconciler("apply", file).code == 0


# ---- what cannot be told ------------------------------------------------------------------------


def test_what_cannot_be_read_is_not_judged_and_said_so(account: Account, reconciler: Shell) -> None:
    account.control.forbid("list_voice")
    account.declare({ONE: {}}, policies=[SCREENED])
    plan = document(reconciler)
    assert broken(plan) == set()
    (left,) = plan["unjudged"]
    assert (left["policy"], left["phone_number"], left["path"]) == ("screened", ONE, SCREENING)
    said = reconciler("drift")
    assert said.code == 2
    assert f"policy screened cannot be judged: {SCREENING} of {ONE}: " in said.out
    assert "matches the configuration" not in said.out


def test_a_country_that_the_account_does_not_tell_leaves_it_open(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    account = make_account(number(ONE, country_iso_alpha2=""))
    policy = {"name": "p", "match": {"country": "US"}, "require": {REFERENCE: "set"}}
    account.declare({ONE: {}}, policies=[policy])
    (left,) = document(reconciler)["unjudged"]
    assert left["reason"] == "the account does not tell its country"


def test_what_no_answer_ever_shows_is_passed_over(account: Account, reconciler: Shell) -> None:
    account.declare(
        {ONE: {}}, policies=[{"name": "p", "require": {"address_id": {"type": "null"}}}]
    )
    assert "unjudged" not in document(reconciler)
    assert reconciler("drift").code == 0


# ---- a policy that judges nothing ---------------------------------------------------------------


def of(match: dict[str, Any]) -> dict[str, Any]:
    return {"name": "p", "match": match, "require": {REFERENCE: {"pattern": "."}}, "level": "warn"}


@pytest.mark.parametrize(
    ("match", "is_idle"),
    [
        ({"country": "CA"}, False),
        ({"country": "MX"}, True),
        ({"tags": ["a"]}, False),
        ({"tags": ["b"]}, True),
        ({"connection_id": OTHER_TRUNK}, True),  # which is live, but nobody declares that number
        ({"kind": "mobile"}, True),
    ],
)
@pytest.mark.parametrize("command", ["plan", "drift"])
def test_a_policy_that_means_no_declared_number_is_warned_of(
    account: Account, reconciler: Shell, command: str, match: dict[str, Any], is_idle: bool
) -> None:
    account.declare({ONE: {}, THREE: {}}, policies=[of(match)])
    said = reconciler(command)
    assert ("policy 'p' judges nothing" in said.err) is is_idle
    assert said.code == 0


def test_a_number_that_is_not_in_the_account_may_be_one_it_means(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: {}, "+13125559999": {}}, policies=[of({"numbers": "+13125559*"})])
    assert "judges nothing" not in reconciler("plan").err


@pytest.mark.parametrize("words", [("--target", ONE), ("--tag", "a"), ("numbers.yaml",)])
def test_of_a_part_of_a_project_it_is_not_told(
    account: Account, reconciler: Shell, words: tuple[str, ...]
) -> None:
    account.declare({ONE: {"tags": ["a"]}}, policies=[of({"country": "MX"})])
    assert "judges nothing" not in reconciler("plan", *words).err
    assert "judges nothing" in reconciler("plan").err


def test_a_revert_judges_only_what_it_undoes_and_warns_of_nothing(
    account: Account, reconciler: Shell
) -> None:
    account.declare({ONE: {REFERENCE: "x"}}, policies=[of({"country": "MX"})])
    assert reconciler(*APPLY).code == 0
    (journal,) = (account.root / ".reconciler").iterdir()
    said = reconciler("revert", str(journal), "--out", "undo.json")
    assert (said.code, "judges nothing" in said.err) == (0, False)
