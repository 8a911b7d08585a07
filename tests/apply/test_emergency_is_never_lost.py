"""Whatever goes wrong, a number that has emergency service and shall keep it keeps it, and its
address, at every moment of an apply."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.changes import RELEASE
from reconciler.core.safety import Allowance
from reconciler.sandbox.faults import Drop, Respond
from reconciler.sandbox.fleet import number
from reconciler.sandbox.scripts import Failure
from tests.apply.account import PROFILE, Account
from tests.apply.anyfleet import whole_accounts

NUMBERS = tuple(f"+1312555{each:04}" for each in range(7))
HQ, BRANCH, THIRD = "53829456729313", "53829456729314", "53829456729315"
IN_SERVICE = {"active", "provisioning"}


def service(status: str, address: str, *, enabled: bool) -> dict[str, Any]:
    return {
        "emergency_enabled": enabled,
        "emergency_address_id": address,
        "emergency_status": status,
    }


def on(address: str) -> dict[str, Any]:
    return {"emergency": {"emergency_enabled": True, "emergency_address_id": address}}


live_service = st.sampled_from(
    [
        {},
        {"emergency_address_id": HQ},
        service("active", HQ, enabled=True),
        service("active", HQ, enabled=True),
        service("active", BRANCH, enabled=True),
        service("provisioning", HQ, enabled=False),
        service("provisioning-failed", HQ, enabled=False),
        service("deprovisioning", HQ, enabled=True),
    ]
)
wanted_service = st.sampled_from(
    [
        {},
        on(HQ),
        on(BRANCH),
        on(THIRD),
        {"emergency": {"emergency_address_id": THIRD}},
        {"emergency": {"emergency_enabled": False}},
    ]
)
wanted_rest = st.fixed_dictionaries(
    {},
    optional={
        "customer_reference": st.sampled_from(["desk-1", "desk-2"]),
        "deletion_lock_enabled": st.booleans(),
        "voice": st.fixed_dictionaries({"tech_prefix_enabled": st.booleans()}),
        "messaging": st.fixed_dictionaries({"messaging_profile_id": st.just(PROFILE)}),
    },
)
wanted_number = st.one_of(
    st.builds(lambda one, two: {**one, **two}, wanted_rest, wanted_service),
    st.builds(lambda one, two: {**one, **two}, wanted_rest, wanted_service),
    st.just({"release": True}),
)
faults = st.lists(
    st.fixed_dictionaries(
        {
            "do": st.sampled_from(
                [
                    Drop(),
                    Drop(after=True),
                    Respond(status=500),
                    Respond(status=503, after=True),
                    Respond(status=422),
                    Respond(status=404),
                ]
            ),
            "method": st.sampled_from(["POST|PATCH|DELETE", "POST", "GET"]),
            "path": st.sampled_from(["", "emergency", "jobs"]),
            "skip": st.integers(0, 3),
            "times": st.integers(1, 4),
        }
    ),
    max_size=3,
)
scripts = st.lists(
    st.fixed_dictionaries(
        {"call": st.sampled_from(["*", "emergency_job", "enable_emergency", "*_job"])},
        optional={
            "fail": st.lists(st.sampled_from(NUMBERS), max_size=3).map(
                lambda numbers: {each: Failure() for each in numbers}
            ),
            "no_effect": st.booleans(),
            "ends": st.sampled_from(["completed", "failed", "expired"]),
            "done": st.integers(0, 2),
            "stall": st.booleans(),
            "lists": st.sampled_from([(), (), ("+19995550000",)]),
        },
    ),
    max_size=3,
)
answers = st.fixed_dictionaries(
    {
        "emergency_action": st.sampled_from(["requested", "immediate"]),
        "emergency_enabled_while_provisioning": st.booleans(),
        "emergency_off_keeps_address": st.booleans(),
        "not_owned": st.sampled_from(["reject", "fail"]),
        "job_with_failures": st.sampled_from(["completed", "failed"]),
        "read_delay": st.sampled_from([0.0, 7.0]),
    }
)
# A fault of the reading is no lost service: what is planned is read without any.
story = settings(whole_accounts, max_examples=150)


@story
@given(
    live=st.lists(live_service, min_size=len(NUMBERS), max_size=len(NUMBERS)),
    wanted=st.lists(wanted_number, min_size=4, max_size=len(NUMBERS)),
    allowed=st.sampled_from(
        [frozenset(Allowance), frozenset(Allowance), frozenset({Allowance.RELEASE}), frozenset()]
    ),
    broken=faults,
    turns=scripts,
    switches=answers,
    job_size=st.integers(1, 4),
    seconds=st.sampled_from([0.0, 45.0]),
)
def test_service_that_is_to_stay_is_never_lost_and_nothing_is_called_done_that_is_not(
    tmp_path: Path,
    live: list[dict[str, Any]],
    wanted: list[dict[str, Any]],
    allowed: frozenset[Allowance],
    broken: list[dict[str, Any]],
    turns: list[dict[str, Any]],
    switches: dict[str, Any],
    job_size: int,
    seconds: float,
) -> None:
    declared = dict(zip(NUMBERS, wanted, strict=False))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        rows = [number(e, emergency=s) for e, s in zip(NUMBERS, live, strict=True)]
        account = Account(tmp_path, patch, rows, **switches)
        account.declare(declared, limits={"job_size": job_size})
        planned = account.plan(allow=allowed)
        watch = Watch(account, keepers(account, declared, allowed), planned.plan.operations)
        account.control.timing(pending=1.0, running=3.0, emergency=seconds)
        for fault in broken:
            account.control.fault(fault["do"], **{k: v for k, v in fault.items() if k != "do"})
        for turn in turns:
            account.control.script(**turn)
        account.asked = watch.look
        outcome = account.apply(planned, allow=allowed, job_timeout=60.0)
        account.asked = lambda _: None
        watch.look(None)
        assert watch.sent_only_what_was_planned()
        assert account.control.violations() == []
        account.control.behave(read_delay=0.0)
        for each in outcome.applied:
            watch.is_true(each.phone_number, each.path)


def keepers(
    account: Account, declared: Mapping[str, Any], allowed: frozenset[Allowance]
) -> dict[str, set[str]]:
    """The numbers that have service and shall keep it, and the addresses they may have."""
    found: dict[str, set[str]] = {}
    may_end = Allowance.EMERGENCY_OFF in allowed
    for each in NUMBERS:
        now = account.state(each)["emergency"]
        wish = declared.get(each, {})
        says = wish.get("emergency", {})
        ends = says.get("emergency_enabled") is False or "release" in wish
        if now["emergency_status"] in IN_SERVICE and not (ends and may_end):
            addresses = {now["emergency_address_id"], says.get("emergency_address_id")}
            found[each] = addresses - {None}
    return found


class Watch:
    """Looks at the whole account whenever something is asked."""

    def __init__(self, account: Account, keep: dict[str, set[str]], operations: Any) -> None:
        self._account = account
        self._keep = keep
        self._operations = operations
        self._after = {
            (number, field.path): field.after
            for change in account.plan(allow=frozenset(Allowance)).plan.difference.changes
            for number in [change.phone_number]
            for field in change.fields
        }

    def look(self, request: httpx.Request | None) -> None:
        """No number is without service or address that shall have both."""
        for each, addresses in self._keep.items():
            now = self._account.state(each)["emergency"]
            assert now["emergency_status"] in IN_SERVICE, (each, now, request)
            assert now["emergency_address_id"] in addresses, (each, now, request)

    def sent_only_what_was_planned(self) -> bool:
        """Whether no call went that was not planned, nor one more often than a lost answer,
        after which nothing had happened, allows."""
        planned = Counter(each.call.value for each in self._operations)
        sent = Counter(entry.call for entry in self._account.writes())
        return all(times <= 3 * planned[call] for call, times in sent.items())

    def is_true(self, phone_number: str, path: str) -> None:
        """What is called applied is so."""
        if path == RELEASE:
            assert phone_number.encode() not in self._account.control.dump()
            return
        place = self._account.state(phone_number)
        if path == "emergency.emergency_enabled":
            wanted = "active" if self._after[phone_number, path] else "disabled"
            assert place["emergency"]["emergency_status"] == wanted
            return
        for step in path.split("."):
            place = place[step]
        assert place == self._after[phone_number, path], (phone_number, path)
