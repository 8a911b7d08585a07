"""Where a live value is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.core.fields import Kind
from tests.adopt.world import World, fields_of, world

ONE, TWO, THREE = "+13125550001", "+13125550002", "+13125550003"
TRUNK, SALES = "1521916448077776306", "1521916448077776307"

GROUPED = f"""\
aliases:
  connection_id: {{trunk: "{TRUNK}", sales: "{SALES}"}}
groups:
  desk:
    connection_id: trunk  # all desks
    tags: [desk]
numbers:
  "{ONE}": {{groups: [desk]}}
  "{TWO}": {{groups: [desk]}}
"""


def adopted(root: Path, text: str, *edits: tuple[str, str, Any]) -> str:
    """The file after all drift was adopted."""
    account = world(root, {"fleet.yaml": text}, *edits)
    found = account.adopt()
    assert found.converged, found.left
    assert not fields_of(account.drift())
    return account.text()


def test_the_own_line_of_a_number(tmp_path: Path) -> None:
    text = f'numbers:\n  "{ONE}":\n    customer_reference: desk-1  # by the door\n'
    after = adopted(tmp_path, text, (ONE, "customer_reference", "Bob's"))
    assert after == text.replace("desk-1", '"Bob\'s"')


def test_the_line_of_a_group_where_all_its_numbers_drifted_alike(tmp_path: Path) -> None:
    edits = [(each, "connection_id", SALES) for each in (ONE, TWO)]
    assert adopted(tmp_path, GROUPED, *edits) == GROUPED.replace("id: trunk ", "id: sales ")


def test_the_number_itself_where_only_some_drifted(tmp_path: Path) -> None:
    after = adopted(tmp_path, GROUPED, (ONE, "connection_id", SALES))
    entry = f'"{ONE}": {{groups: [desk]'
    assert after == GROUPED.replace(entry, f"{entry}, connection_id: sales")


def test_the_numbers_themselves_where_each_drifted_to_another_value(tmp_path: Path) -> None:
    after = adopted(tmp_path, GROUPED, (ONE, "connection_id", SALES), (TWO, "connection_id", None))
    assert f'"{ONE}": {{groups: [desk], connection_id: sales}}' in after
    assert f'"{TWO}": {{groups: [desk], connection_id: null}}' in after
    assert "connection_id: trunk  # all desks" in after


def test_a_number_of_another_file_keeps_the_line_of_the_group(tmp_path: Path) -> None:
    other = f'numbers:\n  "{THREE}": {{groups: [desk]}}\n'
    files = {"reconciler.yaml": "version: 1\n", "fleet.yaml": GROUPED, "other.yaml": other}
    edits = [(each, "connection_id", SALES) for each in (ONE, TWO)]
    account = world(tmp_path, files, *edits)
    assert account.adopt("fleet.yaml").converged
    assert "connection_id: trunk  # all desks" in account.text()
    assert account.text("other.yaml") == other
    assert not fields_of(account.drift())


def test_numbers_outside_of_the_target_are_left_alone(tmp_path: Path) -> None:
    edits = [(each, "connection_id", SALES) for each in (ONE, TWO)]
    account = world(tmp_path, {"fleet.yaml": GROUPED}, *edits)
    assert account.adopt(targets=(ONE,)).converged
    assert fields_of(account.drift()) == {(TWO, "connection_id")}


def test_one_number_of_a_block_gets_an_entry_beside_it(tmp_path: Path) -> None:
    text = """\
numbers:
  "+13125550100..+13125550109":  # the hall
    customer_reference: "desk-{index}"
    # end of the hall
  # the lobby
  "+13125550200": {}
"""
    edits = [("+13125550105", "customer_reference", "x"), ("+13125550103", "tags", ("y",))]
    after = adopted(tmp_path, text, edits[0])
    assert after == text.replace(
        "  # the lobby",
        '  "+13125550105": {overrides: true, customer_reference: x}\n  # the lobby',
    )
    again = World(tmp_path, world(tmp_path, {}).live, {}, {})
    again.live["+13125550103"]["customer_reference"] = None
    again.adopt()
    lines = again.text().splitlines()
    assert lines[4:6] == [
        '  "+13125550103": {overrides: true, customer_reference: null}',
        '  "+13125550105": {overrides: true, customer_reference: x}',
    ]


def test_the_line_of_a_block_where_all_its_numbers_drifted_alike(tmp_path: Path) -> None:
    text = 'numbers:\n  "+13125550100..+13125550102": {customer_reference: "desk-{last4}"}\n'
    edits = [(f"+1312555010{at}", "customer_reference", "hall") for at in range(3)]
    assert adopted(tmp_path, text, *edits) == text.replace('"desk-{last4}"', "hall")


def test_a_template_is_replaced_for_the_number_only(tmp_path: Path) -> None:
    text = f"""\
groups: {{desk: {{customer_reference: "desk-{{last4}}"}}}}
numbers:
  "{ONE}": {{groups: [desk]}}
  "{TWO}": {{groups: [desk]}}
