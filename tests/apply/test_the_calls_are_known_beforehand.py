"""The time that a plan gives is reckoned from the calls that its apply then makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from reconciler.core.eta import work_of
from reconciler.sandbox.fleet import number
from tests.apply.account import PROFILE, TRUNK
from tests.apply.conftest import MakeAccount

FLEET = [f"+1312{5_550_000 + at}" for at in range(300)]
FLAGGED = {"inbound_call_screening": "flag_calls"}
POLLS = ("list_jobs", "get_job", "get_messaging_bulk")
PLANS: dict[str, Mapping[str, Any]] = {
    "a reference each": {
        each: {"customer_reference": f"desk-{at}"} for at, each in enumerate(FLEET[:40])
    },
    "one setting for all": {each: {"voice": FLAGGED} for each in FLEET},
    "settings of both lists": {
        each: {"voice": FLAGGED, "connection_id": TRUNK} for each in FLEET[:120]
    },
    "a profile": {each: {"messaging": {"messaging_profile_id": PROFILE}} for each in FLEET},
    "a forwarding each": {
        each: {
            "voice": {
                "call_forwarding": {
                    "call_forwarding_enabled": True,
                    "forwarding_type": "always",
                    "forwards_to": f"+1303555{at:04}",
                }
            }
        }
        for at, each in enumerate(FLEET[:20])
    },
}


@pytest.mark.parametrize("declared", PLANS.values(), ids=PLANS)
def test_an_apply_makes_the_calls_that_its_time_was_reckoned_from(
    make_account: MakeAccount, declared: Mapping[str, Any]
) -> None:
    account = make_account(*map(number, FLEET))
    account.declare(declared, safety={"max_changes_percent": 100})
    planned = account.plan()
    plan = planned.plan
    work = work_of(plan.operations, plan.difference.changes, plan.live_numbers, 250, 20)
    account.control.forget()
    assert account.apply(planned).converged
    made = account.control.counts()
    calls = sum(made.values()) - sum(made.get(each, 0) for each in POLLS)
    expected = work.before + work.after
    # As the pace climbs, more of the single calls are read in one go; and forwarding may move a
    # connection, which is read too.
    assert 0.7 * expected <= calls <= expected + 1, made
