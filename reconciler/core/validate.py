"""Documents against the JSON Schema: quick when they are right, plain words when they are not.

`jsonschema-rs` gives the verdict on a whole file at about a microsecond a number. Only where it
says no does `jsonschema` look, at the entries that are wrong, to say what and where.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from reconciler.core.catalogue import BY_PATH, FIELDS
from reconciler.core.documents import Document
from reconciler.core.fields import Field, Kind
from reconciler.core.fieldschema import E164_OR_TEMPLATE, column_schema
from reconciler.core.hints import Hints, quoted, shown
from reconciler.core.places import TO, block_ends, canonical_number
from reconciler.core.rulewords import keys_in_short, unknown_word
from reconciler.core.safetyschema import Schema
from reconciler.core.schema import (
    ALIAS_FIELDS,
    BLOCK_PATTERN,
    PROJECT_KEYS,
    definition_of,
    entry_schema,
    file_keys,
    numbers_schema,
    schema_for,
)
from reconciler.core.values import E164
from reconciler.errors import Problem

if TYPE_CHECKING:
    import jsonschema

_Path = tuple[str | int, ...]
_TYPES = {
    "string": "text",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
    "integer": "a whole number",
    "number": "a number",
    "null": "null",
}


_WHOLE = "file"
_SKIP = {"numbers": 2, "mobile_numbers": 2, "groups": 2, "defaults": 1}
"""How many steps of a path say where a setting is declared, not which it is."""

_SECRET_STEPS = frozenset({"external_pin", "api_key_env"})
"""Below these keys a slip may be the secret itself, so no message repeats what stands there."""

_NOT_IN_DEFAULTS = frozenset({"protect", "when_owned", "unmanage"})

_INSTEAD = {"groups": "extends", "extends": "groups"}
"""A number names its groups under one of these keys, a group under the other."""


@cache
def _file_verdict(keys: frozenset[str]) -> Callable[[Any], bool]:
    return jsonschema_rs.Draft202012Validator(schema_for(keys)).is_valid


@cache
def _column_verdict(kind: Kind, path: str) -> Callable[[Any], bool]:
    schema = column_schema(BY_PATH[kind][path])
    return jsonschema_rs.Draft202012Validator(schema).is_valid


@cache
def _explainer(definition: str) -> jsonschema.Draft202012Validator:
    import jsonschema  # what is right needs no words, and it takes long to load

    schema = numbers_schema() if definition == _WHOLE else entry_schema(definition)
    return jsonschema.Draft202012Validator(schema)


_WHERE: dict[str, tuple[str, ...]] = {
    **{kind.value: (kind.yaml_key, "+13125550001") for kind in Kind},
    **{f"{kind.value}_block": (kind.yaml_key, "+13125550001..+13125550002") for kind in Kind},
    "group": ("groups", "name"),
    "defaults": ("defaults",),
    "aliases": ("aliases", ALIAS_FIELDS[0]),
}
"""The keys under which a file may hold what has to meet a definition."""


def is_valid(definition: str, entry: object) -> bool:
    """Whether one entry (see `schema.entry_schema`) is right by itself. The schema of files that
    hold such entries is asked, for these are there, and each schema takes long to compile."""
    data = {"policies": [entry]} if definition == "policy" else entry
    for key in reversed(_WHERE.get(definition, ())):
        data = {key: data}
    return is_valid_file(data)


def is_valid_file(data: object) -> bool:
    """Whether all that a file holds is right."""
    given = data.keys() if isinstance(data, dict) else set()
    return _file_verdict(frozenset({"version", *(file_keys() & given)}))(data)


def is_valid_column(row: Field, values: Sequence[Any]) -> bool:
    """Whether each of many values of one field is right by itself."""
    return _column_verdict(row.kind, row.path)(list(values))


def check(document: Document, *, is_project: bool) -> list[Problem]:
    """Every problem that the schema finds in one file; `is_project` for reconciler.yaml."""
    problems = [] if is_project else _misplaced(document)
    if not is_valid_file(document.data):
        problems += _explain(document)
    return list(dict.fromkeys(problems))


def _misplaced(document: Document) -> list[Problem]:
    if not isinstance(document.data, dict):
        return []
    return [
        document.problem([key], f"'{key}' belongs in reconciler.yaml", at_key=True)
        for key in PROJECT_KEYS
        if key in document.data
    ]


def _explain(document: Document) -> list[Problem]:
    problems: list[Problem] = []
    hints = Hints()
    rest = document.data
    for kind in Kind:
        entries = rest.get(kind.yaml_key) if isinstance(rest, dict) else None
        if not isinstance(entries, dict):
            continue
        rest = rest | {kind.yaml_key: {}}
        for key, entry in entries.items():
            if not E164.match(key) and not _BLOCK.match(key):
                problems.append(_bad_key(document, kind, key))
            definition = definition_of(kind, key)
            if not is_valid(definition, entry):
                for error in _explainer(definition).iter_errors(entry):
                    problems += _plain(document, (kind.yaml_key, key), error, hints)
    for error in _explainer(_WHOLE).iter_errors(rest):
        problems += _plain(document, (), error, hints)
    return problems


_BLOCK = re.compile(BLOCK_PATTERN)


def _bad_key(document: Document, kind: Kind, key: str) -> Problem:
    text = _not_a_block(key) if TO in key else f"{quoted(key)} is not a number in E.164"
    text += "" if TO in key else _in_e164(key)
    return document.problem((kind.yaml_key, key), text, at_key=True)


def _not_a_block(key: str) -> str:
    first, last = block_ends(key)
    named = all(end.strip().startswith("+") for end in key.split(TO, 1))
    how = f"{first}{TO}{last}" if first and last and named else "+13125550100..+13125550199"
    as_in = "" if first and last and named else "both ends in E.164, as in "
    return f"{quoted(key)} is not a block of numbers: write {as_in}{how}"


def _in_e164(spelling: str) -> str:
    """What to write instead of `spelling`: a guess only where the country is in it."""
    meant = canonical_number(spelling)
    bare = meant.removeprefix("+")
    named = spelling.strip().startswith(("+", "00")) or (len(bare) == 11 and bare[0] == "1")
    if not meant:
        return ": write + and 7 to 15 digits, such as +13125550001"
    return f": write {meant if named else '+ and the country code first, such as +13125550001'}"


def _plain(
    document: Document, prefix: _Path, error: jsonschema.ValidationError, hints: Hints
) -> Iterator[Problem]:
    """The problems that one error of the validator stands for, in the user's words."""
    path: _Path = (*prefix, *error.absolute_path)
    schema: Schema = error.schema if isinstance(error.schema, dict) else {}
    value = error.instance
    match error.validator:
        case "additionalProperties":
            known = schema.get("properties", {})
            for key in value if isinstance(value, dict) else ():
                if key not in known:
                    text = unknown_word(_name(path), key, schema, hints) or _unknown_key(
                        path, key, known, hints
                    )
                    yield document.problem((*path, key), text, at_key=True)
        case "type" | "enum" | "const" if value is None:
            yield document.problem(path, _not_null(path, schema))
        case "type":
            yield document.problem(path, _wrong_type(path, value, schema))
        case "enum":
            # A wrong type is reported as such, once.
            if isinstance(value, str):
                hint = hints.closest(value, _texts(schema["enum"]), of=_name(path))
                many = len(schema["enum"]) >= _MOST_LISTED
                text = f"unknown setting {quoted(value)} in {_name(path)}" if many else ""
                text = text or _not_one_of(path, value, schema)
                text += f": did you mean '{hint}'?" if hint else ""
                yield document.problem(path, text)
        case _:
            yield document.problem(path, _rule(path, error, schema))


