"""Giving numbers back: only what is declared, allowed and unlocked, once, and named by name."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from reconciler.core.fields import Channel
from reconciler.core.safety import Allowance
from reconciler.core.scope import Scope, Section
from reconciler.errors import Exit, InputError, ReconcilerError
from reconciler.report.jsonreport import outcome_json, plan_json
from reconciler.report.text import outcome_text, plan_text
from reconciler.sandbox.faults import Distort, Drop, Respond
from reconciler.sandbox.fleet import Fleet, number
from reconciler.sandbox.scripts import Failure
from tests.apply.account import FOUR, ONE, THREE, TWO, Account, summary
from tests.apply.conftest import MakeAccount

GONE: dict[str, Any] = {"release": True}
RELEASE = frozenset({Allowance.RELEASE})
ABSENT = "+13125559999"
SERVICE = {"emergency_enabled": True, "emergency_address_id": "53829456729313"}


def owns(account: Account, phone_number: str = ONE) -> bool:
    """Whether the number is in the account."""
    return phone_number.encode() in account.control.dump()


def rules(account: Account, **options: Any) -> list[tuple[str, str]]:
    """What a plan withholds, and by which rule."""
    difference = account.plan(**options).plan.difference
    return [(each.path, each.rule) for each in difference.withheld]


# ---- which call ---------------------------------------------------------------------------------


def test_one_number_goes_by_delete(account: Account) -> None:
    account.declare({ONE: GONE})
    assert account.apply(allow=RELEASE).converged
    (sent,) = account.writes()
    assert (sent.method, sent.call, sent.body) == ("DELETE", "delete_number", None)


def test_a_number_that_was_given_back_is_gone(account: Account) -> None:
    account.declare({ONE: GONE})
    account.apply(allow=RELEASE)
    assert not owns(account)


def test_many_numbers_go_by_one_job_that_names_them(account: Account) -> None:
    account.declare({ONE: GONE, TWO: GONE, THREE: GONE})
    ids = [account.state(each)["id"] for each in (ONE, TWO, THREE)]
    assert account.apply(allow=RELEASE).converged
    assert [(each.call, each.body) for each in account.writes()] == [
        ("delete_job", {"phone_numbers": ids})
    ]


def test_a_delete_job_holds_no_more_numbers_than_job_size(account: Account) -> None:
    account.declare(dict.fromkeys((ONE, TWO, THREE, FOUR), GONE), limits={"job_size": 2})
    account.apply(allow=RELEASE)
    sizes = [len(each.body["phone_numbers"]) for each in account.writes()]  # type: ignore[index]
    assert sizes == [2, 2]


def test_numbers_that_are_not_declared_stay(account: Account) -> None:
    account.declare({ONE: GONE, TWO: GONE})
    account.apply(allow=frozenset(Allowance))
    assert (owns(account, THREE), owns(account, FOUR)) == (True, True)


def test_a_release_is_not_counted_as_drift_once_it_is_done(account: Account) -> None:
    account.declare({ONE: GONE, TWO: GONE})
    account.apply(allow=RELEASE)
    assert account.is_settled()


def test_defaults_are_not_written_to_a_number_that_goes(account: Account) -> None:
    account.declare({ONE: GONE}, defaults={"customer_reference": "desk-1"})
    account.apply(allow=RELEASE)
    assert [each.call for each in account.writes()] == ["delete_number"]


@pytest.mark.parametrize(
    "beside", [{"tags": []}, {"groups": ["base"]}, {"customer_reference": None}], ids=str
)
def test_a_release_allows_no_key_beside_it(account: Account, beside: Any) -> None:
    account.declare({ONE: {**GONE, **beside}}, groups={"base": {}})
    with pytest.raises(InputError):
        account.plan(allow=RELEASE)


@pytest.mark.parametrize("value", [False, None, "yes"])
def test_a_release_is_true_or_nothing(account: Account, value: Any) -> None:
    account.declare({ONE: {"release": value}})
    with pytest.raises(InputError):
        account.plan(allow=RELEASE)


@pytest.mark.parametrize("where", ["defaults", "groups"])
def test_a_release_stands_for_one_number_only(account: Account, where: str) -> None:
    project: dict[str, Any] = {"defaults": GONE} if where == "defaults" else {"groups": {"g": GONE}}
    account.declare({ONE: {"groups": ["g"]} if where == "groups" else {}}, **project)
    with pytest.raises(InputError):
        account.plan(allow=RELEASE)


def test_a_section_gives_nothing_back(account: Account) -> None:
    account.declare({ONE: GONE, TWO: {"customer_reference": "desk-1"}})
    account.apply(allow=RELEASE, scope=Scope(only=(Section.NUMBER,)))
    assert owns(account)


def test_only_the_target_is_given_back(account: Account) -> None:
    account.declare({ONE: GONE, TWO: GONE})
    account.apply(allow=RELEASE, scope=Scope(targets=(TWO,)))
    assert (owns(account, ONE), owns(account, TWO)) == (True, False)


# ---- what is allowed ----------------------------------------------------------------------------


def test_a_release_is_withheld_unless_it_is_allowed(account: Account) -> None:
    account.declare({ONE: GONE})
    outcome = account.apply()
    assert [(each.path, each.rule) for each in outcome.withheld] == [("release", "allow_release")]
    assert (outcome.exit_code, account.writes()) == (Exit.REFUSED, [])


@pytest.mark.parametrize("allowance", [a for a in Allowance if a is not Allowance.RELEASE])
def test_no_other_allowance_gives_a_number_back(account: Account, allowance: Allowance) -> None:
    account.declare({ONE: GONE})
    account.apply(allow=frozenset({allowance}))
    assert owns(account)


@pytest.mark.parametrize("allowance", list(Allowance))
def test_no_single_allowance_gives_a_number_with_service_back(
    make_account: MakeAccount, allowance: Allowance
) -> None:
    account = make_account(number(ONE, emergency=SERVICE))
    account.declare({ONE: GONE})
    account.apply(allow=frozenset({allowance}))
    assert owns(account)


@pytest.mark.parametrize("status", ["active", "provisioning", "deprovisioning", "hibernating"])
@pytest.mark.parametrize("enabled", [True, False])
def test_a_number_that_may_have_service_needs_both_allowances(
    make_account: MakeAccount, status: str, enabled: bool
) -> None:
    service = {**SERVICE, "emergency_enabled": enabled, "emergency_status": status}
    account = make_account(number(ONE, emergency=service))
    account.declare({ONE: GONE})
    assert rules(account, allow=RELEASE) == [("release", "allow_emergency_off")]


def test_a_number_with_service_goes_with_both_allowances(make_account: MakeAccount) -> None:
    account = make_account(number(ONE, emergency=SERVICE))
    account.declare({ONE: GONE})
    account.apply(allow=frozenset({Allowance.RELEASE, Allowance.EMERGENCY_OFF}))
    assert not owns(account)


def test_a_locked_number_is_never_given_back(make_account: MakeAccount) -> None:
    account = make_account(number(ONE, deletion_lock_enabled=True))
    account.declare({ONE: GONE})
    assert rules(account, allow=frozenset(Allowance)) == [("release", "deletion-lock")]


def test_a_number_whose_lock_cannot_be_read_is_not_given_back(account: Account) -> None:
    account.control.forbid("list_numbers")
    account.declare({ONE: GONE, TWO: {"voice": {"tech_prefix_enabled": True}}})
    account.apply(allow=frozenset(Allowance))
    assert owns(account)


def test_a_number_whose_rows_say_nothing_of_a_lock_is_not_given_back(account: Account) -> None:
    for call in ("list_numbers", "get_number"):
        account.control.fault(Distort(drop=("deletion_lock_enabled",)), call=call, times=None)
    account.declare({ONE: GONE})
    assert rules(account, allow=frozenset(Allowance)) == [("release", "deletion-lock")]


def test_a_lock_that_comes_after_the_plan_is_respected(account: Account) -> None:
    account.declare({ONE: GONE, TWO: GONE})
    planned = account.plan(allow=RELEASE)
    account.control.change(ONE, "deletion_lock_enabled", True)
    outcome = account.apply(planned, allow=RELEASE)
    assert ([each.phone_number for each in outcome.skipped], owns(account)) == ([ONE], True)


def test_a_number_that_is_not_active_is_not_given_back(make_account: MakeAccount) -> None:
    account = make_account(number(ONE, status="port-pending"))
    account.declare({ONE: GONE})
    assert rules(account, allow=frozenset(Allowance)) == [("release", "status")]


# ---- what is gone already -----------------------------------------------------------------------


def test_a_number_that_is_not_owned_is_given_back_already(account: Account) -> None:
    account.declare({ABSENT: GONE})
    outcome = account.apply()
    assert (outcome.exit_code, outcome.converged, account.writes()) == (Exit.OK, True, [])


@pytest.mark.parametrize("who", [(ONE,), (ONE, TWO)], ids=["delete", "job"])
def test_a_number_that_went_after_the_plan_is_done(
    make_account: MakeAccount, who: tuple[str, ...]
) -> None:
    account = make_account(not_owned="fail")
    account.declare(dict.fromkeys(who, GONE))
    planned = account.plan(allow=RELEASE)
    account.control.remove(ONE)
    assert account.apply(planned, allow=RELEASE).converged


def test_one_that_went_already_does_not_keep_a_job_from_the_others(account: Account) -> None:
    account.declare({ONE: GONE, TWO: GONE})
    planned = account.plan(allow=RELEASE)
    account.control.remove(ONE)
    outcome = account.apply(planned, allow=RELEASE)
    assert [each.phone_number for each in outcome.already] == [ONE]
    assert [each.phone_number for each in outcome.applied] == [TWO]


# ---- what goes wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize("how", [Drop(after=True), Respond(status=503, after=True)], ids=str)
@pytest.mark.parametrize("who", [(ONE,), (ONE, TWO)], ids=["delete", "job"])
def test_a_lost_answer_is_judged_by_reading_and_not_sent_again(
    account: Account, who: tuple[str, ...], how: Any
) -> None:
    account.control.fault(how, method="POST|DELETE", path="numbers/(jobs/delete|[0-9])")
    account.declare(dict.fromkeys(who, GONE))
    assert account.apply(allow=RELEASE).converged
    assert len(account.writes()) == 1


@pytest.mark.parametrize("who", [(ONE,), (ONE, TWO)], ids=["delete", "job"])
def test_a_lost_request_is_sent_again(account: Account, who: tuple[str, ...]) -> None:
    account.control.fault(Drop(), method="POST|DELETE", path="numbers/(jobs/delete|[0-9])")
    account.declare(dict.fromkeys(who, GONE))
    assert account.apply(allow=RELEASE).converged
    assert len(account.writes()) == 2


def test_a_release_that_is_refused_is_a_failure(account: Account) -> None:
    account.control.script(call="delete_number", fail={ONE: Failure(code="10035")})
    account.declare({ONE: GONE})
    outcome = account.apply(allow=RELEASE)
    assert [(each.path, each.code) for each in outcome.failed] == [("release", "10035")]
    assert outcome.exit_code == Exit.INCOMPLETE


def test_a_release_that_is_refused_is_not_waited_for(account: Account) -> None:
    account.control.script(call="delete_number", fail={ONE: Failure()})
    account.declare({ONE: GONE})
    assert account.apply(allow=RELEASE).seconds < 2


def test_a_number_that_a_job_could_not_delete_is_a_failure(account: Account) -> None:
    account.control.script(call="delete_job", fail={TWO: Failure(code="10035")})
    account.declare({ONE: GONE, TWO: GONE, THREE: GONE})
    outcome = account.apply(allow=RELEASE)
    assert (summary(outcome), outcome.exit_code) == ((2, 1, 0, 0), Exit.INCOMPLETE)


@pytest.mark.parametrize("who", [(ONE,), (ONE, TWO)], ids=["delete", "job"])
def test_a_success_that_deleted_nothing_is_unconfirmed(
    account: Account, who: tuple[str, ...]
) -> None:
    account.control.script(call="delete_*", no_effect=True)
    account.declare(dict.fromkeys(who, GONE))
    assert summary(account.apply(allow=RELEASE)) == (0, 0, len(who), 0)


def test_a_number_that_still_reads_for_a_while_is_waited_for(make_account: MakeAccount) -> None:
    account = make_account(read_delay=40.0)
    account.declare({ONE: GONE})
    assert account.apply(allow=RELEASE).converged


def test_a_number_that_cannot_be_read_is_not_called_gone(account: Account) -> None:
    account.declare({ONE: GONE})
    planned = account.plan(allow=RELEASE)

    def break_reading(request: httpx.Request) -> None:
        if request.method == "DELETE":
            for call in ("get_number", "list_slim", "list_numbers"):
                account.control.fault(Respond(status=503), call=call, times=None)

    account.asked = break_reading
    assert summary(account.apply(planned, allow=RELEASE)) == (0, 0, 1, 0)


def test_a_number_that_cannot_be_looked_at_is_not_given_back(account: Account) -> None:
    account.declare({ONE: GONE})
    planned = account.plan(allow=RELEASE)
    account.control.fault(Respond(status=503), call="get_number", times=None)
    with pytest.raises(ReconcilerError, match="nothing was written"):
        account.apply(planned, allow=RELEASE)
    assert account.writes() == []


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused_ends_the_releases(account: Account, status: int) -> None:
    account.control.fault(Respond(status=status), call="delete_job", times=None)
    account.declare(dict.fromkeys((ONE, TWO, THREE, FOUR), GONE), limits={"job_size": 2})
    outcome = account.apply(allow=RELEASE, concurrency=1)
    assert outcome.exit_code == Exit.KEY_REFUSED
    assert owns(account, FOUR)


# ---- reports ------------------------------------------------------------------------------------


@pytest.fixture
def crowd(make_account: MakeAccount) -> tuple[Account, list[str]]:
    """An account all of whose 2,000 numbers are to be given back."""
    numbers = [f"+1312555{at:04}" for at in range(2000)]
    account = make_account(fleet=Fleet.of(number(each) for each in numbers))
    account.declare(dict.fromkeys(numbers, GONE), limits={"page_size": 250})
    return account, numbers


MANY = frozenset({Allowance.RELEASE, Allowance.MAX_CHANGES})


def test_the_plan_names_every_number_that_goes(crowd: tuple[Account, list[str]]) -> None:
    account, numbers = crowd
    plan = account.plan(allow=MANY).plan
    text = plan_text(plan, reads=1)
    assert [each for each in numbers if each not in text] == []


def test_the_plan_file_names_every_number_that_goes(crowd: tuple[Account, list[str]]) -> None:
    account, numbers = crowd
    document = json.loads(plan_json(account.plan(allow=MANY).plan))
    released = [c["phone_number"] for c in document["changes"] if c["action"] == "release"]
    assert released == numbers


def test_the_outcome_names_every_number_that_went(crowd: tuple[Account, list[str]]) -> None:
    account, numbers = crowd
    outcome = account.apply(allow=MANY)
    text = outcome_text(outcome)
    assert outcome.calls == {Channel.DELETE_JOB: 2}
    assert [each for each in numbers if each not in text] == []


def test_the_outcome_as_json_names_every_number_that_went(
    crowd: tuple[Account, list[str]],
) -> None:
    account, numbers = crowd
    applied = json.loads(outcome_json(account.apply(allow=MANY)))["applied"]
    assert [(each["phone_number"], each["path"]) for each in applied] == [
        (each, "release") for each in numbers
    ]


# ---- the deletion lock --------------------------------------------------------------------------


@pytest.mark.parametrize("who", [(ONE,), (ONE, TWO)], ids=["one", "two"])
def test_the_lock_goes_by_the_update_job(account: Account, who: tuple[str, ...]) -> None:
    account.declare({key: {"deletion_lock_enabled": True} for key in who})
    assert account.apply().converged
    ids = [account.state(each)["id"] for each in who]
    assert [(each.call, each.body) for each in account.writes()] == [
        ("update_job", {"deletion_lock_enabled": True, "phone_numbers": ids})
    ]


def test_what_else_changes_on_a_number_rides_with_the_lock(account: Account) -> None:
    account.declare(
        {
            ONE: {
                "deletion_lock_enabled": True,
                "customer_reference": "desk-1",
                "voice": {"tech_prefix_enabled": True},
            }
        }
    )
    assert account.apply().calls == {Channel.UPDATE_JOB: 1}


def test_unlocking_is_withheld_unless_it_is_allowed(make_account: MakeAccount) -> None:
    account = make_account(number(ONE, deletion_lock_enabled=True))
    account.declare({ONE: {"deletion_lock_enabled": False}})
    others = frozenset(Allowance) - {Allowance.UNLOCK}
    assert rules(account, allow=others) == [("deletion_lock_enabled", "allow_unlock")]


def test_unlocking_is_done_where_it_is_allowed(make_account: MakeAccount) -> None:
    account = make_account(number(ONE, deletion_lock_enabled=True))
    account.declare({ONE: {"deletion_lock_enabled": False}})
    assert account.apply(allow=frozenset({Allowance.UNLOCK})).converged
    assert account.state()["deletion_lock_enabled"] is False


def test_a_number_that_was_unlocked_is_given_back_by_the_next_apply(
    make_account: MakeAccount,
) -> None:
    account = make_account(number(ONE, deletion_lock_enabled=True))
    account.declare({ONE: {"deletion_lock_enabled": False}})
    account.apply(allow=frozenset({Allowance.UNLOCK}))
    account.declare({ONE: GONE})
    assert account.apply(allow=RELEASE).converged


def test_a_lock_that_a_job_ignores_is_not_called_set(account: Account) -> None:
    account.control.script(call="update_job", ignore=("deletion_lock_enabled",))
    account.declare({ONE: {"deletion_lock_enabled": True}})
    assert summary(account.apply()) == (0, 0, 1, 0)
