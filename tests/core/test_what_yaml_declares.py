"""Layers: which settings a number has in the end, and where each of them came from."""

from __future__ import annotations

import pytest

from reconciler.core.model import Source
from reconciler.core.values import TagEdit
from tests.core.project import ONE, TWO, Declared

REFERENCE = "customer_reference"
SCREENING = "voice.inbound_call_screening"


# ---- later wins -----------------------------------------------------------------------------


def test_a_number_without_layers_has_its_own_settings(declared: Declared) -> None:
    files = {"a.yaml": f'numbers:\n  "{ONE}": {{customer_reference: desk}}\n'}
    assert declared.settings(files) == {REFERENCE: "desk"}


def test_defaults_of_the_project_file_reach_every_file(declared: Declared) -> None:
    files = {
        "reconciler.yaml": "defaults: {customer_reference: all}\n",
        "a.yaml": f'numbers: {{"{ONE}": }}\n',
        "deep/b.yaml": f'numbers: {{"{TWO}": }}\n',
    }
    numbers = declared.load(files).numbers
    assert [each.settings.as_dict() for each in numbers.values()] == [{REFERENCE: "all"}] * 2


def test_defaults_of_a_file_reach_that_file_only(declared: Declared) -> None:
    files = {
        "a.yaml": f'defaults: {{customer_reference: a}}\nnumbers: {{"{ONE}": }}\n',
        "b.yaml": f'numbers: {{"{TWO}": }}\n',
    }
    assert declared.settings(files, TWO) == {}


def test_defaults_of_a_file_win_over_those_of_the_project(declared: Declared) -> None:
    files = {
        "reconciler.yaml": "defaults: {customer_reference: project, hd_voice_enabled: true}\n",
        "a.yaml": f'defaults: {{customer_reference: file}}\nnumbers: {{"{ONE}": }}\n',
    }
    assert declared.settings(files) == {REFERENCE: "file", "hd_voice_enabled": True}


def test_the_defaults_of_the_project_file_are_one_layer_for_its_own_numbers(
    declared: Declared,
) -> None:
    text = f'defaults: {{tags: {{add: [a]}}}}\nnumbers: {{"{ONE}": }}\n'
    assert declared.settings({"reconciler.yaml": text})["tags"].add == {"a"}


def test_a_group_wins_over_defaults(declared: Declared) -> None:
    text = f"""
defaults: {{customer_reference: default}}
groups: {{g: {{customer_reference: group}}}}
numbers: {{"{ONE}": {{groups: [g]}}}}
"""
    assert declared.settings({"a.yaml": text}) == {REFERENCE: "group"}


def test_the_number_wins_over_its_groups(declared: Declared) -> None:
    text = f"""
groups: {{g: {{customer_reference: group}}}}
numbers: {{"{ONE}": {{groups: [g], customer_reference: own}}}}
"""
    assert declared.settings({"a.yaml": text}) == {REFERENCE: "own"}


@pytest.mark.parametrize(("order", "winner"), [("[a, b]", "b"), ("[b, a]", "a")])
def test_the_group_named_last_wins(declared: Declared, order: str, winner: str) -> None:
    text = f"""
groups: {{a: {{customer_reference: a}}, b: {{customer_reference: b}}}}
numbers: {{"{ONE}": {{groups: {order}}}}}
"""
    assert declared.settings({"a.yaml": text}) == {REFERENCE: winner}


def test_groups_of_one_file_serve_another(declared: Declared) -> None:
    files = {
        "a.yaml": f'numbers: {{"{ONE}": {{groups: [g]}}}}\n',
        "z.yaml": "groups: {g: {customer_reference: z}}\n",
    }
    assert declared.settings(files) == {REFERENCE: "z"}


def test_mappings_merge_key_by_key(declared: Declared) -> None:
    text = f"""
defaults: {{voice: {{tech_prefix_enabled: true, inbound_call_screening: flag_calls}}}}
numbers: {{"{ONE}": {{voice: {{inbound_call_screening: disabled}}}}}}
"""
    assert declared.settings({"a.yaml": text}) == {
        SCREENING: "disabled",
        "voice.tech_prefix_enabled": True,
    }


def test_nested_mappings_merge_key_by_key(declared: Declared) -> None:
    text = f"""
defaults: {{voice: {{call_forwarding: {{forwards_to: "+13035559123"}}}}}}
numbers: {{"{ONE}": {{voice: {{call_forwarding: {{call_forwarding_enabled: true}}}}}}}}
"""
    assert declared.settings({"a.yaml": text}) == {
        "voice.call_forwarding.call_forwarding_enabled": True,
        "voice.call_forwarding.forwards_to": "+13035559123",
    }


