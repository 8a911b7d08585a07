"""DID blocks: what their numbers have, what overrides them, and what may not collide."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model import Desired
from reconciler.core.values import TagEdit
from tests.core.project import Declared, built
from tests.core.test_layers_hold_in_general import LAYER, steady

BLOCK = "+13125550100..+13125550199"
INSIDE = "+13125550150"


def comparable(desired: Desired) -> dict[str, tuple[object, ...]]:
    """What every number comes to, but for where it stands."""
    return {
        number: (
            each.kind,
            [(path, shown(value)) for path, value in each.settings.as_dict().items()],
            each.protect,
            each.when_owned,
        )
        for number, each in desired.numbers.items()
    }


def shown(value: object) -> object:
    return (value.add, value.remove) if isinstance(value, TagEdit) else value


def declare(document: dict[str, Any]) -> dict[str, tuple[object, ...]]:
    desired, problems = built(json.dumps(document))
    assert problems == []
    return comparable(desired)


# ---- what a block gives ---------------------------------------------------------------------


def test_both_ends_are_in_it(declared: Declared) -> None:
    numbers = declared.load({"a.yaml": f'numbers: {{"{BLOCK}": }}\n'}).numbers
    assert len(numbers) == 100
    assert [n in numbers for n in ("+13125550099", "+13125550100", "+13125550199")] == [
        False,
        True,
        True,
    ]


def test_a_block_of_one_number_is_that_number(declared: Declared) -> None:
    text = 'numbers: {"+13125550100..+13125550100": {hd_voice_enabled: true}}\n'
    assert list(declared.load({"a.yaml": text}).numbers) == ["+13125550100"]


def test_its_own_settings_lie_over_its_groups(declared: Declared) -> None:
    text = f"""
groups: {{g: {{customer_reference: group, tags: [g]}}}}
numbers: {{"{BLOCK}": {{groups: [g], customer_reference: block, tags: {{add: [b]}}}}}}
"""
    found = declared.settings({"a.yaml": text}, INSIDE)
    assert found == {"customer_reference": "block", "tags": ("b", "g")}


def test_mobile_numbers_come_in_blocks_too(declared: Declared) -> None:
    text = f'mobile_numbers: {{"{BLOCK}": {{noise_suppression: both}}}}\n'
    assert declared.settings({"a.yaml": text}, INSIDE) == {"noise_suppression": "both"}


def test_a_hundred_thousand_numbers_are_the_most(declared: Declared) -> None:
    most = 'numbers: {"+13120000000..+13120099999": }\n'
    assert len(declared.load({"a.yaml": most}).numbers) == 100_000
    more = 'numbers: {"+13120000000..+13120100000": }\n'
    assert declared.complaints({"a.yaml": more}) == [
        (
            "a.yaml:1:11: the block '+13120000000..+13120100000' holds 100,001 numbers, more than "
            "100,000: split it into several"
        )
    ]


# ---- overriding one number ------------------------------------------------------------------


def overriding(own: str, block: str = "customer_reference: block") -> dict[str, str]:
    return {
        "a.yaml": f"""
groups: {{g: {{customer_reference: group, hd_voice_enabled: true}}}}
numbers:
  "{BLOCK}": {{{block}}}
  "{INSIDE}": {{overrides: true, {own}}}
