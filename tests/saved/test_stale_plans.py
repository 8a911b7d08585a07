"""What has moved since the plan was made is not written over, field by field."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.core.safety import Allowance
from reconciler.errors import Exit, StaleError
from reconciler.sandbox.fleet import mobile_number, number
from tests.apply.account import FOUR, ONE, OTHER_TRUNK, PROFILE, THREE, TRUNK, TWO
from tests.cli.support import Shell
from tests.saved.conftest import MakeDesk
from tests.saved.support import Desk, document_of

ADDRESS, OTHER_ADDRESS = "53829456729313", "53829456729314"
TARGET = "+13035559123"
MOBILE = "+13125550300"
SERVICE = {
    "emergency_enabled": True,
    "emergency_address_id": ADDRESS,
    "emergency_status": "active",
}
RECORDED = {"call_recording": {"inbound_call_recording_format": "mp3"}}

MOVES: dict[str, tuple[dict[str, Any], dict[str, Any], str, Any]] = {
    # what is live, what is declared, what somebody changes meanwhile, to what
    "tags": ({"tags": ["a"]}, {"tags": ["b"]}, "tags", ["c"]),
    "a tag beside an edit": ({"tags": ["a"]}, {"tags": {"add": ["b"]}}, "tags", ["a", "z"]),
    "connection_id": ({}, {"connection_id": TRUNK}, "connection_id", OTHER_TRUNK),
    "customer_reference": ({}, {"customer_reference": "x"}, "customer_reference", "theirs"),
    "what was set is cleared": (
        {"customer_reference": "old"},
        {"customer_reference": "x"},
        "customer_reference",
        None,
    ),
    "external_pin, set meanwhile": (
        {},
        {"external_pin": {"env": "PIN_ONE"}},
        "external_pin",
        "1111",
    ),
    "voice.translated_number": (
        {},
        {"voice": {"translated_number": "7"}},
        "voice.translated_number",
        "8",
    ),
    "a guard: a sibling of what changes": (
        {"voice": RECORDED},
        {"voice": {"call_recording": {"inbound_call_recording_enabled": True}}},
        "voice.call_recording.inbound_call_recording_format",
        "wav",
    ),
    "a guard: where it forwards to": (
        {"voice": {"call_forwarding": {"forwarding_type": "always", "forwards_to": TARGET}}},
        {"voice": {"call_forwarding": {"call_forwarding_enabled": False}}},
        "voice.call_forwarding.forwards_to",
        "+13035550000",
    ),
    "messaging_profile_id": (
        {},
        {"messaging": {"messaging_profile_id": PROFILE}},
        "messaging.messaging_profile_id",
        "0b6f1c2a-3d4e-4f50-8a6b-7c8d9e0f1a2b",
    ),
    "a guard: the emergency address": (
        {"emergency": {"emergency_address_id": OTHER_ADDRESS}},
        {"emergency": {"emergency_enabled": True, "emergency_address_id": ADDRESS}},
        "emergency.emergency_address_id",
        "1",
    ),
}


@pytest.fixture
def moved(make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Saves the plan of a move, and then makes the move."""
    monkeypatch.setenv("PIN_ONE", "4711")

    def make(name: str) -> Path:
        live, wish, path, value = MOVES[name]
        desk = make_desk(number(ONE, **live), number(TWO))
        desk.declare({ONE: wish, TWO: {"customer_reference": "second"}})
        saved = desk.save()
        desk.control.change(ONE, path, value)
        return saved

    return make


@pytest.mark.parametrize("name", MOVES)
def test_one_field_that_moved_stops_the_apply(
    name: str, moved: Callable[[str], Path], reconciler: Shell, accounts: list[Desk]
) -> None:
    said = reconciler("apply", str(moved(name)))
    assert (said.code, ONE in said.err, TWO in said.err) == (4, True, False), said
    assert MOVES[name][2].rpartition(".")[2] in said.err
    assert accounts[-1].writes() == []