def test_settings_stand_in_the_order_of_the_catalogue(declared: Declared) -> None:
    text = f'numbers: {{"{ONE}": {{hd_voice_enabled: true, tags: [a], connection_id: "1"}}}}\n'
    assert list(declared.settings({"a.yaml": text})) == [
        "tags",
        "connection_id",
        "hd_voice_enabled",
    ]


# ---- extends --------------------------------------------------------------------------------


def test_a_group_wins_over_what_it_extends(declared: Declared) -> None:
    text = f"""
groups:
  top: {{extends: [base], customer_reference: top}}
  base: {{customer_reference: base, hd_voice_enabled: true}}
numbers: {{"{ONE}": {{groups: [top]}}}}
"""
    assert declared.settings({"a.yaml": text}) == {REFERENCE: "top", "hd_voice_enabled": True}


def test_what_a_group_extends_lies_in_the_order_named(declared: Declared) -> None:
    text = f"""
groups:
  top: {{extends: [a, b]}}
  a: {{customer_reference: a}}
  b: {{customer_reference: b}}
numbers: {{"{ONE}": {{groups: [top]}}}}
"""
    assert declared.settings({"a.yaml": text}) == {REFERENCE: "b"}


def test_extends_reaches_through_several_groups(declared: Declared) -> None:
    text = f"""
groups:
  a: {{extends: [b]}}
  b: {{extends: [c]}}
  c: {{customer_reference: c}}
numbers: {{"{ONE}": {{groups: [a]}}}}
"""
    assert declared.settings({"a.yaml": text}) == {REFERENCE: "c"}


def test_a_base_shared_by_two_groups_does_not_undo_the_first(declared: Declared) -> None:
    text = f"""
groups:
  base: {{customer_reference: base}}
  left: {{extends: [base], customer_reference: left}}
  right: {{extends: [base], hd_voice_enabled: true}}
numbers: {{"{ONE}": {{groups: [left, right]}}}}
"""
    assert declared.settings({"a.yaml": text})[REFERENCE] == "left"


def test_tags_of_a_shared_base_are_edited_once(declared: Declared) -> None:
    text = f"""
groups:
  base: {{tags: {{add: [base]}}}}
  left: {{extends: [base], tags: {{remove: [base]}}}}
  right: {{extends: [base]}}
numbers: {{"{ONE}": {{groups: [left, right], tags: {{add: [own]}}}}}}
"""
    edit = declared.settings({"a.yaml": text})["tags"]
    assert (set(edit.add), set(edit.remove)) == ({"own"}, {"base"})


def test_a_group_named_twice_counts_once(declared: Declared) -> None:
    text = f"""
groups: {{a: {{customer_reference: a}}, b: {{customer_reference: b}}}}
numbers: {{"{ONE}": {{groups: [a, b, a]}}}}
"""
    assert declared.settings({"a.yaml": text}) == {REFERENCE: "b"}


def test_a_group_without_settings_is_fine(declared: Declared) -> None:
    text = f'groups: {{empty: }}\nnumbers: {{"{ONE}": {{groups: [empty]}}}}\n'
    assert declared.settings({"a.yaml": text}) == {}


def test_a_group_may_have_any_name(declared: Declared) -> None:
    text = f"""
groups: {{"Zürich – フロント": {{customer_reference: x}}}}
numbers: {{"{ONE}": {{groups: ["Zürich – フロント"]}}}}
"""
    assert declared.settings({"a.yaml": text}) == {REFERENCE: "x"}


# ---- absent, null, value --------------------------------------------------------------------


def test_an_absent_field_is_not_managed(declared: Declared) -> None:
    assert declared.settings({"a.yaml": f'numbers: {{"{ONE}": {{}}}}\n'}) == {}


def test_a_number_that_is_null_equals_an_empty_one(declared: Declared) -> None:
    text = f'defaults: {{customer_reference: x}}\nnumbers: {{"{ONE}": , "{TWO}": {{}}}}\n'
    numbers = declared.load({"a.yaml": text}).numbers
    assert numbers[ONE].settings is numbers[TWO].settings


def test_null_is_managed_and_clears(declared: Declared) -> None:
    text = f'numbers: {{"{ONE}": {{customer_reference: null}}}}\n'
    assert declared.settings({"a.yaml": text}) == {REFERENCE: None}


