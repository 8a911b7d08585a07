"""The JSON Schema of `assign` and `policies`: which numbers are meant, and what they have to be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.core.catalogue import BY_PATH
from reconciler.core.fields import Field, Kind, Type
from reconciler.core.safetyschema import TEXT_LIST, TEXTS, Schema

_ITEM: Schema = TEXT_LIST["items"]
_TYPES = ("local", "toll_free", "mobile", "national", "shared_cost", "landline")
_COUNT: Schema = {"type": "integer", "minimum": 0}


def _texts(description: str, *examples: str, **each: Any) -> Schema:
    """One text or a list of them, of which each has to be as `each` says."""
    shown = {"examples": [*examples]} if examples else {}
    return TEXTS | each | {"items": _ITEM | each, "description": description} | shown


def _one_of(words: tuple[str, ...], message: str) -> Schema:
    return {"pattern": f"^({'|'.join(words)})(?![\\s\\S])", "errorMessage": message}


# ---- one setting --------------------------------------------------------------------------------

_JSON_TYPES = ("string", "boolean", "array", "null")
_NESTED: Schema = {"type": "object", "$ref": "#/$defs/condition"}
_PARTS: Schema = {"type": "array", "minItems": 1, "items": _NESTED}
_CONDITION: Schema = {
    "x-keywords": True,
    "description": "What the value of a setting has to be, as a JSON Schema.",
    "properties": {
        "const": {"type": [*_JSON_TYPES], "description": "It is exactly this."},
        "enum": {"type": "array", "minItems": 1, "description": "It is one of these."},
        "type": _texts("Its JSON type: string says that null will not do.", "string")
        | _one_of(_JSON_TYPES, f"a type is one of {', '.join(_JSON_TYPES)}")
        | {"items": _ITEM | _one_of(_JSON_TYPES, f"a type is one of {', '.join(_JSON_TYPES)}")},
        "pattern": {
            "type": "string",
            "minLength": 1,
            "maxLength": 1000,
            "description": "A regular expression that is found in it, if it is text.",
            "examples": ["^\\+1"],
        },
        "minLength": _COUNT | {"description": "It has at least so many characters."},
        "maxLength": _COUNT | {"description": "It has at most so many characters."},
        "contains": _NESTED | {"description": "One of its tags at least is like this."},
        "items": _NESTED | {"description": "Each of its tags is like this."},
        "minItems": _COUNT | {"description": "It has at least so many tags."},
        "maxItems": _COUNT | {"description": "It has at most so many tags."},
        "minContains": _COUNT | {"description": "So many tags at least are as contains says."},
        "maxContains": _COUNT | {"description": "So many tags at most are as contains says."},
        "not": _NESTED | {"description": "It is not like this."},
        "allOf": _PARTS | {"description": "It is like all of these."},
        "anyOf": _PARTS | {"description": "It is like one of these at least."},
        "oneOf": _PARTS | {"description": "It is like exactly one of these."},
    },
    "additionalProperties": False,
}
"""A JSON Schema of one value: only what can say something of a setting by itself."""

_PLAIN: dict[Type, list[str]] = {
    Type.BOOLEAN: ["boolean"],
    Type.TAGS: ["array", "null"],
}


def condition_rows() -> Iterator[Field]:
    """Every setting that a condition can be about: what can be declared, but no secret."""
    rows = {path: row for kind in reversed(Kind) for path, row in BY_PATH[kind].items()}
    return (row for row in rows.values() if row.writes and not row.secret)


def _settings() -> Schema:
    found: Schema = {}
    for row in condition_rows():
        types = _PLAIN.get(row.type, ["string", "null"])
        example = list(row.example) if isinstance(row.example, tuple) else row.example
        values = [*row.values] if row.type is Type.ENUM else [example]
        found[row.path] = {
            "type": [*types, "object"],
            "items": _ITEM,
            "$ref": "#/$defs/condition",
            "description": f"{row.doc} What it has to be: a value, or a JSON Schema of one.",
            **({} if example == "" and not row.values else {"examples": values}),
        }
    return found


_OWN: Schema = {
    "numbers": _texts(
        "Numbers in E.164, or globs of them.",
        "+1312*",
        pattern=r"^([+][1-9][0-9]{6,14}|[+0-9]*[*?\[][^ ]*)(?![\s\S])",
        errorMessage="a number in E.164 or a glob is needed, such as +1312*",
    ),
    "kind": _texts(
        "Its kind: number or mobile.",
        "mobile",
        **_one_of(("number", "mobile"), "a kind is number or mobile"),
    ),
    "country": _texts(
        "Its country, as two letters.",
        "US",
        pattern=r"^[A-Za-z]{2}(?![\s\S])",
        errorMessage="a country is two letters, such as US",
    ),
    "type": _texts("Its type, such as local.", *_TYPES),
    "tags": _texts("Tags, one of which it must have.", "support"),
    "connection_id": _texts("Its connection, or an alias of it.", "support-trunk"),
    "customer_reference": _texts("A glob of its reference.", "desk-*"),
}
OWN_KEYS = tuple(_OWN)
"""The keys of a match that have a meaning of their own; any other is the path of a setting."""

_MATCH: Schema = {
    "type": "object",
    "x-settings": True,
    "description": "Which numbers are meant: all keys must hold.",
    "properties": _OWN | {path: each for path, each in _settings().items() if path not in _OWN},
    "additionalProperties": False,
}
"""Which numbers: all keys must hold, one value of each."""


def _match(description: str, **more: Any) -> Schema:
    """Which numbers: all keys must hold, one value of each."""
    return {"$ref": "#/$defs/match", "description": description, "x-needs": [*OWN_KEYS], **more}


_POLICY: Schema = {
    "type": "object",
    "description": "What numbers have to be.",
    "properties": {
        "name": {
            "type": "string",
            "minLength": 1,
            "maxLength": 100,
            "pattern": r"^[^\r\n\t]+(?![\s\S])",
            "errorMessage": "one line of text is needed",
            "description": "What reports call it.",
            "examples": ["US local numbers have emergency service"],
        },
        "match": _match("The numbers meant: all keys must hold. Without it, all."),
        "require": {
            "type": "object",
            "x-settings": True,
            "description": "Settings by path, and what each has to be: a value, or a JSON "
            "Schema of one. A kind of number that has no such setting is let pass.",
            "properties": _settings(),
            "minProperties": 1,
            "additionalProperties": False,
            "examples": [{"emergency.emergency_enabled": True}],
        },
        "unless": _match(
            "Numbers of those that are exempt; the keys are those of match.",
            minProperties=1,
        ),
        "level": {
            "type": "string",
            "enum": ["error", "warn"],
            "description": "error: invalid, drift, and no apply; warn: only said (error).",
        },
    },
    "required": ["name", "require"],
    "additionalProperties": False,
}

DEFINITIONS: Schema = {"condition": _CONDITION, "match": _MATCH, "policy": _POLICY}
"""What these rules are made of."""

RULES: Schema = {
    "assign": {
        "type": "array",
        "description": "Groups for live numbers that nobody declares (reconciler.yaml only), "
        "in order: of several rules that match, the groups of the later lie over the earlier.",
        "examples": [[{"match": {"tags": ["support"]}, "groups": ["support"]}]],
        "items": {
            "type": "object",
            "properties": {
                "match": _match(
                    "The live numbers meant: all keys must hold, one value of each.",
                    minProperties=1,
                ),
                "groups": TEXT_LIST
                | {
                    "minItems": 1,
                    "description": "The groups that such numbers have, in order.",
                    "examples": [["support"]],
                },
            },
            "required": ["match", "groups"],
            "additionalProperties": False,
        },
    },
    "policies": {
        "type": "array",
        "description": "What numbers have to be, whatever else is declared (reconciler.yaml "
        "only): validate judges what is declared, plan what the number would hold, drift what it "
        "holds.",
        "examples": [
            [{"name": "emergency everywhere", "require": {"emergency.emergency_enabled": True}}],
        ],
        "items": {"$ref": "#/$defs/policy"},
    },
}
"""The keys of a project file that hold rules about many numbers."""