@pytest.mark.parametrize("name", MOVES)
def test_with_skip_the_rest_is_applied(
    name: str, moved: Callable[[str], Path], reconciler: Shell, accounts: list[Desk]
) -> None:
    said = reconciler("apply", str(moved(name)), "--on-stale", "skip", "--format", "json")
    assert (said.code, [each["phone_number"] for each in said.json["applied"]]) == (4, [TWO])
    assert {each["phone_number"] for each in said.json["skipped"]} == {ONE}
    (sent,) = accounts[-1].writes()
    assert accounts[-1].state(TWO)["id"] in f"{sent.path} {sent.body}"


def test_the_message_says_what_was_and_what_is(desk: Desk) -> None:
    desk.declare({ONE: {"customer_reference": "x"}})
    path = desk.save()
    desk.control.change(ONE, "customer_reference", "theirs")
    with pytest.raises(StaleError, match=r'customer_reference was null, now it is "theirs"'):
        desk.carry_out(path)


def test_a_pin_is_not_shown_when_it_moved(reconciler: Shell, moved: Callable[[str], Path]) -> None:
    said = reconciler("apply", str(moved("external_pin, set meanwhile")))
    assert "1111" not in said.out + said.err


def test_another_field_that_moved_does_not_count(desk: Desk) -> None:
    desk.declare({ONE: {"customer_reference": "x"}})
    path = desk.save()
    desk.control.change(ONE, "hd_voice_enabled", True)
    desk.control.change(ONE, "tags", ["theirs"])
    desk.control.change(TWO, "customer_reference", "theirs")
    assert desk.carry_out(path).converged


def test_another_id_under_the_same_number_is_stale(desk: Desk) -> None:
    desk.declare({ONE: {"customer_reference": "x"}, TWO: {"customer_reference": "x2"}})
    path = desk.save()
    desk.control.remove(ONE)
    desk.control.add(number(ONE, id="77"))
    with pytest.raises(StaleError, match=rf"1 number moved.*{ONE[1:]} \(no number with the id"):
        desk.carry_out(path)
    assert desk.writes() == []


@pytest.mark.parametrize(
    "wish",
    [
        {"voice": {"tech_prefix_enabled": True}},
        {"messaging": {"messaging_profile_id": PROFILE}},
        {"emergency": {"emergency_enabled": True, "emergency_address_id": ADDRESS}},
    ],
)
def test_another_id_is_stale_whatever_the_plan_changes(desk: Desk, wish: dict[str, Any]) -> None:
    desk.declare({ONE: wish, TWO: wish, THREE: wish})
    path = desk.save()
    desk.control.remove(ONE)
    desk.control.add(number(ONE, id="77"))
    outcome = desk.carry_out(path, "skip")
    assert (outcome.exit_code, {each.phone_number for each in outcome.skipped}) == (
        Exit.STALE,
        {ONE},
    )
    assert {each.phone_number for each in outcome.applied} == {TWO, THREE}


def test_another_id_under_a_number_to_release_is_stale(desk: Desk) -> None:
    desk.declare({ONE: {"release": True}, TWO: {"customer_reference": "x"}})
    path = desk.save(allow=frozenset({Allowance.RELEASE}))
    desk.control.remove(ONE)
    desk.control.add(number(ONE, id="77"))
    with pytest.raises(StaleError, match="id"):
        desk.carry_out(path)
    assert desk.writes() == []


def test_a_number_that_is_gone_is_stale(desk: Desk) -> None:
    desk.declare({ONE: {"customer_reference": "x"}, TWO: {"customer_reference": "x2"}})
    path = desk.save()
    desk.control.remove(ONE)
    outcome = desk.carry_out(path, "skip")
    assert (outcome.exit_code, [each.phone_number for each in outcome.applied]) == (4, [TWO])


def test_a_number_that_was_locked_since_is_not_released(desk: Desk) -> None:
    desk.declare({ONE: {"release": True}, TWO: {"customer_reference": "x"}})
    path = desk.save(allow=frozenset({Allowance.RELEASE}))
    desk.control.change(ONE, "deletion_lock_enabled", True)
    outcome = desk.carry_out(path, "skip")
    assert [each.phone_number for each in outcome.skipped] == [ONE]
    assert desk.state(ONE)["deletion_lock_enabled"] is True