def test_null_wins_over_a_value_below(declared: Declared) -> None:
    text = f"""
defaults: {{customer_reference: x}}
numbers: {{"{ONE}": {{customer_reference: null}}}}
"""
    assert declared.settings({"a.yaml": text}) == {REFERENCE: None}


def test_a_value_wins_over_null_below(declared: Declared) -> None:
    text = f"""
defaults: {{customer_reference: null}}
numbers: {{"{ONE}": {{customer_reference: x}}}}
"""
    assert declared.settings({"a.yaml": text}) == {REFERENCE: "x"}


def test_an_empty_reference_is_the_same_as_null(declared: Declared) -> None:
    text = f'numbers: {{"{ONE}": {{customer_reference: ""}}}}\n'
    assert declared.settings({"a.yaml": text}) == {REFERENCE: None}


@pytest.mark.parametrize(
    "text", ["", "numbers:\n", "defaults:\n", "version: 1\n", "numbers: {}\n", "# nothing\n"]
)
def test_a_file_without_numbers_declares_none(declared: Declared, text: str) -> None:
    assert dict(declared.load({"a.yaml": text}).numbers) == {}


# ---- tags -----------------------------------------------------------------------------------


def tags(declared: Declared, *layers: str) -> object:
    """The tags after `layers`: defaults, groups, and the number last."""
    lines = ["groups:"]
    lines += [f"  g{place}: {{tags: {each}}}" for place, each in enumerate(layers[:-1])] or ["  g:"]
    groups = ", ".join(f"g{place}" for place in range(len(layers) - 1))
    lines += ["numbers:", f'  "{ONE}": {{groups: [{groups}], tags: {layers[-1]}}}']
    return declared.settings({"a.yaml": "\n".join(lines) + "\n"})["tags"]


def test_the_order_and_repeats_of_tags_do_not_count(declared: Declared) -> None:
    assert tags(declared, "[b, a, b]") == ("a", "b")


def test_the_case_of_tags_counts(declared: Declared) -> None:
    assert tags(declared, "[a, A]") == ("A", "a")


def test_null_is_no_tags(declared: Declared) -> None:
    assert tags(declared, "null") == ()


def test_a_list_of_tags_replaces_the_list_below(declared: Declared) -> None:
    assert tags(declared, "[a]", "[b]") == ("b",)


def test_a_list_of_tags_replaces_an_edit_below(declared: Declared) -> None:
    assert tags(declared, "{add: [a]}", "[b]") == ("b",)


def test_an_edit_applies_to_the_list_below(declared: Declared) -> None:
    assert tags(declared, "[a, b]", "{add: [c], remove: [a]}") == ("b", "c")


def test_an_edit_applies_to_the_null_below(declared: Declared) -> None:
    assert tags(declared, "null", "{add: [a]}") == ("a",)


def test_edits_apply_to_a_list_in_order(declared: Declared) -> None:
    assert tags(declared, "[a]", "{remove: [a]}", "{add: [b]}", "{add: [a]}") == ("a", "b")


def test_edits_without_a_list_below_stay_an_edit(declared: Declared) -> None:
    edit = tags(declared, "{add: [a, b]}", "{remove: [b], add: [c]}")
    assert isinstance(edit, TagEdit)
    assert (set(edit.add), set(edit.remove)) == ({"a", "c"}, {"b"})


def test_one_tag_may_not_be_both_added_and_removed(declared: Declared) -> None:
    text = f'numbers:\n  "{ONE}":\n    tags: {{add: [a, b], remove: [b]}}\n'
    assert declared.complaints({"a.yaml": text}) == [
        "a.yaml:3:5: tag 'b' is both added and removed"
    ]


# ---- aliases and ids ------------------------------------------------------------------------

WHAT_AN_ID_IS = "(an id is all digits or a UUID, or {id: …})"

UUID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"


def test_an_alias_stands_for_its_id(declared: Declared) -> None:
    text = f"""
aliases: {{connection_id: {{trunk: "1521916448077776306"}}}}
numbers: {{"{ONE}": {{connection_id: trunk}}}}
"""
    assert declared.settings({"a.yaml": text}) == {"connection_id": "1521916448077776306"}


def test_an_alias_serves_a_nested_id(declared: Declared) -> None:
    text = f"""
aliases: {{messaging_profile_id: {{news: {UUID}}}}}
numbers: {{"{ONE}": {{messaging: {{messaging_profile_id: news}}}}}}
"""
    assert declared.settings({"a.yaml": text}) == {"messaging.messaging_profile_id": UUID}


