"""Emergency service: on, off and moved, by the right call, and only done at its end status."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.fields import Channel
from reconciler.core.safety import Allowance
from reconciler.errors import Exit, InputError
from reconciler.sandbox.faults import Drop, Respond
from reconciler.sandbox.fleet import number
from reconciler.sandbox.scripts import Failure
from tests.apply.account import FOUR, ONE, THREE, TWO, Account, summary
from tests.apply.conftest import MakeAccount

HQ, BRANCH = "53829456729313", "53829456729314"
ON = {"emergency": {"emergency_enabled": True, "emergency_address_id": HQ}}
MOVED = {"emergency": {"emergency_enabled": True, "emergency_address_id": BRANCH}}
OFF = {"emergency": {"emergency_enabled": False}}
OFF_ALLOWED = frozenset({Allowance.EMERGENCY_OFF})


def served(phone_number: str = ONE, **emergency: Any) -> Any:
    """A number with emergency service."""
    on = {"emergency_enabled": True, "emergency_address_id": HQ}
    return number(phone_number, emergency={**on, **emergency})


def on_its_way(status: str, phone_number: str = ONE, *, enabled: bool = False) -> Any:
    """A number whose service is not, or not yet, or no longer active."""
    return served(phone_number, emergency_status=status, emergency_enabled=enabled)


def status_of(account: Account, phone_number: str = ONE) -> Any:
    return account.state(phone_number)["emergency"]["emergency_status"]


def rules(account: Account, **options: Any) -> list[tuple[str, str]]:
    """What a plan withholds, and by which rule."""
    difference = account.plan(**options).plan.difference
    return [(each.path, each.rule) for each in difference.withheld]


# ---- which call, and with what ------------------------------------------------------------------


def test_service_for_one_number_goes_by_the_action(account: Account) -> None:
    account.declare({ONE: ON})
    account.apply()
    (sent,) = account.writes()
    assert (sent.call, sent.body) == ("enable_emergency", ON["emergency"])


def test_service_for_many_numbers_goes_by_one_job(account: Account) -> None:
    account.declare({ONE: ON, TWO: ON, THREE: ON})
    account.apply()
    ids = [account.state(each)["id"] for each in (ONE, TWO, THREE)]
    assert [(each.call, each.body) for each in account.writes()] == [
        ("emergency_job", {**ON["emergency"], "phone_numbers": ids})
    ]


def test_service_at_two_addresses_goes_by_a_job_for_each(account: Account) -> None:
    account.declare({ONE: ON, TWO: ON, THREE: MOVED, FOUR: MOVED})
    assert account.apply().calls == {Channel.EMERGENCY_JOB: 2}


@pytest.mark.parametrize("who", [(ONE,), (ONE, TWO)], ids=["one", "two"])
def test_switching_off_goes_by_the_job_and_names_no_address(
    make_account: MakeAccount, who: tuple[str, ...]
) -> None:
    account = make_account(*map(served, who))
    account.declare(dict.fromkeys(who, OFF))
    assert account.apply(allow=OFF_ALLOWED).converged
    (sent,) = account.writes()
    ids = [account.state(each)["id"] for each in who]
    assert sent.call == "emergency_job"
    assert sent.body == {"emergency_enabled": False, "phone_numbers": ids}


def test_switching_off_waits_for_the_service_to_be_disabled(make_account: MakeAccount) -> None:
    account = make_account(served())
    account.control.timing(emergency=300.0)
    account.declare({ONE: OFF})
    account.apply(allow=OFF_ALLOWED)
    assert status_of(account) == "disabled"


def test_switching_off_is_withheld_unless_it_is_allowed(make_account: MakeAccount) -> None:
    account = make_account(served())
    account.declare({ONE: OFF})
    outcome = account.apply()
    assert [each.rule for each in outcome.withheld] == ["allow_emergency_off"]
    assert (outcome.exit_code, account.writes()) == (Exit.REFUSED, [])


@pytest.mark.parametrize("allowance", [a for a in Allowance if a is not Allowance.EMERGENCY_OFF])
def test_no_other_allowance_switches_service_off(
    make_account: MakeAccount, allowance: Allowance
) -> None:
    account = make_account(served())
    account.declare({ONE: OFF})
    account.apply(allow=frozenset({allowance}))
    assert account.writes() == []


@pytest.mark.parametrize("declared", [MOVED, {"emergency": {"emergency_address_id": BRANCH}}])
def test_a_change_of_address_is_one_call_that_restates_the_service(
    make_account: MakeAccount, declared: Any
) -> None:
    account = make_account(served())
    account.declare({ONE: declared})
    assert account.apply().converged
    (sent,) = account.writes()
    assert (sent.call, sent.body) == ("enable_emergency", MOVED["emergency"])


def test_a_change_of_address_of_many_is_one_job(make_account: MakeAccount) -> None:
    account = make_account(served(ONE), served(TWO))
    account.declare({key: {"emergency": {"emergency_address_id": BRANCH}} for key in (ONE, TWO)})
    assert account.apply().converged
    (sent,) = account.writes()
    assert isinstance(sent.body, dict)
    assert sent.body["emergency_enabled"] is True


def test_numbers_that_move_and_numbers_that_are_new_share_one_job(
    make_account: MakeAccount,
) -> None:
    account = make_account(served(ONE), served(TWO), number(THREE), number(FOUR))
    account.declare(dict.fromkeys((ONE, TWO, THREE, FOUR), MOVED))
    outcome = account.apply()
    assert outcome.converged
    assert outcome.calls == {Channel.EMERGENCY_JOB: 1}


def test_an_address_alone_is_withheld_where_service_is_off(account: Account) -> None:
    account.declare({ONE: {"emergency": {"emergency_address_id": HQ}}})
    outcome = account.apply()
    assert [(each.path, each.rule) for each in outcome.withheld] == [
        ("emergency.emergency_address_id", "unreachable")
    ]
    assert account.writes() == []


@pytest.mark.parametrize("status", ["deprovisioning", "provisioning-failed", "disabled"])
def test_an_address_alone_never_switches_service_on(make_account: MakeAccount, status: str) -> None:
    account = make_account(on_its_way(status, enabled=True))
    account.declare({ONE: {"emergency": {"emergency_address_id": BRANCH}}})
    assert rules(account) == [("emergency.emergency_address_id", "unreachable")]


# ---- its status ---------------------------------------------------------------------------------


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("who", [(ONE,), (ONE, TWO)], ids=["action", "job"])
def test_service_is_waited_for_until_it_is_active(
    make_account: MakeAccount, who: tuple[str, ...], early: bool
) -> None:
    account = make_account(emergency_enabled_while_provisioning=early)
    account.control.timing(emergency=1500.0)
    account.declare(dict.fromkeys(who, ON))
    assert account.apply().converged
    assert [status_of(account, each) for each in who] == ["active"] * len(who)


@pytest.mark.parametrize("early", [False, True])
def test_service_that_does_not_come_in_time_is_unconfirmed(
    make_account: MakeAccount, early: bool
) -> None:
    account = make_account(emergency_enabled_while_provisioning=early)
    account.control.script(emergency="provisioning")
    account.declare({ONE: ON})
    outcome = account.apply(job_timeout=600.0)
    assert (summary(outcome), outcome.exit_code) == ((0, 0, 2, 0), Exit.INCOMPLETE)


def test_service_is_given_the_whole_job_timeout(account: Account) -> None:
    account.control.script(emergency="provisioning")
    account.declare({ONE: ON})
    assert 600 <= account.apply(job_timeout=600.0).seconds < 700


def test_service_at_once_needs_no_waiting(make_account: MakeAccount) -> None:
    account = make_account(emergency_action="immediate")
    account.declare({ONE: ON})
    outcome = account.apply()
    assert outcome.converged
    assert outcome.seconds < 2


@pytest.mark.parametrize("early", [False, True])
def test_service_on_its_way_is_no_drift(make_account: MakeAccount, early: bool) -> None:
    account = make_account(on_its_way("provisioning", enabled=early))
    account.declare({ONE: ON})
    assert account.is_settled()


@pytest.mark.parametrize("early", [False, True])
def test_service_on_its_way_is_never_asked_for_again(
    make_account: MakeAccount, early: bool
) -> None:
    account = make_account(on_its_way("provisioning", enabled=early))
    account.declare({ONE: ON})
    account.apply()
    assert account.writes() == []


@pytest.mark.parametrize("early", [False, True])
def test_service_on_its_way_out_is_no_drift_where_it_is_declared_off(
    make_account: MakeAccount, early: bool
) -> None:
    account = make_account(on_its_way("deprovisioning", enabled=early))
    account.declare({ONE: OFF})
    assert account.is_settled()


@pytest.mark.parametrize("early", [False, True])
def test_service_on_its_way_out_is_asked_for_again_where_it_is_declared_on(
    make_account: MakeAccount, early: bool
) -> None:
    account = make_account(on_its_way("deprovisioning", enabled=early))
    account.declare({ONE: ON})
    assert account.apply().converged
    assert status_of(account) == "active"


def test_switching_off_what_is_on_its_way_needs_the_allowance(make_account: MakeAccount) -> None:
    account = make_account(on_its_way("provisioning"))
    account.declare({ONE: OFF})
    assert rules(account) == [("emergency.emergency_enabled", "allow_emergency_off")]


def test_a_new_address_for_service_on_its_way_is_sent(make_account: MakeAccount) -> None:
    account = make_account(on_its_way("provisioning"))
    account.declare({ONE: MOVED})
    assert account.apply().converged
    assert account.state()["emergency"]["emergency_address_id"] == BRANCH


def test_a_status_that_nobody_knows_is_not_guessed_at(make_account: MakeAccount) -> None:
    account = make_account(on_its_way("hibernating"))
    account.declare({ONE: ON})
    outcome = account.apply()
    assert [each.path for each in outcome.unknown] == ["emergency.emergency_enabled"]
    assert (outcome.exit_code, account.writes()) == (Exit.INCOMPLETE, [])


@pytest.mark.parametrize("seconds", [0.0, 60.0, 1000.0])
@pytest.mark.parametrize("who", [(ONE,), (ONE, TWO)], ids=["action", "job"])
def test_provisioning_that_failed_is_a_failure(
    make_account: MakeAccount, who: tuple[str, ...], seconds: float
) -> None:
    account = make_account()
    account.control.script(emergency="provisioning-failed", times=None)
    account.control.timing(emergency=seconds)
    account.declare(dict.fromkeys(who, ON))
    outcome = account.apply()
    assert (summary(outcome), outcome.exit_code) == ((0, 2 * len(who), 0, 0), Exit.INCOMPLETE)


def test_a_failed_provisioning_is_told_first(account: Account) -> None:
    account.control.script(call="enable_emergency", emergency="provisioning-failed")
    refused = {ONE: Failure(), TWO: Failure()}
    account.control.script(call="patch_voice", times=None, fail=refused)
    screening = {"voice": {"inbound_call_screening": "flag_calls"}}
    own = {"voice": {"tech_prefix_enabled": True}}
    account.declare({ONE: screening, TWO: own, THREE: ON})
    failed = account.apply().failed
    assert [each.phone_number for each in failed[:2]] == [THREE, THREE]
    assert len(failed) == 4


def test_service_that_failed_before_is_asked_for_again(make_account: MakeAccount) -> None:
    account = make_account(on_its_way("provisioning-failed"))
    account.control.timing(emergency=30.0)
    account.declare({ONE: ON})
    assert account.apply().converged
    assert status_of(account) == "active"


def test_an_old_failure_that_a_slow_read_still_shows_is_not_taken_for_a_new_one(
    make_account: MakeAccount,
) -> None:
    account = make_account(on_its_way("provisioning-failed"), read_delay=5.0)
    account.declare({ONE: ON})
    assert account.apply().converged


def test_one_read_that_fails_is_no_reason_to_stop_waiting(account: Account) -> None:
    account.control.timing(emergency=900.0)
    account.control.fault(Respond(status=503), call="get_number", skip=8, times=6)
    account.declare({ONE: ON})
    assert account.apply().converged


def test_an_address_change_whose_provisioning_fails_is_a_failure(
    make_account: MakeAccount,
) -> None:
    account = make_account(served())
    account.control.script(emergency="provisioning-failed")
    account.declare({ONE: MOVED})
    outcome = account.apply()
    assert [each.path for each in outcome.failed] == ["emergency.emergency_address_id"]


def test_an_address_that_is_ignored_is_not_called_applied(make_account: MakeAccount) -> None:
    account = make_account(served())
    account.control.script(call="enable_emergency", no_effect=True)
    account.declare({ONE: MOVED})
    assert summary(account.apply()) == (0, 0, 1, 0)


# ---- what is declared ---------------------------------------------------------------------------


def test_on_without_an_address_is_an_error(account: Account) -> None:
    account.declare({ONE: {"emergency": {"emergency_enabled": True}}})
    with pytest.raises(InputError, match="emergency_address_id must be set"):
        account.plan()


def test_off_with_an_address_in_the_same_layer_is_an_error(account: Account) -> None:
    account.declare({ONE: {"emergency": {"emergency_enabled": False, "emergency_address_id": HQ}}})
    with pytest.raises(InputError, match="must be left out"):
        account.plan()


def test_an_address_cannot_be_cleared_on_its_own(account: Account) -> None:
    account.declare({ONE: {"emergency": {"emergency_address_id": None}}})
    with pytest.raises(InputError, match="emergency_enabled: false"):
        account.plan()


@pytest.mark.parametrize(
    "groups",
    [
        {"site": ON, "quiet": OFF},
        {
            "site": {"emergency": {"emergency_address_id": HQ}},
            "quiet": {"extends": ["site"], **OFF},
        },
    ],
    ids=["two groups", "one that extends"],
)
def test_an_address_of_a_lower_layer_is_dropped_where_the_winner_is_off(
    make_account: MakeAccount, groups: dict[str, Any]
) -> None:
    account = make_account(served())
    names = ["quiet"] if "extends" in groups["quiet"] else ["site", "quiet"]
    account.declare({ONE: {"groups": names}}, groups=groups)
    assert account.apply(allow=OFF_ALLOWED).converged
    (sent,) = account.writes()
    assert isinstance(sent.body, dict)
    assert "emergency_address_id" not in sent.body


def test_an_address_above_the_layer_that_is_off_is_an_error(account: Account) -> None:
    account.declare(
        {ONE: {"groups": ["quiet"], "emergency": {"emergency_address_id": HQ}}},
        groups={"quiet": OFF},
    )
    with pytest.raises(InputError, match="must be left out"):
        account.plan()


@pytest.mark.parametrize("keeps", [True, False])
def test_an_address_that_is_left_over_is_no_drift(make_account: MakeAccount, keeps: bool) -> None:
    account = make_account(served(), emergency_off_keeps_address=keeps)
    account.declare({ONE: OFF})
    account.apply(allow=OFF_ALLOWED)
    assert account.is_settled()


def test_switching_on_again_restates_the_address_that_is_declared(
    make_account: MakeAccount,
) -> None:
    account = make_account(number(ONE, emergency={"emergency_address_id": HQ}))
    account.declare({ONE: ON})
    assert account.apply().converged
    (sent,) = account.writes()
    assert sent.body == ON["emergency"]


def test_an_ignored_address_is_no_reason_to_switch_on_without_one(account: Account) -> None:
    account.declare(
        {ONE: ON, TWO: ON},
        ignore=[{"numbers": "*", "paths": ["emergency.emergency_address_id"], "reason": "moving"}],
    )
    account.apply()
    assert account.writes() == []


def test_an_ignored_address_keeps_the_one_that_is_live(make_account: MakeAccount) -> None:
    account = make_account(number(ONE, emergency={"emergency_address_id": BRANCH}))
    account.declare(
        {ONE: ON},
        ignore=[{"numbers": "*", "paths": ["emergency.emergency_address_id"], "reason": "moving"}],
    )
    account.apply()
    (sent,) = account.writes()
    assert sent.body == MOVED["emergency"]


def test_a_number_that_declares_nothing_of_emergency_keeps_its_service(
    make_account: MakeAccount,
) -> None:
    account = make_account(served(ONE), served(TWO))
    account.declare({key: {"customer_reference": "desk-1"} for key in (ONE, TWO)})
    account.apply(allow=frozenset(Allowance))
    assert [status_of(account, each) for each in (ONE, TWO)] == ["active", "active"]


# ---- what goes wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize("who", [(ONE,), (ONE, TWO)], ids=["action", "job"])
def test_a_lost_answer_is_judged_by_reading_and_not_sent_again(
    make_account: MakeAccount, who: tuple[str, ...]
) -> None:
    account = make_account()
    account.control.timing(emergency=200.0)
    account.control.fault(Drop(after=True), method="POST", path="emergency")
    account.declare(dict.fromkeys(who, ON))
    assert account.apply().converged
    assert len(account.writes()) == 1


def test_a_job_that_stalls_is_unconfirmed(account: Account) -> None:
    account.control.script(call="emergency_job", stall=True)
    account.declare({ONE: ON, TWO: ON})
    outcome = account.apply(job_timeout=60.0)
    assert (summary(outcome), outcome.exit_code) == ((0, 0, 4, 0), Exit.INCOMPLETE)


@pytest.mark.parametrize("allowed", [OFF_ALLOWED, frozenset(Allowance)], ids=["off", "all"])
def test_switching_one_off_leaves_the_others_alone(
    make_account: MakeAccount, allowed: frozenset[Allowance]
) -> None:
    account = make_account(*map(served, (ONE, TWO, THREE, FOUR)))
    account.declare({ONE: OFF, TWO: MOVED, THREE: ON})
    account.apply(allow=allowed)
    assert [status_of(account, each) for each in (ONE, TWO, THREE, FOUR)] == [
        "disabled",
        "active",
        "active",
        "active",
    ]