_MOST_LISTED = 30
_MOST_KEYS = 20

_MOBILE_ONLY = {
    key
    for key in ("noise_suppression", "inbound", "outbound", "interception_app_id")
    if not any(key in path.split(".") for path in BY_PATH[Kind.NUMBER])
}
_READ_ONLY = frozenset(
    row.path.rpartition(".")[2] for row in FIELDS if row.kind is Kind.NUMBER and not row.writes
)


def _name(path: _Path) -> str:
    """The setting's own path, without where it is declared."""
    skip = _SKIP.get(str(path[0]), 0) if path else 0
    steps = path[skip:] or (path if path[:1] == ("groups",) else path[-1:])
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{shown(step)}" for step in steps)
    return text.lstrip(".") or "the file"


def _unknown_key(path: _Path, key: str, known: Mapping[str, Any], hints: Hints) -> str:
    if key == "release":
        return (
            "'release' stands alone on a number: not in a block, a group, defaults or "
            "mobile_numbers"
        )
    if key == "overrides":
        return "'overrides' is for one number in a block: not for a block, a group or defaults"
    if key in _NOT_IN_DEFAULTS and path == ("defaults",):
        return f"'{key}' is for a number, a block or a group: put it there, not under defaults"
    if key in _READ_ONLY or (path and path[0] == Kind.MOBILE.yaml_key and key == "messaging"):
        return f"'{key}' is read only here: it shows in fetch, but cannot be declared"
    if key in _MOBILE_ONLY and path and path[0] == Kind.NUMBER.yaml_key:
        return f"'{key}' is a setting of mobile numbers, which stand under mobile_numbers"
    if _INSTEAD.get(key) in known:
        return f"unknown key '{key}' here: did you mean '{_INSTEAD[key]}'?"
    if place := _where_it_belongs(path, key):
        return place
    if run_on := _before_a_colon(key, known):
        return f"unknown key {quoted(key)}: a blank is missing after '{run_on}:'"
    if close := hints.closest(key, known, of=_name(path)):
        return f"unknown key {quoted(key)}: did you mean '{close}'?"
    where = f" in {_name(path)}" if path else ""
    return f"unknown key {quoted(key)}{where}: known are {', '.join(known)}"


