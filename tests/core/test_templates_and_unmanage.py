"""Values made of the number that has them, and settings that a layer gives up."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.values import Secret, TagEdit
from tests.core.project import ONE, Declared, built
from tests.core.test_layers_hold_in_general import LAYER, canonical, flat, steady

BLOCK = "+13125550100..+13125550199"


def of_block(declared: Declared, entry: str, number: str = "+13125550107") -> dict[str, Any]:
    return declared.settings({"a.yaml": f'numbers:\n  "{BLOCK}": {{{entry}}}\n'}, number)


# ---- templates ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{number}", "+13125550107"),
        ("desk-{last4}", "desk-0107"),
        ("{index}", "7"),
        ("{{{index}}}", "{7}"),
        ("{{index}}", "{index}"),
        ("{last4}{last4}", "01070107"),
    ],
)
def test_a_text_is_filled_for_each_number(declared: Declared, text: str, value: str) -> None:
    assert of_block(declared, f'customer_reference: "{text}"') == {"customer_reference": value}


@pytest.mark.parametrize(
    ("entry", "path", "value"),
    [
        ('connection_id: {id: "c-{last4}"}', "connection_id", "c-0107"),
        ('external_pin: {env: "PIN_{last4}"}', "external_pin", Secret("env:PIN_0107")),
        ('external_pin: {file: "pins/{number}"}', "external_pin", Secret("file:pins/+13125550107")),
        ('tags: [a, "t{index}"]', "tags", ("a", "t7")),
    ],
)
def test_so_is_what_an_id_a_secret_or_a_tag_is_made_of(
    declared: Declared, entry: str, path: str, value: object
) -> None:
    assert of_block(declared, entry) == {path: value}


def test_an_alias_may_be_made_of_the_number(declared: Declared) -> None:
    text = f"""
aliases: {{connection_id: {{"trunk-0001": "77"}}}}
numbers: {{"{ONE}": {{connection_id: "trunk-{{last4}}"}}}}
"""
    assert declared.settings({"a.yaml": text}) == {"connection_id": "77"}


def test_a_template_in_a_group_is_filled_for_whoever_has_it(declared: Declared) -> None:
    text = f"""
groups: {{g: {{customer_reference: "desk-{{last4}}"}}}}
numbers: {{"{ONE}": {{groups: [g]}}, "+13125550002": {{groups: [g]}}}}
"""
    numbers = declared.load({"a.yaml": text}).numbers.values()
    assert [each.settings.get("customer_reference") for each in numbers] == [
        "desk-0001",
        "desk-0002",
    ]


def test_a_number_that_overrides_its_block_keeps_its_place_in_it(declared: Declared) -> None:
    text = f"""
numbers:
  "{BLOCK}": {{customer_reference: "{{index}}"}}
  "+13125550150": {{overrides: true, hd_voice_enabled: true}}
"""
    numbers = declared.load({"a.yaml": text}).numbers
    found = [numbers[f"+131255501{n}"].settings.get("customer_reference") for n in (49, 50, 51)]
    assert found == ["49", "50", "51"]


def test_a_tag_made_of_the_number_is_taken_away_where_it_comes_to_the_same(
    declared: Declared,
) -> None:
    text = f"""