"""
    }


def test_the_whole_block_lies_below_the_groups_of_a_number_that_overrides_it(
    declared: Declared,
) -> None:
    files = overriding("groups: [g]", "customer_reference: block, tags: [b]")
    assert declared.settings(files, INSIDE) == {
        "tags": ("b",),
        "customer_reference": "group",
        "hd_voice_enabled": True,
    }


def test_a_number_that_overrides_a_block_stands_where_it_stands(declared: Declared) -> None:
    numbers = declared.load(overriding("hd_voice_enabled: true")).numbers
    assert (numbers[INSIDE].source.line, numbers["+13125550149"].source.line) == (5, 4)
    assert len(numbers) == 100


def test_its_edit_of_tags_is_over_that_of_the_block(declared: Declared) -> None:
    files = overriding("tags: {add: [c], remove: [a]}", "tags: {add: [a, b]}")
    edit = declared.settings(files, INSIDE)["tags"]
    assert (edit.add, edit.remove) == ({"b", "c"}, {"a"})


def test_a_block_in_another_file_lies_over_the_defaults_of_the_number(declared: Declared) -> None:
    files = {
        "block.yaml": f'numbers: {{"{BLOCK}": {{customer_reference: block}}}}\n',
        "own.yaml": "defaults: {customer_reference: own, hd_voice_enabled: true}\n"
        f'numbers: {{"{INSIDE}": {{overrides: true}}}}\n',
    }
    assert declared.settings(files, INSIDE) == {
        "customer_reference": "block",
        "hd_voice_enabled": True,
    }


def test_emergency_off_over_a_block_drops_its_address(declared: Declared) -> None:
    files = overriding(
        "emergency: {emergency_enabled: false}",
        'emergency: {emergency_enabled: true, emergency_address_id: "1"}',
    )
    assert declared.settings(files, INSIDE) == {"emergency.emergency_enabled": False}


# ---- what may not collide -------------------------------------------------------------------

COLLISIONS = {
    f'"{BLOCK}": \n  "{INSIDE}": {{}}': f"3:3: {INSIDE} is in the block {BLOCK} at a.yaml:2: "
    "say overrides: true to settle it apart, or leave it out",
    f'"{BLOCK}": \n  "{INSIDE}": {{release: true}}': f"3:3: {INSIDE} is in the block {BLOCK} at "
    "a.yaml:2: to give it back, split the block around it",
    f'"{BLOCK}": \n  "+1 312 555 0100..+13125550199": ': "3:3: '+1 312 555 0100..+13125550199' is "
    f"not a block of numbers: write {BLOCK}",
    f'"{BLOCK}": \n  "+13125550199..+13125550200": ': "3:3: the block +13125550199..+13125550200 "
    f"overlaps {BLOCK} at a.yaml:2: let every number be in one of them",
    f'"{INSIDE}": {{overrides: true}}': f"2:3: {INSIDE} says overrides: true, but no block holds "
    "it: take that out, or mend the number or the block",
    '"+13125550200..+13125550100": ': "2:3: the block '+13125550200..+13125550100' ends before it "
    "begins: write +13125550100..+13125550200",
    '"+13125550100..+1312555019": ': "2:3: the ends of the block '+13125550100..+1312555019' "
    "differ in length: 11 digits and 10",
    f'"{BLOCK}": {{release: true}}': f"2:{len(BLOCK) + 8}: 'release' stands alone on a number: not "
    "in a block, a group, defaults or mobile_numbers",
    f'"{BLOCK}": {{overrides: true}}': f"2:{len(BLOCK) + 8}: 'overrides' is for one number in a "
    "block: not for a block, a group or defaults",
}


@pytest.mark.parametrize("text", COLLISIONS)
def test_what_collides_is_told_with_both_places(declared: Declared, text: str) -> None:
    complaints = declared.complaints({"a.yaml": f"numbers:\n  {text}\n"})
    assert f"a.yaml:{COLLISIONS[text]}" in complaints


def test_one_block_in_two_files_is_declared_twice(declared: Declared) -> None:
    text = f'numbers: {{"{BLOCK}": }}\n'
    assert declared.complaints({"a.yaml": text, "b.yaml": text}) == [
        f"b.yaml:1:11: {BLOCK} is declared twice: first at a.yaml:1"
    ]


def test_a_mobile_number_cannot_override_a_block_of_numbers(declared: Declared) -> None:
    text = f'numbers: {{"{BLOCK}": }}\nmobile_numbers: {{"{INSIDE}": {{overrides: true}}}}\n'
    assert declared.complaints({"a.yaml": text}) == [
        (
            f"a.yaml:2:18: {INSIDE} stands under mobile_numbers, so it cannot override the block "
            f"{BLOCK} of numbers at a.yaml:1"
        )
    ]


def test_of_many_blocks_every_overlap_is_told(declared: Declared) -> None:
    text = """
numbers:
  "+13125550100..+13125550199":
  "+13125550150..+13125550160":
  "+13125550190..+13125550300":
  "+13125550299..+13125550310":
"""
    found = [each.split(" overlaps")[0] for each in declared.complaints({"a.yaml": text})]
    assert found == [
        "a.yaml:4:3: the block +13125550150..+13125550160",
        "a.yaml:5:3: the block +13125550190..+13125550300",
        "a.yaml:6:3: the block +13125550299..+13125550310",
    ]


# ---- a block is its numbers -----------------------------------------------------------------

ENTRIES = st.builds(
    lambda layer, more: {**layer, **more},
    LAYER,
    st.fixed_dictionaries(
        {},
        optional={
            "groups": st.lists(st.sampled_from(["g", "h"]), max_size=2, unique=True),
            "protect": st.booleans(),
            "when_owned": st.booleans(),
            "unmanage": st.lists(
                st.sampled_from(["tags", "voice", "voice.tech_prefix_enabled"]), max_size=2
            ),
        },
    ),
)
GROUPS = st.fixed_dictionaries({"g": LAYER, "h": LAYER})


@steady
@given(GROUPS, LAYER, ENTRIES)
def test_a_block_means_what_its_numbers_written_out_mean(
    groups: Any, defaults: Any, entry: Any
) -> None:
    head = {"groups": groups, "defaults": defaults}
    block = declare({**head, "numbers": {"+13125550100..+13125550103": entry}})
    alone = {f"+1312555010{place}": entry for place in range(4)}
    assert block == declare({**head, "numbers": alone})


@steady
@given(GROUPS, ENTRIES, ENTRIES)
def test_overriding_a_block_means_naming_it_as_a_group_below_the_others(
    groups: Any, entry: Any, own: Any
) -> None:
    lower = {key: value for key, value in entry.items() if key != "groups"}
    extends = {"extends": entry.get("groups", [])}
    named = {**groups, "block": {**lower, **extends}}
    # A group stands once: what the number names again lies over the block, so it needs a copy.
    again = {f"{name}2": layer for name, layer in groups.items()}
    over = {**own, "groups": ["block", *(f"{name}2" for name in own.get("groups", []))]}
    overriding = declare(
        {
            "groups": groups,
            "numbers": {
                "+13125550100..+13125550103": entry,
                "+13125550102": {**own, "overrides": True},
            },
        }
    )
    alone = declare({"groups": {**named, **again}, "numbers": {"+13125550102": over}})
    assert overriding["+13125550102"] == alone["+13125550102"]
