"""Documents against the JSON Schema: quick when they are right, plain words when they are not.

`jsonschema-rs` gives the verdict on a whole file at about a microsecond a number. Only where it
says no does `jsonschema` look, at the entries that are wrong, to say what and where.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from functools import cache
from typing import Any

import jsonschema
import jsonschema_rs

from reconciler.core.catalogue import BY_PATH, SUPPORTED
from reconciler.core.documents import Document
from reconciler.core.fields import Kind
from reconciler.core.schema import NOT_YET, PROJECT_KEYS, Schema, entry_schema, numbers_schema
from reconciler.core.values import E164
from reconciler.errors import Problem

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


def _schema(definition: str) -> Schema:
    return numbers_schema() if definition == _WHOLE else entry_schema(definition)


@cache
def _verdict(definition: str) -> Callable[[Any], bool]:
    return jsonschema_rs.Draft202012Validator(_schema(definition)).is_valid


@cache
def _explainer(definition: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(_schema(definition))


def is_valid(definition: str, entry: object) -> bool:
    """Whether one entry (see `schema.entry_schema`) is right by itself."""
    return _verdict(definition)(entry)


def check(document: Document, *, is_project: bool) -> list[Problem]:
    """Every problem that the schema finds in one file; `is_project` for reconciler.yaml."""
    data = document.data
    problems = [] if is_project else _misplaced(document)
    if not _verdict(_WHOLE)(data):
        problems += _explain(document)
    return problems


def _misplaced(document: Document) -> list[Problem]:
    if not isinstance(document.data, dict):
        return []
    return [
        document.problem([key], f"'{key}' belongs in reconciler.yaml", at_key=True)
        for key in PROJECT_KEYS
        if key in document.data
    ]


def _explain(document: Document) -> list[Problem]:
    data = document.data
    numbers = data.get("numbers") if isinstance(data, dict) else None
    entries: dict[str, Any] = numbers if isinstance(numbers, dict) else {}
    rest = data if not entries else data | {"numbers": {}}
    problems: list[Problem] = []
    for error in _explainer(_WHOLE).iter_errors(rest):
        problems += _plain(document, (), error)
    valid = _verdict("number")
    for key, entry in entries.items():
        if not E164.match(key):
            problems.append(_bad_key(document, key))
        if not valid(entry):
            for error in _explainer("number").iter_errors(entry):
                problems += _plain(document, ("numbers", key), error)
    return problems


def _bad_key(document: Document, key: str) -> Problem:
    if ".." in key:
        text = f"number blocks such as {key!r} are not supported yet"
    else:
        text = f"{key!r} is not a number in E.164"
        meant = canonical_number(key)
        text += f": write {meant}" if meant else ", such as +13125550001"
    return document.problem(("numbers", key), text, at_key=True)


def canonical_number(spelling: str) -> str:
    """The E.164 number that `spelling` means, or nothing where it means none."""
    bare = spelling.strip().translate(str.maketrans("", "", " -().\t\n"))
    number = bare if bare.startswith("+") else f"+{bare.removeprefix('00')}"
    return number if E164.match(number) else ""


def _plain(
    document: Document, prefix: _Path, error: jsonschema.ValidationError
) -> Iterator[Problem]:
    """The problems that one error of the validator stands for, in the user's words."""
    path: _Path = (*prefix, *error.absolute_path)
    schema: Schema = error.schema if isinstance(error.schema, dict) else {}
    match error.validator:
        case "additionalProperties":
            known = schema.get("properties", {})
            extra = error.instance if isinstance(error.instance, dict) else {}
            for key in extra:
                if key not in known:
                    yield document.problem(
                        (*path, key), _unknown_key(path, key, known), at_key=True
                    )
        case "type" | "enum" | "const" if error.instance is None:
            off = schema.get("x-off")
            hint = f": to switch it off write {off}" if off else ": leave the key out instead"
            yield document.problem(path, f"{_name(path)} cannot be null{hint}")
        case "type":
            yield document.problem(path, _wrong_type(path, error.instance, schema["type"]))
        case "enum":
            # A wrong type is reported as such, once.
            if isinstance(error.instance, str):
                yield document.problem(path, _not_one_of(path, error.instance, schema["enum"]))
        case _:
            yield document.problem(path, f"{_name(path)}: {_rule(error, schema)}")


def _name(path: _Path) -> str:
    """The setting's own path, without where it is declared."""
    skip = (
        {"numbers": 2, "mobile_numbers": 2, "groups": 2, "defaults": 1}.get(str(path[0]), 0)
        if path
        else 0
    )
    steps = path[skip:] or path[-1:]
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return text.lstrip(".") or "the file"


def _unknown_key(path: _Path, key: str, known: Iterable[str]) -> str:
    if key in NOT_YET:
        return f"'{key}' is not supported yet"
    elsewhere = [full for full in SUPPORTED[Kind.NUMBER] if full.endswith(f".{key}")]
    elsewhere += sorted(
        {
            full[: full.index(f".{key}.") + len(key) + 1]
            for full in BY_PATH[Kind.NUMBER]
            if f".{key}." in full
        }
    )
    if close := get_close_matches(key, list(known), n=1, cutoff=0.6):
        return f"unknown key '{key}': did you mean '{close[0]}'?"
    if elsewhere:
        return f"unknown key '{key}' here: did you mean {elsewhere[0]}?"
    where = "" if not path else f" in {_name(path)}"
    return f"unknown key '{key}'{where}: known are {', '.join(known)}"


def _wrong_type(path: _Path, value: object, expected: str | list[str]) -> str:
    types = [expected] if isinstance(expected, str) else expected
    wanted = " or ".join(_TYPES[each] for each in types)
    text = f"{_name(path)} must be {wanted}, not {_found(value)}"
    if "string" in types and isinstance(value, int | float):
        text += ": put it in quotes"
    if types == ["boolean"] and isinstance(value, str) and value.lower() in {"true", "false"}:
        text += ": write it without quotes"
    return text


def _found(value: object) -> str:
    match value:
        case bool():
            return f"the boolean {str(value).lower()}"
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text {value!r}"
        case list():
            return "a list"
        case dict():
            return "a mapping"
        case _:
            return "null"


def _not_one_of(path: _Path, value: str, allowed: list[str | None]) -> str:
    texts = [each for each in allowed if each is not None]
    hint = ""
    if close := get_close_matches(value, texts, n=1, cutoff=0.6):
        hint = f"; did you mean '{close[0]}'?"
    return f"{_name(path)}: {value!r} is not one of {', '.join(texts)}{hint}"


def _rule(error: jsonschema.ValidationError, schema: Schema) -> str:
    if message := schema.get("errorMessage"):
        return f"{error.instance!r}: {message}"
    match error.validator:
        case "minLength":
            return "must not be empty"
        case "minProperties" | "maxProperties":
            return f"needs one of {' or '.join(schema.get('properties', {}))}"
        case "required":
            return f"needs {' and '.join(schema['required'])}"
        case "const":
            return f"{error.instance!r} is not {error.validator_value!r}"
        case "minimum" | "exclusiveMinimum":
            bound = "at least" if error.validator == "minimum" else "more than"
            return f"{error.instance} must be {bound} {error.validator_value}"
        case "maximum":
            return f"{error.instance} must be at most {error.validator_value}"
        case _:
            return str(error.message)