groups: {{g: {{tags: ["t{{last4}}", a]}}}}
numbers: {{"{ONE}": {{groups: [g], tags: {{remove: ["t0001"]}}}}}}
"""
    assert declared.settings({"a.yaml": text}) == {"tags": ("a",)}


def test_a_pin_in_clear_may_be_made_of_the_number(declared: Declared) -> None:
    desired = declared.load({"a.yaml": f'numbers:\n  "{BLOCK}": {{external_pin: "7{{last4}}"}}\n'})
    secret = desired.numbers["+13125550107"].settings.get("external_pin")
    assert desired.secrets[secret.ref] == "70107"
    assert "70107" not in repr(desired.numbers["+13125550107"])


WRONG = {
    'customer_reference: "{place}"': "5: '{place}' is no template: known are {number}, {last4}, "
    "{index}; a literal brace is written twice, as {{ or }}",
    'customer_reference: "{index}"': "5: {index} is a place in a block, and this is a number "
    "outside of any (for +13125550001)",
    'connection_id: "t-{last4}"': "5: what it gives is neither an id nor an alias "
    "(for +13125550001: 't-0001')",
    'voice: {call_forwarding: {forwards_to: "+1{last4}"}}': "31: what it gives is no number in "
    "E.164 (for +13125550001: '+10001')",
    'voice: {cnam_listing: {cnam_listing_enabled: true, cnam_listing_details: "Head Office {last4}"'
    "}}": "56: what it gives is not at most 15 letters, digits and spaces "
    "(for +13125550001: 'Head Office 0001')",
    'tags: {add: ["{last4}"], remove: ["0001"]}': "5: a tag is both added and removed "
    "(for +13125550001: '0001')",
}


@pytest.mark.parametrize("entry", WRONG)
def test_what_a_template_gives_is_judged_for_each_number(declared: Declared, entry: str) -> None:
    text = f'numbers:\n  "{ONE}":\n    {entry}\n'
    assert declared.complaints({"a.yaml": text}) == [f"a.yaml:3:{WRONG[entry]}"]


def test_what_is_wrong_for_many_numbers_is_told_once(declared: Declared) -> None:
    text = f'numbers:\n  "{BLOCK}":\n    connection_id: "t-{{index}}"\n'
    assert declared.complaints({"a.yaml": text}) == [
        (
            "a.yaml:3:5: what it gives is neither an id nor an alias "
            "(for +13125550100: 't-0' and 99 more)"
        )
    ]


# ---- unmanage -------------------------------------------------------------------------------

PATHS = ["tags", "customer_reference", "voice", "voice.tech_prefix_enabled"]
STEPS = st.lists(
    st.tuples(LAYER, st.lists(st.sampled_from(PATHS), max_size=2)), min_size=1, max_size=4
)


def reference(steps: list[Any], live: list[str]) -> dict[str, object]:
    """What the layers come to, said as simply as can be; tags as they end on `live` ones."""
    found: dict[str, object] = {}
    edits: list[Any] | None = None
    for layer, dropped in steps:
        for path in dropped:
            found = {p: v for p, v in found.items() if p != path and not p.startswith(path + ".")}
            if path == "tags":
                edits = None
        for path, value in flat(layer).items():
            if path == "tags":
                edits = [*(edits or []), value] if isinstance(value, dict) else [value]
            else:
                found[path] = value
    if edits is not None:
        tags: tuple[str, ...] = canonical(live)
        for each in edits:
            if isinstance(each, dict):
                edit = TagEdit(frozenset(each["add"]), frozenset(each["remove"]))
                tags = edit.apply(tags)
            else:
                tags = canonical(each or [])
        found["tags"] = tags
    return found


@steady
@given(STEPS, st.lists(st.sampled_from(["a", "b", "z"]), max_size=3))
def test_layers_with_unmanage_are_what_a_simple_reading_says(
    steps: list[Any], live: list[str]
) -> None:
    groups = {f"g{at}": {**layer, "unmanage": gone} for at, (layer, gone) in enumerate(steps)}
    document = {"groups": groups, "numbers": {ONE: {"groups": list(groups)}}}
    desired, problems = built(json.dumps(document))
    assert problems == []
    found = desired.numbers[ONE].settings.as_dict()
    if isinstance(found.get("tags"), TagEdit):
        found["tags"] = found["tags"].apply(canonical(live))
    assert found == reference(steps, live)


def test_a_mapping_that_is_given_up_takes_what_is_in_it(declared: Declared) -> None:
    text = f"""
defaults: {{voice: {{tech_prefix_enabled: true, call_forwarding: {{forwards_to: "+13035559123"}}}}}}
numbers: {{"{ONE}": {{unmanage: [voice], voice: {{inbound_call_screening: disabled}}}}}}
"""
    assert declared.settings({"a.yaml": text}) == {"voice.inbound_call_screening": "disabled"}


def test_rules_between_fields_are_judged_on_what_is_left(declared: Declared) -> None:
    text = f"""
groups: {{g: {{emergency: {{emergency_enabled: true}}}}}}
numbers: {{"{ONE}": {{groups: [g], unmanage: [emergency]}}}}
"""
    assert declared.settings({"a.yaml": text}) == {}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("unmanage: [voise]", "16: unknown setting 'voise' in unmanage[0]: did you mean 'voice'?"),
        (
            "unmanage: voice",
            "15: unmanage must be a list, not the text 'voice': put it in brackets, as in [a, b]",
        ),
        ("unmanage: [noise_suppression]", "16: unknown setting 'noise_suppression' in unmanage[0]"),
    ],
)
def test_only_settings_can_be_given_up(declared: Declared, entry: str, message: str) -> None:
    text = f'numbers:\n  "{ONE}":\n    {entry}\n'
    assert declared.complaints({"a.yaml": text}) == [f"a.yaml:3:{message}"]
