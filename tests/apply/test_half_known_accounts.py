"""What is only half known is said, and takes nothing else with it."""

from __future__ import annotations

from reconciler.sandbox.fleet import mobile_number, number
from tests.apply.account import ONE, Account
from tests.apply.conftest import MakeAccount

CELL = "+13125560000"


def test_a_refused_mobile_list_is_no_wrong_key(make_account: MakeAccount) -> None:
    account = make_account(number(ONE), number(CELL), mobile_number(CELL))
    account.control.forbid("list_mobile")
    account.declare({ONE: {"tags": ["a"]}}, mobile_numbers={CELL: {"tags": ["b"]}})
    outcome = account.apply()
    assert [each.phone_number for each in outcome.applied] == [ONE]
    assert [each.phone_number for each in outcome.unknown] == [CELL]


def test_emergency_service_on_its_way_is_told(account: Account) -> None:
    account.control.timing(emergency=10_000.0)
    service = {"emergency_enabled": True, "emergency_address_id": "53829456729313"}
    account.declare({ONE: {"emergency": service}})
    account.apply(job_timeout=1.0)
    planned = account.plan()
    assert not planned.plan.has_drift
    assert any("still on its way" in note and ONE in note for note in planned.notes)
