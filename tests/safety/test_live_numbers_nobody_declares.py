"""`assign` gives groups to live numbers that nobody declares; what is left can be a finding."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.sandbox.fleet import mobile_number, number
from tests.apply.account import ONE, OTHER_TRUNK, THREE, TRUNK, TWO, Account
from tests.apply.conftest import MakeAccount
from tests.cli.support import Shell
from tests.safety.project import APPLY, document

MOBILE = "+13125550300"
GROUPS = {
    "g": {"customer_reference": "g", "hd_voice_enabled": True},
    "h": {"customer_reference": "h"},
}


@pytest.fixture
def account(make_account: MakeAccount) -> Account:
    """ONE is declared, TWO and THREE and a mobile number are not."""
    return make_account(
        number(ONE, tags=["ours"], connection_id=TRUNK, customer_reference="desk-1"),
        number(TWO, tags=["ours", "x"], connection_id=TRUNK, customer_reference="desk-2"),
        number(THREE, connection_id=OTHER_TRUNK),
        mobile_number(MOBILE, tags=["ours"]),
    )


def declare(account: Account, *rules: dict[str, Any], **more: Any) -> None:
    account.declare({ONE: {}}, groups=GROUPS, assign=list(rules), **more)


def rule(*groups: str, **match: Any) -> dict[str, Any]:
    return {"match": match, "groups": list(groups or ("h",))}


def changed(reconciler: Shell) -> dict[str, dict[str, Any]]:
    """What is planned for each number."""
    return {
        each["phone_number"]: {field["path"]: field["after"] for field in each["fields"]}
        for each in document(reconciler)["changes"]
    }


@pytest.mark.parametrize(
    ("match", "meant"),
    [
        ({"tags": ["ours"]}, {TWO, MOBILE}),
        ({"tags": "x"}, {TWO}),
        ({"connection_id": OTHER_TRUNK}, {THREE}),
        ({"connection_id": "other"}, {THREE}),
        ({"connection_id": [TRUNK, OTHER_TRUNK], "tags": ["ours"]}, {TWO}),
        ({"customer_reference": "desk-*"}, {TWO}),
        ({"country": "us", "connection_id": OTHER_TRUNK}, {THREE}),
        ({"country": "DE"}, set()),
        ({"type": "local", "tags": ["x"]}, {TWO}),
        ({"type": "toll_free"}, set()),
        ({"numbers": "*0003"}, {THREE}),
        ({"kind": "mobile"}, {MOBILE}),
        ({"hd_voice_enabled": False, "tags": "x"}, {TWO}),
        ({"hd_voice_enabled": False, "kind": "mobile"}, set()),
        ({"voice.inbound_call_screening": {"enum": ["disabled"]}}, {TWO, THREE}),
    ],
)
def test_the_keys_of_a_rule_are_anded_and_their_values_ored(
    account: Account, reconciler: Shell, match: dict[str, Any], meant: set[str]
) -> None:
    declare(account, rule(**match), aliases={"connection_id": {"other": OTHER_TRUNK}})
    assert changed(reconciler).keys() == meant


def test_what_somebody_declares_no_rule_means(account: Account, reconciler: Shell) -> None:
    declare(account, rule(customer_reference="desk-1"))
    assert changed(reconciler) == {}


def test_later_rules_lie_over_earlier_ones(account: Account, reconciler: Shell) -> None:
    declare(account, rule("g", tags=["x"]), rule("h", customer_reference="desk-2"))
    found = changed(reconciler)[TWO]
    assert found["customer_reference"] == "h"
    declare(account, rule("h", customer_reference="desk-2"), rule("g", tags=["x"]))
    assert changed(reconciler)[TWO]["customer_reference"] == "g"


def test_an_apply_makes_them_as_their_groups_say_and_drift_agrees(
    account: Account, reconciler: Shell
) -> None:
    declare(account, rule("h", tags=["x"]))
    assert reconciler(*APPLY, "--allow-max-changes").code == 0
    assert account.state(TWO)["customer_reference"] == "h"
    assert reconciler("drift").code == 0


def test_a_target_may_be_a_number_that_only_a_rule_means(
    account: Account, reconciler: Shell
) -> None:
    declare(account, rule("h", tags=["ours"]))
    plan = document(reconciler, "--target", TWO)
    assert [each["phone_number"] for each in plan["changes"]] == [TWO]


def test_numbers_out_of_the_scope_of_the_project_are_left_alone(
    account: Account, reconciler: Shell
) -> None:
    declare(account, rule("h", tags=["ours"]), select={"tags": ["x"]})
    assert changed(reconciler).keys() == {TWO}


@pytest.mark.parametrize(
    ("assign", "message"),
    [
        ([{"match": {}, "groups": ["g"]}], "assign[0].match needs the key"),
        ([{"match": {"tags": ["x"]}, "groups": ["k"]}], "unknown group 'k'"),
        ([{"match": {"country": "USA"}, "groups": ["g"]}], "a country is two letters, such as US"),
        ([{"match": {"connection_id": "k"}, "groups": ["g"]}], "unknown connection_id alias 'k'"),
        ([{"match": {"tag": "k"}, "groups": ["g"]}], "unknown key 'tag': did you mean 'tags'?"),
        ([{"match": {"tags": "k"}}], "needs the key groups"),
    ],
)
def test_a_slip_in_a_rule_is_told(
    account: Account, reconciler: Shell, assign: Any, message: str
) -> None:
    account.declare({}, groups=GROUPS, assign=assign)
    said = reconciler("validate")
    assert said.code == 1
    assert message in said.err


def test_what_groups_break_together_is_told_where_it_stands(
    account: Account, reconciler: Shell
) -> None:
    groups = {"on": {"voice": {"call_forwarding": {"call_forwarding_enabled": True}}}}
    account.declare({}, groups=groups, assign=[rule("on", tags=["x"])])
    said = reconciler("plan")
    assert said.code == 1
    assert f"forwards_to must name a target (for {TWO})" in said.err


# ---- what is left ----------------------------------------------------------------------------


def test_show_unmanaged_lists_what_is_left(account: Account, reconciler: Shell) -> None:
    declare(account, rule("h", tags=["x"]))
    said = reconciler("plan", "--show-unmanaged")
    assert said.out.rstrip().endswith(f"2 unmanaged numbers:\n  {THREE}\n  {MOBILE}")


def test_what_the_account_calls_a_number_may_be_any_text(
    make_account: MakeAccount, reconciler: Shell
) -> None:
    account = make_account(number(ONE), number("12345"), number("\n::error::x\u202e"))
    account.declare({ONE: {}})
    said = reconciler("plan", "--show-unmanaged")
    assert said.code == 0
    assert said.out.endswith("2 unmanaged numbers:\n  12345\n  \\n::error::x\\u202e\n")


def test_beside_json_the_list_is_on_stderr(account: Account, reconciler: Shell) -> None:
    declare(account)
    said = reconciler("plan", "--show-unmanaged", "--format", "json")
    assert said.json["summary"]["unmanaged"] == 3
    assert "3 unmanaged numbers:" in said.err


@pytest.mark.parametrize(
    ("word", "drift", "apply"), [("ignore", 0, 0), ("warn", 0, 0), ("fail", 2, 3)]
)
def test_live_numbers_nobody_declares_can_be_a_finding(
    account: Account, reconciler: Shell, word: str, drift: int, apply: int
) -> None:
    account.declare({ONE: {"customer_reference": "desk-1"}}, safety={"undeclared": word})
    said = reconciler("drift")
    assert said.code == drift
    assert ("3 live numbers that nobody declares" in said.err) == (word != "ignore")
    assert ("No drift" in said.out) == (word != "fail")
    said = reconciler(*APPLY)
    assert (said.code, "rule: undeclared" in said.err) == (apply, word == "fail")


@pytest.mark.parametrize("output", ["text", "markdown", "html"])
def test_with_such_a_finding_no_report_says_that_the_account_matches(
    account: Account, reconciler: Shell, output: str
) -> None:
    account.declare({ONE: {"customer_reference": "desk-1"}}, safety={"undeclared": "fail"})
    said = reconciler("plan", "--out", "plan.json", "--format", output)
    assert said.code == 0
    for shown in (said, reconciler("drift", "--format", output)):
        assert "matches the configuration" not in shown.out
    assert "matches the configuration" not in reconciler("show", "plan.json").out