def test_a_number_that_got_emergency_service_since_is_not_released(desk: Desk) -> None:
    desk.declare({ONE: {"release": True}, TWO: {"customer_reference": "x"}})
    path = desk.save(allow=frozenset({Allowance.RELEASE}))
    for name, value in SERVICE.items():
        desk.control.change(ONE, f"emergency.{name}", value)
    outcome = desk.carry_out(path, "skip")
    assert [each.phone_number for each in outcome.skipped] == [ONE]


def test_a_mobile_number_is_stale_like_any_other(make_desk: MakeDesk) -> None:
    desk = make_desk(mobile_number(MOBILE), number(ONE))
    desk.declare(
        {ONE: {"customer_reference": "x"}}, mobile_numbers={MOBILE: {"customer_reference": "van"}}
    )
    path = desk.save()
    desk.control.change(MOBILE, "customer_reference", "theirs")
    outcome = desk.carry_out(path, "skip")
    assert (outcome.exit_code, [each.phone_number for each in outcome.skipped]) == (4, [MOBILE])


def test_numbers_of_a_job_that_moved_are_left_out_of_it(desk: Desk) -> None:
    desk.declare({each: {"customer_reference": "x"} for each in (ONE, TWO, THREE, FOUR)})
    path = desk.save()
    desk.control.change(TWO, "customer_reference", "theirs")
    ids = [desk.state(each)["id"] for each in (ONE, THREE, FOUR)]
    outcome = desk.carry_out(path, "skip")
    (job,) = desk.writes()
    assert job.body == {"customer_reference": "x", "phone_numbers": ids}
    assert (outcome.exit_code, desk.state(TWO)["customer_reference"]) == (4, "theirs")


def test_where_everything_moved_nothing_is_sent(desk: Desk) -> None:
    desk.declare({ONE: {"customer_reference": "x"}})
    path = desk.save()
    desk.control.change(ONE, "customer_reference", "theirs")
    outcome = desk.carry_out(path, "skip")
    assert (outcome.exit_code, desk.writes()) == (Exit.STALE, [])


def test_what_moves_after_the_first_write_is_skipped_and_named(
    reconciler: Shell, desk: Desk
) -> None:
    desk.declare({ONE: {"customer_reference": "x"}, TWO: {"voice": {"tech_prefix_enabled": True}}})
    path = desk.save()
    first = f"/phone_numbers/{desk.state(ONE)['id']}"
    desk.asked = lambda request: (
        desk.control.change(TWO, "voice.tech_prefix_enabled", True)
        if request.method == "PATCH" and request.url.path.endswith(first)
        else None
    )
    # It is as declared by somebody else's hand: nothing to send, nothing lost.
    assert reconciler("apply", str(path), "--concurrency", "1").code == 0


def test_moved_after_the_first_write_ends_in_5(reconciler: Shell, desk: Desk) -> None:
    desk.declare({ONE: {"customer_reference": "x", "messaging": {"messaging_product": "P2P"}}})
    desk.control.change(ONE, "messaging.messaging_product", "A2P")
    path = desk.save()
    desk.asked = lambda request: (
        desk.control.change(ONE, "messaging.messaging_product", "B2B")
        if request.method == "PATCH"
        else None
    )
    said = reconciler("apply", str(path), "--format", "json")
    assert said.code == 5
    assert [(each["phone_number"], each["path"]) for each in said.json["skipped"]] == [
        (ONE, "messaging.messaging_product")
    ]
    assert [each.call for each in desk.writes()] == ["patch_number"]
    assert desk.state(ONE)["messaging"]["messaging_product"] == "B2B"