def test_an_alias_belongs_to_one_field(declared: Declared) -> None:
    text = f"""
aliases: {{connection_id: {{main: "1"}}, billing_group_id: {{main: "2"}}}}
numbers: {{"{ONE}": {{connection_id: main, billing_group_id: main}}}}
"""
    assert declared.settings({"a.yaml": text}) == {"connection_id": "1", "billing_group_id": "2"}


def test_aliases_of_one_file_serve_another(declared: Declared) -> None:
    files = {
        "a.yaml": f'numbers: {{"{ONE}": {{connection_id: trunk}}}}\n',
        "z.yaml": 'aliases: {connection_id: {trunk: "7"}}\n',
    }
    assert declared.settings(files) == {"connection_id": "7"}


@pytest.mark.parametrize("value", ["1521916448077776306", UUID])
def test_digits_and_uuids_are_ids_as_they_stand(declared: Declared, value: str) -> None:
    text = f'numbers: {{"{ONE}": {{connection_id: "{value}"}}}}\n'
    assert declared.settings({"a.yaml": text}) == {"connection_id": value}


def test_a_uuid_is_the_same_id_in_either_case(declared: Declared) -> None:
    text = f'numbers: {{"{ONE}": {{connection_id: "{UUID.upper()}"}}}}\n'
    assert declared.settings({"a.yaml": text}) == {"connection_id": UUID}


def test_an_id_of_another_form_is_written_as_a_mapping(declared: Declared) -> None:
    text = f'numbers: {{"{ONE}": {{connection_id: {{id: any text}}}}}}\n'
    assert declared.settings({"a.yaml": text}) == {"connection_id": "any text"}


def test_an_alias_may_stand_for_an_id_of_another_form(declared: Declared) -> None:
    text = f"""
aliases: {{connection_id: {{odd: {{id: any text}}}}}}
numbers: {{"{ONE}": {{connection_id: odd}}}}
"""
    assert declared.settings({"a.yaml": text}) == {"connection_id": "any text"}


def test_an_unknown_alias_is_named_with_the_likely_one(declared: Declared) -> None:
    text = f"""\
aliases: {{connection_id: {{support-trunk: "1"}}}}
numbers: {{"{ONE}": {{connection_id: suport-trunk}}}}
"""
    likely = "unknown connection_id alias 'suport-trunk': did you mean 'support-trunk'?"
    assert declared.complaints({"a.yaml": text}) == [f"a.yaml:2:28: {likely} {WHAT_AN_ID_IS}"]


def test_an_alias_of_another_field_is_unknown(declared: Declared) -> None:
    text = f"""\
aliases: {{billing_group_id: {{ops: "1"}}}}
numbers: {{"{ONE}": {{connection_id: ops}}}}
"""
    unknown = "unknown connection_id alias 'ops': define it under aliases: connection_id"
    assert declared.complaints({"a.yaml": text}) == [f"a.yaml:2:28: {unknown} {WHAT_AN_ID_IS}"]


@pytest.mark.parametrize("name", ["123", UUID])
def test_an_alias_may_not_look_like_an_id(declared: Declared, name: str) -> None:
    text = f'aliases:\n  connection_id:\n    "{name}": "1"\n'
    assert declared.complaints({"a.yaml": text}) == [
        f"a.yaml:3:5: an alias may not look like an id: '{name}'"
    ]


def test_an_alias_defined_twice_names_both_places(declared: Declared) -> None:
    files = {
        "a.yaml": 'aliases:\n  connection_id:\n    trunk: "1"\n',
        "b.yaml": 'aliases: {connection_id: {trunk: "1"}}\n',
    }
    assert declared.complaints(files) == [
        "b.yaml:1:27: connection_id alias 'trunk' is defined twice: first at a.yaml:3"
    ]


def test_an_alias_for_something_that_is_no_id_is_told_once(declared: Declared) -> None:
    text = f"""\
aliases: {{connection_id: {{trunk: my trunk}}}}
numbers: {{"{ONE}": {{connection_id: trunk}}}}
"""
    needed = "an id is needed: all digits, a UUID, or {id: any text}"
    assert declared.complaints({"a.yaml": text}) == [
        f"a.yaml:1:34: aliases.connection_id.trunk cannot be 'my trunk': {needed}"
    ]


# ---- groups that are wrong ------------------------------------------------------------------


def test_an_unknown_group_is_named_with_the_likely_one(declared: Declared) -> None:
    text = f'groups: {{support: }}\nnumbers: {{"{ONE}": {{groups: [suport]}}}}\n'
    assert declared.complaints({"a.yaml": text}) == [
        "a.yaml:2:37: unknown group 'suport': did you mean 'support'?"
    ]


