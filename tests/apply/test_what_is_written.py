"""What an apply sends: the right calls, whole objects, and nothing that was not planned."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from reconciler.core.fields import Channel
from reconciler.core.forecast import Standing
from reconciler.core.scope import Scope
from reconciler.errors import Exit
from reconciler.sandbox.fleet import number
from tests.apply.account import FOUR, ONE, PROFILE, THREE, TRUNK, TWO, Account, masked, summary
from tests.apply.conftest import MakeAccount

FLAGGED = {"voice": {"inbound_call_screening": "flag_calls"}}


def test_a_single_change_of_each_kind_goes_by_patch(account: Account) -> None:
    account.declare(
        {
            ONE: {"customer_reference": "desk-1"},
            TWO: FLAGGED,
            THREE: {"messaging": {"messaging_profile_id": PROFILE}},
        }
    )
    outcome = account.apply()
    assert outcome.converged
    assert outcome.calls == {
        Channel.PATCH_NUMBER: 1,
        Channel.PATCH_VOICE: 1,
        Channel.PATCH_MESSAGING: 1,
    }


def test_a_shared_change_goes_by_one_job(account: Account) -> None:
    account.declare({ONE: FLAGGED, TWO: FLAGGED, THREE: FLAGGED})
    outcome = account.apply()
    assert outcome.converged
    assert outcome.calls == {Channel.UPDATE_JOB: 1}


def test_a_shared_profile_goes_by_one_bulk_order_that_only_assigns(account: Account) -> None:
    profile = {"messaging": {"messaging_profile_id": PROFILE}}
    account.declare({ONE: profile, TWO: profile})
    account.apply()
    (sent,) = account.writes()
    assert sent.body == {
        "messaging_profile_id": PROFILE,
        "numbers": [ONE, TWO],
        "assign_only": True,
    }


def test_unassigning_a_profile_sends_an_empty_string(make_account: MakeAccount) -> None:
    account = make_account(number(ONE, messaging={"messaging_profile_id": PROFILE}))
    account.declare({ONE: {"messaging": {"messaging_profile_id": None}}})
    assert account.apply().converged
    assert [entry.body for entry in account.writes()] == [{"messaging_profile_id": ""}]


def test_unassigning_in_bulk_sends_an_empty_string_and_nothing_else(
    make_account: MakeAccount,
) -> None:
    held = {"messaging_profile_id": PROFILE, "messaging_product": "P2P"}
    account = make_account(number(ONE, messaging=held), number(TWO, messaging=held))
    nobody = {"messaging": {"messaging_profile_id": None}}
    account.declare({ONE: nobody, TWO: nobody})
    assert account.apply().converged
    assert [entry.body for entry in account.writes()] == [
        {"messaging_profile_id": "", "numbers": [ONE, TWO]}
    ]


CLEARABLE: dict[str, Any] = {
    "tags": ["old"],
    "connection_id": TRUNK,
    "billing_group_id": "62e4bf2e-c278-4282-b524-488d9c9c43b2",
    "customer_reference": "desk-1",
    "external_pin": "4711",
}


def test_null_clears_every_field_of_a_number_by_patch(make_account: MakeAccount) -> None:
    account = make_account(number(ONE, **CLEARABLE))
    account.declare({ONE: dict.fromkeys(CLEARABLE)})
    assert account.apply().converged
    (sent,) = account.writes("patch_number")
    assert sent.body == {**dict.fromkeys(CLEARABLE, ""), "tags": []}


def test_null_clears_every_field_of_numbers_by_job(make_account: MakeAccount) -> None:
    account = make_account(number(ONE, **CLEARABLE), number(TWO, **CLEARABLE))
    account.declare({ONE: dict.fromkeys(CLEARABLE), TWO: dict.fromkeys(CLEARABLE)})
    assert account.apply().converged
    (sent,) = account.writes("update_job")
    ids = [account.state(each)["id"] for each in (ONE, TWO)]
    assert sent.body == {**dict.fromkeys(CLEARABLE, ""), "tags": [], "phone_numbers": ids}


def test_null_clears_the_fields_of_voice(make_account: MakeAccount) -> None:
    forwarding = {
        "call_forwarding_enabled": False,
        "forwards_to": "+13035559123",
        "forwarding_type": "always",
    }
    voice = {
        "translated_number": "7",
        "call_forwarding": forwarding,
        "cnam_listing": {"cnam_listing_details": "ACME"},
    }
    account = make_account(number(ONE, voice=voice))
    account.declare(
        {
            ONE: {
                "voice": {
                    "translated_number": None,
                    "call_forwarding": {"call_forwarding_enabled": False, "forwards_to": None},
                    "cnam_listing": {"cnam_listing_enabled": False, "cnam_listing_details": None},
                }
            }
        }
    )
    account.apply()
    assert account.is_settled()


@pytest.mark.parametrize("nested", ["merge", "replace"])
def test_a_nested_object_keeps_its_siblings(make_account: MakeAccount, nested: str) -> None:
    recording = {
        "inbound_call_recording_enabled": True,
        "inbound_call_recording_format": "mp3",
        "inbound_call_recording_channels": "dual",
    }
    account = make_account(number(ONE, voice={"call_recording": recording}), nested=nested)
    account.declare({ONE: {"voice": {"call_recording": {"inbound_call_recording_format": "wav"}}}})
    account.apply()
    assert account.state()["voice"]["call_recording"] == {
        **recording,
        "inbound_call_recording_format": "wav",
    }


@pytest.mark.parametrize("nested", ["merge", "replace"])
def test_a_job_keeps_the_siblings_of_each_number(make_account: MakeAccount, nested: str) -> None:
    def with_channels(which: str, phone_number: str) -> Any:
        recording = {"inbound_call_recording_channels": which}
        return number(phone_number, voice={"call_recording": recording})

    account = make_account(
        with_channels("dual", ONE),
        with_channels("dual", TWO),
        with_channels("single", THREE),
        with_channels("single", FOUR),
        nested=nested,
    )
    wanted = {"voice": {"call_recording": {"inbound_call_recording_enabled": True}}}
    account.declare(dict.fromkeys((ONE, TWO, THREE, FOUR), wanted))
    account.apply()
    channels = [
        account.state(each)["voice"]["call_recording"]["inbound_call_recording_channels"]
        for each in (ONE, TWO, THREE, FOUR)
    ]
    assert channels == ["dual", "dual", "single", "single"]


def test_everything_that_is_not_declared_stays_byte_for_byte(make_account: MakeAccount) -> None:
    fleet = [
        number(
            f"+1312555{each:04}",
            tags=[f"t{each % 3}"],
            connection_id=TRUNK,
            external_pin=f"{each:04}",
            voice={
                "inbound_call_screening": "reject_calls" if each % 2 else "disabled",
                "call_recording": {"inbound_call_recording_format": "mp3" if each % 3 else "wav"},
                "cnam_listing": {"cnam_listing_details": f"ACME {each}"},
            },
            messaging={"messaging_profile_id": PROFILE if each % 2 else None},
        )
        for each in range(40)
    ]
    account = make_account(*fleet)
    voice = {
        "inbound_call_screening": "flag_calls",
        "call_recording": {"inbound_call_recording_enabled": True},
    }
    declared = {
        row.phone_number: {"voice": voice, "messaging": {"messaging_profile_id": PROFILE}}
        for row in fleet[:25]
    }
    paths = (
        "voice.inbound_call_screening",
        "voice.call_recording.inbound_call_recording_enabled",
        "messaging.messaging_profile_id",
    )
    before = masked(account.control.dump(), dict.fromkeys(declared, paths))
    account.declare(declared)
    account.apply()
    assert masked(account.control.dump(), dict.fromkeys(declared, paths)) == before


def test_a_second_plan_is_empty(account: Account) -> None:
    account.declare(
        {
            ONE: {"tags": ["a", "b"], "connection_id": TRUNK, **FLAGGED},
            TWO: {"tags": {"add": ["c"]}, "messaging": {"messaging_product": "P2P"}},
            THREE: FLAGGED,
        }
    )
    account.apply()
    assert account.plan().plan.operations == ()


def test_a_tag_edit_keeps_the_other_tags(make_account: MakeAccount) -> None:
    account = make_account(number(ONE, tags=["vip", "legacy"]))
    account.declare({ONE: {"tags": {"add": ["block-a"], "remove": ["legacy"]}}})
    account.apply()
    assert account.state()["tags"] == ["block-a", "vip"]


def test_a_job_holds_no_more_numbers_than_job_size(account: Account) -> None:
    account.declare(dict.fromkeys((ONE, TWO, THREE, FOUR), FLAGGED), limits={"job_size": 2})
    account.apply()
    sizes = [len(entry.body["phone_numbers"]) for entry in account.writes("update_job")]  # type: ignore[index]
    assert sizes == [2, 2]


def test_a_number_that_no_job_has_room_for_goes_by_patch(account: Account) -> None:
    account.declare(dict.fromkeys((ONE, TWO, THREE, FOUR), FLAGGED), limits={"job_size": 3})
    account.apply()
    assert (len(account.writes("update_job")), len(account.writes("patch_voice"))) == (1, 1)


def test_a_job_names_its_numbers_by_id_and_has_no_filter(account: Account) -> None:
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    account.apply()
    (sent,) = account.writes("update_job")
    assert (sent.query, sent.body) == (
        "",
        {
            "voice": {"inbound_call_screening": "flag_calls"},
            "phone_numbers": [account.state(ONE)["id"], account.state(TWO)["id"]],
        },
    )


def test_numbers_that_are_right_already_are_left_out(make_account: MakeAccount) -> None:
    account = make_account(number(ONE, voice={"inbound_call_screening": "flag_calls"}), number(TWO))
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    account.apply()
    assert [entry.path for entry in account.writes()] == [
        f"/v2/phone_numbers/{account.state(TWO)['id']}/voice"
    ]


def test_nothing_is_sent_when_nothing_differs(account: Account) -> None:
    account.declare({ONE: {"voice": {"inbound_call_screening": "disabled"}}})
    outcome = account.apply()
    assert (outcome.exit_code, account.writes()) == (Exit.OK, [])


def test_a_number_that_is_not_active_is_not_written(make_account: MakeAccount) -> None:
    account = make_account(number(ONE, status="port-pending"), number(TWO))
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    outcome = account.apply()
    assert outcome.exit_code == Exit.REFUSED
    assert account.state(ONE)["voice"]["inbound_call_screening"] == "disabled"
    assert summary(outcome) == (1, 0, 0, 0)


def test_only_what_the_target_names_is_written(account: Account) -> None:
    account.declare({ONE: FLAGGED, TWO: FLAGGED})
    account.apply(scope=Scope(targets=(ONE,)))
    assert account.state(TWO)["voice"]["inbound_call_screening"] == "disabled"


def test_whoever_watches_can_ask_at_any_time_how_it_stands(account: Account) -> None:
    account.declare({ONE: FLAGGED, TWO: FLAGGED, THREE: FLAGGED, FOUR: {"tags": ["alone"]}})
    seen: list[Standing] = []

    def look(request: httpx.Request) -> None:
        del request
        if account.watched.standing:
            seen.append(account.watched.standing())

    account.answered = look
    outcome = account.apply()
    assert (seen[0].operations, seen[0].operations_left, seen[0].numbers_left) == (2, 2, 4)
    assert seen[0].seconds_left is None
    lefts = [each.calls_left for each in seen]
    assert lefts == sorted(lefts, reverse=True)
    assert lefts[0] == outcome.reads + sum(outcome.calls.values()) - 1
    assert all(each.reading_back for each in seen if not each.operations_left)
    assert (seen[-1].reading_back, seen[-1].calls_left) == (4, 0)
