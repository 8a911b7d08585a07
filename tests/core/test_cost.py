"""The monthly difference, by the user's own prices: exact, and only what turns on or off."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from reconciler import workflow
from reconciler.core.cost import FEATURES, amount
from reconciler.core.planfile import digest, plan_document
from reconciler.core.planload import read_plan
from reconciler.errors import InputError, UsageError
from reconciler.report.headlines import cost_lines
from reconciler.sandbox.fleet import number
from tests.apply.account import FOUR, ONE, THREE, TWO, Account
from tests.apply.conftest import MakeAccount, accounts, make_account

__all__ = ["accounts", "make_account"]

PRICES = {"hd_voice": 0.10, "inbound_call_screening": 1.5, "emergency": 1.05}
SCREENED = {"voice": {"inbound_call_screening": "flag_calls"}}
SERVICE = {"emergency": {"emergency_enabled": True, "emergency_address_id": "53829456729313"}}


@pytest.fixture
def account(make_account: MakeAccount) -> Account:
    """ONE has HD voice and screening, the others nothing that costs."""
    voice = {"inbound_call_screening": "reject_calls"}
    return make_account(number(ONE, hd_voice_enabled=True, voice=voice), *map(number, (TWO, THREE)))


def document(account: Account, numbers: dict[str, Any], **project: Any) -> Any:
    """The plan document, and the lines of the reports."""
    account.declare(numbers, safety={"allow_emergency_off": True}, **project)
    plan = account.plan().plan
    return json.loads(json.dumps(plan_document(plan))), cost_lines(plan)


def test_features_are_those_of_the_catalogue() -> None:
    assert set(FEATURES) == {
        "hd_voice",
        "inbound_call_screening",
        "caller_id_name",
        "emergency",
        "noise_suppression",
    }


def test_without_prices_the_changes_that_may_cost_something_are_counted(account: Account) -> None:
    plan, lines = document(account, {TWO: SCREENED, THREE: SCREENED | {"tags": ["a"]}})
    assert "cost" not in plan
    assert lines == ["2 cost-bearing changes, of which no monthly price is known."]


def test_what_costs_nothing_is_not_spoken_of(account: Account) -> None:
    plan, lines = document(account, {TWO: {"tags": ["a"]}}, prices=PRICES)
    assert "cost" not in plan
    assert lines == []


def test_each_feature_counts_where_it_is_turned_on_or_off(account: Account) -> None:
    plan, lines = document(
        account,
        {ONE: {"hd_voice_enabled": False}, TWO: SCREENED | SERVICE, THREE: SERVICE},
        prices=PRICES,
    )
    assert plan["cost"]["monthly"] == "3.50"
    assert plan["cost"]["features"] == {
        "hd_voice": {"price": "0.10", "on": 0, "off": 1, "unsure": 0, "monthly": "-0.10"},
        "inbound_call_screening": {
            "price": "1.50",
            "on": 1,
            "off": 0,
            "unsure": 0,
            "monthly": "1.50",
        },
        "emergency": {"price": "1.05", "on": 2, "off": 0, "unsure": 0, "monthly": "2.10"},
    }
    (line,) = lines
    assert line == (
        "Monthly cost: +3.50: hd_voice -0.10 (1 off), inbound_call_screening +1.50 (1 on), "
        "emergency +2.10 (2 on)."
    )


def test_another_kind_of_the_same_feature_costs_the_same(account: Account) -> None:
    plan, _ = document(account, {ONE: SCREENED}, prices=PRICES)
    assert "cost" not in plan or plan["cost"]["monthly"] == "0.00"


def test_the_groups_that_give_a_setting_share_its_cost(account: Account) -> None:
    plan, lines = document(
        account,
        {ONE: {"hd_voice_enabled": False}, TWO: {"groups": ["desks"]}, THREE: SCREENED},
        groups={"desks": SCREENED | {"hd_voice_enabled": True}},
        prices=PRICES,
    )
    assert plan["cost"]["groups"] == {"desks": "1.60", "": "1.40"}
    assert lines[1] == "Of it by group: no group +1.40, desks +1.60."


def test_a_feature_without_a_price_is_named(account: Account) -> None:
    _, lines = document(account, {TWO: SCREENED | SERVICE}, prices={"emergency": 2})
    (line,) = lines
    assert line == (
        "Monthly cost: +2.00: inbound_call_screening without a price (1 on), "
        "emergency +2.00 (1 on)."
    )


def test_sums_are_exact_where_floats_are_not(make_account: MakeAccount) -> None:
    account = make_account(*map(number, (ONE, TWO, THREE, FOUR)))
    on = {"hd_voice_enabled": True}
    plan, _ = document(account, dict.fromkeys((ONE, TWO, THREE), on), prices={"hd_voice": 0.1})
    assert plan["cost"]["monthly"] == "0.30"


@pytest.mark.parametrize(
    ("money", "text"),
    [
        ("0", "0.00"),
        ("1.5", "1.50"),
        ("-0.1250", "-0.125"),
        ("1E+3", "1000.00"),
        ("1E-4", "0.0001"),
    ],
)
def test_an_amount_is_a_plain_decimal(money: str, text: str) -> None:
    assert amount(Decimal(money)) == text


def test_a_saved_plan_keeps_its_cost(account: Account, tmp_path: Path) -> None:
    account.declare({TWO: SCREENED}, prices=PRICES)
    planned = account.plan()
    workflow.save_plan(planned.plan, tmp_path / "plan.json")
    document = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
    kept = read_plan(document, "plan.json")
    assert kept.cost == planned.plan.cost
    assert cost_lines(kept) == cost_lines(planned.plan)
    document["cost"]["features"]["inbound_call_screening"]["on"] = 2
    document["digest"] = digest(document)
    with pytest.raises(UsageError, match="not a plan"):
        read_plan(document, "plan.json")


def test_a_saved_cost_that_adds_up_to_something_else_is_refused(account: Account) -> None:
    account.declare({TWO: SCREENED}, prices=PRICES)
    document = plan_document(account.plan().plan)
    cost = document["cost"]
    feature = cost["features"]["inbound_call_screening"]
    twice = amount(2 * Decimal(feature["monthly"]))
    feature.update(on=2, monthly=twice)
    cost.update(monthly=twice, groups=dict.fromkeys(cost["groups"], twice))
    document["digest"] = digest(document)
    with pytest.raises(UsageError, match="its cost is not that of its changes"):
        read_plan(document, "plan.json")
    feature.update(on=1, monthly=amount(Decimal(twice) / 2))
    cost.update(monthly=feature["monthly"])
    document["digest"] = digest(document)
    with pytest.raises(UsageError, match="the cost of its groups does not add up"):
        read_plan(document, "plan.json")


def test_a_wrong_price_is_told_with_its_place(account: Account) -> None:
    (account.root / "reconciler.yaml").write_text(
        "version: 1\nprices: {hd_voise: 1, emergency: -1, hd_voice: '1.5'}\n", encoding="utf-8"
    )
    with pytest.raises(InputError) as refused:
        account.plan()
    told = [str(each) for each in refused.value.problems]
    assert len(told) == 3
    assert "reconciler.yaml:2:10: unknown key" in told[0]
    assert "hd_voice" in told[0]
    assert "at least 0" in told[1]
    assert "must be a number" in told[2]