def test_an_unknown_group_like_no_other_is_to_be_defined(declared: Declared) -> None:
    text = f'numbers: {{"{ONE}": {{groups: [x]}}}}\n'
    assert declared.complaints({"a.yaml": text}) == [
        "a.yaml:1:37: unknown group 'x': define it under groups"
    ]


def test_an_unknown_group_under_extends_is_named_even_if_nobody_uses_it(
    declared: Declared,
) -> None:
    assert declared.complaints({"a.yaml": "groups:\n  a:\n    extends: [b, c]\n  b:\n"}) == [
        "a.yaml:3:18: unknown group 'c': define it under groups"
    ]


def test_a_group_defined_twice_names_both_places(declared: Declared) -> None:
    files = {"a.yaml": "groups:\n  g: {}\n", "b.yaml": "groups: {g: {}}\n"}
    assert declared.complaints(files) == [
        "b.yaml:1:10: group 'g' is defined twice: first at a.yaml:2"
    ]


def test_groups_that_extend_each_other_are_told_once(declared: Declared) -> None:
    text = "groups:\n  a: {extends: [b]}\n  b: {extends: [c]}\n  c: {extends: [a]}\n"
    assert declared.complaints({"a.yaml": text}) == [
        "a.yaml:2:16: groups extend each other in a loop: a -> b -> c -> a: take one of them out"
    ]


def test_a_group_that_extends_itself_is_a_loop(declared: Declared) -> None:
    assert declared.complaints({"a.yaml": "groups: {a: {extends: [a]}}\n"}) == [
        "a.yaml:1:23: groups extend each other in a loop: a -> a: take one of them out"
    ]


def test_two_loops_apart_are_both_told(declared: Declared) -> None:
    text = """\
groups:
  out: {extends: [a, c]}
  a: {extends: [b]}
  b: {extends: [a]}
  c: {extends: [d]}
  d: {extends: [c]}
"""
    assert [each.split(": ")[2] for each in declared.complaints({"a.yaml": text})] == [
        "a -> b -> a",
        "c -> d -> c",
    ]


def test_of_loops_that_share_a_group_one_is_told(declared: Declared) -> None:
    text = "groups:\n  a: {extends: [b, c]}\n  b: {extends: [a]}\n  c: {extends: [a]}\n"
    assert [each.split(": ")[2] for each in declared.complaints({"a.yaml": text})] == [
        "a -> b -> a"
    ]


def test_a_diamond_is_no_loop(declared: Declared) -> None:
    text = "groups: {a: {extends: [b, c]}, b: {extends: [d]}, c: {extends: [d]}, d: }\n"
    assert dict(declared.load({"a.yaml": text}).numbers) == {}


def test_a_loop_of_many_groups_is_shown_in_part(declared: Declared) -> None:
    lines = [f"  g{place}: {{extends: [g{(place + 1) % 100}]}}" for place in range(100)]
    (only,) = declared.complaints({"a.yaml": "groups:\n" + "\n".join(lines) + "\n"})
    assert "g0 -> g1 -> g2 -> g3 -> g4 -> g5 -> g6 -> … -> g0" in only


# ---- one number, one place ------------------------------------------------------------------


def test_a_number_in_two_files_names_both_places(declared: Declared) -> None:
    files = {
        "a.yaml": f'numbers:\n  "{ONE}":\n',
        "b.yaml": f'# b\nnumbers:\n  "{TWO}":\n  "{ONE}":\n',
    }
    assert declared.complaints(files) == [f"b.yaml:4:3: {ONE} is declared twice: first at a.yaml:2"]


def test_a_number_in_two_spellings_names_both_places(declared: Declared) -> None:
    text = f'numbers:\n  "{ONE}":\n  "+1 (312) 555-0001":\n'
    assert declared.complaints({"a.yaml": text}) == [
        f"a.yaml:3:3: '+1 (312) 555-0001' is not a number in E.164: write {ONE}",
        f"a.yaml:3:3: {ONE} is declared twice: first at a.yaml:2",
    ]


def test_numbers_stand_in_the_order_of_files_and_lines(declared: Declared) -> None:
    files = {
        "b.yaml": f'numbers: {{"{ONE}": }}\n',
        "a.yaml": f'numbers: {{"{TWO}": , "+13125550000": }}\n',
    }
    assert list(declared.load(files).numbers) == [TWO, "+13125550000", ONE]


# ---- a single file --------------------------------------------------------------------------

