"""The JSON Schema of what a field may hold, from its row in the catalogue.

Every keyword in it is one that both `jsonschema` and `jsonschema-rs` judge alike. There is no
`anyOf`: a value of several types is told apart by `type`, so that an error names the one thing
wrong. Patterns say `[0-9]` and end in `(?![\\s\\S])`, for `\\d` takes Arabic digits and `$` a
newline.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.core.catalogue import BY_PATH
from reconciler.core.fields import Field, Kind, Type
from reconciler.core.safetyschema import TEXT_LIST, Schema
from reconciler.core.values import CNAM_PATTERN, E164_PATTERN

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_TEMPLATE = r"\{(number|last4|index)\}"


def _or_template(pattern: str, before: str, after: str) -> str:
    """`pattern`, or what holds a template beside characters that can stand in such a value."""
    end = r"(?![\s\S])"
    return f"{pattern}|^({before}|{_TEMPLATE})*{_TEMPLATE}({after}|{_TEMPLATE})*{end}"


E164_OR_TEMPLATE = _or_template(E164_PATTERN, "[+0-9]", "[0-9]")
CNAM_OR_TEMPLATE = _or_template(CNAM_PATTERN, "[A-Za-z0-9 ]", "[A-Za-z0-9 ]")

_SECRET_NAME: Schema = {
    "type": "string",
    "pattern": r"^[A-Za-z_]([A-Za-z0-9_]|\{(last4|index)\})*(?![\s\S])",
    "errorMessage": "the name of an environment variable is needed, never the value itself",
}
ANY_ID: Schema = {
    "type": "string",
    "minLength": 1,
    "description": "An id of any form, taken as it stands.",
    "examples": ["trunk/main"],
}

_BY_TYPE: dict[Type, Schema] = {
    Type.BOOLEAN: {"type": ["boolean"]},
    Type.ENUM: {"type": ["string"]},
    Type.TEXT: {"type": ["string"]},
    Type.ID: {
        "type": ["string", "object"],
        "minLength": 1,
        "properties": {"id": ANY_ID},
        "required": ["id"],
        "additionalProperties": False,
    },
    Type.E164: {
        "type": ["string"],
        "pattern": E164_OR_TEMPLATE,
        "errorMessage": "a number in E.164 is needed, such as +13035559123",
    },
    Type.CNAM: {
        "type": ["string"],
        "pattern": CNAM_OR_TEMPLATE,
        "errorMessage": "at most 15 letters, digits and spaces are possible",
    },
    Type.PIN: {
        "type": ["string", "object"],
        "minLength": 1,
        "properties": {
            "env": _SECRET_NAME
            | {
                "description": "The environment variable that holds the PIN.",
                "examples": ["PIN_DESK_1", "PIN_{last4}"],
            },
            "file": {
                "type": "string",
                "minLength": 1,
                "description": "The file that holds the PIN, from the project's root.",
                "examples": ["pins/desk-1"],
            },
        },
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    },
    Type.TAGS: {
        "type": ["array", "object"],
        "items": TEXT_LIST["items"],
        "properties": {
            "add": TEXT_LIST
            | {
                "description": "Tags to add to those of the layers below.",
                "examples": [["night"]],
            },
            "remove": TEXT_LIST
            | {"description": "Tags to take away from them.", "examples": [["legacy"]]},
        },
        "minProperties": 1,
        "additionalProperties": False,
    },
}


def _value(field: Field) -> Schema:
    """The schema of one field's value: that of its type, with its own words, enum and null."""
    base = _BY_TYPE[field.type]
    types = [*base["type"], *(["null"] if field.null else [])]
    schema: Schema = {
        "description": _describe(field),
        **base,
        "type": types[0] if len(types) == 1 else types,
    }
    if field.example != "":
        example = field.example
        schema["examples"] = [list(example) if isinstance(example, tuple) else example]
    if field.type is Type.ENUM:
        schema["enum"] = [*field.values, *([None] if field.null else [])]
    if field.type is Type.TEXT and not field.null:
        schema["minLength"] = 1
    if field.off:
        schema["x-off"] = field.off
    return schema


def _describe(field: Field) -> str:
    parts = [field.doc]
    if field.null:
        parts.append("null clears it.")
    if field.cost:
        parts.append("A paid feature.")
    return " ".join(parts)


def settings_properties(kind: Kind, paths: Iterable[str]) -> Schema:
    """The nested properties that declare `paths` of a number of `kind`."""
    properties: Schema = {}
    for path in BY_PATH[kind]:
        if path not in paths:
            continue
        *parents, leaf = path.split(".")
        level = properties
        for parent in parents:
            level = level.setdefault(
                parent,
                {
                    "type": "object",
                    "description": f"{parent.replace('_', ' ').capitalize()} settings.",
                    "properties": {},
                    "additionalProperties": False,
                },
            )["properties"]
        level[leaf] = _value(BY_PATH[kind][path])
    return properties


def column_schema(row: Field) -> Schema:
    """The schema of many values of one field."""
    return {"$schema": DIALECT, "type": "array", "items": _value(row)}
