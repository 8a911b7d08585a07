"""Emergency service on its way, through the job and through the action."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.sandbox.fleet import number
from tests.sandbox.support import ONE, THREE, TWO, Desk

EMERGENCY = "update_emergency_settings"
ON: dict[str, Any] = {"emergency_enabled": True, "emergency_address_id": "5382"}


def three(**switches: Any) -> Desk:
    return Desk(number(ONE), number(TWO), number(THREE), **switches)


def test_emergency_provisions_and_then_is_active() -> None:
    desk = three()
    desk.control.timing(emergency=60)
    desk.after(desk.job(EMERGENCY, phone_numbers=[ONE], **ON))
    assert desk.state()["emergency"] == {
        "emergency_enabled": False,
        "emergency_address_id": "5382",
        "emergency_status": "provisioning",
    }
    desk.clock.advance(60)
    assert desk.state()["emergency"]["emergency_status"] == "active"
    assert desk.state()["emergency"]["emergency_enabled"] is True


@pytest.mark.parametrize("keeps", [True, False])
def test_emergency_deprovisions_and_then_is_disabled(keeps: bool) -> None:
    on = {"emergency_enabled": True, "emergency_address_id": "5382"}
    desk = Desk(number(ONE, emergency=on), emergency_off_keeps_address=keeps)
    desk.control.timing(emergency=60)
    off = {"emergency_enabled": False, "emergency_address_id": None}
    desk.after(desk.job(EMERGENCY, phone_numbers=[ONE], **off))
    assert desk.state()["emergency"]["emergency_status"] == "deprovisioning"
    assert desk.state()["emergency"]["emergency_enabled"] is True
    desk.clock.advance(60)
    assert desk.state()["emergency"] == {
        "emergency_enabled": False,
        "emergency_address_id": "5382" if keeps else None,
        "emergency_status": "disabled",
    }


def test_emergency_may_count_as_enabled_while_it_is_provisioned() -> None:
    desk = three(emergency_enabled_while_provisioning=True)
    desk.control.timing(emergency=60)
    desk.after(desk.job(EMERGENCY, phone_numbers=[ONE], **ON))
    assert desk.state()["emergency"]["emergency_enabled"] is True


def test_provisioning_may_fail_or_never_end() -> None:
    desk = three()
    desk.control.script(call="emergency_job", emergency="provisioning-failed")
    desk.control.script(call="enable_emergency", emergency="provisioning")
    desk.after(desk.job(EMERGENCY, phone_numbers=[ONE], **ON))
    path = f"/phone_numbers/{desk.id(TWO)}/actions/enable_emergency"
    desk.send("POST", path, ON, status=202)
    desk.clock.advance(1e6)
    assert desk.state(ONE)["emergency"]["emergency_status"] == "provisioning-failed"
    assert desk.state(ONE)["emergency"]["emergency_enabled"] is False
    assert desk.state(TWO)["emergency"]["emergency_status"] == "provisioning"


def test_the_emergency_action_answers_202_and_provisions_or_200_at_once() -> None:
    for action, status, state in (
        ("requested", 202, "provisioning"),
        ("immediate", 200, "active"),
    ):
        desk = three(emergency_action=action)
        path = f"/phone_numbers/{desk.id()}/actions/enable_emergency"
        row = desk.send("POST", path, ON, status=status)
        assert row["emergency"]["emergency_status"] == state
        assert desk.state()["emergency"]["emergency_status"] == "active"


def test_a_later_change_takes_the_place_of_provisioning() -> None:
    desk = three()
    desk.control.timing(emergency=60)
    desk.after(desk.job(EMERGENCY, phone_numbers=[ONE], **ON))
    desk.clock.advance(30)
    desk.after(desk.job(EMERGENCY, phone_numbers=[ONE], emergency_enabled=False))
    desk.clock.advance(30)
    assert desk.state()["emergency"]["emergency_status"] == "deprovisioning"
    desk.clock.advance(30)
    assert desk.state()["emergency"]["emergency_status"] == "disabled"
