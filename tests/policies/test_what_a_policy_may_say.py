"""The policies of a project file: every slip is told where it stands, and no pattern can hang."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.core.model import Desired
from tests.core.project import Declared

FORWARDS = "voice.call_forwarding.forwards_to"
ON = {"hd_voice_enabled": True}


def policies(declared: Declared, *given: dict[str, Any], **more: Any) -> Desired:
    """A project whose file holds nothing but these."""
    return declared.load({"reconciler.yaml": json.dumps({"policies": given, **more})})


def complaint(declared: Declared, policy: dict[str, Any], **more: Any) -> str:
    """The one thing that is wrong with a policy, without its column."""
    text = json.dumps({"policies": [{"name": "p", **policy}], **more})
    (found,) = declared.complaints({"reconciler.yaml": text})
    return found.split(": ", 1)[1]


def test_a_policy_is_read_as_it_is_written(declared: Declared) -> None:
    (policy,) = policies(
        declared,
        {
            "name": "p",
            "match": {"country": "us", "type": ["tollfree"], "connection_id": "trunk"},
            "require": {"connection_id": {"enum": ["trunk", "2"]}, "tags": ["b", "a", "b"]},
            "unless": {"numbers": ["+1312*"], "hd_voice_enabled": True},
            "level": "warn",
        },
        aliases={"connection_id": {"trunk": "1"}},
    ).policies
    assert policy.as_written() == {
        "name": "p",
        "match": {"country": ["US"], "type": ["toll_free"], "connection_id": ["1"]},
        "require": {"connection_id": {"enum": ["1", "2"]}, "tags": ["a", "b"]},
        "unless": {"numbers": ["+1312*"], "hd_voice_enabled": True},
        "level": "warn",
    }
    assert str(policy.source) == "reconciler.yaml:1"


def test_a_policy_is_an_error_for_all_numbers_if_it_says_no_more(declared: Declared) -> None:
    (policy,) = policies(declared, {"name": "p", "require": ON}).policies
    assert (policy.level, policy.match.as_written(), policy.unless) == ("error", {}, None)


SLIPS: list[tuple[dict[str, Any], str]] = [
    ({}, "policies[0] needs the key require"),
    ({"require": {}}, "policies[0].require needs the key "),
    ({"require": ON, "unles": {}}, "unknown key 'unles': did you mean 'unless'?"),
    ({"require": ON, "level": "fatal"}, "level must be one of error, warn, not 'fatal'"),
    ({"require": ON, "match": {"contry": "US"}}, "unknown key 'contry': did you mean 'country'?"),
    ({"require": ON, "match": {"country": "USA"}}, "a country is two letters, such as US"),
    ({"require": ON, "match": {"numbers": "1312"}}, "a number in E.164 or a glob is needed"),
    ({"require": ON, "match": {"kind": "phone"}}, "a kind is number or mobile"),
    ({"require": ON, "match": {"connection_id": "k"}}, "unknown connection_id alias 'k'"),
    ({"require": ON, "match": {"kind": "mobile"}}, "no number of the kind that it means has these"),
    ({"require": ON, "unless": {}}, "policies[0].unless needs the key numbers or kind or"),
    (
        {"require": {"voice.inbound_call_screning": "flag_calls"}},
        "unknown setting 'voice.inbound_call_screning': did you mean 'voice.inbound_call_scree",
    ),
    (
        {"require": {"emergency_enabled": True}},
        "unknown setting 'emergency_enabled': did you mean 'emergency.emergency_enabled'?",
    ),
    (
        {"require": {"emergency": {"emergency_enabled": True}}},
        "is a mapping of settings: write the whole path, such as emergency.emergency_enabled",
    ),
    ({"require": {"emergency.emergency_status": "active"}}, "is read only here"),
    ({"require": {"external_pin": "4711"}}, "'external_pin' is a secret: no rule can look at it"),
    (
        {"require": {"colour": "red"}},
        "in policies[0].require: known are the paths of settings, such as voice.inbound_call_scre",
    ),
    (
        {"require": ON, "match": {"xyz": "red"}},
        "known are numbers, kind, country, type, tags, connection_id, customer_reference and the",
    ),
    ({"require": ON, "unless": "x"}, "must be a mapping, not the text 'x' (its keys are numbers,"),
    ({"require": {"hd_voice_enabled": "yes"}}, "must be true or false, not the text 'yes'"),
    ({"require": {"hd_voice_enabled": {"const": "yes"}}}, "is true or false, never 'yes'"),
    (
        {"require": {"voice.inbound_call_screening": "on"}},
        "is one of disabled, reject_calls, flag_calls, never 'on'",
    ),
    ({"require": {FORWARDS: "13035559123"}}, "is a number in E.164, never '13035559123'"),
    ({"require": {"customer_reference": {"const": True}}}, "is text, never true"),
    ({"require": {"connection_id": "k"}}, "unknown connection_id alias 'k'"),
    ({"require": {"connection_id": {"not": {"enum": ["k"]}}}}, "unknown connection_id alias 'k'"),
    ({"require": {"customer_reference": {}}}, "an empty schema asks for nothing"),
    ({"require": {"customer_reference": {"$ref": "#"}}}, "'$ref' is no keyword for the schema of"),
    ({"require": {"customer_reference": {"format": "uri"}}}, "'format' is no keyword"),
    (
        {"require": {"customer_reference": {"minimum": 3}}},
        "'minimum' compares numbers, and no setting is one",
    ),
    (
        {"require": {"customer_reference": {"patern": "x"}}},
        "unknown keyword 'patern': did you mean 'pattern'?",
    ),
    ({"require": {"tags": {"pattern": "x"}}}, "pattern looks at text, and tags is a list"),
    ({"require": {"hd_voice_enabled": {"minLength": 1}}}, "minLength looks at text, and hd_voice"),
    ({"require": {"customer_reference": {"minItems": 1}}}, "minItems looks at a list"),
    ({"require": {"hd_voice_enabled": {"type": "string"}}}, "is boolean, never string"),
    ({"require": {"customer_reference": {"type": "integer"}}}, "a type is one of string, boolean"),
    ({"require": {"customer_reference": {"not": "x"}}}, "must be a mapping, not the text 'x'"),
    ({"require": {"customer_reference": {"pattern": "["}}}, "is no pattern that can be used"),
    ({"require": {"customer_reference": {"pattern": "(?=a)b"}}}, "without lookaround and back-"),
    ({"require": {"customer_reference": {"pattern": r"(a)\1"}}}, "without lookaround and back-"),
    ({"require": {"customer_reference": {"pattern": "((a{99}){99}){99}"}}}, "of moderate size"),
]


@pytest.mark.parametrize(("policy", "message"), SLIPS, ids=[json.dumps(row[0]) for row in SLIPS])
def test_a_slip_is_told_where_it_stands(
    declared: Declared, policy: dict[str, Any], message: str
) -> None:
    assert message in complaint(declared, policy)


def test_all_slips_are_told_at_once_with_their_lines_and_columns(declared: Declared) -> None:
    text = (
        "policies:\n"
        "  - name: a\n"
        "    match: {contry: US}\n"
        "    require:\n"
        "      hd_voice_enabled: 'yes'\n"
        "  - name: b\n"
        "    require:\n"
        "      customer_reference: {anyOf: [{pattern: '['}, {const: 'x'}]}\n"
    )
    places = [each.split(": ")[0] for each in declared.complaints({"reconciler.yaml": text})]
    assert places == ["reconciler.yaml:3:13", "reconciler.yaml:5:25", "reconciler.yaml:8:46"]


def test_two_policies_of_one_name_are_told_with_both_places(declared: Declared) -> None:
    text = "policies:\n  - {name: a, require: {hd_voice_enabled: true}}\n"
    text += "  - {name: a, require: {hd_voice_enabled: false}}\n"
    (found,) = declared.complaints({"reconciler.yaml": text})
    assert found == (
        "reconciler.yaml:3:12: policy 'a' stands here twice: first at reconciler.yaml:2"
    )


def test_policies_belong_in_the_project_file(declared: Declared) -> None:
    (found,) = declared.complaints({"a.yaml": "policies: []\n"})
    assert found == "a.yaml:1:1: 'policies' belongs in reconciler.yaml"


HOSTILE = ["^(a+)+$", "^(a|a)*$", "(.*b){20}", "((a*)*)*b", "(a+a+)+y", "^(a?){500}a{500}$"]


@pytest.mark.parametrize("pattern", HOSTILE)
def test_a_pattern_that_others_hang_on_gets_its_answer(declared: Declared, pattern: str) -> None:
    required = {"customer_reference": {"pattern": pattern}}
    (policy,) = policies(declared, {"name": "p", "require": required}).policies
    assert policy.require[0].holds("a" * 50_000 + "!") is False


def test_a_pattern_knows_ascii_digits_only(declared: Declared) -> None:
    required = {"customer_reference": {"pattern": r"^\d$"}}
    (policy,) = policies(declared, {"name": "p", "require": required}).policies
    assert policy.require[0].holds("3") is True
    assert policy.require[0].holds("٣") is False


@pytest.mark.parametrize(
    ("path", "wanted", "held", "fails"),
    [
        ("customer_reference", None, [None], ["x"]),
        ("customer_reference", "", [None], ["x"]),
        ("customer_reference", {"type": "string"}, ["x"], [None]),
        ("customer_reference", {"type": ["string", "string"]}, ["x"], [None]),
        ("customer_reference", {"pattern": "^desk-"}, ["desk-1", None], ["x"]),
        ("customer_reference", {"not": {"const": None}}, ["x"], [None]),
        ("customer_reference", {"minLength": 2, "maxLength": 3}, ["ab", None], ["a", "abcd"]),
        ("customer_reference", {"anyOf": [{"const": "a"}, {"const": "b"}]}, ["a", "b"], ["c"]),
        ("tags", ["b", "a"], [("a", "b")], [("a",), ()]),
        ("tags", None, [()], [("a",)]),
        ("tags", {"contains": {"const": "a"}}, [("a", "b")], [("b",), ()]),
        ("tags", {"contains": {"pattern": "^site-"}, "maxItems": 2}, [("site-1",)], [("x",)]),
        ("tags", {"items": {"enum": ["a", "b"]}}, [("a",), ()], [("c",)]),
        ("voice.inbound_call_screening", {"enum": ["disabled"]}, ["disabled"], ["flag_calls"]),
    ],
)
def test_a_value_or_a_schema_says_what_a_setting_has_to_be(
    declared: Declared, path: str, wanted: Any, held: list[Any], fails: list[Any]
) -> None:
    (policy,) = policies(declared, {"name": "p", "require": {path: wanted}}).policies
    (condition,) = policy.require
    assert [condition.holds(value) for value in held] == [True] * len(held)
    assert [condition.holds(value) for value in fails] == [False] * len(fails)
