"""Mobile numbers: their own list, fields, null rules and one call that writes them."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.catalogue import BY_PATH
from reconciler.core.fields import Channel, Kind
from reconciler.core.safety import Allowance
from reconciler.errors import Exit, InputError
from reconciler.sandbox.faults import Drop
from reconciler.sandbox.fleet import mobile_number, number
from reconciler.sandbox.scripts import Failure
from tests.apply.account import ONE, PROFILE, TRUNK, TWO, Account, masked, summary
from tests.apply.conftest import MakeAccount

CELL, OTHER_CELL = "+13125550300", "+13125550301"
APP, TARGET = "1293384261075731499", "+13035559123"
FORWARDS = {
    "call_forwarding_enabled": True,
    "forwarding_type": "always",
    "forwards_to": TARGET,
}
LISTED = {"cnam_listing_enabled": True, "cnam_listing_details": "ACME"}
RECORDS = {
    "inbound_call_recording_enabled": True,
    "inbound_call_recording_format": "mp3",
    "inbound_call_recording_channels": "dual",
}
FULL: dict[str, Any] = {
    "connection_id": TRUNK,
    "customer_reference": "van-7",
    "tags": ["field-team"],
    "inbound": {"interception_app_id": APP},
    "outbound": {"interception_app_id": APP},
    "inbound_call_screening": "flag_calls",
    "noise_suppression": "both",
    "caller_id_name_enabled": True,
    "call_forwarding": FORWARDS,
    "call_recording": RECORDS,
    "cnam_listing": LISTED,
}
EMPTY: dict[str, Any] = {
    "connection_id": None,
    "customer_reference": None,
    "tags": None,
    "inbound": {"interception_app_id": None},
    "outbound": {"interception_app_id": None},
    "inbound_call_screening": "disabled",
    "noise_suppression": "disabled",
    "caller_id_name_enabled": False,
    "call_forwarding": {
        "call_forwarding_enabled": False,
        "forwarding_type": None,
        "forwards_to": None,
    },
    "call_recording": {**RECORDS, "inbound_call_recording_enabled": False},
    "cnam_listing": {"cnam_listing_enabled": False, "cnam_listing_details": None},
}
PARTS = [{name: value} for name, value in FULL.items()]
UNDER = [
    {},
    {"nested": "replace"},
    {"nullable_unset": "empty"},
    {"plain_unset": "empty"},
    {"unknown_fields": "ignore"},
    {"error_style": "loose"},
    {"read_delay": 3.0},
    {"spelling": "legacy"},
    {"sort": "ignored"},
]


def cells(account: Account, *wanted: Any) -> None:
    """Declare CELL, and OTHER_CELL where there are two."""
    account.declare({}, mobile_numbers=dict(zip((CELL, OTHER_CELL), wanted, strict=False)))


def bodies(account: Account) -> list[Any]:
    return [each.body for each in account.writes("patch_mobile")]


def flat(settings: dict[str, Any]) -> set[str]:
    """The paths that a declaration manages."""
    return {
        f"{name}.{leaf}" if leaf else name
        for name, value in settings.items()
        for leaf in (value if isinstance(value, dict) else [""])
    }


def test_the_declarations_of_these_tests_hold_every_field() -> None:
    writable = {path for path, row in BY_PATH[Kind.MOBILE].items() if row.writes}
    assert flat(FULL) == flat(EMPTY) == writable


# ---- the three states of every field ------------------------------------------------------------


@pytest.mark.parametrize("declared", PARTS, ids=lambda part: next(iter(part)))
def test_every_field_is_set(make_account: MakeAccount, declared: Any) -> None:
    account = make_account(mobile_number(CELL))
    cells(account, declared)
    assert account.apply().converged
    assert account.is_settled()


@pytest.mark.parametrize("name", EMPTY)
def test_every_field_is_cleared_or_switched_off(make_account: MakeAccount, name: str) -> None:
    account = make_account(mobile_number(CELL, **FULL))
    cells(account, {name: EMPTY[name]})
    assert account.apply().converged
    assert account.is_settled()


@pytest.mark.parametrize("name", EMPTY)
def test_every_field_that_is_not_declared_is_left_alone(
    make_account: MakeAccount, name: str
) -> None:
    account = make_account(mobile_number(CELL, **FULL), mobile_number(OTHER_CELL, **FULL))
    cells(account, {name: EMPTY[name]})
    state = account.state(CELL)
    account.apply()
    after = account.state(CELL)
    assert {k: v for k, v in after.items() if k not in {name, "updated_at"}} == {
        k: v for k, v in state.items() if k not in {name, "updated_at"}
    }


@pytest.mark.parametrize("switches", UNDER, ids=str)
@pytest.mark.parametrize(("live", "wanted"), [({}, FULL), (FULL, EMPTY)], ids=["set", "clear"])
def test_everything_at_once_converges_under_any_answer(
    make_account: MakeAccount, live: Any, wanted: Any, switches: dict[str, Any]
) -> None:
    account = make_account(mobile_number(CELL, **live), **switches)
    cells(account, wanted)
    assert account.apply().converged
    assert account.is_settled()


def test_everything_of_a_number_goes_by_one_call(make_account: MakeAccount) -> None:
    account = make_account(mobile_number(CELL), mobile_number(OTHER_CELL))
    cells(account, FULL, FULL)
    assert account.apply().calls == {Channel.PATCH_MOBILE: 2}


def test_null_on_the_wire_clears(make_account: MakeAccount) -> None:
    account = make_account(mobile_number(CELL, **FULL))
    wanted = {
        "connection_id": None,
        "customer_reference": None,
        "tags": None,
        "inbound": {"interception_app_id": None},
        "outbound": {"interception_app_id": None},
    }
    cells(account, wanted)
    account.apply()
    assert bodies(account) == [{**wanted, "tags": []}]


def test_a_forwarding_that_is_cleared_is_null_on_the_wire(make_account: MakeAccount) -> None:
    account = make_account(mobile_number(CELL, call_forwarding=FORWARDS))
    cells(account, {"call_forwarding": EMPTY["call_forwarding"]})
    account.apply()
    assert bodies(account) == [{"call_forwarding": EMPTY["call_forwarding"]}]


@pytest.mark.parametrize(
    ("declared", "whole"),
    [
        (
            {"call_recording": {"inbound_call_recording_format": "wav"}},
            {"call_recording": {**RECORDS, "inbound_call_recording_format": "wav"}},
        ),
        (
            {"call_forwarding": {"forwarding_type": "on-failure"}},
            {"call_forwarding": {**FORWARDS, "forwarding_type": "on-failure"}},
        ),
        (
            {"cnam_listing": {**LISTED, "cnam_listing_details": "OTHER"}},
            {"cnam_listing": {**LISTED, "cnam_listing_details": "OTHER"}},
        ),
    ],
    ids=["recording", "forwarding", "cnam"],
)
@pytest.mark.parametrize("nested", ["merge", "replace"])
def test_a_nested_object_travels_whole(
    make_account: MakeAccount, declared: Any, whole: Any, nested: str
) -> None:
    account = make_account(mobile_number(CELL, **FULL), nested=nested)
    cells(account, declared)
    assert account.apply().converged
    assert bodies(account) == [whole]


def test_a_tag_edit_keeps_the_other_tags(make_account: MakeAccount) -> None:
    account = make_account(mobile_number(CELL, tags=["a", "legacy"]))
    cells(account, {"tags": {"add": ["b"], "remove": ["legacy"]}})
    account.apply()
    assert account.state(CELL)["tags"] == ["a", "b"]


@pytest.mark.parametrize(
    "path", ["noise_suppression", "inbound_call_screening", "caller_id_name_enabled"]
)
def test_null_where_there_is_no_clear_is_an_error(make_account: MakeAccount, path: str) -> None:
    account = make_account(mobile_number(CELL))
    cells(account, {path: None})
    with pytest.raises(InputError, match=path):
        account.plan()


# ---- noise suppression --------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["inbound", "outbound", "both"])
def test_noise_suppression_goes_on_as_true(make_account: MakeAccount, value: str) -> None:
    account = make_account(mobile_number(CELL), noise_suppression_on=value)
    cells(account, {"noise_suppression": value})
    assert account.apply().converged
    assert bodies(account) == [{"noise_suppression": True}]


def test_noise_suppression_goes_off_as_false(make_account: MakeAccount) -> None:
    account = make_account(mobile_number(CELL, noise_suppression="inbound"))
    cells(account, {"noise_suppression": "disabled"})
    assert account.apply().converged
    assert bodies(account) == [{"noise_suppression": False}]


def test_one_kind_of_noise_suppression_cannot_become_another(make_account: MakeAccount) -> None:
    account = make_account(mobile_number(CELL, noise_suppression="inbound"))
    cells(account, {"noise_suppression": "both"})
    outcome = account.apply(allow=frozenset(Allowance))
    assert [(each.path, each.rule) for each in outcome.withheld] == [
        ("noise_suppression", "unreachable")
    ]
    assert account.writes() == []


def test_another_kind_than_was_asked_for_is_not_called_applied(
    make_account: MakeAccount,
) -> None:
    account = make_account(mobile_number(CELL), noise_suppression_on="inbound")
    cells(account, {"noise_suppression": "both"})
    assert summary(account.apply()) == (0, 0, 1, 0)


# ---- where it is, and where it is declared ------------------------------------------------------


def test_the_path_begins_at_the_root_of_the_host(make_account: MakeAccount) -> None:
    account = make_account(mobile_number(CELL))
    cells(account, FULL)
    account.apply()
    asked = {each.path for each in account.sandbox.log.entries if "mobile" in each.path}
    id_ = account.state(CELL)["id"]
    assert asked == {"/v2/mobile_phone_numbers", f"/v2/mobile_phone_numbers/{id_}"}


def test_a_mobile_number_under_numbers_is_an_error(make_account: MakeAccount) -> None:
    account = make_account(number(ONE), mobile_number(CELL))
    account.declare({CELL: {"customer_reference": "van-7"}})
    with pytest.raises(InputError, match=r"declare it under mobile_numbers"):
        account.plan()


def test_a_plain_number_under_mobile_numbers_is_an_error(account: Account) -> None:
    account.declare({}, mobile_numbers={ONE: {"customer_reference": "van-7"}})
    with pytest.raises(InputError, match=r"declare it under numbers"):
        account.plan()


def both(**settings: Any) -> list[Any]:
    """One number that stands in both lists."""
    return [number(CELL, phone_number_type="mobile"), mobile_number(CELL, **settings)]


def test_a_number_in_both_lists_is_mobile(make_account: MakeAccount) -> None:
    account = make_account(*both())
    cells(account, {"customer_reference": "van-7"})
    assert account.apply().calls == {Channel.PATCH_MOBILE: 1}


@pytest.mark.parametrize("declared", [{"customer_reference": "van-7"}, {"release": True}], ids=str)
def test_a_number_in_both_lists_under_numbers_is_an_error(
    make_account: MakeAccount, declared: Any
) -> None:
    account = make_account(*both())
    account.declare({CELL: declared})
    with pytest.raises(InputError, match=r"declare it under mobile_numbers"):
        account.plan(allow=frozenset(Allowance))


def test_a_mobile_number_cannot_be_given_back(make_account: MakeAccount) -> None:
    account = make_account(mobile_number(CELL))
    cells(account, {"release": True})
    with pytest.raises(InputError):
        account.plan(allow=frozenset(Allowance))


@pytest.mark.parametrize(
    "messaging", [{"messaging_profile_id": PROFILE}, {"messaging_product": "P2P"}], ids=str
)
def test_messaging_of_a_mobile_number_is_read_only(
    make_account: MakeAccount, messaging: Any
) -> None:
    account = make_account(mobile_number(CELL))
    cells(account, {"messaging": messaging})
    with pytest.raises(InputError, match="messaging"):
        account.plan()


def test_a_group_is_shared_between_the_kinds(make_account: MakeAccount) -> None:
    account = make_account(number(ONE), mobile_number(CELL))
    account.declare(
        {ONE: {"groups": ["team"]}},
        mobile_numbers={CELL: {"groups": ["team"]}},
        groups={"team": {"tags": ["team"], "connection_id": TRUNK}},
    )
    assert account.apply().converged
    assert account.is_settled()


def test_both_kinds_are_written_in_one_apply(make_account: MakeAccount) -> None:
    account = make_account(number(ONE), number(TWO), mobile_number(CELL))
    screening = {"voice": {"inbound_call_screening": "flag_calls"}}
    account.declare({ONE: screening, TWO: screening}, mobile_numbers={CELL: FULL})
    assert account.apply().calls == {Channel.UPDATE_JOB: 1, Channel.PATCH_MOBILE: 1}


def test_plain_numbers_beside_a_mobile_one_are_untouched(make_account: MakeAccount) -> None:
    account = make_account(number(ONE), mobile_number(CELL), mobile_number(OTHER_CELL))
    cells(account, FULL)
    other, plain = account.state(OTHER_CELL), masked(account.control.dump(), {})
    account.apply()
    assert account.state(OTHER_CELL) == other
    after = masked(account.control.dump(), {})
    assert after.partition('"numbers"')[2] == plain.partition('"numbers"')[2]


# ---- what goes wrong ----------------------------------------------------------------------------


def test_a_mobile_number_that_is_not_active_is_not_written(make_account: MakeAccount) -> None:
    account = make_account(mobile_number(CELL, status="suspended"))
    cells(account, {"customer_reference": "van-7"})
    outcome = account.apply(allow=frozenset(Allowance))
    assert [each.rule for each in outcome.withheld] == ["status"]
    assert account.writes() == []


def test_a_mobile_number_that_is_not_owned_is_named(account: Account) -> None:
    cells(account, {"customer_reference": "van-7"})
    outcome = account.apply()
    assert [each.phone_number for each in outcome.not_owned] == [CELL]
    assert outcome.exit_code == Exit.INCOMPLETE


def test_a_lost_answer_is_judged_by_reading(make_account: MakeAccount) -> None:
    account = make_account(mobile_number(CELL))
    account.control.fault(Drop(after=True), call="patch_mobile")
    cells(account, FULL)
    assert account.apply().converged
    assert len(account.writes()) == 1


def test_a_refused_write_is_a_failure(make_account: MakeAccount) -> None:
    account = make_account(mobile_number(CELL), mobile_number(OTHER_CELL))
    account.control.script(call="patch_mobile", times=None, fail={CELL: Failure()})
    cells(account, *[{"customer_reference": "van-7"}] * 2)
    assert summary(account.apply()) == (1, 1, 0, 0)


def test_a_success_that_changed_nothing_is_unconfirmed(make_account: MakeAccount) -> None:
    account = make_account(mobile_number(CELL))
    account.control.script(call="patch_mobile", no_effect=True)
    cells(account, {"customer_reference": "van-7"})
    assert summary(account.apply()) == (0, 0, 1, 0)