@pytest.mark.parametrize("more", [(), ("--concurrency", "1")])
def test_whichever_number_moves_on_the_first_write_it_is_not_written_over(
    reconciler: Shell, desk: Desk, more: tuple[str, ...]
) -> None:
    desk.declare({each: {"customer_reference": each} for each in (ONE, TWO, THREE, FOUR)})
    path = desk.save()
    moved: set[str] = set()

    def meanwhile(request: httpx.Request) -> None:
        if request.method == "PATCH" and not moved:
            for each in (ONE, TWO, THREE, FOUR):
                if desk.state(each)["id"] not in request.url.path:
                    moved.add(each)
                    desk.control.change(each, "customer_reference", "theirs")

    desk.asked = meanwhile
    said = reconciler("apply", str(path), "--format", "json", *more)
    assert said.code == 5
    assert {each["phone_number"] for each in said.json["skipped"]} == moved
    assert [desk.state(each)["customer_reference"] for each in moved] == ["theirs"] * 3
    assert len(desk.writes()) == 1


def test_what_a_job_would_send_again_and_has_moved_stops_the_apply(
    make_desk: MakeDesk, reconciler: Shell
) -> None:
    desk = make_desk(number(ONE, customer_reference="x"), number(TWO, hd_voice_enabled=True))
    wish = {"customer_reference": "x", "hd_voice_enabled": True}
    desk.declare({ONE: wish, TWO: wish})
    saved = desk.save()
    desk.control.change(ONE, "customer_reference", "theirs")
    said = reconciler("apply", str(saved))
    assert (said.code, ONE in said.err, TWO in said.err) == (4, True, False), said
    assert desk.writes() == []


@pytest.fixture
def restating(make_desk: MakeDesk) -> Desk:
    """Three numbers, a job for all of which sends to each again what it holds already: the
    reference of ONE, high definition of TWO, neither of THREE."""
    rows = (
        number(ONE, customer_reference="x"),
        number(TWO, hd_voice_enabled=True),
        number(THREE),
        number(FOUR),
    )
    desk = make_desk(*rows)
    wish = {"customer_reference": "x", "hd_voice_enabled": True}
    single = {"messaging": {"messaging_product": "P2P"}}
    desk.declare({ONE: wish, TWO: wish, THREE: wish, FOUR: single})
    desk.control.change(FOUR, "messaging.messaging_product", "A2P")
    return desk


@pytest.mark.parametrize(
    ("moved", "path", "value"),
    [
        (ONE, "customer_reference", "theirs"),
        (ONE, "customer_reference", None),
        (TWO, "hd_voice_enabled", False),
    ],
)
def test_with_skip_what_a_job_would_send_again_and_has_moved_is_not_written_over(
    reconciler: Shell, restating: Desk, moved: str, path: str, value: Any
) -> None:
    desk = restating
    saved = desk.save()
    (job,) = [each for each in document_of(saved)["operations"] if each["call"] == "update_job"]
    assert job["guards"].keys() == {"customer_reference", "hd_voice_enabled"}
    desk.control.change(moved, path, value)
    said = reconciler("apply", str(saved), "--on-stale", "skip", "--format", "json")
    assert said.code == 4
    assert {each["phone_number"] for each in said.json["skipped"]} == {moved}
    assert (desk.state(moved)[path] or None) == (value or None)
    rest = [desk.state(each)["id"] for each in (ONE, TWO, THREE) if each != moved]
    bodies = {each.call: each.body for each in desk.writes()}
    assert bodies.keys() == {"update_job", "patch_messaging"}
    assert bodies["update_job"] == {**job["body"], "phone_numbers": rest}
    assert len(desk.writes()) == 2


def test_what_a_job_would_send_again_and_moves_after_the_first_write_is_skipped(
    reconciler: Shell, restating: Desk
) -> None:
    desk = restating
    saved = desk.save()
    desk.asked = lambda request: (
        desk.control.change(ONE, "customer_reference", "theirs")
        if request.method == "PATCH"
        else None
    )
    said = reconciler("apply", str(saved), "--format", "json")
    assert (said.code, [each.call for each in desk.writes()]) == (
        5,
        ["patch_messaging", "update_job"],
    )
    assert {each["phone_number"] for each in said.json["skipped"]} == {ONE}
    assert desk.state(ONE)["customer_reference"] == "theirs"
    assert [desk.state(each)["hd_voice_enabled"] for each in (ONE, TWO, THREE)] == [
        False,
        True,
        True,
    ]