def _before_a_colon(text: str, known: Collection[str]) -> str:
    """The key that `text` begins with, run together with its value; empty where it is none."""
    key, colon, _ = text.partition(":")
    return key if colon and key in known else ""


def _where_it_belongs(path: _Path, key: str) -> str:
    """What to say of the key of another level; empty where it is one of none."""
    places = _places().get(key)
    if not places or (path and path[0] not in _SKIP):
        return ""
    full = places[0]
    if not path:
        return f"'{key}' does not belong here: put it under a number, a group or defaults"
    parent = full.rpartition(".")[0]
    if parent:
        return f"'{key}' does not belong here: put it under {parent}"
    top = _name(path).partition(".")[0]
    return f"'{key}' does not belong in {_name(path)}: put it beside {top}, not in it"


@cache
def _places() -> Mapping[str, list[str]]:
    """Key -> the full paths of the settings, and of the mappings of settings, that end in it."""
    places: dict[str, list[str]] = {}
    for full in BY_PATH[Kind.NUMBER]:
        steps = full.split(".")
        for length in range(len(steps), 0, -1):
            at = places.setdefault(steps[length - 1], [])
            if (here := ".".join(steps[:length])) not in at:
                at.append(here)
    return places


def _not_null(path: _Path, schema: Schema) -> str:
    text = f"{_name(path)} cannot be null: "
    if path and isinstance(path[-1], int):
        return f"{text}remove the item"
    off = _off(schema)
    return f"{text}leave the key out{f', or write {off}' if off else ''}"


def _off(schema: Schema) -> str:
    """What to write instead of null, of a setting or of a mapping of settings."""
    if "x-off" in schema:
        return str(schema["x-off"])
    below: dict[str, Schema] = schema.get("properties", {})
    if any("properties" in each and each.get("type") == "object" for each in below.values()):
        return ""
    switches = [f"{key}: false" for key, each in below.items() if each.get("type") == "boolean"]
    nulls = [f"{key}: null" for key, each in below.items() if "null" in each.get("type", ())]
    return ", ".join(switches or nulls)


