"""The sandbox's own tables, held against the published file property by property."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.sandbox import queries, shapes
from reconciler.sandbox.queries import Grammar
from reconciler.sandbox.shapes import Fields, Flag, Shape, Text, Texts
from tests.sandbox.spec import operations, parameters, request_schema, resolved

BODIES = [
    ("POST", "/messaging_numbers_bulk_updates", shapes.BULK),
    ("POST", "/phone_numbers/actions/verify_ownership", shapes.VERIFY),
    ("POST", "/phone_numbers/jobs/delete_phone_numbers", shapes.DELETE_JOB),
    ("POST", "/phone_numbers/jobs/update_emergency_settings", shapes.EMERGENCY_JOB),
    ("POST", "/phone_numbers/jobs/update_phone_numbers", shapes.UPDATE_JOB),
    ("PATCH", "/phone_numbers/{id}", shapes.NUMBER),
    ("PATCH", "/phone_numbers/{id}/actions/bundle_status_change", shapes.BUNDLE),
    ("POST", "/phone_numbers/{id}/actions/enable_emergency", shapes.ENABLE_EMERGENCY),
    ("PATCH", "/phone_numbers/{id}/messaging", shapes.MESSAGING),
    ("PATCH", "/phone_numbers/{id}/voice", shapes.VOICE),
    ("PATCH", "/v2/mobile_phone_numbers/{id}", shapes.MOBILE),
]

# Where a description allows a null that the type does not, and where a missing `phone_numbers` has
# an error example of its own and is therefore not judged by the shape.
NULL_BY_DESCRIPTION = {
    "/phone_numbers/{id}/actions/bundle_status_change": {"bundle_id"},
    "/phone_numbers/{id}/messaging": {"messaging_product", "messaging_profile_id", "tags"},
}
JOBS = "/phone_numbers/jobs/"

QUERIES = [
    ("/phone_numbers", queries.FULL),
    ("/phone_numbers/slim", queries.SLIM),
    ("/phone_numbers/voice", queries.VOICE),
    ("/phone_numbers/messaging", queries.MESSAGING),
    ("/phone_numbers/jobs", queries.JOBS),
    ("/mobile_phone_numbers/messaging", queries.MOBILE),
    ("/v2/mobile_phone_numbers", queries.MOBILE),
]


def differences(shape: Shape, schema: Any, at: str, null_allowed: set[str]) -> list[str]:
    schema = resolved(schema)
    kind = schema["type"]
    null = isinstance(kind, list) and "null" in kind
    kind = next(one for one in kind if one != "null") if isinstance(kind, list) else kind
    found = []
    if shape.null != null and at.rsplit(".", 1)[-1] not in null_allowed:
        found.append(f"{at}: null")
    match shape:
        case Text(choices=choices):
            if kind != "string" or set(choices) != {one for one in schema.get("enum", ()) if one}:
                found.append(f"{at}: {kind} {schema.get('enum')}")
        case Flag():
            found += [] if kind == "boolean" else [f"{at}: {kind}"]
        case Texts():
            if kind != "array" or resolved(schema["items"])["type"] != "string":
                found.append(f"{at}: {kind}")
        case Fields(of=inner):
            if set(inner) != set(schema["properties"]):
                found.append(f"{at}: {set(inner) ^ set(schema['properties'])}")
            for name in set(inner) & set(schema["properties"]):
                below = schema["properties"][name]
                found += differences(inner[name], below, f"{at}.{name}", null_allowed)
    return found


def test_every_body_of_the_specification_has_a_shape() -> None:
    with_body = {one for one in operations() if one[0] in {"POST", "PATCH"}}
    assert {(method, template) for method, template, _ in BODIES} == with_body


@pytest.mark.parametrize(("method", "template", "shape"), BODIES)
def test_a_shape_has_the_properties_types_and_enums_of_its_schema(
    method: str, template: str, shape: Fields
) -> None:
    schema = request_schema(method, template)
    assert differences(shape, schema, "", NULL_BY_DESCRIPTION.get(template, set())) == []
    required = set(schema.get("required", ()))
    if template.startswith(JOBS):
        required -= {"phone_numbers"}
    assert set(shape.required) == required


@pytest.mark.parametrize(("template", "grammar"), QUERIES)
def test_a_listing_takes_the_query_parameters_of_the_specification(
    template: str, grammar: Grammar
) -> None:
    known = {*grammar.filters, *grammar.flags, *grammar.texts, "page[number]", "page[size]"}
    theirs = parameters("GET", template)
    if grammar.sorts:
        known.add(grammar.sort_parameter)
        assert set(theirs[grammar.sort_parameter]["enum"]) == set(grammar.sorts)
    assert known == set(theirs)
    for name, choices in grammar.texts.items():
        assert set(theirs[name]["enum"]) == set(choices)


def test_an_update_job_takes_the_filters_of_the_specification() -> None:
    theirs = parameters("POST", "/phone_numbers/jobs/update_phone_numbers")
    assert set(queries.UPDATE_JOB.filters) == set(theirs)


def test_no_other_call_takes_a_query() -> None:
    listings = {("GET", template) for template, _ in QUERIES}
    listings.add(("POST", "/phone_numbers/jobs/update_phone_numbers"))
    for method, template in set(operations()) - listings:
        assert parameters(method, template) == {}