TREE = {
    "reconciler.yaml": "defaults: {hd_voice_enabled: true}\n",
    "groups.yaml": "groups: {g: {customer_reference: g}}\n",
    "numbers/a.yaml": f'numbers: {{"{ONE}": {{groups: [g]}}}}\n',
    "numbers/b.yaml": f'numbers: {{"{TWO}": }}\n',
}


def test_a_file_as_path_means_its_numbers_only(declared: Declared) -> None:
    assert list(declared.load(TREE, "numbers/a.yaml").numbers) == [ONE]


def test_a_file_as_path_uses_the_project_above_it(declared: Declared) -> None:
    settings = declared.load(TREE, "numbers/a.yaml").numbers[ONE].settings
    assert settings.as_dict() == {REFERENCE: "g", "hd_voice_enabled": True}


def test_the_numbers_of_the_other_files_are_known_to_be_declared(declared: Declared) -> None:
    assert declared.load(TREE, "numbers/a.yaml").declared_elsewhere == {TWO}


def test_a_number_declared_twice_is_seen_from_a_single_file(declared: Declared) -> None:
    tree = TREE | {"numbers/b.yaml": f'numbers: {{"{ONE}": }}\n'}
    assert declared.complaints(tree, "numbers/a.yaml") == [
        f"numbers/b.yaml:1:11: {ONE} is declared twice: first at numbers/a.yaml:1"
    ]


# ---- where settings come from ---------------------------------------------------------------


def test_every_setting_says_where_it_stands(declared: Declared) -> None:
    files = {
        "reconciler.yaml": "\ndefaults:\n  hd_voice_enabled: true\n",
        "groups.yaml": "groups:\n  g:\n    voice:\n      inbound_call_screening: flag_calls\n",
        "a.yaml": f"""\
defaults:
  billing_group_id: "1"
numbers:
  "{ONE}":
    groups: [g]
    customer_reference: x
""",
    }
    assert declared.sources(files) == {
        "billing_group_id": "a.yaml:2",
        REFERENCE: "a.yaml:6",
        "hd_voice_enabled": "reconciler.yaml:3",
        SCREENING: "groups.yaml:4 g",
    }


def test_a_number_says_where_it_is_declared(declared: Declared) -> None:
    number = declared.number({"a.yaml": f'numbers:\n  "{TWO}":\n  "{ONE}": {{}}\n'})
    assert number.source == Source("a.yaml", 3, 3)


def test_a_setting_of_what_a_group_extends_names_that_group(declared: Declared) -> None:
    text = f"""\
groups:
  top: {{extends: [base]}}
  base: {{customer_reference: x}}
numbers: {{"{ONE}": {{groups: [top]}}}}
"""
    assert declared.sources({"a.yaml": text}) == {REFERENCE: "a.yaml:3 base"}


def test_numbers_that_add_nothing_share_their_settings(declared: Declared) -> None:
    text = f"""
groups: {{g: {{customer_reference: x}}}}
numbers: {{"{ONE}": {{groups: [g]}}, "{TWO}": {{groups: [g]}}}}
"""
    numbers = declared.load({"a.yaml": text}).numbers
    assert numbers[ONE].settings is numbers[TWO].settings


# ---- anchors and merge keys -----------------------------------------------------------------


def test_an_anchored_mapping_serves_several_numbers(declared: Declared) -> None:
    text = f'numbers:\n  "{ONE}": &same {{customer_reference: x}}\n  "{TWO}": *same\n'
    assert declared.sources({"a.yaml": text}, TWO) == {REFERENCE: "a.yaml:2"}


def test_a_merge_key_brings_settings_from_where_they_stand(declared: Declared) -> None:
    text = f"""\
numbers:
  "{ONE}": &base
    customer_reference: x
    hd_voice_enabled: true
  "{TWO}":
    <<: *base
    customer_reference: other
"""
    assert declared.sources({"a.yaml": text}, TWO) == {
        REFERENCE: "a.yaml:7",
        "hd_voice_enabled": "a.yaml:4",
    }


def test_a_mistake_in_an_anchored_mapping_is_told_once(declared: Declared) -> None:
    text = f'numbers:\n  "{ONE}": &same {{hd_voice_enabled: 1}}\n  "{TWO}": *same\n'
    assert declared.complaints({"a.yaml": text}) == [
        "a.yaml:2:44: hd_voice_enabled must be true or false, not the number 1"
    ]


# ---- account and limits ---------------------------------------------------------------------


def test_the_project_file_names_the_account(declared: Declared) -> None:
    text = "account: {api_key_env: KEY_WEST, base_url: http://127.0.0.1:9/v2}\n"
    desired = declared.load({"reconciler.yaml": text})
    assert (desired.api_key_env, desired.base_url) == ("KEY_WEST", "http://127.0.0.1:9/v2")


