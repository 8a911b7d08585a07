"""The messaging bulk order, from pending to its two ends."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.sandbox.fleet import number
from reconciler.sandbox.scripts import Failure
from tests.sandbox.support import ONE, PROFILE, TWO, Desk

PATH = "/messaging_numbers_bulk_updates"


def order(desk: Desk, *numbers: str, **more: Any) -> Any:
    body = {"messaging_profile_id": PROFILE, "numbers": list(numbers), **more}
    return desk.send("POST", PATH, body)


def after(desk: Desk, made: Any, seconds: float = 0.0) -> Any:
    desk.clock.advance(seconds)
    return desk.get(f"{PATH}/{made['order_id']}")["data"]


def test_an_order_is_pending_and_then_done() -> None:
    desk = Desk(number(ONE), number(TWO))
    desk.control.timing(pending=1, running=4)
    made = order(desk, ONE, TWO)
    assert (made["pending"], made["success"], made["failed"]) == ([ONE, TWO], [], [])
    assert after(desk, made, 4)["pending"] == [ONE, TWO]
    done = after(desk, made, 1)
    assert (done["pending"], done["success"], done["failed"]) == ([], [ONE, TWO], [])
    assert desk.state()["messaging"]["messaging_profile_id"] == PROFILE


def test_an_empty_profile_unassigns() -> None:
    desk = Desk(number(ONE, messaging={"messaging_profile_id": PROFILE}))
    order(desk, ONE, messaging_profile_id="")
    assert desk.state()["messaging"]["messaging_profile_id"] is None


def test_numbers_that_are_not_owned_or_not_active_fail_alone() -> None:
    desk = Desk(number(ONE), number(TWO, status="port-pending"))
    done = after(desk, order(desk, "+19705550000", ONE, TWO))
    assert (done["success"], done["failed"]) == ([ONE], ["+19705550000", TWO])


def test_a_number_that_is_not_owned_may_reject_the_order() -> None:
    desk = Desk(number(ONE), bulk_not_owned="reject")
    body = {"messaging_profile_id": PROFILE, "numbers": [ONE, "+19705550000"]}
    desk.refused("POST", PATH, body)


@pytest.mark.parametrize(
    ("resets", "assign_only", "product"),
    [(False, None, "P2P"), (True, None, "A2P"), (True, False, "A2P"), (True, True, "P2P")],
)
def test_an_order_without_assign_only_may_reset_the_product(
    resets: bool, assign_only: bool | None, product: str
) -> None:
    desk = Desk(number(ONE, messaging={"messaging_product": "P2P"}), bulk_resets_product=resets)
    order(desk, ONE, **({} if assign_only is None else {"assign_only": assign_only}))
    assert desk.state()["messaging"]["messaging_product"] == product


def test_an_order_may_have_a_limit() -> None:
    desk = Desk(number(ONE), number(TWO), bulk_maximum=1)
    body = {"messaging_profile_id": PROFILE, "numbers": [ONE, TWO]}
    desk.refused("POST", PATH, body)
    order(desk, ONE)


def test_an_order_may_fail_in_part_stall_or_do_nothing() -> None:
    desk = Desk(number(ONE), number(TWO))
    desk.control.script(call="messaging_bulk", fail={ONE: Failure()})
    failed = after(desk, order(desk, ONE, TWO))
    assert (failed["success"], failed["failed"]) == ([TWO], [ONE])
    desk.control.script(call="messaging_bulk", stall=True)
    assert after(desk, order(desk, ONE), 1e6)["pending"] == [ONE]
    desk.control.script(call="messaging_bulk", no_effect=True)
    assert after(desk, order(desk, ONE))["success"] == [ONE]
    assert desk.state()["messaging"]["messaging_profile_id"] is None
    desk.control.script(call="messaging_bulk", lists=(TWO,))
    assert order(desk, ONE)["pending"] == [TWO]