"""
    after = adopted(tmp_path, text, (ONE, "customer_reference", "{front}"))
    own = f'"{ONE}": {{groups: [desk], customer_reference: "{{{{front}}}}"}}'
    assert after == text.replace(f'"{ONE}": {{groups: [desk]}}', own)


def test_an_alias_that_another_file_defines_is_named(tmp_path: Path) -> None:
    files = {
        "fleet.yaml": f'numbers:\n  "{ONE}": {{connection_id: "{TRUNK}"}}\n',
        "reconciler.yaml": f'aliases: {{connection_id: {{"no": "{SALES}"}}}}\n',
    }
    account = world(tmp_path, files, (ONE, "connection_id", SALES))
    account.adopt()
    assert 'connection_id: "no"' in account.text()


def test_an_id_of_no_usual_form_is_written_as_one(tmp_path: Path) -> None:
    text = f'numbers:\n  "{ONE}": {{connection_id: "{TRUNK}"}}\n'
    after = adopted(tmp_path, text, (ONE, "connection_id", "a {b}"))
    assert 'connection_id: {id: "a {{b}}"}' in after


def test_new_keys_come_in_canonical_order(tmp_path: Path) -> None:
    text = f"""\
groups:
  a: {{tags: [a], voice: {{tech_prefix_enabled: true}}, hd_voice_enabled: true}}
numbers:
  "{ONE}":
    groups: [a]
    customer_reference: x  # stays
    messaging: {{messaging_product: A2P}}
  "{TWO}": {{groups: [a]}}
"""
    after = adopted(
        tmp_path,
        text,
        (ONE, "hd_voice_enabled", False),
        (ONE, "voice.tech_prefix_enabled", False),
        (ONE, "tags", ()),
    )
    assert after == text.replace(
        "    groups: [a]\n    customer_reference: x  # stays\n",
        "    groups: [a]\n    tags: []\n    customer_reference: x  # stays\n"
        "    hd_voice_enabled: false\n    voice: {tech_prefix_enabled: false}\n",
    )


def test_a_nested_setting_goes_into_the_mapping_that_is_there(tmp_path: Path) -> None:
    text = f"""\
groups: {{a: {{voice: {{tech_prefix_enabled: true}}}}}}
numbers:
  "{ONE}":
    groups: [a]
    voice:
      inbound_call_screening: disabled
      # end of voice
  "{TWO}": {{groups: [a]}}
"""
    after = adopted(tmp_path, text, (ONE, "voice.tech_prefix_enabled", False))
    assert after == text.replace(
        "screening: disabled\n", "screening: disabled\n      tech_prefix_enabled: false\n"
    )


@pytest.mark.parametrize("own", ["", " {}", " null", " ~"])
def test_a_number_that_says_nothing_yet(tmp_path: Path, own: str) -> None:
    text = f'defaults: {{hd_voice_enabled: true}}\nnumbers:\n  "{ONE}":{own}\n  "{TWO}": {{}}\n'
    after = adopted(tmp_path, text, (ONE, "hd_voice_enabled", False))
    assert f'  "{ONE}": {{hd_voice_enabled: false}}\n' in after


def test_a_live_number_that_a_rule_assigns(tmp_path: Path) -> None:
    text = """\
groups: {desk: {hd_voice_enabled: true, customer_reference: a}}
assign: [{match: {tags: [desk]}, groups: [desk]}]
"""
    account = world(tmp_path, {"reconciler.yaml": text})
    for name, reference in ((ONE, "a"), (TWO, "b")):
        account.live[name] = {
            "tags": ("desk",),
            "hd_voice_enabled": False,
            "customer_reference": reference,
        }
    found = account.adopt()
    assert account.text("reconciler.yaml") == text.replace("enabled: true", "enabled: false")
    assert [(each.phone_number, each.path) for each in found.left] == [(TWO, "customer_reference")]
    assert "assign" in found.left[0].reason


def test_a_mobile_number(tmp_path: Path) -> None:
    text = f"""\
groups: {{field: {{tags: [field]}}}}
mobile_numbers:
  "{ONE}":
    groups: [field]
    call_forwarding: {{call_forwarding_enabled: false}}
    noise_suppression: both  # on the road
  "{TWO}": {{groups: [field]}}
"""
    account = world(tmp_path, {"fleet.yaml": text})
    account.kinds = {ONE: Kind.MOBILE, TWO: Kind.MOBILE}
    account.live[ONE] |= {
        "noise_suppression": "disabled",
        "tags": ("field", "x"),
        "call_forwarding.call_forwarding_enabled": True,
        "call_forwarding.forwards_to": "+13035559123",
    }
    assert account.adopt().converged
    forwarding = 'call_forwarding_enabled: true, forwards_to: "+13035559123"'
    assert account.text() == (
        text.replace("both  #", "disabled  #")
        .replace("call_forwarding_enabled: false", forwarding)
        .replace("    groups: [field]\n", "    groups: [field]\n    tags: {add: [x]}\n")
    )
    assert not fields_of(account.drift())
