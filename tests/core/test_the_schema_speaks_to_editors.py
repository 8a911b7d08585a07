"""The schema of the YAML tells an editor all that it can show: a word on every key, examples, and
the values that are possible."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from reconciler.core.schema import numbers_schema

_SAID_BY_ITS_TYPE = {"boolean", "null"}


def places(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property in the schema, and where it is; a reference stands for itself."""
    for name, below in schema.get("properties", {}).items():
        yield f"{path}/{name}", below
        yield from places(below, f"{path}/{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from places(schema[key], f"{path}/{key}")
    for name, below in schema.get("$defs", {}).items():
        yield f"#{name}", below
        yield from places(below, f"#{name}")


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """What the reference means, with what stands beside it."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return {**numbers_schema()["$defs"][name], **schema} if name else schema


PLACES = dict(places(numbers_schema()))


def _types(schema: dict[str, Any]) -> set[str]:
    found = schema.get("type", ())
    return {found} if isinstance(found, str) else set(found)


def _needs_examples(place: str, schema: dict[str, Any]) -> bool:
    """Whether neither its type nor its values say what can be written. The keywords of a condition
    are those of JSON Schema."""
    if place.startswith("#condition/"):
        return False
    told = "enum" in schema or "const" in schema or "properties" in schema
    return not told and not _types(schema) <= _SAID_BY_ITS_TYPE


def test_every_key_is_described() -> None:
    described = [p for p, s in PLACES.items() if resolved(s).get("description", "").endswith(".")]
    assert described == list(PLACES)


def test_what_its_type_does_not_say_has_examples() -> None:
    assert [
        place
        for place, schema in PLACES.items()
        if _needs_examples(place, resolved(schema)) and not resolved(schema).get("examples")
    ] == []


def test_every_example_may_be_written() -> None:
    for place, schema in PLACES.items():
        examples = resolved(schema).get("examples", ())
        whole = {**resolved(schema), "$defs": numbers_schema()["$defs"]}
        for example in examples:
            assert jsonschema_rs.is_valid(whole, example), (place, example)


@pytest.mark.parametrize("key", ["+13125550001", "+13125550100..+13125550199"])
def test_the_names_of_numbers_and_blocks_have_a_pattern(key: str) -> None:
    for kind in ("numbers", "mobile_numbers"):
        names = numbers_schema()["properties"][kind]["propertyNames"]
        assert re.search(names["pattern"], key)
        assert not re.search(names["pattern"], key[1:])
        assert names["examples"]