def test_without_an_account_the_usual_variable_holds_the_key(declared: Declared) -> None:
    assert declared.load({"a.yaml": ""}).api_key_env == "TELNYX_API_KEY"


def test_limits_are_taken_as_they_stand(declared: Declared) -> None:
    text = "limits: {rate_per_second: 2.5, page_size: 250, job_size: 1000, jobs_in_flight: 20}\n"
    assert declared.load({"reconciler.yaml": text}).limits == {
        "rate_per_second": 2.5,
        "page_size": 250,
        "job_size": 1000,
        "jobs_in_flight": 20,
    }


def test_a_whole_limit_with_a_fraction_of_zero_is_a_whole_number(declared: Declared) -> None:
    limits = declared.load({"reconciler.yaml": "limits: {page_size: 250.0}\n"}).limits
    assert repr(limits["page_size"]) == "250"


@pytest.mark.parametrize("key", ["account", "files", "limits"])
def test_keys_of_the_project_file_belong_there(declared: Declared, key: str) -> None:
    assert declared.complaints({"a.yaml": f"version: 1\n{key}: {{}}\n"}) == [
        f"a.yaml:2:1: '{key}' belongs in reconciler.yaml"
    ]


# ---- rules between fields, after all layers -------------------------------------------------

NO_TARGET = "call_forwarding_enabled is true, so forwards_to must name a target"
NO_DETAILS = "cnam_listing_enabled is true, so cnam_listing_details must be set"
NOT_ENABLED = "cnam_listing_details is set, so cnam_listing_enabled must be true"


@pytest.mark.parametrize(
    ("voice", "column", "complaint"),
    [
        ("call_forwarding: {call_forwarding_enabled: true}", 23, NO_TARGET),
        (
            "call_forwarding: {call_forwarding_enabled: true, forwards_to: null}",
            23,
            NO_TARGET,
        ),
        ("cnam_listing: {cnam_listing_enabled: true}", 20, NO_DETAILS),
        ("cnam_listing: {cnam_listing_details: ACME}", 20, NOT_ENABLED),
        (
            "cnam_listing: {cnam_listing_details: ACME, cnam_listing_enabled: false}",
            20,
            NOT_ENABLED,
        ),
    ],
)
def test_a_rule_between_fields_is_judged(
    declared: Declared, voice: str, column: int, complaint: str
) -> None:
    text = f'numbers:\n  "{ONE}":\n    voice:\n     {voice}\n'
    assert declared.complaints({"a.yaml": text}) == [
        f"a.yaml:4:{column + 1}: {complaint} (for {ONE})"
    ]


@pytest.mark.parametrize(
    "voice",
    [
        "call_forwarding: {call_forwarding_enabled: false}",
        'call_forwarding: {forwards_to: "+13035559123"}',
        "cnam_listing: {cnam_listing_enabled: false}",
        "cnam_listing: {cnam_listing_enabled: false, cnam_listing_details: null}",
        "cnam_listing: {cnam_listing_enabled: true, cnam_listing_details: ACME 1}",
    ],
)
def test_settings_that_fit_together_are_fine(declared: Declared, voice: str) -> None:
    text = f'numbers:\n  "{ONE}":\n    voice:\n     {voice}\n'
    assert list(declared.load({"a.yaml": text}).numbers) == [ONE]


def test_a_higher_layer_may_complete_a_lower_one(declared: Declared) -> None:
    text = f"""
groups: {{g: {{voice: {{cnam_listing: {{cnam_listing_enabled: true}}}}}}}}
numbers:
  "{ONE}":
    groups: [g]
    voice: {{cnam_listing: {{cnam_listing_details: ACME}}}}
"""
    assert list(declared.load({"a.yaml": text}).numbers) == [ONE]


def test_a_group_that_breaks_a_rule_is_told_once_with_the_count(declared: Declared) -> None:
    numbers = "\n".join(f'  "+1312555{n:04}": {{groups: [g]}}' for n in range(1, 1003))
    text = f"""\
groups:
  g:
    voice:
      cnam_listing:
        cnam_listing_enabled: true
numbers:
{numbers}
"""
    assert declared.complaints({"a.yaml": text}) == [
        f"a.yaml:5:9: {NO_DETAILS} (for {ONE} and 1,001 more)"
    ]


