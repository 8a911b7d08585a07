"""PINs in saved plans: never in the file, bound to the review where there is a key to bind by."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.core.planfile import plan_document
from reconciler.errors import InputError, StaleError, UsageError
from reconciler.sandbox.fleet import number
from tests.apply.account import ONE, TWO
from tests.cli.support import Shell
from tests.saved.conftest import MakeDesk
from tests.saved.support import Desk, Document, document_of, forged, put

KEY = "RECONCILER_SECRET_KEY"
PIN, OTHER, OLD, NEWER = "90210473", "90210474", "55510473", "66610473"


@pytest.fixture
def desk(make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A number with a PIN that is to get another one, and one whose PIN is to be cleared."""
    monkeypatch.setenv("PIN_DESK_1", PIN)
    made = make_desk(number(ONE, external_pin=OLD), number(TWO, external_pin=OLD))
    made.declare({ONE: {"external_pin": {"env": "PIN_DESK_1"}}})
    return made


@pytest.fixture
def bound(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plan that was made with a key."""
    monkeypatch.setenv(KEY, "correct horse")
    return desk.save()


def test_no_pin_is_in_the_file(bound: Path) -> None:
    text = bound.read_text()
    assert (PIN in text, OLD in text, "correct horse" in text) == (False, False, False)


def test_a_pin_stands_by_its_name_with_a_fingerprint(bound: Path) -> None:
    (field,) = document_of(bound)["changes"][0]["fields"]
    assert field["after"]["secret"] == "env:PIN_DESK_1"
    assert len(field["after"]["fingerprint"]) == 64
    assert field["before"]["secret"] == "live"


def test_the_body_holds_the_name_alone(bound: Path) -> None:
    (call,) = document_of(bound)["operations"]
    assert call["body"] == {"external_pin": {"secret": "env:PIN_DESK_1"}}


def test_without_a_key_there_is_no_fingerprint(desk: Desk) -> None:
    (field,) = document_of(desk.save())["changes"][0]["fields"]
    assert (field["before"], field["after"]) == (
        {"secret": "live"},
        {"secret": "env:PIN_DESK_1"},
    )


def test_without_a_key_the_report_lists_the_pin_as_not_bound(reconciler: Shell, desk: Desk) -> None:
    desk.save()
    for words in (("plan",), ("show", "plan.json")):
        said = reconciler(*words)
        assert (f"{KEY}" in said.out, "bound" in said.out, ONE in said.out) == (True, True, True)


def test_with_a_key_nothing_is_listed_as_not_bound(reconciler: Shell, bound: Path) -> None:
    assert KEY not in reconciler("show", str(bound)).out


def test_the_pin_that_was_reviewed_is_sent(desk: Desk, bound: Path) -> None:
    assert desk.carry_out(bound).converged
    assert desk.state(ONE)["external_pin"] == PIN


def test_another_pin_is_refused(desk: Desk, bound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIN_DESK_1", OTHER)
    with pytest.raises(UsageError, match="env:PIN_DESK_1 is not the PIN that was reviewed") as told:
        desk.carry_out(bound)
    assert (OTHER in str(told.value), desk.control.log()) == (False, [])


def test_another_key_is_refused(desk: Desk, bound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "another horse")
    with pytest.raises(UsageError, match=f"or {KEY} is not the one the plan was made with"):
        desk.carry_out(bound)
    assert desk.control.log() == []


@pytest.mark.parametrize("value", [None, ""])
def test_without_the_key_a_bound_plan_is_refused(
    desk: Desk, bound: Path, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv(KEY)
    if value is not None:
        monkeypatch.setenv(KEY, value)
    with pytest.raises(UsageError, match=f"set {KEY}"):
        desk.carry_out(bound)
    assert desk.control.log() == []


def test_a_pin_that_is_not_set_here_is_refused_before_a_call(
    desk: Desk, bound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIN_DESK_1")
    with pytest.raises(InputError, match="environment variable PIN_DESK_1 is not set"):
        desk.carry_out(bound)
    assert desk.control.log() == []


def test_a_pin_from_a_place_that_steers_is_refused_in_one_neutral_line(
    desk: Desk, reconciler: Shell
) -> None:
    path, bad = desk.save(), "env:X\n::error::x\x1b[2J"

    def steer(document: Document) -> None:
        change = document["changes"][0]["fields"][0]
        change |= {"after": {"secret": bad}, "source": "a\n::error::x\x1b[2J:1"}
        document["operations"][0]["body"] = {"external_pin": {"secret": bad}}

    put(path, forged(document_of(path), steer))
    lines = reconciler("apply", str(path)).err.splitlines()
    assert len(lines) == 2
    assert all(line.isprintable() and not line.startswith("::") for line in lines)


def test_a_live_pin_that_is_another_is_stale(desk: Desk, bound: Path) -> None:
    desk.control.change(ONE, "external_pin", NEWER)
    with pytest.raises(StaleError, match="external_pin: another value") as told:
        desk.carry_out(bound)
    assert (NEWER in str(told.value), desk.writes()) == (False, [])


def test_a_live_pin_that_is_another_cannot_be_told_without_a_key(desk: Desk) -> None:
    path = desk.save()
    desk.control.change(ONE, "external_pin", NEWER)
    assert desk.carry_out(path).converged


def test_a_pin_that_is_cleared_is_bound_to_what_it_was(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, "correct horse")
    desk.declare({TWO: {"external_pin": None}})
    path = desk.save()
    monkeypatch.delenv(KEY)
    with pytest.raises(UsageError, match=f"set {KEY}"):
        desk.carry_out(path)
    assert desk.control.log() == []


def test_a_cleared_pin_that_is_another_now_is_stale(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, "correct horse")
    desk.declare({TWO: {"external_pin": None}})
    path = desk.save()
    desk.control.change(TWO, "external_pin", NEWER)
    with pytest.raises(StaleError, match="another value"):
        desk.carry_out(path)


def test_a_fingerprint_taken_out_unbinds_nothing_unseen(reconciler: Shell, bound: Path) -> None:
    """Whoever forges a file can take it out; then the report says that the PIN is not bound."""
    path = put(
        bound,
        forged(
            document_of(bound),
            lambda d: d["changes"][0]["fields"][0]["after"].pop("fingerprint"),
        ),
    )
    assert KEY in reconciler("show", str(path)).out


def test_the_report_of_an_apply_lists_the_pins_that_were_not_bound(desk: Desk) -> None:
    (note,) = desk.carry_out(desk.save()).notes
    assert ("not bound to the review" in note, ONE in note, KEY in note) == (True, True, True)


def test_the_report_of_an_apply_is_silent_about_pins_that_were_bound(
    desk: Desk, bound: Path
) -> None:
    assert desk.carry_out(bound).notes == ()


def test_equal_pins_of_two_numbers_are_not_seen_to_be_equal(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, "correct horse")
    monkeypatch.setenv("PIN_DESK_2", PIN)
    desk.declare(
        {
            ONE: {"external_pin": {"env": "PIN_DESK_1"}},
            TWO: {"external_pin": {"env": "PIN_DESK_2"}},
        }
    )
    document = plan_document(desk.plan().plan)
    prints = [
        value["fingerprint"]
        for change in document["changes"]
        for field in change["fields"]
        for value in (field["before"], field["after"])
    ]
    assert len(set(prints)) == 4


def test_a_pin_from_a_file_and_one_in_the_yaml_are_found_again(desk: Desk) -> None:
    (desk.root / "pin.txt").write_text(f"{PIN}\n")
    desk.declare({ONE: {"external_pin": {"file": "pin.txt"}}, TWO: {"external_pin": OTHER}})
    path = desk.save()
    assert (PIN in path.read_text(), OTHER in path.read_text()) == (False, False)
    assert desk.carry_out(path).converged
    assert (desk.state(ONE)["external_pin"], desk.state(TWO)["external_pin"]) == (PIN, OTHER)


def test_no_pin_is_in_the_journal(desk: Desk, bound: Path) -> None:
    outcome = desk.carry_out(bound)
    text = Path(outcome.journal).read_text()
    assert (PIN in text, OLD in text) == (False, False)


def test_an_applied_pin_plan_is_already_applied(desk: Desk, bound: Path) -> None:
    desk.carry_out(bound)
    assert "already applied" in desk.carry_out(bound).notes[0]


def test_any_bytes_make_a_key(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "\udcff\udc80")
    assert desk.carry_out(desk.save()).converged


def test_a_fingerprint_that_is_no_fingerprint_is_refused(desk: Desk, bound: Path) -> None:
    def forge(document: Document) -> None:
        document["changes"][0]["fields"][0]["after"]["fingerprint"] = "é"

    with pytest.raises(UsageError, match="is not the PIN that was reviewed"):
        desk.carry_out(put(bound, forged(document_of(bound), forge)))
    assert desk.control.log() == []


@pytest.mark.parametrize("made_in", [".", "numbers"])
def test_a_pin_in_clear_is_found_again_wherever_the_plan_was_made(
    make_desk: MakeDesk,
    reconciler: Shell,
    monkeypatch: pytest.MonkeyPatch,
    made_in: str,
) -> None:
    desk = make_desk(number(ONE, external_pin=OLD))
    (desk.root / "reconciler.yaml").write_text("version: 1\n")
    (desk.root / "numbers.yaml").unlink(missing_ok=True)
    (desk.root / "numbers").mkdir()
    (desk.root / "numbers" / "desks.yaml").write_text(
        f'version: 1\nnumbers:\n  "{ONE}": {{external_pin: "{PIN}"}}\n'
    )
    project, plan = str(desk.root), str(desk.root / "plan.json")
    monkeypatch.chdir(desk.root / made_in)
    assert reconciler("plan", project, "--out", plan).code == 0
    monkeypatch.chdir(desk.root)
    assert reconciler("apply", plan).code == 0
    assert desk.state(ONE)["external_pin"] == PIN