def _wrong_type(path: _Path, value: object, schema: Schema) -> str:
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    if len(schema.get("enum", ())) in range(1, _MOST_LISTED):
        text = _not_one_of(path, value, schema)
        off = schema.get("x-off") if value is False else None
        return text + (f": to switch it off write {off}" if off else "")
    found = _found(path, value)
    text = f"{_name(path)} must be {_TYPES[types[0]]}, not {found}"
    return text + _how_to_write(value, types, schema)


def _how_to_write(value: object, types: list[str], schema: Schema) -> str:
    """What to do about a value of a wrong type, where that is plain to see."""
    match value:
        case bool() | int() | float() if schema.get("pattern") == E164_OR_TEMPLATE:
            return _in_e164(str(value)) + ", in quotes"
        case bool() | int() | float() if "string" in types:
            return ": put it in quotes"
        case str() if types == ["boolean"] and value.lower() in {"true", "false"}:
            return f": write {value.lower()} without quotes"
        case str() if types[0] in {"integer", "number"} and value.isdecimal():
            return ": write it without quotes"
        case str() if types[0] == "array":
            return ": put it in brackets, as in [a, b]"
        case str() if types[0] == "object" and _before_a_colon(value, schema.get("properties", ())):
            return f": a blank is missing after '{value.partition(':')[0]}:'"
        case list() if types[0] == "object":
            return ': write "key: value" lines without dashes'
        case _ if "x-settings" in schema:
            return f" (its keys are {keys_in_short(schema)})"
        case _ if types[0] == "object" and "properties" in schema:
            keys: list[str] = [*(schema.get("x-needs") or schema["properties"])]
            more = f" and {len(keys) - _MOST_KEYS} more" if len(keys) > _MOST_KEYS else ""
            return f" (its keys are {', '.join(keys[:_MOST_KEYS])}{more})"
        case _:
            return ""


def _found(path: _Path, value: object) -> str:
    hidden = not _SECRET_STEPS.isdisjoint(path)
    match value:
        case bool():
            return f"the boolean {str(value).lower()}"
        case int() | float():
            return "a number" if hidden else f"the number {value}"
        case str():
            return "text" if hidden else f"the text {quoted(value)}"
        case list():
            return "a list"
        case dict():
            return "a mapping"
        case _:
            return "null"


def _texts(allowed: list[str | None]) -> list[str]:
    return [each for each in allowed if each is not None]


def _not_one_of(path: _Path, value: object, schema: Schema) -> str:
    found = quoted(value) if isinstance(value, str) else _found(path, value)
    return f"{_name(path)} must be one of {', '.join(_texts(schema['enum']))}, not {found}"


def _rule(path: _Path, error: jsonschema.ValidationError, schema: Schema) -> str:
    name, value, bound = _name(path), error.instance, error.validator_value
    keys = list(schema.get("properties", {}))
    if value == "" and error.validator in {"minLength", "pattern"}:
        clear = ": null clears it" if "null" in schema["type"] else ""
        return f"{name} must not be empty{clear}"
    match error.validator:
        case "pattern":
            message = schema["errorMessage"]
            if not _SECRET_STEPS.isdisjoint(path):
                return f"{name}: {message}"
            if schema["pattern"] == E164_OR_TEMPLATE:
                message = f"it is not a number in E.164{_in_e164(str(value))}"
            return f"{name} cannot be {quoted(str(value))}: {message}"
        case "required" if isinstance(value, dict):
            required = [key for key in schema["required"] if key not in value]
            return f"{name} needs the key {' and '.join(required)}"
        case "minProperties":
            keys = schema.get("x-needs", keys)
            return f"{name} needs the key {' or '.join(keys)}"
        case "maxProperties" if "errorMessage" in schema:
            return str(schema["errorMessage"])
        case "maxProperties":
            return f"{name} takes only one of {' and '.join(keys)}"
        case "const":
            unquoted = ": write it without quotes" if value == str(bound) else ""
            return f"{name} must be {bound}, not {_found(path, value)}{unquoted}"
        case "minimum" | "exclusiveMinimum" | "maximum":
            word = {"minimum": "at least", "maximum": "at most"}.get(error.validator, "more than")
            return f"{name} must be {word} {bound}, not {value}"
        case _:
            return f"{name}: {shown(error.message)}"
