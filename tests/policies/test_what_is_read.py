"""A policy has the lists read that hold what it looks at, of the numbers that it may mean."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.cli.planned import explain_reads
from reconciler.sandbox.fleet import mobile_number
from reconciler.sandbox.generate import make_fleet
from tests.apply.account import ONE, TRUNK, Account
from tests.apply.conftest import MakeAccount

SCREENING = "voice.inbound_call_screening"
FLEET = make_fleet(5000, seed=1)
MOBILE = "+13125550300"


def name(place: int) -> str:
    return f"+1312{5_550_000 + place}"


SCREENED = {SCREENING: "flag_calls"}

READ: list[tuple[dict[str, Any], dict[str, int]]] = [
    ({"require": {"customer_reference": "x"}}, {"list_slim": 1}),
    ({"require": {"deletion_lock_enabled": True}}, {"list_numbers": 1}),
    ({"require": SCREENED}, {"list_slim": 1, "list_voice": 1}),
    ({"require": SCREENED, "match": {"numbers": ONE}}, {"list_slim": 1, "list_voice": 1}),
    ({"require": SCREENED, "match": {"numbers": "+44*"}}, {"list_slim": 1}),
    ({"require": SCREENED, "match": {"country": "GB"}}, {"list_slim": 1}),
    ({"require": SCREENED, "match": {"country": "US"}}, {"list_slim": 1, "list_voice": 1}),
    ({"require": SCREENED, "unless": {"numbers": "+1312*"}}, {"list_slim": 1}),
    ({"require": SCREENED, "match": {"tags": ["w"]}}, {"list_slim": 1, "list_voice": 1}),
    ({"require": SCREENED, "match": {"tags": ["z"]}}, {"list_slim": 1}),
    (
        {"require": {"customer_reference": "x"}, "unless": {"messaging.messaging_product": "A2P"}},
        {"list_slim": 1, "list_messaging": 1},
    ),
]


@pytest.mark.parametrize(("given", "calls"), READ)
def test_only_the_lists_that_a_policy_may_need_are_read(
    account: Account, given: dict[str, Any], calls: dict[str, int]
) -> None:
    tags = {"tags": {"remove": ["z"]}} if given.get("match", {}).get("tags") else {}
    account.declare({ONE: tags}, policies=[{"name": "p", **given}])
    account.plan()
    assert account.control.counts() == calls


def test_a_setting_of_mobile_numbers_is_read_with_them(make_account: MakeAccount) -> None:
    account = make_account(mobile_number(MOBILE))
    wanted = {"name": "p", "require": {"noise_suppression": "both", **SCREENED}}
    account.declare({}, mobile_numbers={MOBILE: {}}, policies=[wanted])
    found = account.plan().plan.violations
    assert [each.path for each in found] == ["noise_suppression"]
    assert account.control.counts() == {"list_mobile": 1}


def test_of_many_numbers_only_those_that_may_be_meant_are_read(
    make_account: MakeAccount, capsys: pytest.CaptureFixture[str]
) -> None:
    account = make_account(fleet=FLEET)
    declared = {name(at): {"customer_reference": "x"} for at in range(0, 5000, 10)}
    wanted = {"name": "p", "match": {"numbers": name(3000)}, "require": SCREENED}
    account.declare(declared, policies=[wanted])
    explain_reads(account.plan())
    assert account.control.counts()["get_voice"] == 1
    assert "list_voice" not in account.control.counts()
    assert f"(for {SCREENING}, for policies)" in capsys.readouterr().err


def test_what_is_declared_besides_is_told_apart(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    require = {"voice.tech_prefix_enabled": False, **SCREENED}
    declared = {"voice": {"tech_prefix_enabled": True}, "connection_id": TRUNK}
    account.declare({ONE: declared}, policies=[{"name": "p", "require": require}])
    explain_reads(account.plan())
    said = capsys.readouterr().err
    assert "(for voice.tech_prefix_enabled and 1 more, 1 of them for policies)" in said
