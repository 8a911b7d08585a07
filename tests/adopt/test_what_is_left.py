"""What is not adopted is listed, with the reason; what belongs together is adopted together."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.catalogue import EMERGENCY_STATUS
from reconciler.core.rules import (
    EMERGENCY_ADDRESS,
    EMERGENCY_ENABLED,
    FORWARDING_ENABLED,
    FORWARDS_TO,
)
from reconciler.errors import UsageError
from reconciler.files.splice import NotEditableError
from tests.adopt.test_which_line_says_it import ONE, TWO, adopted
from tests.adopt.world import World, world

ON = {EMERGENCY_ENABLED: True, EMERGENCY_ADDRESS: "53829"}


def left(account: World) -> dict[str, str]:
    """The reasons by path; nothing may have been written."""
    before = account.files()
    found = account.adopt()
    assert account.files() == before
    assert found.fields == ()
    assert not found.converged
    return {each.path: each.reason for each in found.left}


def edited(root: Path, own: str, **files: str) -> World:
    """A project of one number, which is live in the same state."""
    return world(root, {"fleet.yaml": f'numbers:\n  "{ONE}": {{{own}}}\n', **files})


def test_a_pin(tmp_path: Path) -> None:
    account = edited(tmp_path, "external_pin: {env: A_PIN}")
    account.live[ONE]["external_pin"] = "9999"
    reasons = left(account)
    assert "PIN" in reasons["external_pin"]
    assert "9999" not in str(reasons)


def test_a_number_that_the_account_lacks(tmp_path: Path) -> None:
    account = edited(tmp_path, "tags: [a]")
    account.live.clear()
    account.live[TWO] = {}
    assert left(account) == {"": "the account does not have it"}


def test_a_number_to_be_given_back(tmp_path: Path) -> None:
    account = edited(tmp_path, "release: true")
    account.live[ONE] = {}
    assert "given back" in left(account)[""]


def test_a_number_that_is_not_active(tmp_path: Path) -> None:
    account = edited(tmp_path, "tags: [a]")
    account.live[ONE]["tags"] = ()
    account.status = {ONE: "port-pending"}
    assert "port-pending" in left(account)["tags"]


def test_a_number_out_of_scope(tmp_path: Path) -> None:
    project = {"reconciler.yaml": "select: {tags: [managed]}\n"}
    account = edited(tmp_path, "tags: [managed]", **project)
    account.live[ONE]["tags"] = ("other",)
    assert "select" in left(account)["tags"]


def test_what_is_ignored_is_no_drift(tmp_path: Path) -> None:
    project = {"reconciler.yaml": 'ignore: [{numbers: "*", paths: [tags], reason: trial}]\n'}
    account = edited(tmp_path, "tags: [a]", **project)
    account.live[ONE]["tags"] = ()
    found = account.adopt()
    assert found.converged
    assert found.fields == ()


def test_a_protected_number_is_adopted_for_nothing_is_written_to_it(tmp_path: Path) -> None:
    text = f'numbers:\n  "{ONE}": {{protect: true, tags: [a]}}\n'
    assert adopted(tmp_path, text, (ONE, "tags", ("b",))) == text.replace("[a]", "[b]")


def test_null_where_null_cannot_be_declared(tmp_path: Path) -> None:
    own = "voice: {call_forwarding: {forwarding_type: always}}"
    account = edited(tmp_path, own)
    account.live[ONE]["voice.call_forwarding.forwarding_type"] = None
    assert "null" in left(account)["voice.call_forwarding.forwarding_type"]


def test_text_that_may_not_stand_in_a_file(tmp_path: Path) -> None:
    account = edited(tmp_path, "customer_reference: x")
    account.live[ONE]["customer_reference"] = "\u202e"
    assert "characters" in left(account)["customer_reference"]


def test_a_feature_that_stands_half_configured(tmp_path: Path) -> None:
    own = "voice: {cnam_listing: {cnam_listing_enabled: true, cnam_listing_details: ACME}}"
    account = edited(tmp_path, own)
    account.live[ONE]["voice.cnam_listing.cnam_listing_enabled"] = False
    assert "half configured" in left(account)["voice.cnam_listing.cnam_listing_enabled"]


def test_forwarding_comes_with_its_target(tmp_path: Path) -> None:
    text = (
        f"numbers:\n  '{ONE}': {{voice: {{call_forwarding: {{call_forwarding_enabled: false}}}}}}\n"
    )
    edits = [(ONE, FORWARDING_ENABLED, True), (ONE, FORWARDS_TO, "+13035559123")]
    after = adopted(tmp_path, text, *edits)
    forwarding = '{call_forwarding_enabled: true, forwards_to: "+13035559123"}'
    assert after == text.replace("{call_forwarding_enabled: false}", forwarding)


@pytest.mark.parametrize(
    ("own", "after"),
    [
        (
            "emergency: {emergency_enabled: true, emergency_address_id: '53829'}",
            "emergency: {emergency_enabled: false, emergency_address_id: null}",
        ),
        (
            "groups: [both]",
            "groups: [both], emergency: {emergency_enabled: false}",
        ),
        (
            "groups: [svc], emergency: {emergency_address_id: '53829'}",
            "groups: [svc], emergency: {emergency_enabled: false, emergency_address_id: null}",
        ),
    ],
)
@pytest.mark.parametrize("address", [None, "53829"])
def test_emergency_service_that_is_off(
    tmp_path: Path, own: str, after: str, address: str | None
) -> None:
    text = f"""\
groups:
  both: {{emergency: {{emergency_enabled: true, emergency_address_id: "53829"}}}}
  svc: {{emergency: {{emergency_enabled: true}}}}