def test_numbers_that_add_something_count_for_a_broken_group_too(declared: Declared) -> None:
    text = f"""\
groups: {{g: {{voice: {{cnam_listing: {{cnam_listing_enabled: true}}}}}}}}
numbers:
  "{ONE}": {{groups: [g]}}
  "{TWO}": {{groups: [g], customer_reference: x}}
"""
    assert declared.complaints({"a.yaml": text}) == [
        f"a.yaml:1:37: {NO_DETAILS} (for {ONE} and 1 more)"
    ]


def test_a_group_that_breaks_a_rule_is_fine_while_nobody_uses_it(declared: Declared) -> None:
    text = "groups: {g: {voice: {cnam_listing: {cnam_listing_enabled: true}}}}\n"
    assert dict(declared.load({"a.yaml": text}).numbers) == {}


@pytest.mark.parametrize(
    ("number", "complaint"),
    [
        (
            "{voice: {cnam_listing: {cnam_listing_details: ACME}}, hd_voice_enabled: 1}",
            "hd_voice_enabled must be true or false, not the number 1",
        ),
        ("{groups: [detials]}", "unknown group 'detials': did you mean 'details'?"),
    ],
)
def test_a_rule_is_not_judged_on_what_is_wrong_already(
    declared: Declared, number: str, complaint: str
) -> None:
    files = {
        "a.yaml": "defaults: {voice: {cnam_listing: {cnam_listing_enabled: true}}}\n"
        f'numbers: {{"{ONE}": {number}}}\n',
        "b.yaml": "groups: {details: {voice: {cnam_listing: {cnam_listing_details: ACME}}}}\n",
    }
    assert [each.split(": ", 1)[1] for each in declared.complaints(files)] == [complaint]


@pytest.mark.parametrize(
    "wrong",
    [
        "details: {hd_voice_enabled: 1, voice: {cnam_listing: {cnam_listing_details: ACME}}}",
        "details: {extends: [more]}",
    ],
)
def test_a_rule_is_not_judged_over_a_group_that_is_wrong(declared: Declared, wrong: str) -> None:
    text = f"""
groups:
  top: {{extends: [details], voice: {{cnam_listing: {{cnam_listing_enabled: true}}}}}}
  {wrong}
numbers: {{"{ONE}": {{groups: [top]}}}}
"""
    assert len(declared.complaints({"a.yaml": text})) == 1


def test_a_rule_is_not_judged_over_defaults_that_are_wrong(declared: Declared) -> None:
    files = {
        "reconciler.yaml": "defaults: {hd_voice_enabled: 1, voice: "
        "{cnam_listing: {cnam_listing_details: ACME}}}\n",
        "a.yaml": f'numbers: {{"{ONE}": {{voice: {{cnam_listing: '
        "{cnam_listing_enabled: true}}}}\n",
    }
    assert len(declared.complaints(files)) == 1


def test_a_file_that_cannot_be_read_brings_no_false_complaints(declared: Declared) -> None:
    files = {
        "a.yaml": f'numbers: {{"{ONE}": {{groups: [g], connection_id: trunk, voice: '
        "{cnam_listing: {cnam_listing_enabled: true}}}}\n",
        "b.yaml": "groups: {g: {voice: {cnam_listing: {cnam_listing_details: ACME\n",
    }
    assert [each.split(":")[0] for each in declared.complaints(files)] == ["b.yaml"]


def test_a_project_file_that_cannot_be_read_brings_no_false_complaints(declared: Declared) -> None:
    files = {
        "reconciler.yaml": "defaults: {voice: {cnam_listing: {cnam_listing_details: ACME\n",
        "a.yaml": f'numbers: {{"{ONE}": {{voice: {{cnam_listing: '
        "{cnam_listing_enabled: true}}}}\n",
    }
    assert {each.split(":")[0] for each in declared.complaints(files)} == {"reconciler.yaml"}


def test_defaults_are_checked_even_where_no_number_uses_them(declared: Declared) -> None:
    assert len(declared.complaints({"a.yaml": "defaults: {connection_id: trunk}\n"})) == 1


# ---- braces ----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["{", "a}b", "{who}", "{{}"])
def test_a_single_brace_is_an_error_that_says_to_double_it(declared: Declared, text: str) -> None:
    problems = declared.complaints(
        {"a.yaml": f'numbers:\n  "{ONE}": {{customer_reference: "{text}"}}\n'}
    )
    assert ["a literal brace is written twice" in each for each in problems] == [True]


def test_a_doubled_brace_is_a_literal_one(declared: Declared) -> None:
    text = f'numbers:\n  "{ONE}": {{customer_reference: "{{{{desk}}}}"}}\n'
    assert declared.settings({"a.yaml": text})["customer_reference"] == "{desk}"
