"""The JSON Schema of the YAML files, made from the catalogue; of single fields see `fieldschema`.

One schema serves an editor (descriptions, examples, completion) and `validate`, which compiles of
it what the file at hand needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from functools import cache, partial
from typing import Any

from reconciler.core.catalogue import SUPPORTED
from reconciler.core.cost import FEATURES
from reconciler.core.fields import Kind
from reconciler.core.fieldschema import ANY_ID, DIALECT, settings_properties
from reconciler.core.policyschema import DEFINITIONS, RULES
from reconciler.core.safetyschema import SAFETY, TEXT_LIST, Schema, setting_paths
from reconciler.core.values import ID_PATTERN

BLOCK_PATTERN = r"^\+[1-9][0-9]{6,14}\.\.\+[1-9][0-9]{6,14}(?![\s\S])"
_PLACE_PATTERN = r"^\+[1-9][0-9]{6,14}(\.\.\+[1-9][0-9]{6,14})?(?![\s\S])"

ALIAS_FIELDS = (
    "connection_id",
    "messaging_profile_id",
    "billing_group_id",
    "emergency_address_id",
    "bundle_id",
    "address_id",
    "interception_app_id",
)
PROJECT_KEYS = (
    "account",
    "files",
    "limits",
    "select",
    "ignore",
    "safety",
    "prices",
    "assign",
    "policies",
)
"""Keys that only `reconciler.yaml` may hold."""

_ENV_NAME: Schema = {
    "type": "string",
    "pattern": r"^[A-Za-z_][A-Za-z0-9_]*(?![\s\S])",
    "errorMessage": "the name of an environment variable is needed, never the value itself",
}
_GROUP_LIST: Schema = TEXT_LIST | {
    "description": "Groups whose settings lie below these, in this order.",
    "examples": [["base", "support"]],
}


_RELEASE: Schema = {
    "const": True,
    "description": "A tombstone: give the number back. Allows no other key beside it.",
}


_OVERRIDES: Schema = {
    "type": "boolean",
    "x-off": "false",
    "description": "true: a block holds this number too, and lies below what stands here.",
}
_MARKS: Schema = {
    "protect": {
        "type": "boolean",
        "x-off": "false",
        "description": "true: never changed and never released; shown as withheld (protected).",
    },
    "when_owned": {
        "type": "boolean",
        "x-off": "false",
        "description": "true: no error while the account lacks it, as while it is being ported.",
    },
}


def _unmanage(kinds: Iterable[Kind]) -> Schema:
    paths = setting_paths(kinds)
    feature = next(path for path in ("voice", "call_forwarding") if path in paths)
    return {
        "type": "array",
        "items": {"type": "string", "enum": paths},
        "description": "Settings, or mappings of them, that the layers below count for nothing in; "
        "layers above may manage them again.",
        "examples": [[feature, "customer_reference"]],
    }


def _number(kind: Kind, *, block: bool) -> Schema:
    whose = "every number of this block" if block else "this number"
    schema: Schema = {
        "type": ["object", "null"],
        "description": f"What is managed of {whose}; null or {{}} manages nothing.",
        "properties": {
            "groups": _GROUP_LIST,
            **settings_properties(kind, SUPPORTED[kind]),
            "unmanage": _unmanage([kind]),
            **_MARKS,
        },
        "additionalProperties": False,
    }
    if not block:
        schema["properties"]["overrides"] = _OVERRIDES
    if kind is Kind.NUMBER and not block:
        schema["properties"]["release"] = _RELEASE
        alone = {"maxProperties": 1, "errorMessage": "release: true allows no other key beside it"}
        schema["dependentSchemas"] = {"release": alone}
    return schema


def definition_of(kind: Kind, key: str) -> str:
    """The definition that the entry of `key`, a number or a block, has to meet."""
    return f"{kind.value}_block" if ".." in key else kind.value


def _settings() -> Schema:
    """Of both kinds, for a group or a default may serve both; each takes what it has."""
    return {
        name: schema
        for kind in reversed(Kind)
        for name, schema in settings_properties(kind, SUPPORTED[kind]).items()
    }


def _group() -> Schema:
    return {
        "type": ["object", "null"],
        "description": "Reusable partial settings.",
        "properties": {
            "extends": _GROUP_LIST | {"description": "Groups that this one builds on."},
            **_settings(),
            "unmanage": _unmanage(Kind),
            **_MARKS,
        },
        "additionalProperties": False,
    }


def _defaults() -> Schema:
    return {
        "type": ["object", "null"],
        "description": "Settings for every number declared in this file "
        "(in reconciler.yaml: in every file) that has such a setting.",
        "properties": _settings(),
        "additionalProperties": False,
    }


def _aliases() -> Schema:
    return {
        "type": "object",
        "description": "Alias: the id that it stands for.",
        "examples": [{"support-trunk": "1521916448077776306"}],
        "additionalProperties": {
            "type": ["string", "object"],
            "pattern": ID_PATTERN,
            "errorMessage": "an id is needed: all digits, a UUID, or {id: any text}",
            "properties": {"id": ANY_ID},
            "required": ["id"],
        },
    }


_MAKERS: dict[str, Callable[[], Schema]] = {
    **{kind.value: partial(_number, kind, block=False) for kind in Kind},
    **{f"{kind.value}_block": partial(_number, kind, block=True) for kind in Kind},
    "group": _group,
    "defaults": _defaults,
    "aliases": _aliases,
    **{name: partial(DEFINITIONS.__getitem__, name) for name in DEFINITIONS},
}


@cache
def _definition(name: str) -> Schema:
    return _MAKERS[name]()


def _limits() -> Schema:
    def whole(maximum: int, text: str, usual: int) -> Schema:
        limits: Schema = {"type": "integer", "minimum": 1, "maximum": maximum}
        return limits | {"description": text, "examples": [usual]}

    return {
        "type": "object",
        "description": "How hard the API may be used.",
        "properties": {
            "rate_per_second": {
                "type": "number",
                "exclusiveMinimum": 0,
                "maximum": 10_000,
                "description": "Calls a second to start with; the API's own headers are followed "
                "from there.",
                "examples": [5],
            },
            "concurrency": whole(256, "Calls in flight at once.", 8),
            "page_size": whole(250, "Rows a page of a list.", 250),
            "job_size": whole(1000, "Numbers a job.", 1000),
            "jobs_in_flight": whole(20, "Jobs pending or in progress at once.", 20),
        },
        "additionalProperties": False,
    }


def _prices() -> Schema:
    price: Schema = {"type": "number", "minimum": 0, "maximum": 1_000_000}
    return {
        "type": "object",
        "description": "Your own monthly price of each paid feature, a number (reconciler.yaml "
        "only): plans then tell the monthly difference. In whatever currency you think in.",
        "properties": {
            feature: price
            | {"description": f"What {feature} costs a month and number.", "examples": [1.5]}
            for feature in FEATURES
        },
        "additionalProperties": False,
    }


def _declared(kind: Kind) -> Schema:
    what = "Declared numbers" if kind is Kind.NUMBER else "Declared mobile numbers"
    return {
        "type": ["object", "null"],
        "description": f"{what}, by E.164 in quotes; a block is "
        "'+13125550100..+13125550199', both ends included, 100,000 numbers at most.",
        "examples": [{"+13125550001": {"tags": ["support"]}}],
        "propertyNames": {
            "pattern": _PLACE_PATTERN,
            "errorMessage": "a number in E.164 is needed, such as +13125550001",
            "examples": ["+13125550001", "+13125550100..+13125550199"],
        },
        "patternProperties": {BLOCK_PATTERN: {"$ref": f"#/$defs/{kind.value}_block"}},
        "additionalProperties": {"$ref": f"#/$defs/{kind.value}"},
    }


@cache
def _whole() -> Schema:
    """The schema of the YAML files without the definitions that it names."""
    text: Schema = {"type": "string", "minLength": 1}
    return {
        "$schema": DIALECT,
        "$id": "https://telnyx-reconciler.invalid/schemas/numbers.schema.json",
        "title": "Desired state of Telnyx phone numbers",
        "type": ["object", "null"],
        "properties": {
            "version": {"const": 1, "description": "The version of this format."},
            "account": {
                "type": "object",
                "description": "Which account (reconciler.yaml only).",
                "properties": {
                    "api_key_env": _ENV_NAME
                    | {
                        "description": "The environment variable that holds the API key.",
                        "examples": ["TELNYX_API_KEY"],
                    },
                    "base_url": text
                    | {
                        "description": "The API, if not api.telnyx.com.",
                        "examples": ["https://api.telnyx.com/v2"],
                    },
                },
                "additionalProperties": False,
            },
            "files": {
                "type": "object",
                "description": "Which files below belong to the project (reconciler.yaml only).",
                "properties": {
                    "include": TEXT_LIST
                    | {"description": "Globs: only these files.", "examples": [["sites/**"]]},
                    "exclude": TEXT_LIST
                    | {"description": "Globs: none of these files.", "examples": [["drafts/**"]]},
                },
                "additionalProperties": False,
            },
            "limits": _limits(),
            "prices": _prices(),
            "aliases": {
                "type": "object",
                "description": "Readable names for opaque ids, per id field.",
                "properties": {name: {"$ref": "#/$defs/aliases"} for name in ALIAS_FIELDS},
                "additionalProperties": False,
            },
            "groups": {
                "type": "object",
                "description": "Named, reusable partial settings.",
                "examples": [{"support": {"tags": ["support"]}}],
                "additionalProperties": {"$ref": "#/$defs/group"},
            },
            "defaults": {"$ref": "#/$defs/defaults"},
            "numbers_from": {
                "type": "string",
                "pattern": r"\.[cC][sS][vV](?![\s\S])",
                "errorMessage": "a CSV file is needed, such as desks.csv",
                "description": "A CSV file whose numbers are declared as if they stood here. Its "
                "first row names the columns: phone_number, groups and paths of settings.",
                "examples": ["desks.csv"],
            },
            **SAFETY,
            **RULES,
            **{kind.yaml_key: _declared(kind) for kind in Kind},
        },
        "additionalProperties": False,
    }


@cache
def numbers_schema() -> Schema:
    """The schema of the YAML files: `reconciler.yaml` and every file of numbers."""
    return _whole() | {"$defs": {name: _definition(name) for name in _MAKERS}}


def file_keys() -> Set[str]:
    """What may stand at the top of a file."""
    keys: Set[str] = _whole()["properties"].keys()
    return keys


def schema_for(keys: Set[str]) -> Schema:
    """The schema of the files that have no keys but `keys` at their top: that of all files without
    what does not concern these, for compiling it takes as long as reading 300 numbers."""
    whole = _whole()
    properties = {key: each for key, each in whole["properties"].items() if key in keys}
    return _with_definitions(whole | {"properties": properties})


@cache
def entry_schema(definition: str) -> Schema:
    """The schema of one entry on its own: a `number`, a `group`, the `defaults`, an `aliases`, a
    `policy`."""
    return _with_definitions({"$schema": DIALECT, "$ref": f"{_DEFS}{definition}"})


def _with_definitions(schema: Schema) -> Schema:
    """`schema` with the definitions that it needs, and those that these need."""
    needed: Schema = {}
    waiting = set(_references(schema))
    while waiting:
        name = waiting.pop()
        needed[name] = _definition(name)
        waiting.update(set(_references(needed[name])) - needed.keys())
    return schema | {"$defs": needed}


_DEFS = "#/$defs/"


def _references(schema: Any) -> Iterator[str]:
    """The definitions that `schema` names."""
    if isinstance(schema, dict):
        if isinstance(reference := schema.get("$ref"), str):
            yield reference.removeprefix(_DEFS)
        schema = list(schema.values())
    for each in schema if isinstance(schema, list) else ():
        yield from _references(each)