numbers:
  "{ONE}": {{{own}}}
  "{TWO}": {{groups: [both]}}
  "+13125550003": {{groups: [svc], emergency: {{emergency_address_id: "53829"}}}}
"""
    edits: list[tuple[str, str, Any]] = [
        (ONE, EMERGENCY_ENABLED, False),
        (ONE, EMERGENCY_ADDRESS, address),
    ]
    found = adopted(tmp_path, text, *edits)
    assert found == text.replace(f'"{ONE}": {{{own}}}', f'"{ONE}": {{{after}}}')


def test_emergency_service_that_is_off_on_all_numbers_of_a_group(tmp_path: Path) -> None:
    text = f"""\
groups:
  a:
    emergency:
      emergency_enabled: true  # all of them
      emergency_address_id: "53829"  # our door
numbers:
  "{ONE}": {{groups: [a]}}
  "{TWO}": {{groups: [a]}}
"""
    after = adopted(tmp_path, text, *((each, EMERGENCY_ENABLED, False) for each in (ONE, TWO)))
    assert after == text.replace("true  #", "false  #").replace('"53829"  #', "null  #")


def test_emergency_service_that_is_on_comes_with_its_address(tmp_path: Path) -> None:
    text = f'numbers:\n  "{ONE}": {{emergency: {{emergency_enabled: false}}}}\n'
    after = adopted(tmp_path, text, *((ONE, *each) for each in ON.items()))
    service = 'emergency: {emergency_enabled: true, emergency_address_id: "53829"}'
    assert after == text.replace("emergency: {emergency_enabled: false}", service)


@pytest.mark.parametrize("status", ["provisioning-failed", "deprovisioning"])
def test_emergency_service_that_nobody_switched_off(tmp_path: Path, status: str) -> None:
    own = "emergency: {emergency_enabled: true, emergency_address_id: '53829'}"
    account = edited(tmp_path, own)
    account.live[ONE] |= {EMERGENCY_ENABLED: False, EMERGENCY_STATUS: status}
    assert "emergency service" in left(account)[EMERGENCY_ENABLED]


def test_files_that_were_changed_meanwhile_are_left_alone(tmp_path: Path) -> None:
    from reconciler.workflow import adopt_drift

    account = edited(tmp_path, "tags: [a]")
    account.live[ONE]["tags"] = ()
    planned = account.drift()
    (tmp_path / "more.yaml").write_text("numbers: {}\n")
    before = account.files()
    with pytest.raises(UsageError, match="changed while"):
        adopt_drift(tmp_path, planned)
    assert account.files() == before


def test_a_line_that_a_rule_of_the_project_may_use_is_not_changed_for_one_file(
    tmp_path: Path,
) -> None:
    text = f'numbers:\n  "{ONE}": {{groups: [a]}}\n'
    project = """\
groups: {a: {hd_voice_enabled: true}}
assign: [{match: {tags: [x]}, groups: [a]}]
"""
    account = world(
        tmp_path,
        {"fleet.yaml": text, "reconciler.yaml": project},
        (ONE, "hd_voice_enabled", False),
    )
    assert account.adopt("fleet.yaml").converged
    assert account.text("reconciler.yaml") == project
    assert account.text() == text.replace("[a]}", "[a], hd_voice_enabled: false}")


def test_a_pin_that_stands_in_the_yaml_may_move_to_another_line(tmp_path: Path) -> None:
    text = f"""\
groups: {{a: {{hd_voice_enabled: true}}}}
numbers:
  "{ONE}":
    groups: [a]
  "{TWO}": {{groups: [a], external_pin: "4711"}}
"""
    pin = (TWO, "external_pin", "4711")
    after = adopted(tmp_path, text, (ONE, "hd_voice_enabled", False), pin)
    assert after == text.replace("[a]\n", "[a]\n    hd_voice_enabled: false\n")


def test_a_link_stays_a_link_and_a_mode_stays(tmp_path: Path) -> None:
    real = tmp_path / ".real.yaml"
    real.write_text(f'numbers:\n  "{ONE}": {{tags: [a]}}\n')
    real.chmod(0o640)
    (tmp_path / "fleet.yaml").symlink_to(real.name)
    account = world(tmp_path, {}, (ONE, "tags", ("b",)))
    assert account.adopt().converged
    assert (tmp_path / "fleet.yaml").is_symlink()
    assert "[b]" in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_a_write_that_fails_half_way_leaves_all_files_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "a.yaml": f'numbers:\n  "{ONE}": {{tags: [a]}}\n',
        "b.yaml": f'numbers:\n  "{TWO}": {{tags: [a]}}\n',
    }
    account = world(tmp_path, files, (ONE, "tags", ("b",)), (TWO, "tags", ("b",)))
    before = account.files()
    replace, calls = Path.replace, []

    def full(self: Path, target: Path) -> Path:
        calls.append(self)
        if len(calls) == 2:
            raise OSError(28, "No space left on device", str(target))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UsageError, match="nothing was written"):
        account.adopt()
    assert account.files() == before


def test_files_whose_edits_do_not_go_together_are_left_however_many_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [f"+131255500{at:02}" for at in range(60)]
    files = {
        f"fleet-{at:02}.yaml": f'version: 1\nnumbers: {{"{each}": {{customer_reference: a}}}}\n'
        for at, each in enumerate(numbers)
    }
    account = world(tmp_path, files, *((each, "customer_reference", "b") for each in numbers))

    def clash(_: object) -> bytes:
        raise NotEditableError("they meet")

    monkeypatch.setattr("reconciler.files.splice.Editing.result", clash)
    found = account.adopt()
    assert {(each.phone_number, each.reason) for each in found.left} == {
        (each, "they meet") for each in numbers
    }
