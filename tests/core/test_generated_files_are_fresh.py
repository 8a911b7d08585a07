"""What stands under schemas/ is what the catalogue gives, and every JSON Schema there is sound."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.core.catalogue import BY_PATH, SUPPORTED
from reconciler.core.fields import Kind
from reconciler.core.fieldschema import settings_properties
from reconciler.core.generate import generated
from reconciler.core.schema import numbers_schema
from tests.core.project import ONE, TWO

SCHEMAS = Path(__file__).parent.parent.parent / "schemas"
NAMES = sorted(name for name in generated() if name.endswith(".json"))

steady = settings(deadline=None, derandomize=True, database=None, max_examples=300)


def schema_file(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(generated()[name])
    return loaded


def within(schema: Any, at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every mapping in a schema, with the way to it."""
    if isinstance(schema, dict):
        yield at, schema
        for key, value in schema.items():
            yield from within(value, f"{at}/{key}")
    elif isinstance(schema, list):
        for place, value in enumerate(schema):
            yield from within(value, f"{at}/{place}")


@pytest.mark.parametrize("name", sorted(generated()))
def test_the_file_is_what_make_schemas_writes(name: str) -> None:
    assert (SCHEMAS / name).read_text("utf-8") == generated()[name]


def test_there_are_no_other_files() -> None:
    assert {path.name for path in SCHEMAS.iterdir()} == set(generated())


@pytest.mark.parametrize("name", NAMES)
def test_the_schema_is_a_draft_2020_12_one(name: str) -> None:
    schema = schema_file(name)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("name", NAMES)
def test_both_validators_take_the_schema(name: str) -> None:
    schema = schema_file(name)
    verdicts = [
        jsonschema.Draft202012Validator(schema).is_valid(5),
        jsonschema_rs.Draft202012Validator(schema).is_valid(5),
    ]
    assert verdicts == [False, False]


def undescribed(properties: dict[str, Any], at: str) -> list[str]:
    """Properties of a schema of numbers that no description explains, below them too."""
    found = []
    for name, schema in properties.items():
        if "$ref" not in schema and not schema.get("description"):
            found.append(f"{at}/{name}")
        found += undescribed(schema.get("properties", {}), f"{at}/{name}")
    return found


@pytest.mark.parametrize("definition", ["number", "group", "defaults"])
def test_every_setting_is_described(definition: str) -> None:
    properties = numbers_schema()["$defs"][definition]["properties"]
    assert undescribed(properties, "") == []


def test_every_key_of_a_file_is_described() -> None:
    assert undescribed(numbers_schema()["properties"], "") == []


def test_every_example_of_a_setting_is_valid() -> None:
    wrong = []
    for kind in Kind:
        for at, schema in within(settings_properties(kind, BY_PATH[kind])):
            validator = jsonschema.Draft202012Validator(schema)
            wrong += [at for each in schema.get("examples", ()) if not validator.is_valid(each)]
    assert wrong == []


@pytest.mark.parametrize("name", NAMES)
def test_no_pattern_takes_a_trailing_newline_or_foreign_digits(name: str) -> None:
    def loose(pattern: str) -> bool:
        return "\\d" in pattern or "$" in pattern or "\\w" in pattern

    found = (each.get("pattern") for _, each in within(schema_file(name)))
    patterns = {each for each in found if isinstance(each, str)}  # "pattern" is a key as well
    assert [each for each in sorted(patterns) if loose(each)] == []


VALID: list[Any] = [
    None,
    {},
    {"version": 1},
    {"numbers": None},
    {"numbers": {ONE: None, TWO: {}}},
    {"numbers": {ONE: {"groups": ["a"], "tags": ["a"], "connection_id": "trunk"}}},
    {"numbers": {ONE: {"tags": {"add": ["a"], "remove": []}, "external_pin": {"env": "PIN"}}}},
    {"numbers": {ONE: {"connection_id": {"id": "any"}, "external_pin": {"file": "x/y"}}}},
    {"numbers": {ONE: {"tags": None, "connection_id": None, "external_pin": None}}},
    {"numbers": {ONE: {"voice": {"call_forwarding": {"forwards_to": TWO}}}}},
    {"numbers": {ONE: {"voice": {"cnam_listing": {"cnam_listing_details": "ACME 1"}}}}},
    {"groups": {"a": None, "b": {"extends": ["a"], "hd_voice_enabled": True}}},
    {"defaults": {"voice": {"inbound_call_screening": "flag_calls"}}},
    {"aliases": {"connection_id": {"a": "123", "b": {"id": "x"}}}},
    {"limits": {"page_size": 250, "rate_per_second": 2.5}, "account": {"api_key_env": "KEY"}},
    {"files": {"include": ["*.yaml"], "exclude": []}},
]


