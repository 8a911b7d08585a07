"""What to say of a name that a rule of the project file has and nothing is called."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.catalogue import BY_PATH
from reconciler.core.fields import Kind
from reconciler.core.hints import Hints, quoted
from reconciler.core.policyschema import OWN_KEYS
from reconciler.core.safetyschema import Schema

_OF_NUMBERS = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
)
_EXAMPLE = "voice.inbound_call_screening"
_ROWS = {path: row for kind in Kind for path, row in BY_PATH[kind].items()}


def unknown_word(where: str, key: str, schema: Schema, hints: Hints) -> str:
    """What is wrong with `key`, which stands at `where` and which `schema` does not know; "" where
    the schema is none of a rule."""
    known: Mapping[str, Schema] = schema.get("properties", {})
    if "x-keywords" in schema:
        return _keyword(where, key, known, hints)
    return _setting(where, key, schema, hints) if "x-settings" in schema else ""


def _keyword(where: str, key: str, known: Mapping[str, Schema], hints: Hints) -> str:
    if key in _OF_NUMBERS:
        return f"{quoted(key)} compares numbers, and no setting is one"
    if close := hints.closest(key, known, of="keywords"):
        return f"unknown keyword {quoted(key)}: did you mean '{close}'?"
    return (
        f"{quoted(key)} is no keyword for the schema of one setting in {where}: known are "
        f"{', '.join(known)}"
    )


def _setting(where: str, key: str, schema: Schema, hints: Hints) -> str:
    known: Mapping[str, Schema] = schema["properties"]
    row = _ROWS.get(key)
    if row is not None and row.secret:
        return f"'{key}' is a secret: no rule can look at it"
    if row is not None:
        return f"'{key}' is read only here: a rule is about settings that can be declared"
    below = [path for path in known if path.startswith(f"{key}.")]
    if below:
        return f"'{key}' is a mapping of settings: write the whole path, such as {below[0]}"
    ending = [path for path in known if path.endswith(f".{key}")]
    if close := ending[0] if ending else hints.closest(key, known, of="settings of rules"):
        what = "key" if "." not in close else "setting"
        return f"unknown {what} {quoted(key)}: did you mean '{close}'?"
    return f"unknown setting {quoted(key)} in {where}: known are {keys_in_short(schema)}"


def keys_in_short(schema: Schema) -> str:
    """What the keys of a mapping of rules are, without all the paths."""
    known: Mapping[str, Schema] = schema["properties"]
    paths = f"the paths of settings, such as {_EXAMPLE}"
    return f"{', '.join(OWN_KEYS)} and {paths}" if known.keys() >= {*OWN_KEYS} else paths
