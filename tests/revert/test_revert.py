"""`revert JOURNAL --out FILE`: the plan that undoes what an apply changed, and what it cannot."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from reconciler import workflow
from reconciler.core.safety import Allowance
from reconciler.errors import Exit, UsageError
from reconciler.sandbox.faults import Drop, Respond
from reconciler.sandbox.fleet import mobile_number, number
from tests.apply.account import FOUR, ONE, PROFILE, THREE, TRUNK, TWO, masked
from tests.cli.support import Shell
from tests.saved.conftest import MakeDesk
from tests.saved.support import Desk, document_of

ADDRESS = "53829456729313"
TARGET = "+13035559123"
MOBILE = "+13125550300"
BUNDLE = "5194d8fc-87e6-4188-baa9-1c434bbe861b"
ON = {"emergency_enabled": True, "emergency_address_id": ADDRESS, "emergency_status": "active"}
ALL = frozenset(Allowance)


def applied(desk: Desk, numbers: dict[str, Any], **options: Any) -> str:
    """Declare and apply; the journal."""
    desk.declare(numbers)
    outcome = desk.apply(**options)
    return outcome.journal


def undo(desk: Desk, journal: str, **options: Any) -> tuple[list[tuple[str, str, str]], Path]:
    """What cannot be undone, and the plan file that undoes the rest."""
    reverted = desk.revert(journal, **options)
    path = desk.root / "back.json"
    workflow.save_plan(reverted.planned.plan, path)
    desk.control.forget()
    return [(each.phone_number, each.path, each.reason) for each in reverted.left], path


def changes(path: Path) -> list[tuple[str, str, Any]]:
    """Every change of a plan file."""
    return [
        (change["phone_number"], field["path"], field["after"])
        for change in document_of(path)["changes"]
        for field in change["fields"]
    ]


def test_the_account_is_as_it_was(desk: Desk) -> None:
    before = masked(desk.control.dump(), {})
    journal = applied(
        desk,
        {
            ONE: {"tags": ["a"], "customer_reference": "x", "hd_voice_enabled": True},
            TWO: {"connection_id": TRUNK, "messaging": {"messaging_profile_id": PROFILE}},
        },
    )
    left, path = undo(desk, journal)
    assert (left, desk.carry_out(path).exit_code) == ([], Exit.OK)
    assert masked(desk.control.dump(), {}) == before


def test_only_reads_are_made_for_it(desk: Desk) -> None:
    journal = applied(desk, {ONE: {"tags": ["a"]}})
    desk.control.forget()
    desk.revert(journal)
    assert desk.writes() == []


def test_the_command_saves_a_plan_that_says_where_it_comes_from(
    reconciler: Shell, desk: Desk
) -> None:
    journal = applied(desk, {ONE: {"customer_reference": "x"}})
    said = reconciler("revert", journal, "--out", "back.json")
    assert (said.code, stat.S_IMODE(Path("back.json").stat().st_mode)) == (0, 0o600)
    assert "reconciler apply back.json" in said.err
    assert reconciler("show", "back.json").code == 0
    assert reconciler("apply", "back.json").code == 0
    assert not desk.state(ONE)["customer_reference"]


def test_a_revert_is_reverted_like_any_apply(desk: Desk) -> None:
    journal = applied(desk, {ONE: {"customer_reference": "x"}})
    _, path = undo(desk, journal)
    second = desk.carry_out(path).journal
    _, path = undo(desk, second)
    desk.carry_out(path)
    assert desk.state(ONE)["customer_reference"] == "x"


def test_a_revert_that_was_applied_already_leaves_nothing_to_do(desk: Desk) -> None:
    journal = applied(desk, {ONE: {"customer_reference": "x"}})
    _, path = undo(desk, journal)
    desk.carry_out(path)
    left, path = undo(desk, journal)
    assert (left, changes(path)) == ([], [])


def test_a_revert_goes_stale_like_any_plan(desk: Desk) -> None:
    journal = applied(desk, {ONE: {"customer_reference": "x"}, TWO: {"tags": ["a"]}})
    _, path = undo(desk, journal)
    desk.control.change(ONE, "customer_reference", "theirs")
    assert desk.carry_out(path, "skip").exit_code == Exit.STALE
    assert desk.state(ONE)["customer_reference"] == "theirs"


def test_a_mobile_number_gets_its_settings_back(make_desk: MakeDesk) -> None:
    desk = make_desk(mobile_number(MOBILE, tags=["old"]), number(ONE))
    desk.declare({}, mobile_numbers={MOBILE: {"tags": ["new"], "noise_suppression": "both"}})
    left, path = undo(desk, desk.apply().journal)
    assert desk.carry_out(path).converged
    assert (left, desk.state(MOBILE)["tags"]) == ([], ["old"])


def test_the_rules_of_a_project_hold_for_a_revert(make_desk: MakeDesk) -> None:
    desk = make_desk(number(ONE, deletion_lock_enabled=False))
    journal = applied(desk, {ONE: {"deletion_lock_enabled": True}})
    _, path = undo(desk, journal)
    assert [each["rule"] for each in document_of(path)["withheld"]] == ["allow_unlock"]
    _, path = undo(desk, journal, allow=frozenset({Allowance.UNLOCK}))
    assert desk.carry_out(path).converged
    assert desk.state(ONE)["deletion_lock_enabled"] is False


def test_a_revert_of_many_numbers_is_not_too_much(make_desk: MakeDesk) -> None:
    """They are all that it is about: counted against themselves they would always be too many."""
    names = [f"+1312555{each:04}" for each in range(40)]
    desk = make_desk(*(number(each) for each in names))
    wishes: dict[str, Any] = {each: {} for each in names}
    journal = applied(desk, wishes | {each: {"customer_reference": "x"} for each in names[:12]})
    _, path = undo(desk, journal)
    assert "refusals" not in document_of(path)
    assert desk.carry_out(path).converged


def test_a_revert_of_more_than_max_changes_is_refused(desk: Desk) -> None:
    numbers = {each: {"customer_reference": "x"} for each in (ONE, TWO, THREE)}
    desk.declare(numbers, safety={"max_changes": 2})
    journal = desk.apply(allow=frozenset({Allowance.MAX_CHANGES})).journal
    _, path = undo(desk, journal)
    assert "max_changes" in document_of(path)["refusals"][0]


# ---- what cannot be undone ----------------------------------------------------------------------


def test_a_pin_is_listed(desk: Desk) -> None:
    journal = applied(desk, {ONE: {"external_pin": "4711", "customer_reference": "x"}})
    left, path = undo(desk, journal)
    assert left == [(ONE, "external_pin", "a PIN is never journalled: set it anew")]
    assert changes(path) == [(ONE, "customer_reference", None)]


def test_a_number_that_was_given_back_is_listed(desk: Desk) -> None:
    journal = applied(desk, {ONE: {"release": True}, TWO: {"tags": ["a"]}}, allow=ALL)
    left, path = undo(desk, journal)
    assert left == [(ONE, "release", "it was given back: it has to be bought")]
    assert changes(path) == [(TWO, "tags", [])]


def test_what_was_changed_again_since_is_listed_and_left_alone(desk: Desk) -> None:
    journal = applied(desk, {ONE: {"customer_reference": "x", "tags": ["a"]}})
    desk.control.change(ONE, "customer_reference", "theirs")
    left, path = undo(desk, journal)
    assert left == [(ONE, "customer_reference", "it was changed again since")]
    assert changes(path) == [(ONE, "tags", [])]


def test_what_nobody_could_read_before_is_listed(desk: Desk) -> None:
    journal = applied(
        desk, {ONE: {"bundle_id": BUNDLE, "address_id": BUNDLE, "tags": ["a"]}}, allow=ALL
    )
    left, path = undo(desk, journal)
    assert {(name, path_) for name, path_, _ in left} == {(ONE, "bundle_id"), (ONE, "address_id")}
    assert all("not known" in why for *_, why in left)
    assert changes(path) == [(ONE, "tags", [])]


def test_service_that_was_switched_on_is_switched_off_when_that_is_allowed(desk: Desk) -> None:
    wish = {"emergency_enabled": True, "emergency_address_id": ADDRESS}
    journal = applied(desk, {ONE: {"emergency": wish}})
    _, path = undo(desk, journal)
    assert [each["rule"] for each in document_of(path)["withheld"]] == ["allow_emergency_off"]
    _, path = undo(desk, journal, allow=ALL)
    assert desk.carry_out(path).converged
    assert desk.state(ONE)["emergency"]["emergency_enabled"] is False


@pytest.mark.parametrize("keeps", [True, False])
def test_service_that_was_switched_off_is_on_again_or_listed(
    make_desk: MakeDesk, keeps: bool
) -> None:
    desk = make_desk(number(ONE, emergency=ON), number(TWO), emergency_off_keeps_address=keeps)
    journal = applied(
        desk, {ONE: {"emergency": {"emergency_enabled": False}}, TWO: {"tags": ["a"]}}, allow=ALL
    )
    left, path = undo(desk, journal)
    assert desk.carry_out(path).converged
    enabled = desk.state(ONE)["emergency"]["emergency_enabled"]
    if keeps:
        assert (left, enabled) == ([], True)
    else:
        assert [(name, path_) for name, path_, _ in left] == [(ONE, "emergency.emergency_enabled")]


def test_forwarding_that_was_not_set_is_switched_off(desk: Desk) -> None:
    wish = {"call_forwarding_enabled": True, "forwards_to": TARGET, "forwarding_type": "always"}
    desk.control.change(ONE, "voice.call_forwarding.call_forwarding_enabled", False)
    journal = applied(desk, {ONE: {"voice": {"call_forwarding": wish}}})
    left, path = undo(desk, journal)
    why = "it was not set before, and cannot be cleared"
    assert left == [(ONE, "voice.call_forwarding.forwarding_type", why)]
    assert desk.carry_out(path).converged
    now = desk.state(ONE)["voice"]["call_forwarding"]
    assert (now["call_forwarding_enabled"], now["forwards_to"]) == (False, None)


def test_an_address_that_service_which_was_off_had_left_over_is_listed(
    make_desk: MakeDesk,
) -> None:
    other = {**ON, "emergency_enabled": False, "emergency_status": "disabled"}
    desk = make_desk(number(ONE, emergency={**other, "emergency_address_id": "53829456729314"}))
    wish = {"emergency_enabled": True, "emergency_address_id": ADDRESS}
    left, path = undo(desk, applied(desk, {ONE: {"emergency": wish}}), allow=ALL)
    why = "an address can only be set together with service"
    assert left == [(ONE, "emergency.emergency_address_id", why)]
    assert changes(path) == [(ONE, "emergency.emergency_enabled", False)]


def test_what_could_be_read_before_and_cannot_be_now_is_undone_when_that_is_allowed(
    make_desk: MakeDesk,
) -> None:
    desk = make_desk(number(ONE, address_id=None), shows_write_only=True)
    # Another field has the full list read, which shows it here, when the plan is made; its own
    # revert has no need of that list.
    wish = {"address_id": BUNDLE, "deletion_lock_enabled": False}
    journal = applied(desk, {ONE: wish}, allow=ALL)
    left, path = undo(desk, journal)
    assert (left, [each["rule"] for each in document_of(path)["withheld"]]) == (
        [],
        ["allow_unreadable"],
    )
    _, path = undo(desk, journal, allow=ALL)
    assert changes(path) == [(ONE, "address_id", None)]


def test_what_was_live_already_is_not_undone(desk: Desk) -> None:
    desk.declare({ONE: {"customer_reference": "x"}, TWO: {"tags": ["a"]}})
    path = desk.save()
    desk.control.change(ONE, "customer_reference", "x")
    _, back = undo(desk, desk.carry_out(path).journal)
    assert changes(back) == [(TWO, "tags", [])]


def test_what_failed_is_not_undone(desk: Desk) -> None:
    desk.control.fault(Respond(status=422), call="patch_number")
    journal = applied(
        desk, {ONE: {"customer_reference": "x"}, TWO: {"voice": {"tech_prefix_enabled": True}}}
    )
    _, back = undo(desk, journal)
    assert changes(back) == [(TWO, "voice.tech_prefix_enabled", False)]


def test_a_number_that_is_gone_since_is_named(reconciler: Shell, desk: Desk) -> None:
    journal = applied(desk, {ONE: {"customer_reference": "x"}, TWO: {"tags": ["a"]}})
    desk.control.remove(ONE)
    said = reconciler("revert", journal, "--out", "back.json")
    assert (said.code, ONE in said.out + said.err) == (0, True)
    assert changes(desk.root / "back.json") == [(TWO, "tags", [])]


def test_what_cannot_be_undone_stands_on_stderr(reconciler: Shell, desk: Desk) -> None:
    journal = applied(desk, {ONE: {"external_pin": "4711", "customer_reference": "x"}})
    said = reconciler("revert", journal, "--out", "back.json", "--format", "json")
    assert "a PIN is never journalled" in said.err
    assert said.json == json.loads((desk.root / "back.json").read_bytes())


def test_a_nested_object_of_which_a_part_was_changed_again_is_left_alone(desk: Desk) -> None:
    listing = {"cnam_listing_enabled": True, "cnam_listing_details": "ACME"}
    journal = applied(desk, {ONE: {"voice": {"cnam_listing": listing}, "tags": ["a"]}})
    desk.control.change(ONE, "voice.cnam_listing.cnam_listing_details", "THEIRS")
    left, path = undo(desk, journal)
    again = "it was changed again since"
    details = "voice.cnam_listing.cnam_listing_details"
    assert sorted(left) == [
        (ONE, details, again),
        (ONE, "voice.cnam_listing.cnam_listing_enabled", f"it goes with {details}: {again}"),
    ]
    assert changes(path) == [(ONE, "tags", [])]


def test_a_connection_that_the_provider_moved_is_listed(make_desk: MakeDesk) -> None:
    desk = make_desk(number(ONE, connection_id=TRUNK), forward_only_connection=True)
    desk.control.change(ONE, "voice.call_forwarding.call_forwarding_enabled", False)
    desk.control.change(ONE, "voice.call_forwarding.forwarding_type", "always")
    wish = {"call_forwarding_enabled": True, "forwards_to": TARGET}
    journal = applied(desk, {ONE: {"voice": {"call_forwarding": wish}}})
    now = desk.state(ONE)["connection_id"]
    assert now != TRUNK
    left, path = undo(desk, journal)
    why = f'it was "{TRUNK}" before forwarding was switched on, now it is "{now}": set it anew'
    assert left == [(ONE, "connection_id", why)]
    assert {field for _, field, _ in changes(path)} == {
        "voice.call_forwarding.call_forwarding_enabled",
        "voice.call_forwarding.forwards_to",
    }
    assert desk.carry_out(path).converged


def test_what_was_sent_and_did_nothing_is_not_undone(make_desk: MakeDesk) -> None:
    desk = make_desk(
        number(ONE, customer_reference="x"), ignored_clears=frozenset({"customer_reference"})
    )
    journal = applied(desk, {ONE: {"customer_reference": None, "tags": ["a"]}})
    left, path = undo(desk, journal)
    assert (left, changes(path)) == ([], [(ONE, "tags", [])])


def test_what_shows_only_later_is_undone(make_desk: MakeDesk) -> None:
    desk = make_desk(number(ONE, customer_reference="old"), read_delay=1000)
    desk.declare({ONE: {"customer_reference": "x"}})
    outcome = desk.apply()
    assert outcome.unconfirmed
    desk.clock.time += 2000
    left, path = undo(desk, outcome.journal)
    assert (left, changes(path)) == ([], [(ONE, "customer_reference", "old")])


# ---- which journal ------------------------------------------------------------------------------


def test_an_unfinished_journal_is_refused_with_the_command_to_run(desk: Desk) -> None:
    desk.declare({ONE: {"customer_reference": "x"}, TWO: {"tags": ["a"]}})
    desk.control.fault(Drop(), method="GET", skip=3, times=None)
    path = desk.save()
    desk.control.clear()
    journal = desk.carry_out(path).journal
    lines = Path(journal).read_bytes().splitlines(keepends=True)
    Path(journal).write_bytes(b"".join(lines[:-2]))
    with pytest.raises(UsageError, match=f"`reconciler resume {journal}` first"):
        desk.revert(journal)


def test_a_journal_of_another_address_is_refused(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = applied(desk, {ONE: {"customer_reference": "x"}})
    monkeypatch.setenv("TELNYX_BASE_URL", "http://127.0.0.1:10/v2")
    with pytest.raises(UsageError, match="the API is"):
        desk.revert(journal)


def bought_anew(desk: Desk, *numbers: str) -> None:
    """The same numbers under other ids, as another account would have them."""
    for each in numbers:
        row = desk.state(each)
        desk.control.remove(each)
        desk.control.add({**row, "id": f"9{row['id'][1:]}"})


ANOTHER_ACCOUNT = [
    {"customer_reference": "x"},
    {"emergency": {"emergency_enabled": True, "emergency_address_id": ADDRESS}},
    {"external_pin": "4711"},
]


@pytest.mark.parametrize("wish", ANOTHER_ACCOUNT, ids=str)
@pytest.mark.parametrize("has_the_numbers", [False, True])
def test_a_journal_of_another_account_is_refused(
    reconciler: Shell, desk: Desk, wish: dict[str, Any], has_the_numbers: bool
) -> None:
    journal = applied(desk, {ONE: wish, TWO: wish})
    if has_the_numbers:
        bought_anew(desk, ONE, TWO)
    else:
        desk.control.remove(ONE)
        desk.control.remove(TWO)
    said = reconciler("revert", journal, "--out", "back.json")
    assert (said.code, "another account's" in said.err) == (1, True)
    assert (said.out, Path("back.json").exists()) == ("", False)


def test_a_journal_that_only_gave_back_is_not_taken_for_another_accounts(
    reconciler: Shell, desk: Desk
) -> None:
    journal = applied(desk, {ONE: {"release": True}, TWO: {}}, allow=ALL)
    assert reconciler("revert", journal, "--out", "back.json").code == 0


def test_a_number_that_was_bought_anew_is_listed_and_left_alone(desk: Desk) -> None:
    journal = applied(desk, {each: {"customer_reference": "x"} for each in (ONE, TWO)})
    bought_anew(desk, ONE)
    left, path = undo(desk, journal)
    assert left == [(ONE, "customer_reference", "it is in the account under another id now")]
    assert changes(path) == [(TWO, "customer_reference", None)]


def test_a_damaged_journal_is_refused(desk: Desk) -> None:
    journal = Path(applied(desk, {ONE: {"customer_reference": "x"}}))
    journal.write_bytes(journal.read_bytes().replace(b'"x"', b'"z"'))
    with pytest.raises(UsageError, match="damaged"):
        desk.revert(journal)


def test_a_plan_file_is_no_journal(reconciler: Shell, desk: Desk) -> None:
    desk.declare({ONE: {"customer_reference": "x"}})
    said = reconciler("revert", str(desk.save()), "--out", "back.json")
    assert (said.code, Path("back.json").exists()) == (1, False)


def test_the_plan_is_not_written_over_the_journal(reconciler: Shell, desk: Desk) -> None:
    journal = applied(desk, {ONE: {"customer_reference": "x"}})
    before = Path(journal).read_bytes()
    said = reconciler("revert", journal, "--out", journal)
    assert (said.code, Path(journal).read_bytes() == before) == (1, True)


def test_numbers_that_were_not_touched_are_not_in_it(desk: Desk) -> None:
    journal = applied(desk, {ONE: {"customer_reference": "x"}, FOUR: {}})
    _, path = undo(desk, journal)
    assert [each["phone_number"] for each in document_of(path)["changes"]] == [ONE]
