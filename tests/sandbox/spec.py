"""The published specification, as the tests use it: schemas of answers and of requests."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

FILE = Path(__file__).parent.parent / "spec" / "telnyx-numbers-openapi.json"
BASE = "/v2"


@cache
def document() -> dict[str, Any]:
    """The whole file, but for one oddity.

    Two mobile fields (`forwarding_type`, `inbound_call_screening`) are of type "string or null"
    with an enum that lacks null, so that read to the letter their null could never be sent. The
    type says what is meant, and the published SDK reads it so: null joins those enums.
    """
    loaded: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    _let_null_be_null(loaded)
    return loaded


def _let_null_be_null(node: Any) -> None:
    if isinstance(node, list):
        for one in node:
            _let_null_be_null(one)
    elif isinstance(node, dict):
        if "enum" in node and isinstance(node.get("type"), list) and "null" in node["type"]:
            node["enum"] = [*node["enum"], None]
        for one in node.values():
            _let_null_be_null(one)


def operations() -> list[tuple[str, str]]:
    """Every call of the specification: (method, path template as it stands there)."""
    return [
        (method.upper(), path)
        for path, methods in document()["paths"].items()
        for method in methods
        if method != "parameters"
    ]


def address(template: str) -> str:
    """The path below the host. Three templates begin with `/v2` already: from the host's root."""
    return template if template.startswith(f"{BASE}/") else BASE + template


def resolved(schema: Any) -> Any:
    """A schema, its reference followed."""
    while "$ref" in schema:
        target: Any = document()
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        schema = target
    return schema


def operation(method: str, template: str) -> Any:
    """One call."""
    return document()["paths"][template][method.lower()]


def template_of(method: str, path: str) -> str:
    """The template of a path; one without an id is preferred."""
    found = []
    for verb, template in operations():
        pattern = re.sub(r"\{[^}]+\}", "[^/]+", address(template))
        if verb == method and re.fullmatch(pattern, path):
            found.append(template)
    return min(found, key=lambda template: template.count("{"))


@cache
def validator(method: str, template: str, status: int) -> Draft202012Validator | None:
    """What holds an answer against its schema; None where the specification gives it none."""
    responses = operation(method, template)["responses"]
    response = responses.get(str(status)) or responses.get(f"{status // 100}XX")
    if response is None or "content" not in resolved(response):
        return None
    schema = resolved(response)["content"]["application/json"]["schema"]
    return Draft202012Validator({**schema, "components": document()["components"]})


def conform(method: str, path: str, status: int, body: Any) -> None:
    """Fail unless an answer is one that the specification allows."""
    check = validator(method, template_of(method, path), status)
    if check is not None:
        check.validate(body)
    if status >= 400:
        Draft202012Validator(
            {
                "$ref": "#/components/schemas/numbers_Errors",
                "required": ["errors"],
                "components": document()["components"],
            }
        ).validate(body)
        assert body["errors"], "an error says what is wrong"


def request_schema(method: str, template: str) -> Any:
    """The schema of a call's body."""
    body = operation(method, template)["requestBody"]
    return resolved(body["content"]["application/json"]["schema"])


def parameters(method: str, template: str) -> dict[str, Any]:
    """The query parameters of a call, written out in full: `filter[number_type][eq]` -> schema."""
    flat: dict[str, Any] = {}

    def spread(name: str, schema: Any) -> None:
        schema = resolved(schema)
        if schema.get("type") == "object":
            for inner, below in schema["properties"].items():
                spread(f"{name}[{inner}]", below)
        else:
            flat[name] = schema

    for parameter in operation(method, template).get("parameters", []):
        known = resolved(parameter)
        if known["in"] == "query":
            spread(known["name"], known["schema"])
    return flat