@pytest.mark.parametrize("document", VALID, ids=str)
def test_a_right_document_is_valid_to_both(document: object) -> None:
    assert verdicts(document) == (True, True)


@pytest.mark.parametrize(
    "value", [f"{ONE}\n", "+١٣١٢٥٥٥٠٠٠١", "+1312555000१", f"\n{ONE}", f"{ONE} ", "+0312555", "+1"]
)
def test_a_number_in_other_digits_or_with_a_newline_is_refused_by_both(value: str) -> None:
    forwarding = {"voice": {"call_forwarding": {"forwards_to": value}}}
    assert verdicts({"numbers": {value: {}}}) == (False, False)
    assert verdicts({"numbers": {ONE: forwarding}}) == (False, False)


@pytest.mark.parametrize("value", ["ACME\n", "ACMÉ", "١٢٣", "A" * 16, ""])
def test_a_caller_name_in_other_letters_or_with_a_newline_is_refused_by_both(value: str) -> None:
    listing = {"voice": {"cnam_listing": {"cnam_listing_details": value}}}
    assert verdicts({"defaults": listing}) == (False, False)


@pytest.mark.parametrize(
    "value", ["123\n", "١٢٣", "", "a", "3fa85f64-5717-4562-b3fc-2c963f66afa6\n"]
)
def test_an_id_in_other_digits_or_with_a_newline_is_refused_by_both(value: str) -> None:
    assert verdicts({"aliases": {"connection_id": {"a": value}}}) == (False, False)


@pytest.mark.parametrize("value", ["PIN\n", "PÏN", "1PIN", "P-N", ""])
def test_the_name_of_a_variable_is_held_to_ascii_by_both(value: str) -> None:
    assert verdicts({"account": {"api_key_env": value}}) == (False, False)


_RIGHT = jsonschema.Draft202012Validator(numbers_schema())
_QUICK = jsonschema_rs.Draft202012Validator(numbers_schema())


def verdicts(document: object) -> tuple[bool, bool]:
    return _RIGHT.is_valid(document), _QUICK.is_valid(document)


KEYS = sorted(
    {step for path in SUPPORTED[Kind.NUMBER] for step in path.split(".")}
    | {"numbers", "groups", "defaults", "aliases", "extends", "limits", "version", "add", "id"}
    | {"env", "file", "page_size", "rate_per_second", "account", "api_key_env", ONE, "١"}
)
_TELLING: list[Any] = [None, True, False, 0, 1, 1.0, 250.0, 251, -1, 0.5, "", "a", ONE, f"{ONE}\n"]
_TELLING += ["true", "flag_calls", "always", "123", "123\n", "١٢٣", "ACME", "é" * 15, "😀", "PIN"]
SCALARS = st.one_of(
    st.sampled_from(_TELLING), st.text(max_size=5), st.integers(-(2**63), 2**63 - 1)
)
DATA = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A right document with one place of it turned into something else."""
    document = json.loads(json.dumps(draw(st.sampled_from(VALID))))
    places: list[tuple[Any, Any]] = []
    todo = [document]
    while todo:
        node = todo.pop()
        entries = list(node.items()) if isinstance(node, dict) else []
        entries += list(enumerate(node)) if isinstance(node, list) else []
        places += [(node, key) for key, _ in entries]
        todo += [value for _, value in entries]
    if not places:
        return draw(DATA)
    node, key = draw(st.sampled_from(places))
    if isinstance(node, dict) and draw(st.booleans()):
        node[draw(st.sampled_from(KEYS))] = node.pop(key)
    else:
        node[key] = draw(DATA)
    return document


@steady
@given(st.one_of(mutated(), DATA))
@example({"limits": {"page_size": 250.0}})
@example({"version": True})
@example({"version": 1.0})
@example({"defaults": {"voice": {"cnam_listing": {"cnam_listing_details": "😀" * 15}}}})
def test_both_validators_give_the_same_verdict(document: Any) -> None:
    right, quick = verdicts(document)
    assert right == quick
